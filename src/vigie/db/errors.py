"""Errors of the database drivers in plain words, with a hint and without the password."""

from __future__ import annotations

import sqlalchemy as sa

from vigie.errors import DatabaseUnavailable
from vigie.i18n.messages import Message, msg


def unusable(engine: sa.Engine, error: BaseException, at: str) -> DatabaseUnavailable:
    """Translate a driver's error; `at` names the database without its password."""
    message = msg("the database at {at} cannot be used: {reason}", at=at, reason=_reason(engine, error))
    return DatabaseUnavailable(message, hint=_hint(engine, error))


def _reason(engine: sa.Engine, error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = text[0] if text else type(error).__name__
    secret = engine.url.password
    return reason.replace(str(secret), "***") if secret else reason


def _hint(engine: sa.Engine, error: BaseException) -> Message:
    text = str(error).lower()
    if engine.dialect.name == "sqlite":
        if "not a database" in text or "malformed" in text:
            return msg(
                "the file is not a Vigie catalog or is damaged; move it away and Vigie makes a new one"
            )
        if "locked" in text:
            return msg("another process has been writing for more than 30 s; wait for it or stop it")
        return msg(
            "check that the folder exists, is writable and not full, or set VIGIE_HOME or DATABASE_URL"
        )
    if "password" in text or "authentication" in text or "role" in text:
        return msg("check the user and the password in DATABASE_URL")
    if "does not exist" in text and "database" in text:
        return msg("create the database, or check the name at the end of DATABASE_URL")
    if "undefinedtable" in text or "undefinedcolumn" in text:
        return msg("run: vigie db upgrade")
    return msg(
        "check the host and port in DATABASE_URL, that the server is running and that the network lets you through"
    )
