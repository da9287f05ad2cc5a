"""Retention: what is past its time goes, bytes first, then the rows that speak of them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from vigie.app import audit, idempotency, uploads
from vigie.jobs import upload_files
from vigie.jobs.context import JobContext

log = logging.getLogger("vigie.jobs")
_STALLED = timedelta(days=1)
_AUDIT = timedelta(days=400)


def tidy(bench: JobContext, now: datetime | None = None) -> int:
    """Deletes what is due; may run twice and in several workers at once. Returns how many uploads went."""
    now = now or datetime.now(UTC)
    upload_files.sweep(bench)
    for upload_id in uploads.list_expired(bench.engine, now, incomplete_for=_STALLED):
        uploads.mark_deleted(bench.engine, upload_id)
        audit.record(bench.engine, "retention", "delete upload", f"upload:{upload_id}", {}, "")
    gone = uploads.list_deleted(bench.engine)
    for upload_id in gone:
        for head in list(bench.store.list(f"uploads/{upload_id}")):
            bench.store.delete(head.key)
        uploads.purge(bench.engine, upload_id)
        log.info("deleted", extra={"kind": "upload"})
    idempotency.delete_expired(bench.engine, now)
    audit.delete_older_than(bench.engine, now - _AUDIT)
    return len(gone)
