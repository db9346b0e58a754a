"""Compares implementations: parity, speed and accuracy."""
