"""Converts scikit-learn's transformers of distributions and targets to steps of `vigie.models.imported_pipeline`.

Power and quantile transformers, bins, thresholds and target encoders; see `sklearn_transformers` for the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vigie.importer.records import Record
from vigie.importer.sklearn_transformers import (
    TRANSFORMERS,
    ConvertedPipeline,
    Step,
    Unsupported,
    as_record,
    get,
    json_value,
    numbers,
    require,
)

_PREPROCESSING = "sklearn.preprocessing"


def _power(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    method = get(record, "method", "yeo-johnson")
    if method not in {"yeo-johnson", "box-cox"}:
        raise Unsupported(f"{record.path} with method {method}")
    done = pipeline.append({"op": "power", "method": method, "lambdas": numbers(require(record, "lambdas_"))})
    scaler = as_record(get(record, "_scaler"))
    if not get(record, "standardize", True) or scaler is None:
        return done
    return TRANSFORMERS[f"{_PREPROCESSING}._data.StandardScaler"](done, scaler)


def _quantile(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    shape = get(record, "output_distribution", "uniform")
    if shape not in {"uniform", "normal"}:
        raise Unsupported(f"{record.path} with output_distribution {shape}")
    columns = np.asarray(require(record, "quantiles_"), dtype=np.float64).T
    step = {
        "op": "quantile",
        "quantiles": [numbers(column) for column in columns],
        "references": numbers(require(record, "references_")),
        "normal": shape == "normal",
    }
    return pipeline.append(step)


def _bins(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    edges = [numbers(np.asarray(column, dtype=np.float64)) for column in require(record, "bin_edges_")]
    done = pipeline.append({"op": "bins", "edges": [column[1:-1] for column in edges]})
    if get(record, "encode", "onehot") == "ordinal":
        return done
    encoder = as_record(get(record, "_encoder"))
    if encoder is None:
        raise Unsupported(f"{record.path} without its encoder")
    return TRANSFORMERS[f"{_PREPROCESSING}._encoders.OneHotEncoder"](done, encoder)


def _binarizer(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    edge = float(
        np.nextafter(float(get(record, "threshold", 0.0)), np.inf)
    )  # a value at the threshold gives 0
    return pipeline.append({"op": "bins", "edges": [[edge]] * len(pipeline.names)})


def _target(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    kind = get(record, "target_type_", "binary")
    if kind not in {"binary", "continuous"}:
        raise Unsupported(f"{record.path} of a {kind} target")
    unknown = float(np.asarray(require(record, "target_mean_"), dtype=np.float64).ravel()[0])
    columns: list[Step] = []
    for values, encoding in zip(require(record, "categories_"), require(record, "encodings_"), strict=True):
        categories = [json_value(value) for value in np.asarray(values).tolist()]
        columns.append({"categories": categories, "codes": numbers(encoding), "unknown": unknown})
    return pipeline.append({"op": "ordinal", "columns": columns})


NUMERIC: dict[str, Callable[[ConvertedPipeline, Record], ConvertedPipeline]] = {
    f"{_PREPROCESSING}._data.PowerTransformer": _power,
    f"{_PREPROCESSING}._data.QuantileTransformer": _quantile,
    f"{_PREPROCESSING}._data.Binarizer": _binarizer,
    f"{_PREPROCESSING}._discretization.KBinsDiscretizer": _bins,
    f"{_PREPROCESSING}._target_encoder.TargetEncoder": _target,
}
