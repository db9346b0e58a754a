"""Trials are run: in threads, in processes or here, and one can be taken up where it was left."""
