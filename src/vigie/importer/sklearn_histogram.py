"""Reads scikit-learn's HistGradientBoostingClassifier as data.

Its trees compare numbers of double precision; a category that training has not seen counts as missing.

Source: scikit-learn, `ensemble/_hist_gradient_boosting/_predictor.pyx` and `gradient_boosting.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vigie.importer.binned_trees import SplitTree, per_feature, set_bits, xgboost_document
from vigie.importer.records import Record
from vigie.importer.sklearn_transformers import (
    TRANSFORMERS,
    ConvertedPipeline,
    Step,
    Unsupported,
    as_record,
    require,
)
from vigie.importer.sklearn_transformers import get as get_attribute

CLASSIFIER = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier"
_ATTRIBUTES = (
    *("n_trees_per_iteration_", "n_features_in_", "feature_names_in_", "classes_"),
    *("is_categorical_", "_preprocessor", "_baseline_prediction", "_predictors"),
)
"""Attributes that the predictions depend on."""

_ENCODER = "sklearn.preprocessing._encoders.OrdinalEncoder"


def without_training_parts(record: Record) -> Record:
    """Return a record of the classifier without what only training needs, such as a scorer, which may be of any class."""
    kept = {name: part for name in _ATTRIBUTES if (part := get_attribute(record, name)) is not None}
    preprocessor = kept.get("_preprocessor")
    if isinstance(preprocessor, Record):
        parts = get_attribute(preprocessor, "transformers_", [])
        encoders = [part for part in parts if isinstance(part[1], Record) and part[1].path == _ENCODER]
        kept["_preprocessor"] = Record(preprocessor.path, (), {"transformers_": encoders})
    return Record(record.path, (), kept)


def document(record: Record) -> tuple[dict[str, Any], Step]:
    """Return the classifier as XGBoost's JSON, whose margin is the log-odds, and the step before it.

    Raises:
        Unsupported: it has more than two classes, or is of a version that stores it otherwise.
    """
    if int(require(record, "n_trees_per_iteration_")) != 1:
        raise Unsupported(f"{record.path} of more than two classes, where fraud has two")
    width = int(require(record, "n_features_in_"))
    order, encoders = _categorical(record, width)
    trees = [_tree(one, order) for [one] in require(record, "_predictors")]
    baseline = np.asarray(require(record, "_baseline_prediction"), dtype=np.float64).ravel()
    made, steps = xgboost_document(trees, width, float(baseline[0]))
    for at, step in encoders.items():
        steps[at] = [step]
    return made, per_feature(steps)


def _categorical(record: Record, width: int) -> tuple[list[int], dict[int, Step]]:
    """Return the order of the features in the trees, and position of a categorical feature -> its encoding."""
    order, encoders = list(range(width)), {}
    if get_attribute(record, "is_categorical_") is None:
        return order, {}
    mask = np.asarray(require(record, "is_categorical_"), dtype=bool)
    preprocessor = as_record(get_attribute(record, "_preprocessor"))
    if preprocessor is None or len(mask) != width:
        raise Unsupported(f"{record.path} with categorical_features of scikit-learn before 1.4")
    first = np.flatnonzero(mask).tolist()
    fitted = [as_record(one) for _, one, _ in require(preprocessor, "transformers_")]
    encoder = next((one for one in fitted if one is not None and one.path == _ENCODER), None)
    if encoder is None:
        raise Unsupported(f"{record.path} with categorical_features that no encoder has")
    made = TRANSFORMERS[_ENCODER](ConvertedPipeline.start([str(at) for at in first]), encoder)
    for at, encoding in zip(first, made.steps[0]["columns"], strict=True):
        encoders[at] = {"op": "ordinal", "columns": [encoding]}
    return first + np.flatnonzero(~mask).tolist(), encoders


def _tree(fitted: Any, order: list[int]) -> SplitTree:
    record = as_record(fitted)
    if record is None:
        raise Unsupported("a tree of an unknown layout")
    nodes = np.asarray(require(record, "nodes"))
    inner = nodes["is_leaf"] == 0
    places = nodes["feature_idx"][inner]
    if len(places) and not 0 <= places.min() <= places.max() < len(order):
        raise Unsupported("a tree with a feature that does not exist")
    features = np.zeros(len(nodes), dtype=np.int64)
    features[inner] = np.array(order)[places]
    lists = {}
    for node in np.flatnonzero(inner & (nodes["is_categorical"] != 0)).tolist():
        words = np.asarray(require(record, "raw_left_cat_bitsets"))[nodes["bitset_idx"][node]]
        lists[node] = set_bits(words.tolist())
    return SplitTree(
        left=np.where(inner, nodes["left"].astype(np.int64), -1),
        right=np.where(inner, nodes["right"].astype(np.int64), -1),
        features=features,
        thresholds=nodes["num_threshold"].astype(np.float64),
        default_left=nodes["missing_go_to_left"] != 0,
        values=nodes["value"].astype(np.float64),
        gains=nodes["gain"].astype(np.float64),
        categories=lists,
    )
