"""The compiled trainer: forward pass, backward pass and optimizer, written for Numba."""
