"""Converts scikit-learn's SelectFromModel and SequentialFeatureSelector; see `sklearn_transformers` for other selectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vigie.importer import sklearn_estimators
from vigie.importer.records import Record
from vigie.importer.sklearn_transformers import ConvertedPipeline, Unsupported, as_record, get, require

_DEFAULT_OF_L1 = 1e-5


def _from_model(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    from vigie.importer import booster  # imports XGBoost, which a file that is refused first does not need

    fitted = get(record, "estimator_")
    estimator = as_record(get(record, "estimator") if fitted is None else fitted)
    if estimator is None:
        raise Unsupported(f"{record.path} that was never fitted")
    if get(record, "importance_getter", "auto") not in {"auto", "coef_", "feature_importances_"}:
        raise Unsupported(f"{record.path} with an importance_getter of its own")
    if booster.is_classifier(estimator):
        scores = booster.importances(estimator, len(pipeline.names))
    else:
        scores = sklearn_estimators.importances(estimator, int(get(record, "norm_order", 1)))
    if len(scores) != len(pipeline.names):
        raise Unsupported(f"{record.path} for {len(scores)} columns after {len(pipeline.names)}")
    mask = np.ones(len(scores), dtype=bool)
    most = get(record, "max_features_", get(record, "max_features"))
    if most is not None:
        mask[:] = False
        mask[np.argsort(-scores, kind="mergesort")[: int(most)]] = True
    mask[scores < _threshold(record, estimator, scores)] = False
    return pipeline.select(np.flatnonzero(mask).tolist())


def _threshold(record: Record, estimator: Record, scores: NDArray[np.float64]) -> float:
    """Return the threshold as scikit-learn computes it from its setting."""
    setting = get(record, "threshold")
    if setting is None:
        l1 = get(estimator, "penalty") == "l1" or get(estimator, "l1_ratio") == 1 or "Lasso" in estimator.path
        setting = _DEFAULT_OF_L1 if l1 else "mean"
    if not isinstance(setting, str):
        return float(setting)
    scale, _, reference = setting.rpartition("*")
    statistics = {"mean": float(np.mean(scores)), "median": float(np.median(scores))}
    if reference.strip() not in statistics:
        raise Unsupported(f"{record.path} with threshold {setting[:40]}")
    return statistics[reference.strip()] * (float(scale) if scale else 1.0)


def _sequential(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    return pipeline.select(np.flatnonzero(np.asarray(require(record, "support_"), dtype=bool)).tolist())


SELECTORS: dict[str, Callable[[ConvertedPipeline, Record], ConvertedPipeline]] = {
    "sklearn.feature_selection._from_model.SelectFromModel": _from_model,
    "sklearn.feature_selection._sequential.SequentialFeatureSelector": _sequential,
}
