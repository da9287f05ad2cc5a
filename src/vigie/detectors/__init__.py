"""Anomaly detectors that need no labels."""
