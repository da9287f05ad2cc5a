"""Costs of storage and machines at cloud providers: arithmetic on a dated price list."""
