"""The folder of a run: its files, its store, its one writer, and what may go on in it."""
