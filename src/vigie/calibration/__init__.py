"""Calibration of scores to probabilities without labels, and metrics."""
