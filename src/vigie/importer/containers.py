"""Finds the fitted model in objects that hold it beside what only training needed.

A search over parameters has its best estimator, a pipeline of imbalanced-learn has samplers that do nothing when it
predicts. The rest of such an object may use any names: it is left out before the names are compared with the allow list.
"""

from __future__ import annotations

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


def without_training_parts(value: Any) -> Any:
    """Return a value of `pickle_reader.read` without what is only used in training."""
    if isinstance(value, dict):
        return {key: without_training_parts(part) for key, part in value.items()}
    if not isinstance(value, Record):
        return value
    held = get(value, _HOLDERS.get(value.path, ""))
    if held is not None:
        return without_training_parts(held)
    if value.path in {_PIPELINE, _SAMPLED_PIPELINE}:
        return _pipeline(value)
    if value.path == sklearn_histogram.CLASSIFIER:
        return sklearn_histogram.without_training_parts(value)
    return value


def _pipeline(value: Record) -> Record:
    steps = get(value, "steps")
    if not isinstance(steps, list) or not all(isinstance(step, tuple) and len(step) == 2 for step in steps):
        return value
    kept = [(name, without_training_parts(fitted)) for name, fitted in steps if not _is_sampler(fitted)]
    return Record(_PIPELINE, value.arguments, {"steps": kept})


def _is_sampler(fitted: Any) -> bool:
    return isinstance(fitted, Record) and fitted.path.startswith(_SAMPLERS)
