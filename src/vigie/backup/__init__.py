"""Backups of an installation: its database and the files of its store, while it is running.

    contents    what a backup consists of, and its manifest
    rows        rows of the tables as JSON lines, the same for SQLite and PostgreSQL
    creating    writes a backup
    restoring   fills an empty installation from a backup

The database is read in one snapshot, then the files of the store are copied: every file that the snapshot names was there
before it. The manifest is written last, so a backup is complete or is none, and holds the digest of everything else.
"""
