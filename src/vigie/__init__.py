"""Vigie: fraud detection for people who have no labels."""

__version__ = "0.1.0"
