"""The result of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from vigie.errors import VigieError

GOOD, WARNING, PROBLEM = "good", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Attributes:
        name: name of the check.
        state: GOOD, WARNING or PROBLEM.
        found: text for the operator; never a secret.
        hint: what to do about it, with the command; empty where there is nothing to do.
        error: the error behind a PROBLEM, if there is one.
    """

    name: str
    state: str
    found: str
    hint: str = ""
    error: VigieError | None = None


def guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """Return the finding of a check, a PROBLEM where it raises what an installation can be at fault for."""
    try:
        return check()
    except (VigieError, OSError) as error:
        return _problem(name, error)


def all_guarded(name: str, checks: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield the findings of several checks; see `guarded`."""
    try:
        yield from checks()
    except (VigieError, OSError) as error:
        yield _problem(name, error)


def _problem(name: str, error: VigieError | OSError) -> Finding:
    if isinstance(error, VigieError):
        return Finding(name, PROBLEM, error.message, error.hint, error)
    found = f"the system refused: {error.strerror}" + (f", {error.filename}" if error.filename else "")
    hint = "give this user the folder: chown -R $(id -un) FOLDER, or name another one in the settings"
    return Finding(name, PROBLEM, found, hint)
