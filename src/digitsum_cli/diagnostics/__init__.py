"""Diagnoses of a classifier: what it gets wrong, what its state holds and how far back its gradients reach."""
