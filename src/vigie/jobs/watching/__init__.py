"""Watches: new files of a location become uploads, are scored, and their results go where they belong.

    look        finds new files and begins their uploads
    follow_up   scores what was inspected, and finishes what was scored
    drift       scores and amounts of a file against those of the file before
    results     predictions beside the file they belong to
    loops       the threads of a worker that do this all the time

Nothing here needs the process to survive: what was found is in the database with the content's digest, in the same
transaction as its upload, and every further step is made once (`vigie.app.watched_files`).
"""
