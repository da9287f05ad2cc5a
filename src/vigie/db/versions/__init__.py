"""Steps of the database schema, oldest first, run by `database.upgrade`.

A released step is never edited: it describes the tables as they were then, not as they are now.
"""
