"""Memory does not grow with a long table."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCORE = """
import sys
from vigie import resources, settings
from vigie.engine import files
from vigie.engine.options import ScoringContext, Sizes
from vigie.table import chunks
# A chunk, a partition and a sample of this size for a table of this size are as 200,000 rows of tens of millions.
chunks.CHUNK_ROWS = 20_000
sizes = Sizes(out_of_core=10_000, sample=10_000, partition=20_000, thread=10_000, counts=400_000)
chosen = settings.load()
with resources.open_catalog(chosen) as catalog:
    context = ScoringContext(catalog, resources.bundle_loader(chosen), sizes=sizes)
    files.predict_file(sys.argv[1], sys.argv[2], context, files.Limits(10**9, 100, chosen.cache_dir / "jobs"))
"""
GROWTH = 160 * 1024
"""Kilobytes that 240,000 more rows may cost; held whole they would cost 700 MB more."""


def peak(rows: int, folder: Path) -> int:
    """Kilobytes at most of a process that scores so many rows."""
    sys.path.insert(0, str(ROOT / "bench"))
    import payments

    table = payments.write(folder / f"{rows}.csv", rows)
    arguments = [sys.executable, "-c", SCORE, str(table), str(folder / "out.csv")]
    environment = {**os.environ, "VIGIE_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT / "src")}
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(sys.executable, arguments, environment, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    assert status == 0
    with (folder / "out.csv").open() as file:
        assert sum(1 for _ in file) == rows + 1
    return usage.ru_maxrss


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """The peak of 400,000 rows is that of 160,000 and little more; the first chunks warm the allocator up."""
    peak(20_000, tmp_path)  # registers the shipped models
    small, large = peak(160_000, tmp_path), peak(400_000, tmp_path)
    assert large - small < GROWTH, f"{small:,} KB, then {large:,} KB"
