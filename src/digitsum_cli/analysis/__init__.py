"""The analysis of a run: summary, differences between settings, memory spans, the answer."""
