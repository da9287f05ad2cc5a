"""Patterns of paths, and names that are never watched."""

from __future__ import annotations

import re
from functools import cache

from vigie.errors import UsageRefused
from vigie.i18n.messages import msg

RESULT = ".predictions.csv"
"""End of the name of the predictions that are written beside a file; such files are never input."""
_MAX_PATTERN = 200
_PARTIAL = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
"""Ends of names that programs give to files they are still writing."""


def matches(pattern: str, key: str) -> bool:
    """Return whether a file belongs to a watch.

    Args:
        pattern: `*` and `?` stand for characters of a name, `[...]` for one of some, `**/` for folders at any depth. Case is
            ignored.
        key: path below the watched location, with `/`.
    """
    name = key.rpartition("/")[2].lower()
    hidden = any(part.startswith((".", "_vigie")) for part in key.split("/"))
    if hidden or name.endswith((RESULT, *_PARTIAL)):
        return False
    return bool(_compiled(pattern).fullmatch(key))


def is_deep(pattern: str) -> bool:
    """Return whether a pattern matches files in folders below."""
    return "/" in pattern


def check(pattern: str) -> str:
    """Return the pattern, without spaces around it.

    Raises:
        UsageRefused: it is empty, too long, or leads out of the location.
    """
    pattern = pattern.strip()
    if not pattern or len(pattern) > _MAX_PATTERN or pattern.startswith("/") or ".." in pattern.split("/"):
        raise UsageRefused(
            msg("found pattern {pattern!r}, expected one such as *.csv or **/*.csv", pattern=pattern[:80]),
            hint="relative to the watched location, with `*` for any characters of a name",
        )
    return pattern


def result_key(key: str) -> str:
    """Return the path of the predictions of a file, which differs for files that differ in their extensions only.

    `payments.csv` gives `payments.predictions.csv`, `payments.xlsx` gives `payments.xlsx.predictions.csv`.
    """
    return f"{key.removesuffix('.csv')}{RESULT}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts, at = [], 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:[^/]+/)*")
            at += 3
            continue
        closing = pattern.find("]", at + 2) if pattern[at] == "[" else -1
        if closing > 0:
            inside = pattern[at + 1 : closing]
            negated = "^" if inside.startswith("!") else ""
            characters = re.escape(inside.removeprefix("!")).replace("\\-", "-")
            parts.append(f"[{negated}{characters}]")
            at = closing + 1
            continue
        parts.append({"*": "[^/]*", "?": "[^/]"}.get(pattern[at], re.escape(pattern[at])))
        at += 1
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
