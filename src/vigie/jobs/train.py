"""A model from a table with labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vigie import opening
from vigie import train as story
from vigie.jobs import local
from vigie.jobs.bench import Bench
from vigie.jobs.inspect import limited
from vigie.phrases import phrase
from vigie.records import Upload
from vigie.records.queue import Job


def train(bench: Bench, job: Job, upload: Upload, told: Callable[[str, float], None]) -> dict[str, Any]:
    """Trains, publishes and registers the model; returns what there is to say of it."""
    told("reading", 0.0)
    with local.whole(bench, upload) as path:
        table = limited(bench, path, upload.name)
    asked = job.options
    roles = {column: role for column, role in asked["roles"].items() if column != asked["label"]}
    told("looking for leaks", 0.02)
    seen = story.examine(table, label=asked["label"], domain=asked["domain"], roles=roles)
    del table  # of a large one only a sample is needed from here on
    trained = story.teach(seen, name=asked["name"], time_budget=asked["seconds"], threads=1, progress=told)
    told("writing", 0.97)
    gate = opening.gate(bench.settings)
    entry = story.shelve(bench.catalog, trained.bundle, bench.store, gate, page=trained.page)
    said = [phrase(text).to_json() for text in trained.summary["warnings"]]
    model = {"name": entry.name, "version": entry.version}
    return dict(trained.summary) | {"model": model, "warnings_said": said}
