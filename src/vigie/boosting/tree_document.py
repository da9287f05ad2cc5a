"""XGBoost's document of plain regression trees, for trees that XGBoost did not grow.

Source: XGBoost, `doc/model.schema`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.boosting import ubjson

Integers = Sequence[int] | npt.NDArray[np.integer[Any]]

ROOT_PARENT = 2147483647
"""What XGBoost stores as the parent of the root."""

_TYPES = {
    "left_children": np.int32,
    "right_children": np.int32,
    "parents": np.int32,
    "split_indices": np.int32,
    "split_conditions": np.float32,
    "split_type": np.uint8,
    "default_left": np.uint8,
    "base_weights": np.float32,
    "loss_changes": np.float32,
    "sum_hessian": np.float32,
    "categories": np.int32,
    "categories_nodes": np.int32,
    "categories_segments": np.int64,
    "categories_sizes": np.int64,
}
"""Types of the arrays of a tree in UBJSON."""


@dataclass(frozen=True)
class TreeNodes:
    """The nodes of one tree, the root first; every sequence has one entry a node.

    Attributes:
        left: number of the left child; -1 for a leaf.
        right: number of the right child; -1 for a leaf.
        parents: number of the parent; `ROOT_PARENT` for the root.
        features: the column a node splits on; 0 for a leaf.
        conditions: rows below it go left; the value of a leaf.
        default_left: 1 where rows without a value go left; None for 0 everywhere.
        gains: loss reduction of the splits; None for 0 everywhere.
        categories: node that splits categories -> those that go right; all others go left.
    """

    left: Integers
    right: Integers
    parents: Integers
    features: Integers
    conditions: Sequence[float] | npt.NDArray[np.floating[Any]]
    default_left: Integers | None = None
    gains: Sequence[float] | None = None
    categories: Mapping[int, Sequence[int]] = field(default_factory=dict)


def tree_document(
    trees: Sequence[TreeNodes], columns: int, *, objective: str, base_score: str
) -> dict[str, Any]:
    """Return a model whose margin is the sum of the leaf values.

    Args:
        trees: one a boosting round.
        columns: of the table.
        objective: of XGBoost, such as `binary:logistic`.
        base_score: such as `5E-1`, in the unit of the objective's prediction.
    """
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
        "iteration_indptr": list(range(len(trees) + 1)),
        "tree_info": [0] * len(trees),
        "trees": [_tree(number, nodes) for number, nodes in enumerate(trees)],
    }
    parameters = {
        "base_score": base_score,
        "boost_from_average": "0",
        "num_class": "0",
        "num_feature": str(columns),
        "num_target": "1",
    }
    return {
        "version": [3, 0, 0],
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {"model": model, "name": "gbtree"},
            "learner_model_param": parameters,
            "objective": {"name": objective, "reg_loss_param": {"scale_pos_weight": "1"}},
        },
    }


def to_ubjson(document: dict[str, Any]) -> bytes:
    """Return a document of `tree_document`, or one that was read from UBJSON, as the bytes that XGBoost loads."""
    learner = document["learner"]
    model = learner["gradient_booster"]["model"]
    trees = [
        tree | {name: np.asarray(tree[name], dtype=dtype) for name, dtype in _TYPES.items()}
        for tree in model["trees"]
    ]
    booster = learner["gradient_booster"] | {"model": model | {"trees": trees}}
    return ubjson.write(document | {"learner": learner | {"gradient_booster": booster}})


def _tree(number: int, nodes: TreeNodes) -> dict[str, Any]:
    count = len(nodes.left)
    zeros, nothing = [0] * count, [0.0] * count
    splits = sorted(nodes.categories)
    sizes = [len(nodes.categories[node]) for node in splits]
    return {
        "id": number,
        "tree_param": {"num_deleted": "0", "num_feature": "0", "num_nodes": str(count), "size_leaf_vector": "1"},
        "left_children": nodes.left,
        "right_children": nodes.right,
        "parents": nodes.parents,
        "split_indices": nodes.features,
        "split_conditions": nodes.conditions,
        "split_type": [int(node in nodes.categories) for node in range(count)],
        "default_left": zeros if nodes.default_left is None else nodes.default_left,
        "base_weights": nothing,
        "loss_changes": nothing if nodes.gains is None else nodes.gains,
        "sum_hessian": nothing,
        "categories": [code for node in splits for code in sorted(nodes.categories[node])],
        "categories_nodes": splits,
        "categories_segments": list(itertools.accumulate(sizes, initial=0))[:-1],
        "categories_sizes": sizes,
    }  # fmt: skip
