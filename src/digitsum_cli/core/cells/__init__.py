"""Recurrent cells: each written by hand and on PyTorch's own layer, one file per cell."""
