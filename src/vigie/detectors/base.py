"""What a detector is: a score per row that needs no labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.detectors.oriented_columns import OrientedColumns
from vigie.features import VOCABULARY
from vigie.parallel import ROWS_PER_THREAD, in_threads

Arrays = Mapping[str, npt.NDArray[Any]]

USUAL_TAIL = 0.7
"""Tail score, in nats, that half of the rows exceed: it adds nothing to a sum."""


@dataclass(frozen=True)
class DetectorInputs:
    """The rows as detectors see them, in an order that does not depend on how the table was sorted.

    Attributes:
        columns: (rows, columns) the table's own columns as finite numbers.
        tails: (rows, features) one-sided tail scores of the features in nats, float32; 0 where unknown.
        varying: (features,) whether a feature varies in the table.
        values: (rows, features) the features themselves, NaN where unknown; None where only their ranks are known.
        oriented: the table's own columns so that higher is riskier; None where they are not known.
    """

    columns: Floats
    tails: npt.NDArray[np.float32]
    varying: npt.NDArray[np.bool_]
    values: npt.NDArray[np.float32] | None = None
    oriented: OrientedColumns | None = None

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.tails)

    @cached_property
    def family_tails(self) -> tuple[Floats, Floats]:
        """Return (rows,) sums over families of features: of their tail scores, and of the strongest tail score of each."""
        weighted = [int(j) for j in np.flatnonzero(self.varying) if VOCABULARY[j].weight > 0]
        return sum_families(self.rows, weighted, lambda members, rows: self.tails[rows, members])


def sum_families(
    rows: int, features: Sequence[int], scores: Callable[[list[int], slice], npt.NDArray[np.floating[Any]]]
) -> tuple[Floats, Floats]:
    """Return (rows,) sums over families of features: of their tail scores, and of the strongest tail score of each.

    Features of one family repeat each other, so a family's sum is divided by the square root of its size.

    Args:
        rows: how many.
        features: positions of the features in the vocabulary.
        scores: returns the (rows, features) tail scores of some features for a slice of the rows, in nats.
    """
    families: dict[str, list[int]] = {}
    for j in features:
        families.setdefault(VOCABULARY[j].family, []).append(j)
    total, strongest = np.zeros(rows), np.zeros(rows)

    def add(start: int) -> None:
        chunk = slice(start, min(start + ROWS_PER_THREAD, rows))
        for _, members in sorted(families.items()):
            weights = np.array([VOCABULARY[j].weight for j in members])
            x = np.maximum(scores(members, chunk) - USUAL_TAIL, 0.0) * weights
            total[chunk] += x.sum(axis=1) / np.sqrt(len(members))
            strongest[chunk] += x.max(axis=1)

    in_threads(add, range(0, rows, ROWS_PER_THREAD))
    return total, strongest


@runtime_checkable
class Detector(Protocol):
    """A label-free score per row.

    Attributes:
        name: unique among the detectors; letters, digits and `_`. That of the entry point, of a plugin.
        weight: in the combined anomaly score, where 1 is the sum of the weights of the built-in detectors.
        anonymous_weight: the same for a table whose columns have no known meaning.
    """

    @property
    def name(self) -> str:
        """Return the name."""

    @property
    def weight(self) -> float:
        """Return the weight where columns have a known meaning."""

    @property
    def anonymous_weight(self) -> float:
        """Return the weight where they have none."""

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return what scoring other rows takes, as arrays of numbers, by name."""

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) finite scores, higher is more unusual; that of a row depends on that row and `state` alone."""
