"""Cases of a run made from its alerts, in the worker and in the web app."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import polars as pl

from vigie.app import Run, runs
from vigie.app.cases import RankedAlert, syncing
from vigie.app.result_layout import own_column
from vigie.cases.ranked_alerts import read_alerts
from vigie.db.database import Engine


class DecidedAlerts(Protocol):
    """Which rows of a run are alerts, as `vigie.alerts.decision.Alerts`; equal where the rows are the same."""

    @property
    def count(self) -> int:
        """Number of alerts."""

    def select(self, ranked: pl.LazyFrame) -> pl.LazyFrame:
        """Return the alerts among the ranked rows, most suspicious first."""


def make_cases(
    engine: Engine,
    run_id: str,
    decide: Callable[[Run], DecidedAlerts],
    open_ranked: Callable[[Run], AbstractContextManager[Path]],
    key: bytes,
) -> set[str]:
    """Make and update the cases of the alerts of a finished run; return the ids of the cases that changed.

    Budget, rules and labels may change while the rows are read, and the process that changed them may make its cases first.
    So the alerts are decided again afterwards, and the cases are made again where they differ.

    Args:
        engine: database.
        run_id: a finished run.
        decide: returns the alerts of a run as its budget, the rules and the labels are at this moment.
        open_ranked: run -> context with the path of its ranked rows on this machine.
        key: of the digests; see `vigie.cases.entities.load_key`.

    Raises:
        NotFound: the upload was deleted.
    """
    changed: set[str] = set()
    run = runs.find(engine, run_id)
    decided = decide(run)
    while True:
        alerts: list[RankedAlert] = []
        if syncing.is_newest(engine, run):
            with open_ranked(run) as path:
                rows = decided.select(pl.scan_parquet(path, glob=False, hive_partitioning=False))
                chosen = rows.select(own_column("row")).head(syncing.MAX_ALERTS).collect()
                alerts = read_alerts(path, run.summary or {}, chosen.to_series().to_list(), key)
        changed.update(syncing.sync_run(engine, run, alerts, decided.count))
        run = runs.find(engine, run_id)
        made, decided = decided, decide(run)
        if decided == made:
            return changed
