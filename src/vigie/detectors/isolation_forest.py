"""Isolation forests: all trees are grown at once, and scored through XGBoost or, for a few rows, in numpy.

Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008.

Path lengths are multiples of 2^-13, so that their sum over a forest is exact in single precision: the same number and the
same ties in whatever order they are added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import runs, sort_order
from vigie.boosting.plain_trees import booster_of
from vigie.boosting.xgboost_predict import margins
from vigie.detectors.base import Arrays, DetectorInputs
from vigie.features import VOCABULARY

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]

TREES = 100
SAMPLE = 256
"""Rows a tree is grown on."""

MAX_TAIL = 9.0
"""Tail score, in nats, beyond which the forest makes no difference."""

GRID = 2.0**13
SMALL_BATCH = 4000
"""Rows up to which numpy is faster than preparing a booster."""

_EULER = 0.5772156649015329


@dataclass(frozen=True)
class IsolationForestTails:
    """Isolation forest on the one-sided tail scores of the features."""

    name: str = "tails_forest"
    weight: float = 0.0
    anonymous_weight: float = 0.0

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return the arrays of a forest."""
        return fit(x.tails, seed, TREES, columns=_weighted(x), max_value=MAX_TAIL).to_arrays()

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) in (0, 1)."""
        return forest_of(state).score(x.tails, _weighted(x))


@dataclass(frozen=True)
class IsolationForestRaw:
    """Isolation forest on the table's own columns, whatever they mean."""

    name: str = "raw_forest"
    weight: float = 0.0
    anonymous_weight: float = 0.0

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return the arrays of a forest."""
        return fit(x.columns, seed, TREES).to_arrays()

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) in (0, 1)."""
        return forest_of(state).score(x.columns)


def _weighted(x: DetectorInputs) -> Indexes:
    """Return the features that vary in the table and have a weight."""
    return np.flatnonzero(x.varying & (np.array([feature.weight for feature in VOCABULARY]) > 0))


@dataclass(frozen=True)
class Forest:
    """A fitted forest; node i of a tree has the children 2i + 1 and 2i + 2.

    Attributes:
        feature: (trees, nodes) the column a node splits on; -1 where it is a leaf, or not used.
        threshold: (trees, nodes) rows below it go left, all others right.
        length: (trees, nodes) path length of the rows that end in a node.
        expected: mean path length of a sample of this size.
        columns: number of columns it was grown on.
    """

    feature: npt.NDArray[np.int16]
    threshold: Matrix
    length: Matrix
    expected: float
    columns: int

    def score(self, x: Matrix | Floats, columns: Indexes | None = None) -> Floats:
        """Return (rows,) in (0, 1), higher is more unusual; 0 where the forest has no trees.

        Args:
            x: (rows, columns) without NaN, the columns as in the table the forest was fitted on.
            columns: of these, the ones it was grown on; all of them where it is not given.
        """
        if not self.feature.size:
            return np.zeros(len(x))
        if len(x) > SMALL_BATCH:
            paths = margins(self._booster, x, columns)
        else:
            paths = self._path_lengths((x if columns is None else x[:, columns]).astype(np.float32))
        return np.asarray(2.0 ** (-paths / (len(self.feature) * self.expected)))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the forest as arrays, from which `forest_of` makes it again."""
        return {name: np.asarray(value) for name, value in vars(self).items() if not name.startswith("_")}

    def _path_lengths(self, x: Matrix) -> Floats:
        tree = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(x), len(self.feature)), dtype=np.int64)
        row = np.arange(len(x))[:, None]
        for _ in range(int(np.log2(self.feature.shape[1] + 1)) - 1):
            feature = self.feature[tree, node]
            right = x[row, np.maximum(feature, 0)] >= self.threshold[tree, node]
            node = np.where(feature >= 0, 2 * node + 1 + right, node)
        return np.asarray(self.length[tree, node].astype(float).sum(axis=1))

    @cached_property
    def _booster(self) -> xgboost.Booster:
        return booster_of(self.feature, self.threshold, self.length, self.columns)


@dataclass(frozen=True, eq=False)
class _ById:
    """Arrays that are the same only where they are the same object."""

    arrays: Mapping[str, npt.NDArray[Any]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.arrays is self.arrays

    def __hash__(self) -> int:
        return id(self.arrays)


def forest_of(arrays: Arrays) -> Forest:
    """Return the forest of some arrays; remembered, because a large table comes in chunks."""
    return _forest_of(_ById(arrays))


@lru_cache(maxsize=8)
def _forest_of(found: _ById) -> Forest:
    parts = found.arrays
    trees = (parts["feature"].astype(np.int16), parts["threshold"], parts["length"])
    return Forest(*trees, float(parts["expected"]), int(parts["columns"]))


def fit(
    x: Matrix | Floats, seed: int, trees: int, columns: Indexes | None = None, max_value: float = np.inf
) -> Forest:
    """Grow a forest on a table.

    Args:
        x: (rows, columns) without NaN.
        seed: of the samples and splits.
        trees: how many.
        columns: of the table, those it is grown on; all of them where it is not given.
        max_value: larger numbers count as this; no split lies beyond, so scoring need not clip.
    """
    chosen = np.arange(x.shape[1]) if columns is None else columns
    rng = np.random.default_rng([seed, 17])
    size = min(SAMPLE, len(x))
    depth = int(np.ceil(np.log2(max(size, 2))))
    width = 2 ** (depth + 1) - 1
    feature = np.full(trees * width, -1, dtype=np.int16)
    threshold = np.zeros(trees * width, dtype=np.float32)
    if not len(chosen) or size < 2:
        nothing = np.zeros((0, width), dtype=np.float32)
        return Forest(nothing.astype(np.int16), nothing, nothing, 1.0, len(chosen))
    rows = np.concatenate([rng.choice(len(x), size, replace=False) for _ in range(trees)])

    def read(places: Indexes, column: Indexes) -> Matrix:
        values = x[rows[places], chosen[column]].astype(np.float32)
        return np.asarray(np.minimum(values, np.float32(max_value)))

    node = np.repeat(np.arange(trees) * width, size)
    for _ in range(depth):
        node = _split(read, len(chosen), node, width, feature, threshold, rng)
    count = np.bincount(node, minlength=trees * width)
    level = np.floor(np.log2(np.arange(width) + 1))
    length = np.where(count > 0, np.tile(level, trees) + expected_path_length(np.maximum(count, 1)), 0.0)
    on_grid = (np.round(length * GRID) / GRID).astype(np.float32)
    shape = (trees, width)
    expected = float(expected_path_length(np.array([size]))[0])
    return Forest(
        feature.reshape(shape), threshold.reshape(shape), on_grid.reshape(shape), expected, len(chosen)
    )


def _split(
    read: Callable[[Indexes, Indexes], Matrix],
    columns: int,
    node: Indexes,
    width: int,
    feature: npt.NDArray[np.int16],
    threshold: Matrix,
    rng: np.random.Generator,
) -> Indexes:
    """Split every node whose rows differ, on a random column at a random point; return the nodes of the rows afterwards."""
    order = sort_order(node)
    starts, lengths = runs(node[order])
    # Numbers are drawn for every node, also of one row, which is never split: the forest of a seed must stay the same.
    chance, share = rng.random((len(starts), columns)), rng.random(len(starts))
    several = lengths > 1
    at, order, lengths = node[order[starts[several]]], order[np.repeat(several, lengths)], lengths[several]
    found = _varying_column(read, order, lengths, chance[several])
    least, most = found.least.astype(float), found.most.astype(float)
    point = (least + share[several] * (most - least)).astype(np.float32)
    # Above its own left rows and not above the least of its right ones: both sides get a row.
    point = np.where((point <= least) | (point > most), most.astype(np.float32), point)
    splits = found.least < found.most
    feature[at[splits]] = found.column[splits]
    threshold[at[splits]] = point[splits]
    owner = np.repeat(np.arange(len(at)), lengths)
    tree, inside = np.divmod(at, width)
    left = np.where(splits, tree * width + 2 * inside + 1, at)
    out = node.copy()
    out[order] = left[owner] + (splits[owner] & (found.values >= point[owner]))
    return out


@dataclass(frozen=True)
class _Columns:
    """A column for each node, and the values of the rows of the nodes in it.

    Attributes:
        column: (nodes,) numbers of columns.
        values: (rows,) node by node.
        least: (nodes,) of the values; as `most` where no column varies.
        most: (nodes,) of the values.
    """

    column: Indexes
    values: Matrix
    least: Matrix
    most: Matrix


def _varying_column(
    read: Callable[[Indexes, Indexes], Matrix], places: Indexes, lengths: Indexes, chance: Floats
) -> _Columns:
    """Return, for each node, the column with the highest chance among those that vary in it.

    Columns are read one after the other, the highest chance first: most nodes need a few of them.

    Args:
        read: returns the values at places and columns.
        places: (rows,) node by node.
        lengths: (nodes,) rows of each node.
        chance: (nodes, columns) from 0 to 1; overwritten.
    """
    column, values = np.zeros(len(lengths), dtype=np.int64), np.zeros(len(places), dtype=np.float32)
    least, most = np.zeros((2, len(lengths)), dtype=np.float32)
    pending, rows = np.arange(len(lengths)), np.arange(len(places))
    for _ in range(chance.shape[1]):
        if not len(pending):
            break
        best, counts = chance[pending].argmax(axis=1), lengths[pending]
        chance[pending, best] = -1.0
        column[pending] = best
        values[rows] = found = read(places[rows], np.repeat(best, counts))
        starts = np.cumsum(counts) - counts
        least[pending], most[pending] = np.minimum.reduceat(found, starts), np.maximum.reduceat(found, starts)
        equal = least[pending] == most[pending]
        rows, pending = rows[np.repeat(equal, counts)], pending[equal]
    return _Columns(column, values, least, most)


def expected_path_length(count: npt.NDArray[Any]) -> Floats:
    """Return the mean path length of an unsuccessful search in a binary search tree of `count` rows."""
    n = np.maximum(count, 2).astype(float)
    many = 2 * (np.log(n - 1) + _EULER) - 2 * (n - 1) / n
    return np.where(count <= 1, 0.0, np.where(count == 2, 1.0, many))
