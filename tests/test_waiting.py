"""No test has a time limit of its own: what waits, waits for an event, and for LIMIT at most."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests import waiting
from tests.conftest import LONGEST

TESTS = Path(__file__).parent
_LITERAL = re.compile(
    r"timeout(?:=|\": )\d|(?:\.wait|\.join|\.result|\.get|settimeout)\((?:timeout=)?\d|monotonic\(\) [+-] \d|monotonic\(\) - \w+ [<>]"
)
_ALLOWED = "settimeout(0"
"""A connection that must not come is not waited for."""


def test_no_test_has_a_time_limit_of_its_own() -> None:
    """A limit written as a number is one that some machine reaches."""
    found = [
        f"{path.relative_to(TESTS)}: {match[0]}"
        for path in sorted(TESTS.rglob("*.py"))
        for match in _LITERAL.finditer(path.read_text("utf-8"))
        if path != Path(__file__) and match[0] != _ALLOWED
    ]
    assert found == []


def test_waiting_ends_with_the_event_or_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Either way it ends."""
    answers = iter([False, False, True])
    waiting.wait_until(lambda: next(answers))
    assert list(answers) == []
    monkeypatch.setattr(waiting, "LIMIT", 0.0)
    with pytest.raises(TimeoutError):
        waiting.wait_until(lambda: False)


def test_the_files_that_begin_first_exist() -> None:
    """A file that was renamed would begin anywhere."""
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []
