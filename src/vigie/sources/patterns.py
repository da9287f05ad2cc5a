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
    # States of the pattern that the folders so far can lead to: no pattern takes more than names times parts.
    *folders, last = [_compiled(part) for part in pattern.split("/")]
    states = _skipped({0}, folders)
    *above, file = key.split("/")
    for one in above:
        reached = {at for at in states if at < len(folders) and folders[at] is None}
        reached |= {
            at + 1 for at in states if at < len(folders) and (part := folders[at]) and part.fullmatch(one)
        }
        states = _skipped(reached, folders)
    final = last or re.compile(".*", re.DOTALL)
    return len(folders) in states and bool(final.fullmatch(file))


def _skipped(states: set[int], folders: list[re.Pattern[str] | None]) -> set[int]:
    """Return states and those that follow where `**` stands for no folder."""
    found = set(states)
    for at, part in enumerate(folders):
        if part is None and at in found:
            found.add(at + 1)
    return found


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
def _compiled(part: str) -> re.Pattern[str] | None:
    """Return the expression of one part of a pattern; None for `**`, any number of folders.

    A `*` that is followed by another is matched to the first place that fits, and never tried again: the time is linear in
    the name, whatever the pattern.
    Source: fnmatch of CPython.
    """
    if part == "**":
        return None
    runs: list[list[str]] = [[]]
    at = 0
    while at < len(part):
        closing = part.find("]", at + 2) if part[at] == "[" else -1
        if closing > 0:
            runs[-1].append(_one_of(part[at + 1 : closing]))
            at = closing
        elif part[at] == "*":
            runs.append([])
        else:
            runs[-1].append("." if part[at] == "?" else re.escape(part[at]))
        at += 1
    first, *others = ["".join(run) for run in runs]
    middle = "".join(f"(?>.*?{run})" for run in others[:-1] if run)
    end = f".*{others[-1]}" if others else ""
    return re.compile(f"{first}{middle}{end}", re.IGNORECASE | re.DOTALL)


def _one_of(inside: str) -> str:
    """Return the expression of `[inside]`; a range whose end comes before its start has no characters."""
    negated, rest = inside.startswith("!"), inside.removeprefix("!")
    found = ""
    while rest:
        if len(rest) > 2 and rest[1] == "-":
            if rest[0] <= rest[2]:
                found += f"{re.escape(rest[0])}-{re.escape(rest[2])}"
            rest = rest[3:]
        else:
            found += re.escape(rest[0])
            rest = rest[1:]
    if not found:
        return "." if negated else "(?!)"
    return f"[{'^' if negated else ''}{found}]"
