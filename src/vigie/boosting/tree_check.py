"""Checks a stored model of trees before XGBoost reads it.

XGBoost trusts what it reads: a child or a feature out of range is read beyond its memory, and a cycle never ends.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.boosting import ubjson

MAX_FEATURES = 1_000_000
_MAX_CLASSES = 1_000
_NO_CHILD = -1
_NO_PARENT = (-1, 2_147_483_647)
_NODE_PARTS = (
    *("right_children", "split_indices", "split_conditions", "parents", "default_left", "base_weights"),
    *("loss_changes", "sum_hessian"),
)

Integers = npt.NDArray[np.int64]


class NotTrees(ValueError):
    """The bytes are no model of trees, or one that would be read beyond its end; the message says what is wrong."""


def check_trees(booster: bytes) -> int:
    """Check a model in XGBoost's JSON or UBJSON.

    Returns:
        Number of features of the model.

    Raises:
        NotTrees: the model is malformed.
    """
    try:
        document = json.loads(booster) if booster[1:2] in b'" \n\r\t}' else ubjson.read(booster)
        return _check(document["learner"])
    except NotTrees:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise NotTrees("a layout that XGBoost does not write") from error


def _check(learner: Mapping[str, Any]) -> int:
    about, gradient = learner["learner_model_param"], learner["gradient_booster"]
    if gradient["name"] == "dart":
        weights, gradient = gradient["weight_drop"], gradient["gbtree"]
        _require(len(weights) == len(gradient["model"]["trees"]), "a weight for each tree")
    _require(gradient["name"] == "gbtree", "trees")
    features, classes = int(about["num_feature"]), int(about["num_class"])
    targets = int(about.get("num_target", 1))
    _require(0 <= features <= MAX_FEATURES, "a number of features that exists")
    _require(0 <= classes <= _MAX_CLASSES and targets == 1, "a number of classes that exists")
    model = gradient["model"]
    trees, groups = model["trees"], _integers(model["tree_info"])
    _require(len(model.get("weight_drop", [])) in {0, len(trees)}, "a weight for each tree")
    _require(
        int(model["gbtree_model_param"]["num_trees"]) == len(trees) == len(groups),
        "as many trees as declared",
    )
    _require(bool(((groups >= 0) & (groups < max(1, classes))).all()), "trees of a class that exists")
    if len(rounds := _integers(model.get("iteration_indptr", []))):
        ends = rounds[0] == 0 and rounds[-1] == len(trees) and bool((np.diff(rounds) >= 0).all())
        _require(bool(ends), "rounds that add up to the trees")
    _check_nodes(trees, features)
    for number, tree in enumerate(trees):
        about = tree["tree_param"]
        _require(int(tree["id"]) == number, "trees in order")
        _require(int(about["num_nodes"]) == len(tree["left_children"]) > 0, "as many nodes as declared")
        _require(int(about.get("size_leaf_vector", 1)) <= 1, "one value in a leaf")
        lengths = {len(tree[name]) for name in _NODE_PARTS}
        _require(lengths == {len(tree["left_children"])}, "as many parts of each kind as nodes")
        if len(tree.get("categories", [])) or np.any(tree.get("split_type", [])):
            _check_categories(tree, len(tree["left_children"]))
    return features


def _check_nodes(trees: Sequence[Mapping[str, Any]], features: int) -> None:
    """Check children and features of all trees at once, which takes less time than XGBoost takes to read them."""
    left, right, split = (
        _integers(np.concatenate([np.asarray(tree[name]) for tree in trees]) if trees else [])
        for name in ("left_children", "right_children", "split_indices")
    )
    _require(len(left) == len(right) == len(split), "as many parts of each kind as nodes")
    counts = np.array([len(tree["left_children"]) for tree in trees], dtype=np.int64)
    nodes, starts = np.repeat(counts, counts), np.repeat(np.cumsum(counts) - counts, counts)
    inner = left != _NO_CHILD
    _require(bool(((right != _NO_CHILD) == inner).all()), "two children or none")
    # XGBoost reads the right child beside the left one.
    _require(bool((right[inner] == left[inner] + 1).all()), "children side by side")
    _require(bool(((left[inner] >= 1) & (right[inner] < nodes[inner])).all()), "children that exist")
    children = np.concatenate([(left + starts)[inner], (right + starts)[inner]])
    _require(bool((np.bincount(children, minlength=1) <= 1).all()), "one parent for each node")
    parents = _integers(np.concatenate([np.asarray(tree["parents"]) for tree in trees]) if trees else [])
    _require(len(parents) == len(left), "as many parts of each kind as nodes")
    known = np.isin(parents, _NO_PARENT) | ((parents >= 0) & (parents < nodes))
    own = np.tile(np.flatnonzero(inner) - starts[inner], 2)
    _require(bool(known.all()) and bool((parents[children] == own).all()), "parents of their children")
    _require(bool(((split[inner] >= 0) & (split[inner] < features)).all()), "features that exist")


def _check_categories(tree: Mapping[str, Any], count: int) -> None:
    kinds = _integers(tree.get("split_type", []))
    _require(len(kinds) == count and bool(np.isin(kinds, (0, 1)).all()), "splits of a known type")
    nodes, starts, sizes, categories = (
        _integers(tree.get(name, []))
        for name in ("categories_nodes", "categories_segments", "categories_sizes", "categories")
    )
    _require(len(nodes) == len(starts) == len(sizes), "categories of each split")
    _require(bool(((nodes >= 0) & (nodes < count)).all()), "categories of nodes that exist")
    _require(set(nodes.tolist()) == set(np.flatnonzero(kinds).tolist()), "categories of splits by category")
    ends = (starts >= 0) & (sizes >= 0) & (starts + sizes <= len(categories))
    _require(bool(ends.all()), "categories that exist")
    _require(bool(((categories >= 0) & (categories < 2**24)).all()), "categories that a cell can have")


def _integers(values: Sequence[int] | npt.NDArray[Any]) -> Integers:
    made = np.asarray(values)
    if made.size and made.dtype.kind not in "iub":
        raise NotTrees("expected whole numbers")
    if made.ndim != 1:
        raise NotTrees("expected a list of numbers")
    return made.astype(np.int64)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise NotTrees(f"expected {what}")
