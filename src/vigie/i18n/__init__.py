"""Texts and numbers in the languages that are installed: one catalogue file each."""
