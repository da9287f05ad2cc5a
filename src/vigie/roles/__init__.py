"""Roles: the meaning of each column, inferred from names and values."""
