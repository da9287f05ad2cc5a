"""Scoring job: scores of a whole table; a refinement is a scoring with labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigie.app import Upload, result_layout, uploads
from vigie.app.job_queue import Job
from vigie.engine import files, pipeline
from vigie.engine.options import Options, Progress, ScoringContext
from vigie.engine.refine import EarlierTable, refine
from vigie.jobs import result_files, upload_files
from vigie.jobs.context import JobContext
from vigie.jobs.upload_sample import options_of, store_set_aside


def score(
    context: JobContext, job: Job, upload: Upload, progress: Progress
) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """Score the table and put its results into the store.

    Returns:
        The summary, the folder of the result, and what changes on the upload.
    """
    progress("reading", 0.0)
    reading = options_of(context, upload)
    with upload_files.local_copy(context, upload) as path:
        table = upload_files.read_table(context, path, upload.name, reading)
        store_set_aside(context, upload, table)
        roles = job.options["roles"]
        if roles is None:
            names = uploads.columns_digest(table.frame.columns)
            roles = uploads.find_mapping(context.engine, upload.owner_id, names) or {}
        options = _options(job.options, roles)
        scoring = ScoringContext(context.catalog, context.open_bundle, options, progress)
        scorer = None
        labels = labels_of(job.options)
        if job.kind == "refine":
            prediction = refine(table, scoring, labels, _earlier(context, job.options))
            prediction.summary["refined"].get("earlier", {}).pop("source", None)  # its file may be deleted
        elif table.frame.height <= pipeline.MAX_FIT_ROWS:
            scorer, prediction = pipeline.fit(table, scoring)
        else:
            prediction = files.predict_table(table, scoring, path.parent / "passes")
        progress("writing", 0.95)
        folder = f"{upload.folder}/runs/{job.id}/{job.attempt}"
        if scorer is not None:
            (path.parent / result_layout.SCORER).write_bytes(scorer.to_bytes())
        about = result_files.store_all(
            context, folder, path.parent, prediction, labels, job.options["language"]
        ) | {"live": scorer is not None}
    summary = {name: value for name, value in prediction.summary.items() if name != "top"}
    exact = {"rows": table.frame.height, "rows_exact": True, "columns": table.frame.width}
    return summary | {"file": about}, folder, exact


def _earlier(context: JobContext, options: Mapping[str, Any]) -> EarlierTable | None:
    """Return the earlier file whose labels are used, too, as it is in the store now."""
    source = options.get("earlier")
    if source is None:
        return None
    upload = uploads.find(context.engine, source["upload"])
    with upload_files.local_copy(context, upload) as path:
        table = upload_files.read_table(context, path, upload.name, options_of(context, upload))
    return EarlierTable(table, labels_of(source))


def _options(stored: Mapping[str, Any], roles: Mapping[str, str]) -> Options:
    return Options(
        top=stored["top"],
        minimum=stored["minimum"],
        roles=roles,
        alert_budget=stored["budget"],
        expected_fraud_rate=stored["fraud_rate"],
        language=stored["language"],
        seed=stored["seed"],
    )


def labels_of(options: Mapping[str, Any]) -> dict[int, bool]:
    """Return the labels that the job was queued with: row from 0 -> whether it is fraud."""
    labels = options.get("marks", {})
    return {int(row): label == "fraud" for row, label in labels.items() if label != "unsure"}
