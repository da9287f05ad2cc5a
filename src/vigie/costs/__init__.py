"""Monthly costs of storage and machines at cloud providers."""
