"""The steps of the catalog's schema, oldest first; run by `database.upgrade`.

A step is never edited once released: it describes the tables as they were, not as they are.
"""
