"""How long runs take and wait: estimates from the runs that were finished before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import sqlalchemy as sa

from vigie.app.tables import runs, uploads

SMALL_ROWS = 100_000
"""A scoring of at most so many rows has a lane of its own beside the longer ones."""
_ROWS = runs.c
_BASE_SECONDS, _ROWS_PER_SECOND, _UNKNOWN_ROWS = 3.0, 15_000.0, 50_000
_HISTORY, _SIMILAR = 60, 4.0
_LAST_PART = 0.1
"""Share of a run beyond which time alone does not advance its progress: it approaches 1 ever more slowly."""


@dataclass(frozen=True)
class Finished:
    """Rows and duration, in seconds, of a finished run."""

    rows: int
    seconds: float


def expected_seconds(rows: int | None, history: Sequence[Finished]) -> float:
    """Return how long a run probably takes.

    Args:
        rows: rows of its table; None where they are not known yet.
        history: earlier runs of the same kind; those with a similar number of rows count before all, these before none.
    """
    rows = _UNKNOWN_ROWS if rows is None else rows
    similar = [one for one in history if rows / _SIMILAR <= one.rows <= rows * _SIMILAR]
    rates = [max(0.0, one.seconds - _BASE_SECONDS) / max(1, one.rows) for one in similar or history]
    return _BASE_SECONDS + rows * (median(rates) if rates else 1 / _ROWS_PER_SECOND)


def progress(reported: float, elapsed: float, expected: float) -> tuple[float, float]:
    """Return the share that is done, in [0, 1], and the seconds that are left, of a running run.

    Stages of a long file take minutes in which nothing is reported: time advances the share meanwhile, from the first second,
    and the more slowly the longer a run takes than was expected. The time left never rises.

    Args:
        reported: share that the worker reported last.
        elapsed: seconds since the run was started.
        expected: seconds that it probably takes.
    """
    part, limit = elapsed / max(expected, 1.0), 1.0 - _LAST_PART
    by_time = part if part <= limit else 1.0 - _LAST_PART * math.exp(-(part - limit) / _LAST_PART / 4)
    share = min(1.0, max(reported, by_time))
    return share, expected * (1.0 - share)


def elapsed_seconds(row: Any, expected: float, now: datetime) -> float:
    """Return the seconds since a running run was started; for one that was started again, those of its progress."""
    if row["attempts"] > 1 or row["started_at"] is None:
        return float(row["share"]) * expected
    return max(0.0, float((now - row["started_at"]).total_seconds()))


def read_history(connection: sa.Connection, kind: str) -> list[Finished]:
    """Return the last finished runs of a kind."""
    query = (
        sa.select(uploads.c.rows, _ROWS.started_at, _ROWS.finished_at)
        .join(uploads, uploads.c.id == _ROWS.upload_id)
        .where(_ROWS.kind == kind, _ROWS.state == "done", _ROWS.attempts == 1, uploads.c.rows.is_not(None))
        .order_by(_ROWS.finished_at.desc())
        .limit(_HISTORY)
    )
    return [
        Finished(int(rows), (finished - started).total_seconds())
        for rows, started, finished in connection.execute(query)
        if started is not None and finished is not None
    ]


def queue(connection: sa.Connection, row: Any, now: datetime) -> tuple[int, float]:
    """Return the number of runs before a queued run, and the seconds it probably waits.

    Runs of small tables have a lane of their own, so only small ones are before a small one.

    Args:
        connection: database.
        row: the run, with `rows` of its upload.
        now: the time.
    """
    query = (
        sa.select(_ROWS.kind, _ROWS.state, _ROWS.share, _ROWS.started_at, _ROWS.attempts, uploads.c.rows)
        .join(uploads, uploads.c.id == _ROWS.upload_id)
        .where(_ROWS.kind != "inspect", _ROWS.id != row["id"])
        .where(
            sa.or_(
                sa.and_(_ROWS.state == "queued", _ROWS.created_at < row["created_at"]),
                _ROWS.state == "running",
            )
        )
    )
    ahead = connection.execute(query).mappings().all()
    if is_small(row["kind"], row["rows"]):
        ahead = [one for one in ahead if is_small(one["kind"], one["rows"])]
    histories = {kind: read_history(connection, kind) for kind in {one["kind"] for one in ahead}}
    running = [one for one in ahead if one["state"] == "running"]
    left = sum(_seconds_left(one, histories[one["kind"]], now) for one in ahead)
    return len(ahead) - len(running), left / max(1, len(running))


def is_small(kind: str, rows: int | None) -> bool:
    """Return whether a run may use the lane of small ones."""
    return kind in {"score", "refine"} and rows is not None and rows <= SMALL_ROWS


def _seconds_left(row: Any, history: Iterable[Finished], now: datetime) -> float:
    expected = expected_seconds(row["rows"], list(history))
    if row["state"] != "running":
        return expected
    return progress(row["share"], elapsed_seconds(row, expected, now), expected)[1]
