"""Implementations side by side: the same numbers, how fast, how accurate."""
