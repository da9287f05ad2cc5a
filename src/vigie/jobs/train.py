"""Training job: a model from an upload with labels."""

from __future__ import annotations

from typing import Any

from vigie import resources, training
from vigie.app import Upload
from vigie.app.job_queue import Job
from vigie.i18n.messages import as_message
from vigie.jobs import upload_files
from vigie.jobs.context import JobContext, ProgressCallback
from vigie.jobs.upload_sample import options_of


def train(context: JobContext, job: Job, upload: Upload, progress: ProgressCallback) -> dict[str, Any]:
    """Train, publish and register a model; return the summary."""
    progress("reading", 0.0)
    reading = options_of(context, upload)
    with upload_files.local_copy(context, upload) as path:
        table = upload_files.read_table(context, path, upload.name, reading)
    options = job.options
    roles = {column: role for column, role in options["roles"].items() if column != options["label"]}
    progress("looking for leaks", 0.02)
    plan = training.inspect(table, label=options["label"], domain=options["domain"], roles=roles)
    del table  # training needs only a sample of a large table
    trained = training.fit(
        plan, name=options["name"], time_budget=options["seconds"], threads=1, progress=progress
    )
    progress("writing", 0.97)
    policy = resources.signature_policy(context.settings)
    entry = training.publish(context.catalog, trained.bundle, context.store, policy, page=trained.page)
    warnings = [as_message(text).to_json() for text in trained.summary["warnings"]]
    model = {"name": entry.name, "version": entry.version}
    return dict(trained.summary) | {"model": model, "warnings_said": warnings}
