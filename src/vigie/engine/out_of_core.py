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

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from vigie.engine import fitted_scorer
from vigie.engine.backend import LOT, ROW, Means, features_of, peers_of
from vigie.engine.disk import Disk
from vigie.engine.fitted_scorer import Terms
from vigie.engine.options import ScoringContext, StageTimer
from vigie.engine.profiling import profile_table
from vigie.engine.read_warnings import read_summary
from vigie.engine.spill import Spill
from vigie.fitted_state import ScoringState

OUT_OF_CORE_MIN_ROWS = 600_000
"""Rows from which a table is scored in passes: more CPU than in memory, which would take 3 KB a row."""


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
    context: ScoringContext,
    folder: Path,
) -> Scored:
    """Scores every row of a spilled table.

    Args:
        spill: its rows.
        context: catalog, options and progress.
        folder: to work in; the caller removes it. It takes about a kilobyte a row.
    """
    summary = told(Disk(spill, context.options, folder, context.progress), context)
    return Scored(folder / "scored", summary)


def told(means: Means, context: ScoringContext) -> dict[str, Any]:
    """Tells the story, whatever brings the rows together; the summary.

    Args:
        means: holds the rows, and keeps their scores.
        context: catalog, options and progress.
    """
    clock, table, options = StageTimer(context.progress), means.table, context.options
    with clock("reading columns", 0.15):
        seen = profile_table(table, context)
        seen = replace(seen, state=means.counts(seen))
    lots = seen.random[LOT].unique().sort().to_list()
    with clock("gathering evidence", 0.2):
        means.features(seen)
        terms = Terms(seen.roles, options, seen.state, ScoringState())
        random = seen.random.with_columns(v_print=terms.prints(seen.typed)).sort("v_print", ROW)
        seen = replace(seen, random=random.drop("v_print"))
        numbers = seen.random[ROW].to_numpy()
        begun, tails, answers = fitted_scorer.begun(
            seen, options, features_of(terms, seen.typed, means.told(lots), numbers)
        )
        means.suspicion(begun)
        means.peers(begun)
    with clock("matching models", 0.55):
        peers = peers_of(means.said(lots), numbers)
        known, summary = fitted_scorer.settled(seen, begun, tails, peers, table.rows, answers)
    with clock("scoring", 0.6):
        counted = means.score(known)
    place = {name: number for number, name in enumerate(table.columns)}
    summary |= counted | {"rows": table.rows, "columns": len(table.columns)}
    summary["roles"].sort(key=lambda one: place[one["column"]])
    summary["read"] = read_summary(table.report, seen.typed, seen.roles)
    return summary | {"seconds": clock.seconds}
