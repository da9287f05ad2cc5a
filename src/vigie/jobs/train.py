"""A model from a table with labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vigie import resources
from vigie import train as story
from vigie.app import Upload
from vigie.app.job_queue import Job
from vigie.i18n.messages import phrase
from vigie.jobs import upload_files
from vigie.jobs.context import JobContext
from vigie.jobs.inspect_upload import limited


def train(bench: JobContext, job: Job, upload: Upload, told: Callable[[str, float], None]) -> dict[str, Any]:
    """Trains, publishes and registers the model; returns what there is to say of it."""
    told("reading", 0.0)
    with upload_files.whole(bench, upload) as path:
        table = limited(bench, path, upload.name)
    asked = job.options
    roles = {column: role for column, role in asked["roles"].items() if column != asked["label"]}
    told("looking for leaks", 0.02)
    seen = story.examine(table, label=asked["label"], domain=asked["domain"], roles=roles)
    del table  # of a large one only a sample is needed from here on
    trained = story.teach(seen, name=asked["name"], time_budget=asked["seconds"], threads=1, progress=told)
    told("writing", 0.97)
    gate = resources.signature_policy(bench.settings)
    entry = story.shelve(bench.catalog, trained.bundle, bench.store, gate, page=trained.page)
    said = [phrase(text).to_json() for text in trained.summary["warnings"]]
    model = {"name": entry.name, "version": entry.version}
    return dict(trained.summary) | {"model": model, "warnings_said": said}
