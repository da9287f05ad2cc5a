"""Private temporary folders for working files, which may contain cell values."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from vigie.errors import UnwritableOutput


@contextmanager
def temporary_workdir(parent: Path) -> Iterator[Path]:
    """Create a folder below `parent` and remove it at the end.

    Args:
        parent: created where it is missing, readable by its owner only.

    Raises:
        UnwritableOutput: the disk is full.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(
            prefix=f"{os.getpid()}-", dir=parent, ignore_cleanup_errors=True
        ) as name:
            yield Path(name)
    except (OSError, pl.exceptions.PolarsError) as error:
        # Polars reports a full disk by various classes, with the system's text.
        if getattr(error, "errno", None) != errno.ENOSPC and os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise UnwritableOutput(
            str(parent), reason="no space left for working files; set MODEL_CACHE_DIR to a larger disk"
        ) from error


def remove_stale(parent: Path) -> int:
    """Remove the folders of processes of this machine that were killed; return how many."""
    removed = 0
    for folder in parent.glob("*-*"):
        number = folder.name.partition("-")[0]
        if number.isdigit() and not _is_alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
