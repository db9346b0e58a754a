"""Plots, drawn from plain values."""
