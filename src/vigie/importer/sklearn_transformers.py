"""Converts fitted transformers and selectors of scikit-learn to steps of `vigie.models.imported_pipeline`.

There is one function for each class. A setting that cannot be converted exactly is refused. Output names follow
scikit-learn's `get_feature_names_out`, so that a selector saved as a list of names finds its columns. Classes that contain
others (pipelines, column transformers) are in `pipeline_conversion`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.importer.records import Name, Record

Step = dict[str, Any]


class Unsupported(Exception):
    """A fitted object or a setting that cannot be converted exactly; the message names it.

    Attributes:
        position: of the object among those that are applied one after the other; None where it is the classifier.
    """

    position: int | None = None


@dataclass
class ConvertedPipeline:
    """Preprocessing as JSON steps.

    Attributes:
        columns: input columns.
        names: output columns.
        steps: steps in their order.
        sparse: whether the output was a sparse matrix, which leaves zeros out.
    """

    columns: list[str]
    names: list[str]
    steps: list[Step] = field(default_factory=list)
    sparse: bool = False

    @classmethod
    def start(cls, columns: Sequence[str]) -> ConvertedPipeline:
        """Return a pipeline without steps, which returns `columns` unchanged."""
        return cls(list(columns), list(columns))

    def append(self, step: Step, names: list[str] | None = None) -> ConvertedPipeline:
        """Return the pipeline with one more step; `names` are its output columns where they change."""
        return ConvertedPipeline(self.columns, names or self.names, [*self.steps, step], self.sparse)

    def select(self, keep: list[int]) -> ConvertedPipeline:
        """Return the pipeline with only the output columns at these positions."""
        if keep == list(range(len(self.names))):
            return self
        return self.append({"op": "select", "keep": keep}, [self.names[at] for at in keep])

    def finish(self, width: int, missing: float, *, zeros_missing: bool = True) -> ConvertedPipeline:
        """Return the pipeline as input of a classifier of `width` features.

        A zero that scikit-learn left out of a sparse matrix, and the value `missing`, are missing for XGBoost; the former is
        a zero for scikit-learn, which `zeros_missing` says.
        """
        if len(self.names) != width:
            raise Unsupported(f"an engineer that gives {len(self.names)} features to a booster of {width}")
        done = self.append({"op": "blank", "value": 0.0}) if self.sparse and zeros_missing else self
        return done if math.isnan(missing) else done.append({"op": "blank", "value": missing})

    def to_json(self) -> dict[str, Any]:
        """Return the document that `vigie.models.imported_pipeline.apply_steps` takes."""
        return {
            "format": 1,
            "kind": "native",
            "columns": self.columns,
            "names": self.names,
            "steps": self.steps,
        }


def as_record(value: Any) -> Record | None:
    """Return a fitted object as a record, also one that a trusted file has built; None for plain values."""
    if isinstance(value, Record):
        return value
    if isinstance(value, str | bytes | int | float | list | tuple | dict | np.ndarray | Name | None):
        return None
    cls = type(value)
    return Record(f"{cls.__module__}.{cls.__qualname__}", (), getattr(value, "__dict__", None))


def get(record: Record, name: str, default: Any = None) -> Any:
    """Return an attribute of a fitted object."""
    return record.state.get(name, default) if isinstance(record.state, dict) else default


def require(record: Record, name: str) -> Any:
    """Return an attribute of a fitted object; raise Unsupported where it has none."""
    value = get(record, name)
    if value is None:
        raise Unsupported(
            f"{record.path} without {name}: not fitted, or of a version that stores it otherwise"
        )
    return value


def numbers(values: Any) -> list[float]:
    """Return finite numbers as a flat list; raise Unsupported for others."""
    out = [float(value) for value in np.asarray(values, dtype=np.float64).ravel()]
    if not all(math.isfinite(value) for value in out):
        raise Unsupported("a fitted number that is not finite")
    return out


def json_value(value: Any) -> str | float | int | bool | None:
    """Return a category or filled value as JSON, None for missing; raise Unsupported for other types."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, Name) and value.path == "numpy.nan":
        return None
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise Unsupported(f"a category or value of type {type(value).__name__}")


def _mask(pipeline: ConvertedPipeline, mask: Any) -> ConvertedPipeline:
    return pipeline.select([int(at) for at in np.flatnonzero(np.asarray(mask, dtype=bool))])


def _standard(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    center = get(record, "mean_") if get(record, "with_mean", True) else None
    scale = get(record, "scale_") if get(record, "with_std", True) else None
    return _scaled(pipeline, center, scale)


def _robust(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    center = get(record, "center_") if get(record, "with_centering", True) else None
    scale = get(record, "scale_") if get(record, "with_scaling", True) else None
    return _scaled(pipeline, center, scale)


def _max_abs(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    if get(record, "clip"):
        raise Unsupported(f"{record.path} with clip")
    return _scaled(pipeline, None, require(record, "scale_"))


def _scaled(pipeline: ConvertedPipeline, center: Any, scale: Any) -> ConvertedPipeline:
    step = {
        "op": "scale",
        "center": None if center is None else numbers(center),
        "scale": None if scale is None else numbers(scale),
    }
    return pipeline.append(step)


def _min_max(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    clip = numbers(require(record, "feature_range")) if get(record, "clip") else None
    multiply, add = numbers(require(record, "scale_")), numbers(require(record, "min_"))
    return pipeline.append({"op": "affine", "multiply": multiply, "add": add, "clip": clip})


def _imputer(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    marker = json_value(get(record, "missing_values"))
    values = [json_value(value) for value in np.asarray(require(record, "statistics_")).ravel().tolist()]
    known = [at for at, value in enumerate(values) if value is not None]
    statistic = get(record, "strategy", "mean")
    step: Step = {"op": "impute", "missing": marker, "values": [values[at] for at in known]}
    if statistic in {"mean", "median"}:
        step["statistic"] = statistic
    indicator = as_record(get(record, "indicator_"))
    if indicator is None:
        return pipeline.select(known).append(step)
    marked = [int(at) for at in require(indicator, "features_")]
    parts = [
        {"take": known, "steps": [step]},
        {"take": marked, "steps": [{"op": "isnull", "missing": marker}]},
    ]
    names = [pipeline.names[at] for at in known]
    names += [f"missingindicator_{pipeline.names[at]}" for at in marked]
    return pipeline.append({"op": "split", "parts": parts}, names)


def _indicator(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    if get(record, "sparse") is True:
        raise Unsupported(f"{record.path} with a sparse output")
    marked = [int(at) for at in require(record, "features_")]
    names = [f"missingindicator_{pipeline.names[at]}" for at in marked]
    step = {"op": "isnull", "missing": json_value(get(record, "missing_values"))}
    return pipeline.select(marked).append(step, names)


def _groups(record: Record, at: int, count: int) -> tuple[list[int], int | None]:
    """Return each category's code after infrequent ones were grouped, and the code of that group, None without one."""
    if not get(record, "_infrequent_enabled", False):
        return list(range(count)), None
    mapping = require(record, "_default_to_infrequent_mappings")[at]
    if mapping is None:
        return list(range(count)), None
    groups = [int(code) for code in mapping]
    return groups, max(groups)


def _one_hot(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    dropped = get(record, "_drop_idx_after_grouping", get(record, "drop_idx_"))
    columns: list[Step] = []
    names: list[str] = []
    for at, values in enumerate(require(record, "categories_")):
        categories = [json_value(value) for value in np.asarray(values).tolist()]
        groups, rare = _groups(record, at, len(categories))
        drop = None if dropped is None or dropped[at] is None else int(dropped[at])
        places = [group for group in range(max(groups, default=-1) + 1) if group != drop]
        outputs = {group: index for index, group in enumerate(places)}
        lenient = get(record, "handle_unknown") in {"infrequent_if_exist", "warn"}
        columns.append(
            {
                "categories": categories,
                "outputs": [outputs.get(group) for group in groups],
                "width": len(places),
                "unknown": outputs.get(rare) if lenient and rare is not None else None,
            }
        )
        for group in places:
            label = "infrequent_sklearn" if group == rare else values[groups.index(group)]
            names.append(f"{pipeline.names[at]}_{label}")
    converted = pipeline.append({"op": "onehot", "columns": columns}, names)
    converted.sparse = bool(get(record, "sparse_output", get(record, "sparse", True)))
    return converted


def _ordinal(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    unknown = json_value(get(record, "unknown_value"))
    missing = json_value(get(record, "encoded_missing_value"))
    columns: list[Step] = []
    for at, values in enumerate(require(record, "categories_")):
        raw = np.asarray(values).tolist()
        categories = [json_value(value) for value in raw]
        groups, _ = _groups(record, at, len(categories))
        # None is an ordinary category for scikit-learn: only NaN is encoded as missing.
        codes = [missing if value != value else group for value, group in zip(raw, groups, strict=True)]
        columns.append({"categories": categories, "codes": codes, "unknown": unknown})
    return pipeline.append({"op": "ordinal", "columns": columns})


def _labels(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    categories = [json_value(value) for value in np.asarray(require(record, "classes_")).tolist()]
    if len(pipeline.names) != 1:
        raise Unsupported(f"{record.path} for {len(pipeline.names)} columns")
    encoding = {"categories": categories, "codes": list(range(len(categories))), "unknown": None}
    return pipeline.append({"op": "ordinal", "columns": [encoding]})


def _function(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    function = get(record, "func")
    if function is None:
        return pipeline
    path = function.path if isinstance(function, Name) else f"numpy.{getattr(function, '__name__', '?')}"
    genuine = isinstance(function, Name | np.ufunc)
    name = {"absolute": "abs"}.get(path.removeprefix("numpy."), path.removeprefix("numpy."))
    if not genuine or name not in {"log1p", "log", "expm1", "exp", "sqrt", "abs"} or get(record, "kw_args"):
        raise Unsupported(
            f"{record.path} of {path[:80]}, a function other than numpy's log1p, log, expm1, exp, sqrt and absolute"
        )
    return pipeline.append({"op": "function", "name": name})


def _best(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    k, scores = get(record, "k"), np.asarray(require(record, "scores_"), dtype=np.float64)
    if k == "all":
        return pipeline
    mask = np.zeros(scores.shape, dtype=bool)
    if int(k) > 0:
        mask[np.argsort(_ranked(scores), kind="mergesort")[-int(k) :]] = True
    return _mask(pipeline, mask)


def _percentile(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    scores = _ranked(np.asarray(require(record, "scores_"), dtype=np.float64))
    share = float(require(record, "percentile"))
    if share >= 100:
        return pipeline
    if share <= 0:
        return _mask(pipeline, np.zeros(scores.shape, dtype=bool))
    threshold = np.percentile(scores, 100 - share)
    mask = scores > threshold
    ties = np.where(scores == threshold)[0]
    if len(ties):
        mask[ties[: int(len(scores) * share / 100) - mask.sum()]] = True
    return _mask(pipeline, mask)


def _ranked(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(scores), np.finfo(np.float64).min, scores)


def _significant(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    values = np.asarray(require(record, "pvalues_"), dtype=np.float64)
    alpha = float(require(record, "alpha"))
    return _mask(pipeline, values < (alpha / len(values) if record.path.endswith("SelectFwe") else alpha))


def _variance(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    return _mask(pipeline, np.asarray(require(record, "variances_")) > float(get(record, "threshold", 0.0)))


def _support(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    return _mask(pipeline, require(record, "support_"))


_PREPROCESSING = "sklearn.preprocessing"
_SELECTION = "sklearn.feature_selection"
TRANSFORMERS: dict[str, Callable[[ConvertedPipeline, Record], ConvertedPipeline]] = {
    "sklearn.impute._base.SimpleImputer": _imputer,
    "sklearn.impute._base.MissingIndicator": _indicator,
    f"{_PREPROCESSING}._data.StandardScaler": _standard,
    f"{_PREPROCESSING}._data.RobustScaler": _robust,
    f"{_PREPROCESSING}._data.MaxAbsScaler": _max_abs,
    f"{_PREPROCESSING}._data.MinMaxScaler": _min_max,
    f"{_PREPROCESSING}._encoders.OneHotEncoder": _one_hot,
    f"{_PREPROCESSING}._encoders.OrdinalEncoder": _ordinal,
    f"{_PREPROCESSING}._label.LabelEncoder": _labels,
    f"{_PREPROCESSING}._function_transformer.FunctionTransformer": _function,
    f"{_SELECTION}._univariate_selection.SelectKBest": _best,
    f"{_SELECTION}._univariate_selection.SelectPercentile": _percentile,
    f"{_SELECTION}._univariate_selection.SelectFpr": _significant,
    f"{_SELECTION}._univariate_selection.SelectFwe": _significant,
    f"{_SELECTION}._variance_threshold.VarianceThreshold": _variance,
    f"{_SELECTION}._rfe.RFE": _support,
    f"{_SELECTION}._rfe.RFECV": _support,
}
