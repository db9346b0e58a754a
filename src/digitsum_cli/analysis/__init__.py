"""What the trials of a run say together: summary, differences between settings, memory spans, the answer."""
