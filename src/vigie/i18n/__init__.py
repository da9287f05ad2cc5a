"""Texts in English and French."""
