"""Runs trials: the executors, one per file, and the training of a single trial."""
