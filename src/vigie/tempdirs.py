"""A private folder to work in, gone afterwards; what killed processes left is swept by the next one: it holds cells."""

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
def working(under: Path) -> Iterator[Path]:
    """A new folder under `under`; a full disk is said in words.

    Args:
        under: created where it is missing, for its owner alone.
    """
    under.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(
            prefix=f"{os.getpid()}-", dir=under, ignore_cleanup_errors=True
        ) as name:
            yield Path(name)
    except (OSError, pl.exceptions.PolarsError) as error:
        # Polars says it in the words of the system, by whatever class it has at hand.
        if getattr(error, "errno", None) != errno.ENOSPC and os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise UnwritableOutput(
            str(under), reason="no space left for working files; set MODEL_CACHE_DIR to a larger disk"
        ) from error


def sweep(under: Path) -> int:
    """Removes what processes of this machine left that are no more; returns how many folders."""
    removed = 0
    for folder in under.glob("*-*"):
        number = folder.name.partition("-")[0]
        if number.isdigit() and not _alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
