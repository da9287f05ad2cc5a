"""Bundles as bytes: what they are made of, where they are stored, and verified local copies of them."""
