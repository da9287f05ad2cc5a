"""A model from a table with labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vigie.jobs import local
from vigie.jobs.bench import Bench
from vigie.jobs.inspect import limited
from vigie.records import Upload
from vigie.records.queue import Job


def train(bench: Bench, job: Job, upload: Upload, told: Callable[[str, float], None]) -> dict[str, Any]:
    """Trains, publishes and registers the model; returns what there is to say of it."""
    from vigie import train as story

    told("reading", 0.0)
    with local.whole(bench, upload) as path:
        table = limited(bench, path, upload.name)
    del story, table
    raise NotImplementedError
