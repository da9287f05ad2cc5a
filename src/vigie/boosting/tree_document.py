"""XGBoost's JSON of plain regression trees, for trees that XGBoost did not grow.

Source: XGBoost, `doc/model.schema`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ROOT_PARENT = 2147483647
"""What XGBoost stores as the parent of the root."""


@dataclass(frozen=True)
class TreeNodes:
    """The nodes of one tree, the root first; every list has one entry a node.

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

    left: Sequence[int]
    right: Sequence[int]
    parents: Sequence[int]
    features: Sequence[int]
    conditions: Sequence[float]
    default_left: Sequence[int] | None = None
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
