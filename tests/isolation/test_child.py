"""A function in a child process: its result, its errors, and every way in which it can end."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from vigie.errors import TableTooLarge
from vigie.isolation import ChildFailed, Limits, call, machine_memory

CALLS = "tests.helpers.isolated_calls"
LIMITS = Limits(memory_bytes=2 * 1024**3, cpu_seconds=60, wall_seconds=300.0, output_bytes=1024**3)


def test_a_result_and_an_error_come_back_as_they_were() -> None:
    """An error keeps its class, its words in every language, and its numbers."""
    assert call(f"{CALLS}:add", {"one": 2, "other": 3}, LIMITS) == 5
    with pytest.raises(TableTooLarge, match="found 7 rows, expected at most 5") as refused:
        call(f"{CALLS}:refuse", {}, LIMITS)
    assert (refused.value.found, refused.value.limit) == (7, 5)
    assert "7" in refused.value.translated("fr")[0]


@pytest.mark.parametrize(
    ("function", "arguments", "limits", "reason"),
    [
        ("abort", {}, LIMITS, "crash"),
        ("exit_without_answer", {}, LIMITS, "crash"),
        ("panic", {}, LIMITS, "crash"),
        ("allocate", {"size": 8 * 1024**3}, LIMITS, "memory"),
        ("spin", {}, replace(LIMITS, cpu_seconds=1), "time"),
        ("wait", {}, replace(LIMITS, wall_seconds=2.0), "time"),
        ("write", {"size": 20_000_000}, replace(LIMITS, output_bytes=10_000_000), "output"),
    ],
)
def test_whatever_happens_in_the_child_is_an_error_here(
    function: str, arguments: dict[str, object], limits: Limits, reason: str, tmp_path: Path
) -> None:
    """Abort, panic, and each limit; the process that asked goes on."""
    if function == "write":
        arguments = {**arguments, "path": str(tmp_path / "out")}
    with pytest.raises(ChildFailed) as failed:
        call(f"{CALLS}:{function}", arguments, limits)
    assert failed.value.reason == reason


def test_the_child_sees_no_secret_and_the_log_no_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A library that is taken over finds no credentials; an exception may quote a cell."""
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@h/d")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    names = call(f"{CALLS}:environment", {}, LIMITS)
    assert not {"DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "VIGIE_HOME"} & set(names)
    with pytest.raises(ChildFailed):
        call(f"{CALLS}:panic", {}, LIMITS)
    assert "Zebulon" not in caplog.text
    assert caplog.records


def test_the_memory_of_the_machine_is_known() -> None:
    """At least what this test uses, at most what no machine has."""
    assert 2**28 < machine_memory() < 2**50
