"""Parsers of the cells of a column: numbers, dates, booleans and nulls."""
