"""Evaluates saved checkpoints: scores, diagnosis, walkthrough of a sequence; and reads runs back from disk."""
