"""The commands as functions, for notebooks and scripts."""
