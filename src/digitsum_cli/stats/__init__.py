"""Intervals, paired comparisons and memory spans, from plain numbers."""
