"""Writes trees that compare numbers of double precision as XGBoost's trees of bins.

LightGBM and scikit-learn's histogram gradient boosting compare `x <= threshold` in double precision, XGBoost `x < threshold`
in single precision, which cannot tell large amounts or times apart. A tree only asks on which side of its thresholds a
number lies. So a `bins` step replaces the number by the count of the thresholds below it, and XGBoost's trees compare this
count. Every row takes the same way as in the original.

Where a split lists categories, those go left in the original and right in XGBoost: its children are exchanged.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.boosting.tree_document import ROOT_PARENT, TreeNodes, tree_document
from vigie.importer.sklearn_transformers import Step, Unsupported

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class SplitTree:
    """A tree whose splits send numbers up to a threshold, or listed categories, to the left.

    Attributes:
        left: (nodes,) number of the left child, -1 for a leaf.
        right: (nodes,) number of the right child, -1 for a leaf.
        features: (nodes,) position of the feature of a split.
        thresholds: (nodes,) the largest number that goes left.
        default_left: (nodes,) whether rows without a value go left.
        values: (nodes,) of the leaves.
        gains: (nodes,) of the splits.
        categories: split of categories -> codes that go left, from 0.
    """

    left: Integers
    right: Integers
    features: Integers
    thresholds: Floats
    default_left: NDArray[np.bool_]
    values: Floats
    gains: Floats
    categories: Mapping[int, Sequence[int]] = field(default_factory=dict)


def xgboost_document(
    trees: Sequence[SplitTree], width: int, constant: float = 0.0
) -> tuple[dict[str, Any], list[list[Step]]]:
    """Return trees as XGBoost's JSON, and for each feature the steps that turn its numbers into bins.

    Args:
        trees: at least one.
        width: number of features.
        constant: added to the sum of the leaves.

    Raises:
        Unsupported: a tree has a cycle or a feature that does not exist, or a feature has splits of both kinds.
    """
    edges, categorical = _edges(trees, width)
    steps: list[list[Step]] = [[] for _ in range(width)]
    for at, feature_edges in edges.items():
        if at in categorical:
            raise Unsupported("a feature that is split both as a number and as a category")
        above = np.nextafter(feature_edges, np.inf)  # a number at a threshold lies below it
        steps[at] = [{"op": "bins", "edges": [above.tolist()]}]
    written = [_nodes(tree, edges) for tree in trees]
    if constant:
        written.insert(0, leaf(constant))
    return tree_document(written, width, objective="binary:logistic", base_score="5E-1"), steps


def leaf(value: float) -> TreeNodes:
    """Return a tree of one leaf."""
    return TreeNodes(left=[-1], right=[-1], parents=[ROOT_PARENT], features=[0], conditions=[value])


def per_feature(steps: Sequence[Sequence[Step]]) -> Step:
    """Return a step that applies to each feature steps of its own."""
    return {"op": "split", "parts": [{"take": [at], "steps": list(own)} for at, own in enumerate(steps)]}


def in_order(
    nodes: Mapping[str, Sequence[Any]], categories: Mapping[int, Sequence[int]] | None = None
) -> TreeNodes:
    """Return nodes as XGBoost numbers them: the right child next to the left one.

    Args:
        nodes: `left`, `right`, `feature`, `value`, `default` and `gain` of each node, as `TreeNodes` has them.
        categories: node -> categories that go right.

    Raises:
        Unsupported: the nodes are no tree.
    """
    order, parents, lefts = [0], [ROOT_PARENT], []
    count = len(nodes["left"])
    for here, node in enumerate(order):
        left, right = nodes["left"][node], nodes["right"][node]
        lefts.append(-1 if left == -1 else len(order))
        if left != -1:
            if not (0 < left < count and 0 < right < count):
                raise Unsupported("a tree of an unknown layout")
            order += [left, right]
            parents += [here, here]
        if len(order) > count:
            raise Unsupported("a tree of an unknown layout")
    moved = {name: [values[node] for node in order] for name, values in nodes.items()}
    return TreeNodes(
        left=lefts,
        right=[-1 if left == -1 else left + 1 for left in lefts],
        parents=parents,
        features=moved["feature"],
        conditions=moved["value"],
        default_left=moved["default"],
        gains=moved["gain"],
        categories={
            at: categories[node] for at, node in enumerate(order) if categories and node in categories
        },
    )


def _edges(trees: Iterable[SplitTree], width: int) -> tuple[dict[int, Floats], set[int]]:
    """Return feature -> its finite thresholds in ascending order, and the features with splits of categories."""
    thresholds: dict[int, list[Floats]] = {}
    categorical: set[int] = set()
    for tree in trees:
        inner = tree.left != -1
        if inner.any() and not 0 <= tree.features[inner].min() <= tree.features[inner].max() < width:
            raise Unsupported("a tree with a feature that does not exist")
        lists = np.isin(np.arange(len(inner)), list(tree.categories))
        categorical.update(tree.features[inner & lists].tolist())
        for at in np.unique(tree.features[inner & ~lists]).tolist():
            thresholds.setdefault(at, []).append(tree.thresholds[inner & ~lists & (tree.features == at)])
    distinct = {at: np.unique(np.concatenate(parts)) for at, parts in thresholds.items()}
    return {at: values[np.isfinite(values)] for at, values in distinct.items()}, categorical


def _nodes(tree: SplitTree, edges: Mapping[int, Floats]) -> TreeNodes:
    left, right, default = tree.left.tolist(), tree.right.tolist(), tree.default_left.astype(int).tolist()
    conditions = tree.values.tolist()
    lists = {node: codes for node, codes in tree.categories.items() if codes}
    for node in np.flatnonzero(tree.left != -1).tolist():
        if node in lists:
            left[node], right[node], default[node] = right[node], left[node], 1 - default[node]
            conditions[node] = 0.0
        elif node in tree.categories:
            conditions[node] = 0.0  # no code is below it: only a missing category may go left
        else:
            conditions[node] = _first_bin_above(edges[int(tree.features[node])], float(tree.thresholds[node]))
    nodes = {
        "left": left,
        "right": right,
        "feature": np.where(tree.left == -1, 0, tree.features).tolist(),
        "value": conditions,
        "default": default,
        "gain": np.where(tree.left == -1, 0.0, tree.gains).tolist(),
    }
    return in_order(nodes, lists)


def _first_bin_above(edges: Floats, threshold: float) -> float:
    """Return the least count of edges that a number above the threshold has: more than there are where none is above."""
    if math.isnan(threshold):
        raise Unsupported("a split at a threshold that is not a number")
    if math.isinf(threshold):
        return float(len(edges) + 1) if threshold > 0 else 0.0
    return float(np.searchsorted(edges, threshold, side="right"))


def set_bits(words: Iterable[int]) -> list[int]:
    """Return the positions of the bits that are set in words of 32 bits, ascending."""
    found = ([32 * at + bit for bit in range(32) if int(word) >> bit & 1] for at, word in enumerate(words))
    return list(itertools.chain.from_iterable(found))
