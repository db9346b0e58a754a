"""The loop: settings in, run directory out."""
