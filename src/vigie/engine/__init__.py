"""The scoring pipeline: from a table to predictions."""
