"""The XGBoost part of a model made elsewhere: checked, and written anew as UBJSON; runs only behind the walls.

What goes into the bundle is what XGBoost itself wrote after reading, so that later readers never meet the
foreign bytes; and every tree is checked to be one, because XGBoost trusts the child indices of a file.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

from vigie.importer.decompression import Unreadable
from vigie.importer.pickle_reader import Record
from vigie.importer.sklearn_transformers import Inexpressible, as_record, get, plain

_VERSION = str(xgboost.__version__)
_OBJECTIVES = ("binary:logistic", "reg:logistic")
_CLASSIFIER = "xgboost.sklearn.XGBClassifier"
_BOOSTER = "xgboost.core.Booster"


@dataclass(frozen=True)
class Classifier:
    """A booster as UBJSON, how many features it takes, their names if it has them, its missing
    value, and the version of the XGBoost that wrote it."""

    booster: bytes
    width: int
    names: list[str] | None
    missing: float
    version: str = _VERSION


def is_classifier(fitted: Any) -> bool:
    """Whether a fitted object is one that `from_fitted` reads."""
    record = as_record(fitted)
    return record is not None and record.path in {_CLASSIFIER, _BOOSTER}


def from_fitted(fitted: Any) -> Classifier:
    """The classifier in an XGBClassifier or a Booster, as a record or, from a trusted file, as itself.

    Raises:
        Inexpressible: it is not a binary classifier of plain trees.
        Unreadable: the installed XGBoost cannot read it.
    """
    record = as_record(fitted)
    if record is None or record.path not in {_CLASSIFIER, _BOOSTER}:
        raise Inexpressible(
            record.path if record else f"a {type(fitted).__name__} where a classifier is expected"
        )
    if record.path == _BOOSTER:
        return _checked(_restored(fitted), math.nan)
    if int(get(record, "n_classes_", 2) or 2) > 2:
        raise Inexpressible(f"{_CLASSIFIER} of {get(record, 'n_classes_')} classes, where fraud has two")
    held = get(record, "_Booster")
    if held is None:
        raise Inexpressible(f"{_CLASSIFIER} that was never fitted")
    missing = plain(get(record, "missing"))
    booster = _restored(held)
    best = booster.attributes().get("best_iteration") or ""
    if best.isdigit() and int(best) + 1 < booster.num_boosted_rounds():
        booster = booster[: int(best) + 1]  # what the classifier itself would have used
    return _checked(booster, math.nan if missing is None else float(missing))


def from_bytes(data: bytes) -> Classifier:
    """The classifier in a booster saved as XGBoost's JSON or UBJSON."""
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(data))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise Unreadable(f"a booster that XGBoost {_VERSION} cannot read") from error
    return _checked(booster, math.nan)


def _restored(held: Any) -> xgboost.Booster:
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


def _checked(booster: xgboost.Booster, missing: float) -> Classifier:
    try:
        learner = json.loads(bytes(booster.save_raw("json")))["learner"]
        objective = learner["objective"]["name"]
        if objective not in _OBJECTIVES:
            raise Inexpressible(
                f"a booster with objective {objective}, where {' or '.join(_OBJECTIVES)} is expected"
            )
        width = int(learner["learner_model_param"]["num_feature"])
        gradient = learner["gradient_booster"]
        if gradient.get("name") == "dart":
            gradient = gradient["gbtree"]
        if gradient.get("name") != "gbtree":
            raise Inexpressible(f"a booster of kind {gradient.get('name')}, where trees are expected")
        for tree in gradient["model"]["trees"]:
            _check_tree(tree, width)
    except (KeyError, TypeError, ValueError, xgboost.core.XGBoostError) as error:
        raise Unreadable("a booster of an unknown layout") from error
    names = [str(name) for name in booster.feature_names] if booster.feature_names else None
    booster.feature_names = None  # the recipe has them, and XGBoost would ask for them with every array
    booster.feature_types = None
    return Classifier(bytes(booster.save_raw("ubj")), width, names, missing)


def _check_tree(tree: dict[str, Any], width: int) -> None:
    left, right = (np.asarray(tree[side], dtype=np.int64) for side in ("left_children", "right_children"))
    split = np.asarray(tree["split_indices"], dtype=np.int64)
    count = len(left)
    inner = left != -1
    if any(np.asarray(tree.get("split_type", [])) != 0):
        raise Inexpressible("a booster with categorical splits (enable_categorical=True)")
    children = np.concatenate([left[inner], right[inner]])
    if (
        count == 0
        or not len(left) == len(right) == len(split) == len(tree["split_conditions"])
        or ((right != -1) != inner).any()
        or (children < 1).any()
        or (children >= count).any()
        or (np.bincount(children, minlength=count) > 1).any()
        or (split[inner] < 0).any()
        or (split[inner] >= width).any()
    ):
        raise Unreadable("a booster whose trees are not trees")
