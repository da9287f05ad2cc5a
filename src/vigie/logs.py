"""What processes of ours say of themselves: lines of JSON on stderr, without a cell."""

from __future__ import annotations

import json
import logging
from typing import Any

_KEPT = ("request_id", "method", "route", "status", "milliseconds", "user", "bytes", "error", "frames", "run", "kind",
         "worker", "attempt", "seconds")  # fmt: skip
"""Names of `extra` that are known to hold no cell; others are left out."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON; of `extra` only names that are known to hold no cell."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _KEPT if hasattr(record, name)}
        return json.dumps(line, ensure_ascii=False, default=str)


def to_stderr(level: int = logging.INFO) -> None:
    """Writes what Vigie says to stderr; for processes of our own, not for whoever embeds the app."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger("vigie")
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False
