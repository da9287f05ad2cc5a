"""Makes the cases of finished runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vigie import tempdirs
from vigie.app import Run, runs
from vigie.app.cases import syncing
from vigie.app.result_layout import RANKED
from vigie.jobs.context import JobContext
from vigie.stores.base import join
from vigie.table.atomic import atomic_write

log = logging.getLogger("vigie.jobs")


def make(context: JobContext, run_id: str) -> int:
    """Make the cases of a finished run and return the number of those that changed.

    Raises:
        NotFound: the upload was deleted.
    """
    from vigie.cases.entities import load_key
    from vigie.cases.ranked_alerts import read_alerts

    run = runs.find(context.engine, run_id)
    budget = min(run.budget or 0, syncing.MAX_ALERTS)
    if not budget or not syncing.is_newest(context.engine, run):
        return len(syncing.sync_run(context.engine, run, []))
    key = load_key(context.store)
    with _ranked(context, run) as path:
        alerts = read_alerts(path, run.summary or {}, budget, key)
    return len(syncing.sync_run(context.engine, run, alerts))


def make_pending(context: JobContext) -> int:
    """Make the cases of runs that have none yet: of an earlier version, or of a worker that died; return their number."""
    pending = syncing.list_pending(context.engine)
    for run_id in pending:
        try:
            make(context, run_id)
        except Exception as error:  # noqa: BLE001  others get theirs; this one is tried again
            log.warning("no cases", extra={"run": run_id, "error": type(error).__name__})
    return len(pending)


@contextmanager
def _ranked(context: JobContext, run: Run) -> Iterator[Path]:
    """Yield the path of the ranked table of a run, on this machine."""
    key, store = join(run.result or "", RANKED), context.store
    if store.kind == "local":
        yield Path(store.bucket, key)
        return
    with tempdirs.temporary_workdir(context.settings.cache_dir / "jobs") as folder:
        with atomic_write(folder / RANKED) as file:
            for chunk in store.stream(key):
                file.write(chunk)
        yield folder / RANKED
