"""The number of rows to review of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from vigie.app import Run

RUN = Run(
    "run_1", "up_1", 1, "Ada", "score", "done", {}, None, "", 1.0, 100, None, None, None, datetime(2026, 1, 1, tzinfo=UTC),
    None, None, 1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("alerts", "rows", "kept", "budget"),
    [
        (7, 100, None, 7),
        (0, 100, None, 20),
        (0, 5, None, 5),
        (7, 100, 0, 0),
        (7, 100, 31, 31),
        (7, 5, None, 5),
    ],
)
def test_the_budget_is_the_kept_one_or_the_proposed_one_or_a_few_rows(
    alerts: int, rows: int, kept: int | None, budget: int
) -> None:
    """Where Vigie proposes no row there is still something to look at; never more than the table has."""
    run = replace(RUN, summary={"alerts": alerts, "rows": rows}, alert_budget=kept)
    assert run.budget == budget


def test_a_run_without_a_result_has_no_budget() -> None:
    """Neither an unfinished one nor a training."""
    assert RUN.budget is None
    assert replace(RUN, summary={"model": {}}).budget is None
