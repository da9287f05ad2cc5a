"""Memory does not grow with a long table."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCORE = """
import sys
from pathlib import Path
from vigie.engine import disk, disk_partitions, out_of_core, profiling, spill
from vigie.table import stream
# A piece, a part and a sample of this size for a table of this size are as 200,000 rows of tens of millions.
out_of_core.OUT_OF_CORE_MIN_ROWS, profiling.SAMPLE_ROWS, disk_partitions.PART = 10_000, 10_000, 20_000
for module in (stream, spill, disk, disk_partitions):
    module.CHUNK_ROWS = 20_000
disk.HALF = 10_000
from vigie.cli import main
sys.argv[1:] = ["predict", sys.argv[1], "-o", sys.argv[2], "--json"]
main()
"""
GROWTH = 160 * 1024
"""Kilobytes that four times the rows may cost; held whole they would cost 700 MB more."""


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
def test_four_times_the_rows(tmp_path: Path) -> None:
    """The peak of 320,000 rows is that of 80,000 and little more."""
    peak(20_000, tmp_path)  # registers the shipped models
    small, large = peak(80_000, tmp_path), peak(320_000, tmp_path)
    assert large - small < GROWTH, f"{small:,} KB, then {large:,} KB"
