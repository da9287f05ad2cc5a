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
from collections.abc import Iterable, Iterator
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
from vigie.long.means import LOT, ROW, Found, Means, Rows, features_of, peers_of
from vigie.long.passes import Passes
from vigie.long.spill import Spill, each
from vigie.long.terms import Terms
from vigie.predict import Open, Options, Progress, quiet
from vigie.predict.told import Counted
from vigie.scoring.evidence import Tails
from vigie.scoring.learned import Learned
from vigie.table.stream import PIECE

LONG = 600_000
"""Rows from which a table is scored in passes: half as much CPU again as in memory, which would take 3 KB a row."""


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
    summary = told(_Disk(spill, options, folder, progress), catalog, open_bundle, options, progress)
    return Scored(folder / "scored", summary)


def told(
    means: Means, catalog: Catalog, open_bundle: Open, options: Options, progress: Progress = quiet
) -> dict[str, Any]:
    """Tells the story, whatever brings the rows together; the summary.

    Args:
        means: holds the rows, and keeps their scores.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        progress: told each stage and the share done.
    """
    clock, table = story.Clock(progress), means.table
    with clock("reading columns", 0.15):
        seen = look(table, catalog, open_bundle, options)
        seen = replace(seen, learned=means.counts(seen))
    lots = seen.random[LOT].unique().sort().to_list()
    with clock("gathering evidence", 0.2):
        means.features(seen)
        terms = Terms(seen.roles, options, seen.learned, seen.learned)
        random = seen.random.with_columns(v_print=terms.prints(seen.typed)).sort("v_print", ROW)
        seen = replace(seen, random=random.drop("v_print"))
        numbers = seen.random[ROW].to_numpy()
        begun, tails = settle.begun(seen, options, features_of(terms, seen.typed, means.told(lots), numbers))
        means.suspicion(begun)
        means.peers(begun)
    with clock("matching models", 0.55):
        peers = peers_of(means.said(lots), numbers)
        known, summary = settle.settled(seen, begun, tails, peers, table.rows)
    with clock("scoring", 0.6):
        counted = means.score(known)
    place = {name: number for number, name in enumerate(table.columns)}
    summary |= counted | {"rows": table.rows, "columns": len(table.columns)}
    summary["roles"].sort(key=lambda one: place[one["column"]])
    return summary | {"seconds": clock.seconds}


class _Disk:
    """The passes over one disk, in their order, and what one leaves for the next."""

    def __init__(self, spill: Spill, options: Options, folder: Path, progress: Progress) -> None:
        self._spill, self._options, self._folder = spill, options, folder
        self._progress = progress
        self._newcomer: npt.NDArray[np.bool_] | None = None

    @property
    def table(self) -> Rows:
        return self._spill

    def counts(self, look: Look) -> Learned:
        learned = counts.of_all(self._spill, look, self._folder / "counts")
        shutil.rmtree(self._folder / "counts")
        return learned

    def features(self, look: Look) -> None:
        self._seen = look
        self._passes = Passes(self._spill, look.roles, look.learned, self._folder)
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
        for number, frame in enumerate(each(self._spill)):
            self._progress("gathering evidence", 0.3 + 0.2 * number * PIECE / self._spill.rows)
            found = {k: self._passes.of_piece("features", k, number) for k in self._seen.kinds}
            tails = terms.tails(features_of(terms, self._typed(frame), found, frame[ROW].to_numpy()))
            self._energy[number * PIECE : number * PIECE + frame.height] = tails.suspicion
            np.save(self._folder / "ranks" / f"{number:05}.npy", terms.packed(tails, self._seen.trained))
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
        for number, frame in enumerate(each(self._spill)):
            self._progress("scoring", 0.6 + 0.35 * number * PIECE / self._spill.rows)
            found = {kind: self._passes.of_piece("peers", kind, number) for kind in self._seen.related}
            peers = peers_of(found, frame[ROW].to_numpy())
            later = terms.later(self._typed(frame), self._kept(number, terms), peers)
            counted.add(later)
            later.additions.write_parquet(scored / f"{number:05}.parquet", compression="lz4")
        if counted.budgeted:
            for number, path in enumerate(sorted(scored.glob("*.parquet"))):
                frame = pl.read_parquet(path)
                frame.with_columns(alert=counted.alerts(number * PIECE, frame.height)).write_parquet(path)
        return counted.summary()

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select([column.column for column in self._seen.roles.columns])

    def _kept(self, number: int, terms: Terms) -> Tails:
        path = self._folder / "ranks" / f"{number:05}.npy"
        packed = np.load(path)
        path.unlink()
        return terms.unpacked(packed)
