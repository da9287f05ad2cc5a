"""Reads files of stored scorers, which may come from elsewhere."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from vigie.boosting.xgboost_import import skip_estimators
from vigie.engine.scorer import Scorer
from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.isolation import ChildFailed, Limits, call, machine_memory

_MEMORY = 4 * 1024**3
_CPU_SECONDS, _CPU_SECONDS_PER_MIB = 120, 4
_ANSWER_BYTES = 1024**2
_SAMPLE: dict[type[pl.DataType], Any] = {pl.String: "x", pl.Boolean: True, pl.Datetime: datetime(2026, 1, 2)}


def read_scorer(path: Path) -> Scorer:
    """Return the scorer in a file.

    Its trees and arrays are checked when it is read; what these checks do not see would end this process. So the file is first
    read in a child process, which scores two rows with it.

    Raises:
        InputRefused: the file is no stored scorer, or one of another format or version of polars.
        Unavailable: it was fitted with a detector that is not installed.
    """
    cpu = _CPU_SECONDS + _CPU_SECONDS_PER_MIB * (path.stat().st_size // 1024**2)
    limits = Limits(min(_MEMORY, machine_memory() * 4 // 5), cpu, 5.0 * cpu, _ANSWER_BYTES)
    try:
        tried = call("vigie.engine.scorer_files:try_scorer", {"path": str(path.absolute())}, limits)
    except ChildFailed as failed:
        raise _malformed(failed.reason) from None
    data = path.read_bytes()
    if sha256(data).hexdigest() != tried:
        raise _malformed("bytes that changed while they were read")
    return Scorer.from_bytes(data)


def try_scorer(path: str) -> str:
    """Read a scorer, score two rows, and return the SHA-256 of the file; the child's part of `read_scorer`."""
    skip_estimators()
    data = Path(path).read_bytes()
    scorer = Scorer.from_bytes(data)
    rows = {
        name: pl.Series([None, _SAMPLE.get(dtype.base_type(), 1)], dtype=dtype)
        for name, dtype in scorer.schema.items()
    }
    try:
        scorer.score(pl.DataFrame(rows))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, pl.exceptions.PolarsError) as error:
        raise _malformed(type(error).__name__) from error
    return sha256(data).hexdigest()


def _malformed(what: str) -> InputRefused:
    return InputRefused(
        msg("scorer: found {what}, expected a scorer that Vigie stored", what=what),
        hint="fit the scorer again",
    )
