"""What a database that cannot be used says, and what to do about it; never its password."""

from __future__ import annotations

import sqlalchemy as sa

from vigie.errors import DatabaseUnavailable
from vigie.phrases import Phrase, say


def unusable(engine: sa.Engine, error: BaseException, at: str) -> DatabaseUnavailable:
    """The driver's error in our words; `at` is the database without its password."""
    said = say("the database at {at} cannot be used: {reason}", at=at, reason=_reason(engine, error))
    return DatabaseUnavailable(said, hint=_hint(engine, error))


def _reason(engine: sa.Engine, error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = text[0] if text else type(error).__name__
    secret = engine.url.password
    return reason.replace(str(secret), "***") if secret else reason


def _hint(engine: sa.Engine, error: BaseException) -> Phrase:
    text = str(error).lower()
    if engine.dialect.name == "sqlite":
        if "not a database" in text or "malformed" in text:
            return say(
                "the file is not a Vigie catalog or is damaged; move it away and Vigie makes a new one"
            )
        if "locked" in text:
            return say("another process has been writing for more than 30 s; wait for it or stop it")
        return say(
            "check that the folder exists, is writable and not full, or set VIGIE_HOME or DATABASE_URL"
        )
    if "password" in text or "authentication" in text or "role" in text:
        return say("check the user and the password in DATABASE_URL")
    if "does not exist" in text and "database" in text:
        return say("create the database, or check the name at the end of DATABASE_URL")
    if "undefinedtable" in text or "undefinedcolumn" in text:
        return say("run: vigie db upgrade")
    return say(
        "check the host and port in DATABASE_URL, that the server is running and that the network lets you through"
    )
