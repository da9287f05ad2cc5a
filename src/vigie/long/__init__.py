"""The story of a long table: more rows than memory holds, the same arithmetic, in passes over a disk.

    spill      the typed rows, in pieces
    look       two samples: what the columns mean, which models fit, what features must know of the whole
    counts     how often each value occurs in all rows
    gather     once for each kind of entity, its rows together; their features, written by row
    terms      from rows at random: how features are spread, and so how suspicious each row is by itself
    peers      gathered once more: what related rows say
    score      piece by piece: models, anomaly, calibration, reasons

A table that memory holds is scored by `vigie.predict` as one piece, in its own terms to the last row. Here the terms are
those of rows at random; every feature is still computed from all rows of its customer, counterparty or device.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie import predict as story
from vigie.catalog import Catalog
from vigie.long import counts
from vigie.long import terms as settle
from vigie.long.look import Look, look
from vigie.long.passes import Passes
from vigie.long.spill import LOT, ROW, Spill, each
from vigie.long.terms import Terms
from vigie.predict import Open, Options, Progress, quiet
from vigie.predict.told import Counted
from vigie.scoring import kinds
from vigie.scoring.evidence import INPUTS, Tails
from vigie.scoring.features import NAMES, Features
from vigie.scoring.kinds import Kind
from vigie.scoring.trained import TrainedModel
from vigie.table.stream import PIECE

LONG = 600_000
"""Rows from which a table is scored in passes: half as much CPU again as in memory, which would take 3 KB a row."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """A long table, scored.

    Attributes:
        folder: of the columns to add, a Parquet file for each piece of the table, in order.
        summary: as `vigie.predict` has it.
    """

    folder: Path
    summary: dict[str, Any]

    def pieces(self) -> Iterator[pl.DataFrame]:
        """(rows, 7) the columns to add, piece by piece."""
        for path in sorted(self.folder.glob("*.parquet")):
            yield pl.read_parquet(path)


def score(
    spill: Spill,
    catalog: Catalog,
    open_bundle: Open,
    options: Options,
    folder: Path,
    progress: Progress = quiet,
) -> Scored:
    """Scores every row of a spilled table.

    Args:
        spill: its rows.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        folder: to work in; the caller removes it. It takes about a kilobyte a row.
        progress: told each stage and the share done.
    """
    clock = story.Clock(progress)
    with clock("reading columns", 0.15):
        seen = look(spill, catalog, open_bundle, options)
        seen = replace(seen, learned=counts.of_all(spill, seen, folder / "counts"))
        shutil.rmtree(folder / "counts")
    work = _Work(spill, seen, options, folder, progress)
    with clock("gathering evidence", 0.2):
        work.features()
        begun, tails, random = work.begun()
        energy = work.energy(begun)
        work.peers(begun, energy)
    with clock("matching models", 0.55):
        known, summary = work.settled(begun, tails, random)
    with clock("scoring", 0.6):
        counted = work.score(known)
    place = {name: number for number, name in enumerate(spill.columns)}
    summary |= counted.summary() | {"rows": spill.rows, "columns": len(spill.columns)}
    summary["roles"].sort(key=lambda one: place[one["column"]])
    return Scored(folder / "scored", summary | {"seconds": clock.seconds})


class _Work:
    """The passes in their order, and what one leaves for the next."""

    def __init__(self, spill: Spill, seen: Look, options: Options, folder: Path, progress: Progress) -> None:
        self._spill, self._seen, self._options, self._folder = spill, seen, options, folder
        self._progress = progress
        self._passes = Passes(spill, seen.roles, seen.learned, folder)
        self._lots = seen.random[LOT].unique().sort().to_list()
        self._newcomer: npt.NDArray[np.bool_] | None = None
        # Only a model that was trained on such a table looks at features themselves; all others see ranks.
        self._trained = any(isinstance(model, TrainedModel) for model in seen.models)

    def features(self) -> None:
        for kind in self._seen.kinds:
            self._passes.gather(kind)
            self._passes.features(kind, self._newcomer)
            if kind.name == "actor":
                position = self._passes.column(kind, "position_actor")
                self._newcomer = None if position is None else position == 0

    def begun(self) -> tuple[Terms, Tails, pl.DataFrame]:
        """Terms that know how features are spread, and the tails of the rows at random, by fingerprint."""
        terms = Terms(self._seen.roles, self._options, self._seen.learned, self._seen.learned)
        random = self._seen.random.with_columns(v_print=terms.prints(self._typed(self._seen.random)))
        random = random.sort("v_print", ROW)
        place = {kind: self._passes.of_lots("features", kind, self._lots) for kind in self._seen.kinds}
        told = self._told(terms, self._typed(random), place, random[ROW].to_numpy())
        begun, tails = settle.begun(self._seen, self._options, told)
        return begun, tails, random

    def energy(self, terms: Terms) -> _Floats:
        """(rows of the table,) suspicion of each row by itself; keeps the ranks of its features for later."""
        out = np.empty(self._spill.rows)
        (self._folder / "ranks").mkdir()
        for number, frame in enumerate(each(self._spill)):
            self._progress("gathering evidence", 0.3 + 0.2 * number * PIECE / self._spill.rows)
            place = {k: self._passes.of_piece("features", k, number) for k in self._seen.kinds}
            told = self._told(terms, self._typed(frame), place, frame[ROW].to_numpy())
            tails = terms.tails(told)
            out[number * PIECE : number * PIECE + frame.height] = tails.suspicion
            self._keep(number, terms, tails)
        shutil.rmtree(self._folder / "features", ignore_errors=True)
        return out

    def peers(self, terms: Terms, energy: _Floats) -> None:
        for kind in self._seen.related:
            self._passes.peers(kind, self._newcomer, energy, terms.answers)
        shutil.rmtree(self._folder / "parts", ignore_errors=True)

    def settled(self, terms: Terms, tails: Tails, random: pl.DataFrame) -> tuple[Terms, dict[str, Any]]:
        place = {kind: self._passes.of_lots("peers", kind, self._lots) for kind in self._seen.related}
        peers = self._related(place, random[ROW].to_numpy())
        return settle.settled(self._seen, terms, self._typed(random), tails, peers, self._spill.rows)

    def score(self, terms: Terms) -> Counted:
        """Scores the pieces and writes what is to be added to each."""
        scored = self._folder / "scored"
        scored.mkdir()
        counted = Counted(self._options.alert_budget, self._spill.rows)
        for number, frame in enumerate(each(self._spill)):
            self._progress("scoring", 0.6 + 0.35 * number * PIECE / self._spill.rows)
            place = {kind: self._passes.of_piece("peers", kind, number) for kind in self._seen.related}
            peers = self._related(place, frame[ROW].to_numpy())
            later = terms.later(self._typed(frame), self._kept(number, terms, frame.height), peers)
            counted.add(later)
            later.additions.write_parquet(scored / f"{number:05}.parquet", compression="lz4")
        if counted.budgeted:
            for number, path in enumerate(sorted(scored.glob("*.parquet"))):
                frame = pl.read_parquet(path)
                frame.with_columns(alert=counted.alerts(number * PIECE, frame.height)).write_parquet(path)
        return counted

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select([column.column for column in self._seen.roles.columns])

    def _told(
        self,
        terms: Terms,
        frame: pl.DataFrame,
        place: Mapping[Kind, pl.DataFrame],
        rows: npt.NDArray[np.uint32],
    ) -> Features:
        pieces = [terms.alone(frame), *(_aligned(found, rows) for found in place.values())]
        return kinds.joined(pieces, frame.height)

    def _related(
        self, place: Mapping[Kind, pl.DataFrame], rows: npt.NDArray[np.uint32]
    ) -> dict[str, _Floats]:
        return {name: values for found in place.values() for name, values in _aligned(found, rows).items()}

    def _keep(self, number: int, terms: Terms, tails: Tails) -> None:
        parts = [tails.inputs[:, terms.told].T]
        if self._trained:
            parts.append(tails.features.values[:, terms.told].T)
        np.save(self._folder / "ranks" / f"{number:05}.npy", np.concatenate(parts))

    def _kept(self, number: int, terms: Terms, rows: int) -> Tails:
        path = self._folder / "ranks" / f"{number:05}.npy"
        parts = np.load(path)
        path.unlink()
        inputs = np.full((rows, len(INPUTS)), np.nan, dtype=np.float32, order="F")
        told = np.full((rows, len(NAMES)), np.nan, dtype=np.float32, order="F")
        inputs[:, terms.told] = parts[: len(terms.told)].T
        if self._trained:
            told[:, terms.told] = parts[len(terms.told) :].T
        return terms.tails_of(Features(NAMES, told), inputs)


def _aligned(found: pl.DataFrame, rows: npt.NDArray[np.uint32]) -> dict[str, Any]:
    """What was found, in the order of some rows; a row that nothing was found of is NaN."""
    if rows.size and found.height == len(rows) and np.array_equal(found[ROW].to_numpy(), rows):
        chosen = found
    else:
        chosen = pl.DataFrame({ROW: rows}).join(found, on=ROW, how="left", maintain_order="left")
    numbers = chosen.drop(ROW, LOT)
    return {series.name: series.fill_null(float("nan")).to_numpy() for series in numbers}
