"""What the web app keeps: people, uploads, runs, marks, tokens, the audit log.

    tables     the tables themselves
    people     users, sessions, one-time links, counted attempts
    tokens     keys of the API, and answers to repeated requests
    audit      who saw and did what
    uploads    files as they arrived, in parts; what was found in them
    runs       what was asked of an upload, and what became of it
    queue      runs as jobs: claimed, kept alive, finished by exactly one worker
    marks      fraud, fine, unsure: what people say of a row

Every function takes an engine or a connection and does one thing to the database. Who may do what is decided by the web
app, what a run does by the jobs; no cell of any upload is ever kept here.
"""

from vigie.app.audit import AuditLine
from vigie.app.feedback import Mark
from vigie.app.runs import Run
from vigie.app.tokens import Token
from vigie.app.uploads import Part, Upload
from vigie.app.users import User

__all__ = ["AuditLine", "Mark", "Part", "Run", "Token", "Upload", "User"]
