"""Logs of the web app and the workers: lines of JSON on stderr, without cells."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

_FIELDS = ("request_id", "method", "route", "status", "milliseconds", "user", "bytes", "error", "frames", "run", "kind",
         "worker", "attempt", "seconds")  # fmt: skip
"""Fields of `extra` that never hold a cell; others are left out."""


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        return json.dumps(line, ensure_ascii=False, default=str)


def frames(error: BaseException) -> list[str]:
    """Return file, line and function of each frame of a traceback, without the error's message: it may quote a cell."""
    return [
        f"{frame.filename.rpartition('/src/')[2].rpartition('/site-packages/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]


def to_stderr(level: int = logging.INFO) -> None:
    """Log to stderr; only for processes that Vigie starts, not for an embedding application."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger("vigie")
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False
