"""Isolation forests: grown all trees at once, asked through XGBoost's trees or, for a few rows, in numpy.

Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008.

Path lengths are kept as multiples of 2^-13, so that the sum over a forest is exact in single precision: whoever adds
them up, in whatever order, finds the same number and the same ties.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]

SAMPLE = 256
"""Rows a tree sees."""

GRAIN = 2.0**13
FEW = 4000
"""Up to so many rows numpy is faster than to make ready what XGBoost needs."""

_EULER = 0.5772156649015329


@dataclass(frozen=True)
class Forest:
    """A fitted forest; node i of a tree has the children 2i + 1 and 2i + 2.

    Attributes:
        feature: (trees, nodes) the column a node splits on; -1 where it is a leaf, or nothing.
        threshold: (trees, nodes) rows below it go left, all others right.
        length: (trees, nodes) path length of the rows that end in a node.
        usual: mean path length of a sample this large.
        columns: of the table it was grown on.
    """

    feature: npt.NDArray[np.int16]
    threshold: Matrix
    length: Matrix
    usual: float
    columns: int

    def score(self, x: Matrix | Floats, columns: Indexes | None = None) -> Floats:
        """(rows,) in (0, 1), higher is more unusual.

        Args:
            x: (rows, columns) without NaN, the columns as in the table the forest was fitted on.
            columns: of these, the ones it was grown on; all of them where it is not given.
        """
        if not self.feature.size:
            return np.zeros(len(x))
        if len(x) > FEW:
            paths = margins(self._booster, x, columns)
        else:
            paths = self._walk((x if columns is None else x[:, columns]).astype(np.float32))
        return np.asarray(2.0 ** (-paths / (len(self.feature) * self.usual)))

    def _walk(self, x: Matrix) -> Floats:
        tree = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(x), len(self.feature)), dtype=np.int64)
        row = np.arange(len(x))[:, None]
        for _ in range(_depth(self.feature.shape[1])):
            feature = self.feature[tree, node]
            inner = feature >= 0
            right = x[row, np.maximum(feature, 0)] >= self.threshold[tree, node]
            node = np.where(inner, 2 * node + 1 + right, node)
        return np.asarray(self.length[tree, node].astype(float).sum(axis=1))

    @cached_property
    def _booster(self) -> xgboost.Booster:
        trees = [_tree(number, *parts) for number, parts in enumerate(zip(self.feature, self.threshold, self.length, strict=True))]  # fmt: skip
        return xgboost_import.open_trees(json.dumps(_document(trees, self.columns)).encode())


def fit(
    x: Matrix | Floats, seed: int, trees: int, columns: Indexes | None = None, most: float = np.inf
) -> Forest:
    """Grows a forest on a table.

    Args:
        x: (rows, columns) without NaN.
        seed: of the samples and splits.
        trees: how many.
        columns: of the table, those it is grown on; all of them where it is not given.
        most: numbers beyond count as this; no split lies beyond, so who asks the forest need not mind.
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
    data = np.minimum(x[rows][:, chosen].astype(np.float32), np.float32(most))
    node = np.repeat(np.arange(trees) * width, size)
    for _ in range(depth):
        node = _split(data, node, width, feature, threshold, rng)
    count = np.bincount(node, minlength=trees * width)
    level = np.floor(np.log2(np.arange(width) + 1))
    length = np.where(count > 0, np.tile(level, trees) + _usual(np.maximum(count, 1)), 0.0)
    grained = (np.round(length * GRAIN) / GRAIN).astype(np.float32)
    shape = (trees, width)
    usual = float(_usual(np.array([size]))[0])
    return Forest(
        feature.reshape(shape), threshold.reshape(shape), grained.reshape(shape), usual, len(chosen)
    )


def _split(
    data: Matrix,
    node: Indexes,
    width: int,
    feature: npt.NDArray[np.int16],
    threshold: Matrix,
    rng: np.random.Generator,
) -> Indexes:
    """Splits every node whose rows differ, on a random column at a random point; the nodes of the rows after it."""
    order = np.argsort(node, kind="stable")
    ordered = node[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sorted_data = data[order]
    low, high = np.minimum.reduceat(sorted_data, starts), np.maximum.reduceat(sorted_data, starts)
    chance = np.where(high > low, rng.random(low.shape), -1.0)
    chosen = chance.argmax(axis=1)
    here = np.arange(len(starts))
    splits = chance[here, chosen] >= 0
    least, most = low[here, chosen].astype(float), high[here, chosen].astype(float)
    point = (least + rng.random(len(starts)) * (most - least)).astype(np.float32)
    # Above its own left rows and not above the least of its right ones: both sides get a row.
    point = np.where((point <= least) | (point > most), most.astype(np.float32), point)
    owner = np.repeat(here, np.diff(np.r_[starts, len(node)]))
    at = ordered[starts]
    feature[at[splits]] = chosen[splits]
    threshold[at[splits]] = point[splits]
    right = sorted_data[np.arange(len(node)), chosen[owner]] >= point[owner]
    tree, inside = ordered // width, ordered % width
    out = node.copy()
    out[order] = np.where(splits[owner], tree * width + 2 * inside + 1 + right, ordered)
    return out


def _usual(count: npt.NDArray[Any]) -> Floats:
    """Mean path length of an unsuccessful search in a binary search tree of so many rows."""
    n = np.maximum(count, 2).astype(float)
    many = 2 * (np.log(n - 1) + _EULER) - 2 * (n - 1) / n
    return np.where(count <= 1, 0.0, np.where(count == 2, 1.0, many))


def _depth(nodes: int) -> int:
    return int(np.log2(nodes + 1)) - 1


def _tree(number: int, feature: npt.NDArray[np.int16], threshold: Matrix, length: Matrix) -> dict[str, Any]:
    """One tree as XGBoost writes it: the reachable nodes, renumbered; a leaf's value is its split condition."""
    nodes = np.arange(len(feature))
    inner = feature >= 0
    parent = np.maximum((nodes - 1) // 2, 0)
    reached = (nodes == 0) | inner[parent]
    new = np.cumsum(reached) - 1
    children = np.minimum(2 * nodes + 1, len(nodes) - 1)
    left = np.where(inner, new[children], -1)[reached]
    right = np.where(inner, new[np.minimum(children + 1, len(nodes) - 1)], -1)[reached]
    count = int(reached.sum())
    zeros, nothing = [0] * count, [0.0] * count
    return {
        "id": number,
        "tree_param": {"num_deleted": "0", "num_feature": "0", "num_nodes": str(count), "size_leaf_vector": "1"},
        "left_children": left.tolist(),
        "right_children": right.tolist(),
        "parents": np.where(nodes == 0, 2147483647, new[parent])[reached].tolist(),
        "split_indices": np.maximum(feature, 0)[reached].tolist(),
        "split_conditions": np.where(inner, threshold, length)[reached].tolist(),
        "split_type": zeros,
        "default_left": zeros,
        "base_weights": nothing,
        "loss_changes": nothing,
        "sum_hessian": nothing,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
    }  # fmt: skip


def _document(trees: list[dict[str, Any]], columns: int) -> dict[str, Any]:
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
        "iteration_indptr": list(range(len(trees) + 1)),
        "tree_info": [0] * len(trees),
        "trees": trees,
    }
    return {
        "version": [3, 0, 0],
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {"model": model, "name": "gbtree"},
            "learner_model_param": {
                "base_score": "0E0",
                "boost_from_average": "0",
                "num_class": "0",
                "num_feature": str(columns),
                "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
    }
