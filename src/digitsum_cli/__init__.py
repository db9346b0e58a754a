"""Measures how far back a recurrent network remembers, using the digit-sum experiment."""

__version__ = "0.1.0"
