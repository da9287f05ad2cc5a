"""Reads LightGBM's classifiers as data: the text in which LightGBM stores a model, also inside a pickle.

Source: LightGBM, `src/boosting/gbdt_model_text.cpp`, `src/io/tree.cpp` and `include/LightGBM/tree.h`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.importer.binned_trees import SplitTree, per_feature, set_bits, xgboost_document
from vigie.importer.decompression import Unreadable
from vigie.importer.records import Record
from vigie.importer.sklearn_transformers import Step, Unsupported, as_record, get, json_value

CLASSIFIER = "lightgbm.sklearn.LGBMClassifier"
BOOSTER = "lightgbm.basic.Booster"
CLASSES = (CLASSIFIER, BOOSTER)
"""Classes that are read as classifiers."""

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_NONE, _MISSING_ZERO, _MISSING_NAN = 0, 1, 2
_VERSIONS = ("v2", "v3", "v4")
_PANDAS = "pandas_categorical:"
_MAX_CATEGORY = 1 << 16


@dataclass(frozen=True)
class LightGBMModel:
    """A model of one binary output.

    Attributes:
        names: of the features; None where LightGBM numbered them.
        width: number of features.
        trees: blocks of the text, key -> value.
        factor: by which the sum of the leaves becomes a log-odds.
        categories: position of a categorical feature -> its categories by code.
    """

    names: list[str] | None
    width: int
    trees: Sequence[Mapping[str, str]]
    factor: float
    categories: Mapping[int, list[Any]]

    def document(self) -> tuple[dict[str, Any], Step]:
        """Return the model as XGBoost's JSON, whose margin is the log-odds, and the step before it."""
        blanks: dict[int, set[bool]] = {}
        trees = [self._tree(block, blanks) for block in self.trees]
        document, steps = xgboost_document(trees, self.width)
        for at, kinds in blanks.items():
            if len(kinds) > 1:
                raise Unsupported("lightgbm.Booster that takes zeros of one feature as missing in some trees")
            if True in kinds:
                steps[at] = [{"op": "blank", "value": 0.0}, *steps[at]]
        for at, values in self.categories.items():
            codes = list(range(len(values)))
            steps[at] = [
                {"op": "ordinal", "columns": [{"categories": values, "codes": codes, "unknown": None}]}
            ]
        return document, per_feature(steps)

    def importances(self, kind: str) -> NDArray[np.float64]:
        """Return (features,) the importances: number of splits, or their `gain`."""
        out = np.zeros(self.width)
        for block in self.trees:
            gains = _floats(block, "split_gain")
            used = gains > 0
            np.add.at(out, _integers(block, "split_feature")[used], gains[used] if kind == "gain" else 1.0)
        return out

    @cached_property
    def _positions(self) -> dict[int, dict[int, int]]:
        """Feature -> code in the text -> position among its categories, where the codes are the categories."""
        return {
            at: {int(value): position for position, value in enumerate(values)}
            for at, values in self.categories.items()
            if values and all(isinstance(value, _Code) for value in values)
        }

    def _tree(self, block: Mapping[str, str], blanks: dict[int, set[bool]]) -> SplitTree:
        """Return one tree, splits first and then leaves; note in `blanks` which features take zeros as missing."""
        if block.get("is_linear", "0") != "0":
            raise Unsupported("lightgbm.Booster with linear trees")
        leaves = _floats(block, "leaf_value") * self.factor
        count = len(leaves)
        if int(block["num_leaves"]) != count or not count:
            raise Unreadable("a LightGBM tree with parts of different lengths")
        if count == 1:
            return _only_leaf(float(leaves[0]))
        names = ("split_feature", "decision_type", "left_child", "right_child")
        features, kinds, left, right = (_integers(block, name) for name in names)
        thresholds, gains = _floats(block, "threshold"), _floats(block, "split_gain")
        if {len(part) for part in (features, kinds, left, right, thresholds, gains)} != {count - 1}:
            raise Unreadable("a LightGBM tree with parts of different lengths")
        categorical = (kinds & _CATEGORICAL) != 0
        missing = (kinds >> 2) & 3
        default = np.where(missing == _MISSING_NONE, thresholds >= 0, (kinds & _DEFAULT_LEFT) != 0)
        for at in np.unique(features[~categorical]).tolist():
            own = missing[~categorical & (features == at)]
            blanks.setdefault(at, set()).update((own == _MISSING_ZERO).tolist())
        return SplitTree(
            left=_children(left, count),
            right=_children(right, count),
            features=_padded(features, count),
            thresholds=_padded(thresholds, count),
            default_left=_padded(default & ~categorical, count),  # a missing category goes right
            values=np.concatenate([np.zeros(count - 1), leaves]),
            gains=_padded(gains, count),
            categories=self._lists(block, features, thresholds, categorical),
        )

    def _lists(
        self,
        block: Mapping[str, str],
        features: NDArray[np.int64],
        thresholds: NDArray[np.float64],
        categorical: NDArray[np.bool_],
    ) -> dict[int, list[int]]:
        if not categorical.any():
            return {}
        bounds, words = _integers(block, "cat_boundaries"), _integers(block, "cat_threshold")
        found = {}
        for node in np.flatnonzero(categorical).tolist():
            feature, entry = int(features[node]), int(thresholds[node])
            if feature not in self.categories or not 0 <= entry < len(bounds) - 1:
                raise Unreadable("a LightGBM tree with categories that are not in the file")
            codes = set_bits(words[bounds[entry] : bounds[entry + 1]].tolist())
            own = self._positions.get(feature)
            known = codes if own is None else [own[code] for code in codes if code in own]
            found[node] = [code for code in known if code < len(self.categories[feature])]
        return found


class _Code(int):
    """A category that is a whole number in the text itself."""


def from_fitted(fitted: Any) -> LightGBMModel:
    """Return the model in an LGBMClassifier or a Booster, a record or an object of a trusted file.

    Raises:
        Unsupported: it is not a binary classifier of plain trees.
        Unreadable: its text is malformed.
    """
    record = as_record(fitted)
    if record is not None and record.path == CLASSIFIER:
        if int(get(record, "_n_classes", 2) or 2) > 2:
            raise Unsupported(f"{CLASSIFIER} of {get(record, '_n_classes')} classes, where fraud has two")
        fitted = get(record, "_Booster")
        record = as_record(fitted)
        if record is None:
            raise Unsupported(f"{CLASSIFIER} that was never fitted")
    if record is None or record.path != BOOSTER:
        raise Unreadable("a LightGBM model without its booster")
    if not isinstance(fitted, Record) and hasattr(fitted, "model_to_string"):
        text = fitted.model_to_string(num_iteration=-1)
    else:
        text = get(record, "_handle", get(record, "handle"))
    if not isinstance(text, str):
        raise Unreadable("a LightGBM booster without its text")
    best = get(record, "best_iteration", 0)
    return from_text(text, best if isinstance(best, int) and best > 0 else None)


def from_text(text: str, best_iteration: int | None = None) -> LightGBMModel:
    """Return the model in a text that LightGBM wrote; see `from_fitted`.

    Args:
        text: of `Booster.save_model` or `model_to_string`.
        best_iteration: number of trees that count, None for all.
    """
    try:
        head, trees = _blocks(text)
        names = head["feature_names"].split(" ")
        width = int(head["max_feature_idx"]) + 1
        if len(names) != width:
            raise Unreadable("a LightGBM model whose features do not match their names")
        factor = _factor(head)
        trees = trees[:best_iteration]
        if "average_output" in head:
            factor /= len(trees)
        numbered = names == [f"Column_{at}" for at in range(width)]
        categories = _categories(head.get("feature_infos", "").split(), text)
        return LightGBMModel(None if numbered else names, width, trees, factor, categories)
    except (KeyError, IndexError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise Unreadable("a LightGBM model of an unknown layout") from error


def _blocks(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the head of the text and its trees, key -> value; a line without a value has an empty one."""
    blocks: list[dict[str, str]] = [{}]
    for line in text.splitlines():
        if line == "end of trees":
            break
        key, _, value = line.partition("=")
        if key == "Tree":
            blocks.append({})
        elif key:
            blocks[-1][key] = value
    else:
        raise Unreadable("a LightGBM model that ends before its last tree")
    return blocks[0], blocks[1:]


def _factor(head: Mapping[str, str]) -> float:
    if head.get("version") not in _VERSIONS:
        raise Unsupported(f"lightgbm.Booster of version {head.get('version', '')[:20]}")
    if (head["num_class"], head["num_tree_per_iteration"]) != ("1", "1"):
        raise Unsupported(f"lightgbm.Booster of {head['num_class'][:20]} classes, where fraud has two")
    objective, *parameters = head.get("objective", "custom").split()
    if objective == "binary":
        stated = dict(part.partition(":")[::2] for part in parameters)
        return float(stated.get("sigmoid", "1"))
    if objective in {"cross_entropy", "xentropy"}:
        return 1.0
    raise Unsupported(f"lightgbm.Booster with objective {objective[:40]}, where binary is expected")


def _categories(infos: Sequence[str], text: str) -> dict[int, list[Any]]:
    """Return position of a categorical feature -> its categories by code; by value where the file has no codes."""
    found = [at for at, info in enumerate(infos) if not info.startswith("[") and info != "none"]
    last = next((line for line in reversed(text.splitlines()) if line.startswith(_PANDAS)), _PANDAS + "null")
    lists = json.loads(last.removeprefix(_PANDAS)) or []
    if not lists:
        return {at: [_Code(code) for code in _codes(infos[at])] for at in found}
    # A column of one category has no bins, and no tree splits it.
    possible = found if len(found) == len(lists) else [
        at for at, info in enumerate(infos) if at in found or info == "none"
    ]  # fmt: skip
    if len(possible) != len(lists):
        raise Unsupported(
            "a LightGBM model that does not say which columns the categories of pandas belong to"
        )
    paired = dict(zip(possible, lists, strict=True))
    return {at: [json_value(value) for value in values] for at, values in paired.items() if at in found}


def _codes(info: str) -> list[int]:
    codes = sorted({int(part) for part in info.split(":")} - {-1})
    if codes and not 0 <= codes[0] <= codes[-1] < 1 << 31:
        raise ValueError("a category that is no code")
    if len(codes) > _MAX_CATEGORY:
        raise Unsupported(f"lightgbm.Booster with more than {_MAX_CATEGORY:,} categories in a feature")
    return codes


def _only_leaf(value: float) -> SplitTree:
    none, zero = np.array([-1]), np.zeros(1)
    return SplitTree(none, none, np.zeros(1, dtype=np.int64), zero, zero > 0, np.array([value]), zero)


def _children(numbers: NDArray[np.int64], leaves: int) -> NDArray[np.int64]:
    """Return children with leaves numbered after the splits; the leaves themselves have none."""
    return _padded(np.where(numbers >= 0, numbers, leaves - 1 + ~numbers), leaves, -1)


def _padded(values: NDArray[Any], leaves: int, value: Any = 0) -> NDArray[Any]:
    return np.concatenate([values, np.full(leaves, value, dtype=values.dtype)])


def _integers(block: Mapping[str, str], name: str) -> NDArray[np.int64]:
    return np.array(block.get(name, "").split(), dtype=np.int64)


def _floats(block: Mapping[str, str], name: str) -> NDArray[np.float64]:
    return np.array(block.get(name, "").split(), dtype=np.float64)
