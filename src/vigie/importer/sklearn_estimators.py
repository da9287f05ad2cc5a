"""Reads fitted forests, trees and linear models of scikit-learn as data: as classifiers, and for a SelectFromModel.

The output of a forest is the mean of the shares of fraud in its leaves. XGBoost sums leaves, so each share is divided by the
number of trees and the sum is a probability. Gradient boosting sums its leaves as XGBoost does; a tree of one leaf holds the
log-odds it starts with. scikit-learn compares `x <= threshold` with a threshold of double precision,
XGBoost `x < threshold` with one of single precision: the next single number above is the same split of all single numbers.

Source: scikit-learn's `tree/_tree.pyx`, `ensemble/_forest.py`, `ensemble/_gb.py` and
`feature_selection/_from_model.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.boosting.tree_document import TreeNodes, tree_document
from vigie.importer.binned_trees import in_order, leaf
from vigie.importer.records import Record
from vigie.importer.sklearn_transformers import Unsupported, as_record, numbers, require

_TREE = "sklearn.tree._tree.Tree"
_LOGISTIC = "sklearn.linear_model._logistic.LogisticRegression"
_LOGISTIC_CV = "sklearn.linear_model._logistic.LogisticRegressionCV"
_SGD = "sklearn.linear_model._stochastic_gradient.SGDClassifier"
_DUMMY = "sklearn.dummy.DummyClassifier"
_SINGLE_TREES = (
    "sklearn.tree._classes.DecisionTreeClassifier",
    "sklearn.tree._classes.ExtraTreeClassifier",
)
FORESTS = (
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.ensemble._forest.ExtraTreesClassifier",
    *_SINGLE_TREES,
)
GRADIENT_BOOSTING = "sklearn.ensemble._gb.GradientBoostingClassifier"
CLASSIFIERS = (*FORESTS, GRADIENT_BOOSTING, _LOGISTIC, _LOGISTIC_CV, _SGD)
"""Classes that are read as classifiers."""

_LEAF_FACTORS = {"log_loss": 1.0, "deviance": 1.0, "exponential": 2.0}
"""Log-odds in the unit of a leaf, by loss; `deviance` is the log loss before scikit-learn 1.3."""

_LINEAR = (
    *(_LOGISTIC, _LOGISTIC_CV, _SGD),
    "sklearn.linear_model._coordinate_descent.Lasso",
    "sklearn.linear_model._coordinate_descent.LassoCV",
    "sklearn.svm._classes.LinearSVC",
)


def linear_step(record: Record) -> dict[str, Any]:
    """Return the step that computes the log-odds of a logistic regression."""
    _check_classes(record)
    if record.path == _SGD and require(record, "loss") not in {"log_loss", "log"}:
        raise Unsupported(f"{record.path} with loss {require(record, 'loss')}, where log_loss is expected")
    weights, intercept = numbers(require(record, "coef_")), numbers(require(record, "intercept_"))
    return {"op": "linear", "weights": weights, "intercept": intercept[0]}


def forest_document(record: Record) -> dict[str, Any]:
    """Return a forest or a tree as XGBoost's JSON, whose margin is the probability of the second class."""
    _check_classes(record)
    trees = [_tree_record(one) for one in _members(record)]
    return _document(
        [_tree(tree, _shares(tree) / len(trees)) for tree in trees], int(require(record, "n_features_in_"))
    )


def boosting_document(record: Record) -> dict[str, Any]:
    """Return gradient boosting as XGBoost's JSON, whose margin is the log-odds of the second class."""
    _check_classes(record)
    loss = require(record, "loss")
    if loss not in _LEAF_FACTORS:
        raise Unsupported(f"{record.path} with loss {loss}")
    rate = _LEAF_FACTORS[loss] * float(require(record, "learning_rate"))
    trees = [_tree_record(one) for one in _members(record)]
    grown = [_tree(tree, rate * _leaf_values(tree)[:, 0]) for tree in trees]
    return _document([leaf(_initial_log_odds(record)), *grown], int(require(record, "n_features_in_")))


def constant_document() -> dict[str, Any]:
    """Return XGBoost's JSON of a model of one feature without splits, for a model that has no trees."""
    return _document([leaf(0.0)], 1)


def importances(record: Record, norm_order: int) -> NDArray[np.float64]:
    """Return (features,) the importances of a fitted estimator as scikit-learn computes them.

    Raises:
        Unsupported: it is an estimator of another class.
    """
    if record.path in FORESTS:
        trees = [_tree_record(one) for one in _members(record)]
        grown = [tree for tree in trees if len(require(tree, "nodes")) > 1]
        if not grown:
            return np.zeros(int(require(record, "n_features_in_")))
        total = np.mean([_tree_importances(tree) for tree in grown], axis=0)
        return np.asarray(total / total.sum())
    if record.path == GRADIENT_BOOSTING:
        reductions = [_impurity_reductions(_tree_record(one)) for one in _members(record)]
        total = np.sum(reductions, axis=0)
        return np.asarray(total / total.sum() if total.sum() > 0 else total)
    if record.path in _LINEAR:
        weights = np.atleast_2d(np.asarray(require(record, "coef_"), dtype=np.float64))
        many = len(weights) > 1
        return np.asarray(np.linalg.norm(weights, ord=norm_order, axis=0) if many else np.abs(weights[0]))
    raise Unsupported(f"SelectFromModel of {record.path}")


def _check_classes(record: Record) -> None:
    classes = np.asarray(require(record, "classes_"))
    if classes.shape != (2,):
        raise Unsupported(f"{record.path} of {classes.size} classes, where fraud has two")


def _members(record: Record) -> list[Any]:
    if record.path in _SINGLE_TREES:
        return [record]
    return np.asarray(require(record, "estimators_"), dtype=object).ravel().tolist()


def _initial_log_odds(record: Record) -> float:
    """Return the log-odds that gradient boosting starts with: 0, or those of the share of fraud in its training rows."""
    initial = require(record, "init_")
    if isinstance(initial, str) and initial == "zero":
        return 0.0
    prior = as_record(initial)
    if prior is None or prior.path != _DUMMY or require(prior, "strategy") != "prior":
        raise Unsupported(f"{record.path} that starts from another estimator (init)")
    epsilon = np.finfo(np.float64).eps
    share = float(np.clip(np.asarray(require(prior, "class_prior_"))[1], epsilon, 1 - epsilon))
    return float(np.log(share / (1 - share)))


def _tree_record(fitted: Any) -> Record:
    """Return the tree structure in a fitted tree."""
    record = as_record(fitted)
    tree = require(record, "tree_") if record is not None else None
    found = tree if isinstance(tree, Record) else None
    if found is None and hasattr(tree, "__getstate__"):  # an object of a trusted file
        n_features = getattr(tree, "n_features", 0)
        found = Record(_TREE, (n_features,), tree.__getstate__())
    if found is None or found.path != _TREE or not found.arguments:
        raise Unsupported("a tree of an unknown layout")
    return found


def _tree_importances(tree: Record) -> NDArray[np.float64]:
    out = _impurity_reductions(tree)
    return np.asarray(out / out.sum() if out.sum() > 0 else out)


def _impurity_reductions(tree: Record) -> NDArray[np.float64]:
    """Return (features,) the mean reduction of impurity of a row by the splits of each feature."""
    nodes = require(tree, "nodes")
    out = np.zeros(int(tree.arguments[0]))
    inner = nodes["left_child"] != -1
    left, right = nodes[nodes["left_child"][inner]], nodes[nodes["right_child"][inner]]
    weighted = [part["weighted_n_node_samples"] * part["impurity"] for part in (nodes[inner], left, right)]
    np.add.at(out, nodes["feature"][inner], weighted[0] - weighted[1] - weighted[2])
    return np.asarray(out / nodes["weighted_n_node_samples"][0])


def _leaf_values(tree: Record) -> NDArray[np.float64]:
    """Return (nodes, outputs) the values of the nodes: a column a class, or one of a regression tree."""
    return np.asarray(require(tree, "values"), dtype=np.float64)[:, 0, :]


def _shares(tree: Record) -> NDArray[np.float64]:
    """Return (nodes,) the share of the second class."""
    values = _leaf_values(tree)
    return np.asarray(values[:, 1] / values.sum(axis=1))


def _tree(tree: Record, values: NDArray[np.float64]) -> TreeNodes:
    """Return a tree as XGBoost has it, with (nodes,) `values` in its leaves."""
    nodes = require(tree, "nodes")
    inner = nodes["left_child"] != -1
    missing_left = (
        nodes["missing_go_to_left"] if "missing_go_to_left" in (nodes.dtype.names or ()) else 0 * inner
    )
    gain = nodes["weighted_n_node_samples"] * nodes["impurity"]
    return in_order(
        {
            "left": np.where(inner, nodes["left_child"], -1).tolist(),
            "right": np.where(inner, nodes["right_child"], -1).tolist(),
            "feature": np.where(inner, nodes["feature"], 0).tolist(),
            "value": np.where(inner, _split_points(nodes["threshold"]), values).tolist(),
            "default": np.asarray(missing_left, dtype=int).tolist(),
            "gain": np.where(inner, gain, 0.0).tolist(),
        },
    )


def _split_points(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (nodes,) the least single number above each threshold of double precision."""
    nearest = thresholds.astype(np.float32)
    below = np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    return np.nextafter(below.astype(np.float32), np.float32(np.inf)).astype(np.float64)


def _document(trees: list[TreeNodes], columns: int) -> dict[str, Any]:
    return tree_document(trees, columns, objective="binary:logistic", base_score="5E-1")
