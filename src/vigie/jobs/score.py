"""Scores of a whole table; refining is the same with marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vigie.app import Upload, result_layout
from vigie.app.job_queue import Job
from vigie.engine import files, out_of_core, pipeline, refine, scorer
from vigie.jobs import result_files, upload_files
from vigie.jobs.context import JobContext

Told = Callable[[str, float], None]


def score(
    bench: JobContext, job: Job, upload: Upload, told: Told
) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """Scores the table and leaves everything in the store.

    Returns:
        The summary, the folder of the result, and what changes on the upload.
    """
    told("reading", 0.0)
    with upload_files.local_copy(bench, upload) as path:
        table = upload_files.read_table(bench, path, upload.name)
        options = _options(job.options)
        plan = None
        said = marks_of(job.options)
        if job.kind == "refine":
            prediction = refine.refine(table, bench.catalog, bench.open_bundle, options, said, told)
        elif table.frame.height <= scorer.SAMPLE:
            plan, prediction = scorer.learn(table, bench.catalog, bench.open_bundle, options, told)
        elif table.frame.height < out_of_core.LONG:
            prediction = pipeline.predict(table, bench.catalog, bench.open_bundle, options, told)
        else:
            additions, found = files.predict_table(
                table, bench.catalog, bench.open_bundle, options, path.parent / "passes", told
            )
            prediction = pipeline.Prediction(table, additions, found)
        told("writing", 0.95)
        folder = f"{upload.folder}/runs/{job.id}/{job.attempt}"
        if plan is not None:
            (path.parent / result_layout.SCORER).write_bytes(plan.to_bytes())
        about = result_files.store_all(bench, folder, path.parent, prediction, said) | {
            "live": plan is not None
        }
    summary = {name: value for name, value in prediction.summary.items() if name != "top"}
    exact = {"rows": table.frame.height, "rows_exact": True, "columns": table.frame.width}
    return summary | {"file": about}, folder, exact


def _options(asked: Mapping[str, Any]) -> pipeline.Options:
    return pipeline.Options(
        top=asked["top"],
        minimum=asked["minimum"],
        roles=asked["roles"],
        alert_budget=asked["budget"],
        expected_fraud_rate=asked["fraud_rate"],
        language=asked["language"],
        seed=asked["seed"],
    )


def marks_of(options: Mapping[str, Any]) -> dict[int, bool]:
    """What was said of rows when the run was asked for: row from 0 -> whether it is fraud."""
    said = options.get("marks", {})
    return {int(row): verdict == "fraud" for row, verdict in said.items() if verdict != "unsure"}
