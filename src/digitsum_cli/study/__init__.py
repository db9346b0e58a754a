"""Runs a study: takes settings, writes a run directory."""
