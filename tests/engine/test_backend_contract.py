"""Disk, and the simplest backend, do what every backend must do."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.helpers.backend_contract import BackendContract, Open
from tests.helpers.memory_backend import MemoryBackend

from vigie.engine.backends.disk import DiskBackend
from vigie.engine.backends.spill import spill_table
from vigie.engine.options import Sizes
from vigie.table import Table


class TestSimplest(BackendContract):
    @pytest.fixture
    def open_backend(self) -> Open:
        return lambda frame: MemoryBackend(Table("payments", frame, frame))


class TestDisk(BackendContract):
    """Many chunks, many partitions, several parts of a chunk."""

    @pytest.fixture
    def open_backend(self, tmp_path: Path) -> Open:
        def run(frame: pl.DataFrame) -> DiskBackend:
            rows = spill_table(Table("payments", frame, frame), tmp_path / "typed", chunk_rows=170)
            return DiskBackend(rows, tmp_path, Sizes(partition=90, thread=60))

        return run
