"""Makes the cases of finished runs."""

from __future__ import annotations

import logging

from vigie.app.cases import syncing
from vigie.jobs.context import JobContext
from vigie.jobs.ranked_rows import open_ranked, rule_effects

log = logging.getLogger("vigie.jobs")


def make(context: JobContext, run_id: str) -> int:
    """Make the cases of a finished run and return the number of those that changed.

    Raises:
        NotFound: the upload was deleted.
    """
    from vigie.cases.entities import load_key
    from vigie.cases.making import make_cases

    decide, key = rule_effects(context).alerts, load_key(context.store)
    return len(make_cases(context.engine, run_id, decide, lambda run: open_ranked(context, run), key))


def make_pending(context: JobContext) -> int:
    """Make the cases of runs that have none yet: of an earlier version, or of a worker that died; return their number."""
    pending = syncing.list_pending(context.engine)
    for run_id in pending:
        try:
            make(context, run_id)
        except Exception as error:  # noqa: BLE001  others get theirs; this one is tried again
            log.warning("no cases", extra={"run": run_id, "error": type(error).__name__})
    return len(pending)
