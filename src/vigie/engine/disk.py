"""The passes of a long table over one disk, in their order, and what one leaves for the next."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.engine import value_counts
from vigie.engine.backend import ROW, Found, Rows, features_of, peers_of
from vigie.engine.disk_partitions import Passes
from vigie.engine.fitted_scorer import Terms
from vigie.engine.options import Options, Progress
from vigie.engine.output import Counted, ScoredRows
from vigie.engine.profiling import SampledTable
from vigie.engine.spill import Spill, each
from vigie.fitted_state import FeatureState
from vigie.parallel import in_threads
from vigie.table.stream import PIECE

HALF = PIECE // 2
"""Rows that a thread tells of at a time: two threads need no more room than a piece does."""

T = TypeVar("T")


class Disk:
    """Holds the rows of a table and brings them together, as `means.Means` asks.

    Args:
        spill: the rows.
        options: what the user asked for.
        folder: to work in; `scored` is left there.
        progress: told each stage and the share done.
    """

    def __init__(self, spill: Spill, options: Options, folder: Path, progress: Progress) -> None:
        self._spill, self._options, self._folder = spill, options, folder
        self._progress = progress
        self._newcomer: npt.NDArray[np.bool_] | None = None

    @property
    def table(self) -> Rows:
        return self._spill

    def counts(self, look: SampledTable) -> FeatureState:
        state = value_counts.of_all(self._spill, look, self._folder / "counts")
        shutil.rmtree(self._folder / "counts")
        return state

    def features(self, look: SampledTable) -> None:
        self._seen = look
        self._passes = Passes(self._spill, look.roles, look.state, self._folder)
        for kind in look.kinds:
            self._passes.gather(kind)
            self._passes.features(kind, self._newcomer)
            if kind.name == "actor":
                position = self._passes.column(kind, "position_actor")
                self._newcomer = None if position is None else position == 0

    def told(self, lots: Iterable[int]) -> Found:
        return {kind: self._passes.of_lots("features", kind, lots) for kind in self._seen.kinds}

    def suspicion(self, terms: Terms) -> None:
        """Keeps also the ranks of the features for later."""
        self._energy = np.empty(self._spill.rows)
        (self._folder / "ranks").mkdir()

        def tell(part: _Part) -> None:
            tails = terms.tails(features_of(terms, self._typed(part.frame), part.found, part.numbers))
            self._energy[part.numbers] = tails.row_anomaly
            np.save(self._ranks(part), terms.packed(tails, self._seen.trained))

        for number, frame in enumerate(each(self._spill)):
            self._progress("gathering evidence", 0.3 + 0.2 * number * PIECE / self._spill.rows)
            found = {k: self._passes.of_piece("features", k, number) for k in self._seen.kinds}
            _in_parts(frame, found, tell)
        shutil.rmtree(self._folder / "features", ignore_errors=True)

    def peers(self, terms: Terms) -> None:
        for kind in self._seen.related:
            self._passes.peers(kind, self._newcomer, self._energy, terms.answers)
        shutil.rmtree(self._folder / "parts", ignore_errors=True)

    def said(self, lots: Iterable[int]) -> Found:
        return {kind: self._passes.of_lots("peers", kind, lots) for kind in self._seen.related}

    def score(self, terms: Terms) -> dict[str, Any]:
        """Scores the pieces and writes what is to be added to each."""
        scored = self._folder / "scored"
        scored.mkdir()
        counted = Counted(self._options.alert_budget, self._spill.rows)

        def tell(part: _Part) -> ScoredRows:
            tails = terms.unpacked(np.load(self._ranks(part)))
            self._ranks(part).unlink()
            return terms.later(self._typed(part.frame), tails, peers_of(part.found, part.numbers))

        for number, frame in enumerate(each(self._spill)):
            self._progress("scoring", 0.6 + 0.35 * number * PIECE / self._spill.rows)
            found = {kind: self._passes.of_piece("peers", kind, number) for kind in self._seen.related}
            parts = _in_parts(frame, found, tell)
            for later in parts:
                counted.add(later)
            additions = pl.concat([later.additions for later in parts])
            additions.write_parquet(scored / f"{number:05}.parquet", compression="lz4")
        if counted.budgeted:
            for number, path in enumerate(sorted(scored.glob("*.parquet"))):
                frame = pl.read_parquet(path)
                frame.with_columns(alert=counted.alerts(number * PIECE, frame.height)).write_parquet(path)
        return counted.summary()

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select([column.column for column in self._seen.roles.columns])

    def _ranks(self, part: _Part) -> Path:
        return self._folder / "ranks" / f"{part.numbers[0]:012}.npy"


@dataclass(frozen=True)
class _Part:
    """Some rows of a piece of the table, and what was found of them."""

    frame: pl.DataFrame
    found: Found

    @cached_property
    def numbers(self) -> npt.NDArray[np.int64]:
        return self.frame[ROW].to_numpy()


def _in_parts(frame: pl.DataFrame, found: Found, tell: Callable[[_Part], T]) -> list[T]:
    """What is told of the rows of a piece, in their order; two parts at a time, which need no more room than one."""
    told: dict[int, T] = {}

    def one(start: int) -> None:
        rows = frame.slice(start, HALF)
        mine = pl.col(ROW).is_between(rows[ROW][0], rows[ROW][-1])
        told[start] = tell(_Part(rows, {kind: known.filter(mine) for kind, known in found.items()}))

    starts = range(0, frame.height, HALF)
    in_threads(one, starts)
    return [told[start] for start in starts]
