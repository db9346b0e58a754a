"""The run directory: its files, store and lock, and the checks before a run is resumed or overwritten."""
