"""Makes the cases of finished runs."""

from __future__ import annotations

import logging

from vigie.app import runs
from vigie.app.cases import syncing
from vigie.app.result_layout import own_column
from vigie.jobs.context import JobContext
from vigie.jobs.ranked_rows import open_ranked, rule_effects

log = logging.getLogger("vigie.jobs")


def make(context: JobContext, run_id: str) -> int:
    """Make the cases of a finished run and return the number of those that changed.

    Raises:
        NotFound: the upload was deleted.
    """
    import polars as pl

    from vigie.cases.entities import load_key
    from vigie.cases.ranked_alerts import read_alerts

    run = runs.find(context.engine, run_id)
    decided = rule_effects(context).alerts(run)
    if not syncing.is_newest(context.engine, run):
        return len(syncing.sync_run(context.engine, run, [], decided.count))
    key = load_key(context.store)
    with open_ranked(context, run) as path:
        rows = decided.select(pl.scan_parquet(path, glob=False, hive_partitioning=False))
        found = rows.select(own_column("row")).head(syncing.MAX_ALERTS).collect().to_series().to_list()
        alerts = read_alerts(path, run.summary or {}, found, key)
    return len(syncing.sync_run(context.engine, run, alerts, decided.count))


def make_pending(context: JobContext) -> int:
    """Make the cases of runs that have none yet: of an earlier version, or of a worker that died; return their number."""
    pending = syncing.list_pending(context.engine)
    for run_id in pending:
        try:
            make(context, run_id)
        except Exception as error:  # noqa: BLE001  others get theirs; this one is tried again
            log.warning("no cases", extra={"run": run_id, "error": type(error).__name__})
    return len(pending)
