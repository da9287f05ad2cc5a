"""Fixtures of the tests of bundles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers.killing import KillableJobs


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[KillableJobs]:
    """Jobs of `tests.bundles.worker` that can be killed."""
    jobs = KillableJobs("tests.bundles.worker", tmp_path)
    yield jobs
    jobs.stop()
