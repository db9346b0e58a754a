"""Where a classifier's answers come from: what it gets wrong, what its state holds and how far its gradients reach."""
