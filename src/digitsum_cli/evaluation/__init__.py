"""What is done with saved checkpoints: scores, diagnosis, one sequence; and a run read back from disk."""
