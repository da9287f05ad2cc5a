"""Risk by the table's own columns in their direction of risk, each counted once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.arrays import Floats
from vigie.detectors.base import Arrays, DetectorInputs
from vigie.detectors.oriented_columns import Kind, OrientedColumns
from vigie.detectors.pareto import FIT_ROWS, fit_pareto_tail, pareto_tail_scores
from vigie.parallel import ROWS_PER_THREAD, in_threads

MAX_TAIL_SCORE = 4.0
"""Tail score, in nats, beyond which a column makes no difference: one extreme column must not outweigh several that agree."""

MAX_SCORE = 30.0
"""Largest tail score of the sum, in nats."""

TWO_SIDED_WEIGHT = 0.3
"""What a column counts whose direction of risk is unknown, where one with a direction counts 1."""

AGREEING_COLUMNS = (2, 5)
"""Columns with a direction that a table has: up to the first number their sum says nothing new, from the second on all of it."""

KNOTS = 257
"""Points at which the tail scores of a column, and of the sum, are kept, evenly in nats."""

MAX_KNOT = 9.0
"""Tail score of the last point of the sum, in nats."""

MIN_ROWS = 20
"""Known values that a column needs."""


@dataclass(frozen=True)
class SummedRisk:
    """What the columns of a table say together.

    Attributes:
        scores: (rows,) tail scores in nats.
        agreeing: how much it counts, from 0 to 1: the share of `AGREEING_COLUMNS` that the table has.
    """

    scores: Floats
    agreeing: float


@dataclass(frozen=True)
class ColumnRisk:
    """Tail score of a sum over columns: of their tail scores in the direction of risk, relative to the mean in each column.

    The other detectors look at features, of which several are made of a column that has an amount or a customer and none
    of others, or at columns without a direction. Here a night, a rare place and a risky device add up.

    It has no weight among the detectors: where rows have a history their features say more, and where a table has one or two
    such columns they are the features already. Elsewhere it is combined with all that the others say; see
    `vigie.ensemble.combination`.

    Source: summing -log p as in Fisher's method; tail probabilities per column as in COPOD, Z. Li et al., ICDM 2020.
    """

    name: str = "column_risk"
    weight: float = 0.0
    anonymous_weight: float = 0.0

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return the distributions of the columns and of their sum.

        `knots` and `scores` (columns, 2, KNOTS) of upper and lower tails; `averages` and `used` (columns,); `sum_knots`,
        `sum_scores` (KNOTS,) and `tail` (4,) of the sum; `agreeing` () the share of `AGREEING_COLUMNS` that the table has.
        """
        columns = _oriented(x)
        width = columns.values.shape[1]
        knots, scores = np.zeros((width, 2, KNOTS)), np.zeros((width, 2, KNOTS))
        averages, used = np.zeros(width), np.zeros(width, dtype=bool)
        for j in range(width):
            values = columns.values[:FIT_ROWS, j]
            values = values[np.isfinite(values)]
            used[j] = len(values) >= MIN_ROWS and values.min() < values.max()
            if used[j]:
                for side, sign in enumerate((1.0, -1.0)):
                    knots[j, side], scores[j, side] = _upper_tail(sign * values, MAX_TAIL_SCORE)
                averages[j] = _tail_scores(values, knots[j], scores[j], columns.kinds[j]).mean()
        low, high = AGREEING_COLUMNS
        directed = sum(
            bool(u) and kind is not Kind.TWO_SIDED for u, kind in zip(used, columns.kinds, strict=True)
        )
        share = np.clip((directed - low) / (high - low), 0.0, 1.0)
        fitted = {"knots": knots, "scores": scores, "averages": averages, "used": used, "agreeing": np.array(share)}  # fmt: skip
        total = _sum(OrientedColumns(columns.values[:FIT_ROWS], columns.kinds), fitted)
        sum_knots, sum_scores = _upper_tail(total, MAX_KNOT) if len(total) else (np.zeros(1), np.zeros(1))
        tail = np.array(fit_pareto_tail(total))
        return fitted | {"sum_knots": sum_knots, "sum_scores": sum_scores, "tail": tail}

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) tail scores in nats, 0 where nothing agrees; an unknown value counts as the mean of its column."""
        if not state["agreeing"]:
            return np.zeros(x.rows)
        total = _sum(_oriented(x), state)
        out = np.interp(total, state["sum_knots"], state["sum_scores"])
        beyond = total > state["tail"][0]
        if beyond.any():
            out[beyond] = np.minimum(pareto_tail_scores(total[beyond], state["tail"]), MAX_SCORE)
        return np.asarray(out)


def _oriented(x: DetectorInputs) -> OrientedColumns:
    return OrientedColumns(np.zeros((x.rows, 0))) if x.oriented is None else x.oriented


def _sum(columns: OrientedColumns, state: Arrays) -> Floats:
    """Return (rows,) sums over columns in nats."""
    rows = len(columns.values)
    out = np.zeros(rows)

    def add(start: int) -> None:
        chunk = slice(start, start + ROWS_PER_THREAD)
        for j in np.flatnonzero(state["used"]):
            values, kind = columns.values[chunk, j], columns.kinds[int(j)]
            found = _tail_scores(values, state["knots"][j], state["scores"][j], kind)
            weight = TWO_SIDED_WEIGHT if kind is Kind.TWO_SIDED else 1.0
            out[chunk] += weight * np.where(np.isfinite(values), found - state["averages"][j], 0.0)

    in_threads(add, range(0, rows, ROWS_PER_THREAD))
    return out


def _upper_tail(x: Floats, most: float) -> tuple[Floats, Floats]:
    """Return (KNOTS,) values in ascending order, and -log of the share of values at least as large at each, in nats."""
    ascending = np.sort(x)
    below = 1 - np.exp(-np.linspace(0, most, KNOTS))
    knots = ascending[np.minimum((below * len(x)).astype(np.int64), len(x) - 1)]
    first, last = (np.searchsorted(ascending, knots, side) for side in ("left", "right"))
    return knots, -np.log(1 - (first + last) / (2 * len(x)))


def _tail_scores(x: Floats, knots: Floats, scores: Floats, kind: Kind) -> Floats:
    """Return (rows,) tail scores in nats, at most `MAX_TAIL_SCORE`; a rarity is one already."""
    found = x if kind is Kind.RARITY else np.interp(x, knots[0], scores[0])
    if kind is Kind.TWO_SIDED:
        found = np.maximum(found, np.interp(-x, knots[1], scores[1])) - np.log(2)
    return np.asarray(np.minimum(found, MAX_TAIL_SCORE))
