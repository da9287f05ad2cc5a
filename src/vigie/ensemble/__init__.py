"""Combination of reference models and detectors into one score."""
