"""Intervals, paired comparisons and memory spans, computed from plain numbers."""
