"""Finds the fitted model in objects that hold it beside what only training needed.

A search over parameters has its best estimator, a pipeline of imbalanced-learn has samplers that do nothing when it
predicts. The rest of such an object may use any names: it is left out before the names are compared with the allow list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vigie.importer import sklearn_histogram
from vigie.importer.records import Record
from vigie.importer.sklearn_transformers import get

_PIPELINE = "sklearn.pipeline.Pipeline"
_SAMPLED_PIPELINE = "imblearn.pipeline.Pipeline"
_SAMPLERS = ("imblearn.over_sampling.", "imblearn.under_sampling.", "imblearn.combine.", "imblearn.base.")
_HOLDERS = {
    "sklearn.model_selection._search.GridSearchCV": "best_estimator_",
    "sklearn.model_selection._search.RandomizedSearchCV": "best_estimator_",
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV": "best_estimator_",
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV": "best_estimator_",
    "sklearn.model_selection._classification_threshold.TunedThresholdClassifierCV": "estimator_",
    "sklearn.model_selection._classification_threshold.FixedThresholdClassifier": "estimator_",
}
"""Class -> attribute with the fitted model whose probabilities are its own."""

_FOREST = "sklearn.ensemble._forest.RandomForestClassifier"
_SEEN = ("classes_", "n_features_in_", "feature_names_in_")
_LINEAR = (*_SEEN, "coef_", "intercept_", "loss", "penalty", "l1_ratio")
_READ_AS = {
    "imblearn.ensemble._forest.BalancedRandomForestClassifier": (_FOREST, (*_SEEN, "estimators_")),
    "sklearn.linear_model._logistic.LogisticRegressionCV": (None, _LINEAR),
    "sklearn.linear_model._stochastic_gradient.SGDClassifier": (None, _LINEAR),
}
"""Class -> the class that predicts as it does, None for itself, and the attributes that the predictions depend on."""


def without_training_parts(value: Any) -> Any:
    """Return a value of `pickle_reader.read` without what is only used in training."""
    if isinstance(value, dict):
        return {key: without_training_parts(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(map(without_training_parts, value))
    if not isinstance(value, Record):
        return value
    held = get(value, _HOLDERS.get(value.path, ""))
    if held is not None:
        return without_training_parts(held)
    if value.path in {_PIPELINE, _SAMPLED_PIPELINE}:
        return _pipeline(value)
    if value.path == sklearn_histogram.CLASSIFIER:
        return sklearn_histogram.without_training_parts(value)
    if value.path in _READ_AS:
        path, names = _READ_AS[value.path]
        return Record(
            path or value.path, (), {name: part for name in names if (part := get(value, name)) is not None}
        )
    return value


def _pipeline(value: Record) -> Record:
    steps = get(value, "steps")
    if not isinstance(steps, list) or not all(isinstance(step, tuple) and len(step) == 2 for step in steps):
        return value
    kept = [(name, without_training_parts(fitted)) for name, fitted in steps if not _is_sampler(fitted)]
    return Record(_PIPELINE, value.arguments, {"steps": kept})


def _is_sampler(fitted: Any) -> bool:
    return isinstance(fitted, Record) and fitted.path.startswith(_SAMPLERS)


def by_kind(value: Any, is_classifier: Callable[[Any], bool]) -> Any:
    """Return a tuple or list that holds one classifier as a dict, its list of texts as the names of the columns.

    Anything else is returned as it is.
    """
    if not isinstance(value, list | tuple) or sum(map(is_classifier, value)) != 1:
        return value
    found: dict[str, Any] = {}
    for number, part in enumerate(value):
        names = isinstance(part, list | tuple) and bool(part) and all(isinstance(name, str) for name in part)
        found["feature_columns" if names else f"entry {number + 1}"] = part
    return found
