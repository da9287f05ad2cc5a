"""Reads the booster of a third-party model, validates it and writes it as UBJSON; runs only in the sandbox.

The bundle gets bytes that XGBoost wrote after reading, never those of the file. Every tree is validated, because XGBoost
does not check the child indices of a file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from vigie.importer import lightgbm_text, sklearn_estimators, sklearn_histogram
from vigie.importer.classes import classes_of
from vigie.importer.decompression import Unreadable
from vigie.importer.records import Record
from vigie.importer.sklearn_transformers import Step, Unsupported, as_record, get, json_value

_VERSION = str(xgboost.__version__)
_MAX_CATEGORIES = 1 << 16
_OBJECTIVES = ("binary:logistic", "reg:logistic")
_CLASSIFIER = "xgboost.sklearn.XGBClassifier"
_WRAPPERS = (_CLASSIFIER, "xgboost.sklearn.XGBRFClassifier", "xgboost.sklearn.XGBRegressor")
_BOOSTER = "xgboost.core.Booster"


CLASSES = (
    *(*_WRAPPERS, _BOOSTER),
    *(*sklearn_estimators.CLASSIFIERS, sklearn_histogram.CLASSIFIER),
    *lightgbm_text.CLASSES,
)
"""Classes that are read as classifiers."""


@dataclass(frozen=True)
class Classifier:
    """A validated binary classifier.

    Attributes:
        booster: UBJSON.
        width: number of features.
        names: names of the features, None where the booster has none.
        missing: value that counts as missing.
        version: version of XGBoost that wrote `booster`.
        output: `log-odds` where the margin of the booster is the score, `probability` where it is one, `margin` where the
            score is the only column after the last step and the booster is constant.
        zeros_missing: whether a zero that a sparse matrix leaves out is missing, as for XGBoost.
        first: steps between the preprocessing and the trees that belong to the classifier.
        last: steps after these that take the place of the trees.
        categories: position of a categorical feature -> its categories in the order of their codes, None where the booster
            does not have them and takes codes.
        classes: of the label in their order; None where the classifier does not have them.
    """

    booster: bytes
    width: int
    names: list[str] | None
    missing: float
    version: str = _VERSION
    output: str = "log-odds"
    zeros_missing: bool = True
    first: tuple[Step, ...] = ()
    last: tuple[Step, ...] = ()
    categories: Mapping[int, list[str | int] | None] = field(default_factory=dict)
    classes: list[Any] | None = None

    def encoding(self) -> Step | None:
        """Return the step that turns the categories of the features into codes; None where there are none."""
        known = {at: values for at, values in self.categories.items() if values is not None}
        if not known:
            return None
        parts = []
        for at in range(self.width):
            steps: list[Step] = []
            if at in known:
                encoding = {"categories": known[at], "codes": list(range(len(known[at]))), "unknown": None}
                steps = [{"op": "ordinal", "columns": [encoding]}]
            parts.append({"take": [at], "steps": steps})
        return {"op": "split", "parts": parts}


def is_classifier(fitted: Any) -> bool:
    """Return whether `from_fitted` reads a fitted object."""
    record = as_record(fitted)
    return record is not None and record.path in CLASSES


def from_fitted(fitted: Any) -> Classifier:
    """Return a classifier of one of `CLASSES`, which is a record or an object of a trusted file.

    Raises:
        Unsupported: it is not a binary classifier of trees, or not a logistic regression.
        Unreadable: the installed XGBoost cannot read it.
    """
    record = as_record(fitted)
    if record is None or not is_classifier(record):
        raise Unsupported(
            record.path if record else f"a {type(fitted).__name__} where a classifier is expected"
        )
    return replace(_from_record(record, fitted), classes=classes_of(record))


def inverted(found: Classifier) -> Classifier:
    """Return a classifier whose score is that of the other class."""
    if found.output == "margin":
        *before, last = found.last
        opposite = {
            **last,
            "weights": [-weight for weight in last["weights"]],
            "intercept": -last["intercept"],
        }
        return replace(found, last=(*before, opposite))
    booster = xgboost.Booster()
    booster.load_model(bytearray(found.booster))
    document = json.loads(bytes(booster.save_raw("json")))
    gradient = document["learner"]["gradient_booster"]
    trees = gradient.get("gbtree", gradient)["model"]["trees"]
    # A probability is the sum of the trees: that of the other class is what is left of 1.
    whole = 1 / len(trees) if found.output == "probability" else 0.0
    for tree in trees:
        for node, child in enumerate(tree["left_children"]):
            if child == -1:
                tree["split_conditions"][node] = whole - tree["split_conditions"][node]
    about = document["learner"]["learner_model_param"]
    if found.output == "log-odds":
        bases = [1 - base for base in np.atleast_1d(json.loads(about["base_score"]))]
        about["base_score"] = json.dumps(bases) if about["base_score"].startswith("[") else repr(bases[0])
    return replace(found, booster=from_bytes(json.dumps(document).encode()).booster)


def _from_record(record: Record, fitted: Any) -> Classifier:
    """Return the classifier in a record of one of `CLASSES`, or in the object that it is of."""
    if record.path in sklearn_estimators.FORESTS:
        return _from_forest(record)
    if record.path == sklearn_estimators.GRADIENT_BOOSTING:
        return _from_gradient_boosting(record)
    if record.path in sklearn_estimators.CLASSIFIERS:
        return _from_linear(record)
    if record.path == sklearn_histogram.CLASSIFIER:
        return _from_document(*sklearn_histogram.document(record), _seen_names(record))
    if record.path in lightgbm_text.CLASSES:
        return _from_lightgbm(lightgbm_text.from_fitted(fitted))
    if record.path == _BOOSTER:
        return _validate(_restore(fitted), math.nan)
    if int(get(record, "n_classes_", 2) or 2) > 2:
        raise Unsupported(f"{record.path} of {get(record, 'n_classes_')} classes, where fraud has two")
    held = get(record, "_Booster")
    if held is None:
        raise Unsupported(f"{record.path} that was never fitted")
    missing = json_value(get(record, "missing"))
    return _validate(_until_best(_restore(held)), math.nan if missing is None else float(missing))


def from_bytes(data: bytes) -> Classifier:
    """Return the classifier in a booster saved as XGBoost's JSON or UBJSON; see `from_fitted`."""
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(data))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise Unreadable(f"a booster that XGBoost {_VERSION} cannot read") from error
    saved_by_estimator = "scikit_learn" in booster.attributes()
    return _validate(_until_best(booster) if saved_by_estimator else booster, math.nan)


def _until_best(booster: xgboost.Booster) -> xgboost.Booster:
    """Return the rounds that the estimator predicts with after early stopping; a booster alone predicts with all of them."""
    best = booster.attributes().get("best_iteration") or ""
    if best.isdigit() and int(best) + 1 < booster.num_boosted_rounds():
        return booster[: int(best) + 1]
    return booster


def from_text(data: bytes) -> Classifier:
    """Return the classifier in a model saved as LightGBM's text; see `from_fitted`."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("a LightGBM model that is not UTF-8") from error
    return _from_lightgbm(lightgbm_text.from_text(text))


def importances(record: Record, width: int) -> NDArray[np.float64]:
    """Return (features,) the importances of a classifier of XGBoost or scikit-learn, as its own class computes them.

    Args:
        record: the fitted classifier.
        width: number of its features.
    """
    if record.path in sklearn_estimators.CLASSIFIERS:
        return sklearn_estimators.importances(record, 1)
    if record.path in lightgbm_text.CLASSES:
        return lightgbm_text.from_fitted(record).importances(get(record, "importance_type") or "split")
    held = get(record, "_Booster")
    if held is None:
        raise Unsupported(f"{record.path} that was never fitted")
    booster = _restore(held)
    scores = booster.get_score(importance_type=get(record, "importance_type") or "gain")
    names = booster.feature_names or [f"f{at}" for at in range(width)]
    out = np.array([scores.get(name, 0.0) for name in names], dtype=np.float32)
    return np.asarray(out / out.sum() if out.sum() > 0 else out, dtype=np.float64)


def _from_forest(record: Record) -> Classifier:
    found = from_bytes(json.dumps(sklearn_estimators.forest_document(record)).encode())
    return replace(found, names=_seen_names(record), output="probability", zeros_missing=False)


def _from_gradient_boosting(record: Record) -> Classifier:
    found = from_bytes(json.dumps(sklearn_estimators.boosting_document(record)).encode())
    return replace(found, names=_seen_names(record), zeros_missing=False)


def _from_linear(record: Record) -> Classifier:
    step = sklearn_estimators.linear_step(record)
    found = from_bytes(json.dumps(sklearn_estimators.constant_document()).encode())
    names = _seen_names(record)
    width = len(step["weights"])
    return replace(found, width=width, names=names, output="margin", last=(step,), zeros_missing=False)


def _from_lightgbm(model: lightgbm_text.LightGBMModel) -> Classifier:
    return _from_document(*model.document(), model.names)


def _from_document(document: dict[str, Any], first: Step, names: list[str] | None) -> Classifier:
    found = from_bytes(json.dumps(document).encode())
    return replace(found, names=names, first=(first,), zeros_missing=False)


def _seen_names(record: Record) -> list[str] | None:
    names = get(record, "feature_names_in_")
    return None if names is None else [str(name) for name in names]


def _restore(held: Any) -> xgboost.Booster:
    if isinstance(held, xgboost.Booster):
        return held
    handle = get(held, "handle") if isinstance(held, Record) else None
    if not isinstance(handle, bytes | bytearray):
        raise Unreadable("a booster without its bytes")
    booster = xgboost.Booster()
    try:
        booster.__setstate__({"handle": bytearray(handle)})
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise Unreadable(f"a booster that XGBoost {_VERSION} cannot read") from error
    return booster


def _validate(booster: xgboost.Booster, missing: float) -> Classifier:
    try:
        learner = json.loads(bytes(booster.save_raw("json")))["learner"]
        objective = learner["objective"]["name"]
        if objective not in _OBJECTIVES:
            raise Unsupported(
                f"a booster with objective {objective}, where {' or '.join(_OBJECTIVES)} is expected"
            )
        width = int(learner["learner_model_param"]["num_feature"])
        gradient = learner["gradient_booster"]
        if gradient.get("name") == "dart":
            gradient = gradient["gbtree"]
        if gradient.get("name") != "gbtree":
            raise Unsupported(f"a booster of kind {gradient.get('name')}, where trees are expected")
        for tree in gradient["model"]["trees"]:
            _check_tree(tree, width)
        categories = _categories(learner, gradient["model"])
    except (KeyError, TypeError, ValueError, xgboost.core.XGBoostError) as error:
        raise Unreadable("a booster of an unknown layout") from error
    names = [str(name) for name in booster.feature_names] if booster.feature_names else None
    booster.feature_names = None  # features.json has them, and XGBoost would require them with every array
    booster.feature_types = None
    return Classifier(bytes(booster.save_raw("ubj")), width, names, missing, categories=categories)


def _categories(learner: dict[str, Any], model: dict[str, Any]) -> dict[int, list[str | int] | None]:
    """Return the categories of the categorical features; XGBoost keeps them from version 3.1 on."""
    types = learner.get("feature_types") or []
    encodings = (model.get("cats") or {}).get("enc") or []
    found: dict[int, list[str | int] | None] = {}
    for at, kind in enumerate(types):
        if kind == "c":
            found[at] = _category_values(encodings[at]) if at < len(encodings) else None
    return found


def _category_values(encoding: dict[str, Any]) -> list[str | int] | None:
    values, offsets = encoding.get("values") or [], encoding.get("offsets")
    if offsets is None:
        whole = [value for value in values if isinstance(value, int)]
        return list(whole) if whole and len(whole) == len(values) else None
    data = bytes(value % 256 for value in values)  # signed bytes of UTF-8
    texts = [data[start:end].decode() for start, end in pairwise(offsets)]
    return list(texts) or None


def _check_categorical_splits(tree: dict[str, Any], count: int) -> None:
    """Refuse a tree whose lists of categories do not belong to its nodes: XGBoost does not check them all."""
    kinds = np.asarray(tree.get("split_type") or np.zeros(count), dtype=np.int64)
    values, nodes, starts, sizes = (
        np.asarray(tree.get(name) or [], dtype=np.int64)
        for name in ("categories", "categories_nodes", "categories_segments", "categories_sizes")
    )
    if len(kinds) != count or not np.isin(kinds, (0, 1)).all():
        raise Unreadable("a booster with splits of an unknown kind")
    if (
        not np.array_equal(np.flatnonzero(kinds), nodes)
        or not len(nodes) == len(starts) == len(sizes)
        or (starts < 0).any()
        or (sizes < 1).any()
        or (starts + sizes > len(values)).any()
        or (values < 0).any()
        or (values >= _MAX_CATEGORIES).any()
    ):
        raise Unreadable("a booster whose categories do not belong to its splits")


def _check_tree(tree: dict[str, Any], width: int) -> None:
    left, right = (np.asarray(tree[side], dtype=np.int64) for side in ("left_children", "right_children"))
    split = np.asarray(tree["split_indices"], dtype=np.int64)
    count = len(left)
    inner = left != -1
    _check_categorical_splits(tree, count)
    children = np.concatenate([left[inner], right[inner]])
    if (
        count == 0
        or not len(left) == len(right) == len(split) == len(tree["split_conditions"])
        or ((right != -1) != inner).any()
        or (right[inner] != left[inner] + 1).any()  # XGBoost reads the right child there
        or (children < 1).any()
        or (children >= count).any()
        or (np.bincount(children, minlength=count) > 1).any()
        or (split[inner] < 0).any()
        or (split[inner] >= width).any()
    ):
        raise Unreadable("a booster whose trees are not trees")
