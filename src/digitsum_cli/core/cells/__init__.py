"""Recurrent cells, one file per cell: each hand-written and on PyTorch's own layer."""
