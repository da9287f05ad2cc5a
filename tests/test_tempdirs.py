"""Temporary folders hold cells: they are removed, also those of killed processes, and a full disk has a clear error."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import polars as pl
import pytest

from vigie import tempdirs
from vigie.errors import UnwritableOutput


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """Cells of a table do not outlive the process that worked on them by more than the next one."""
    dead = tmp_path / "999999999-abc"
    dead.mkdir()
    with tempdirs.temporary_workdir(tmp_path) as mine:
        assert tempdirs.remove_stale(tmp_path) == 1
        assert mine.is_dir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "raised",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        pl.exceptions.ComputeError("cannot write: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_reported_in_words(tmp_path: Path, raised: Exception) -> None:
    """In the process that notices it first."""
    with pytest.raises(UnwritableOutput, match="MODEL_CACHE_DIR"), tempdirs.temporary_workdir(tmp_path):
        raise raised
    with pytest.raises(pl.exceptions.ComputeError), tempdirs.temporary_workdir(tmp_path):
        raise pl.exceptions.ComputeError("something else")
