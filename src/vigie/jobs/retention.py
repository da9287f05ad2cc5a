"""Retention: delete expired uploads with their files, audit lines, stored responses and delivered notices."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from vigie.app import audit, idempotency, notices, uploads, webhooks
from vigie.jobs import upload_files
from vigie.jobs.context import JobContext

log = logging.getLogger("vigie.jobs")
_INCOMPLETE_UPLOADS = timedelta(days=1)
_AUDIT_LINES = timedelta(days=400)


def delete_expired(context: JobContext, now: datetime | None = None) -> int:
    """Delete what has expired and return the number of uploads; several workers may call it at once."""
    now, engine, store = now or datetime.now(UTC), context.engine, context.store
    upload_files.remove_stale_folders(context)
    for upload_id in uploads.list_expired(engine, now, incomplete_for=_INCOMPLETE_UPLOADS):
        uploads.mark_deleted(engine, upload_id)
        audit.record(engine, "retention", "delete upload", f"upload:{upload_id}", {}, "")
    deleted = uploads.list_deleted(engine)
    for upload_id in deleted:
        # Files first: as long as the row is there, the deletion is tried again.
        for head in list(store.list(f"uploads/{upload_id}")):
            store.delete(head.key)
        store.remove_empty_folders(f"uploads/{upload_id}")
        uploads.purge(engine, upload_id)
        log.info("deleted", extra={"kind": "upload"})
    idempotency.delete_expired(engine, now)
    audit.delete_older_than(engine, now - _AUDIT_LINES)
    notices.delete_old(engine, now)
    webhooks.delete_old_attempts(engine, now)
    return len(deleted)
