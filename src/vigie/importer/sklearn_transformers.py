"""What each known transformer and selector of scikit-learn says, one function a class: a record in, a step out.

Only what can be expressed exactly is expressed. Names of what comes out follow scikit-learn's
`get_feature_names_out`, so that a selector saved as a list of names finds them. The classes that hold others
(pipelines, column transformers) are in `recipe`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.importer.pickle_reader import Name, Record

Step = dict[str, Any]


class Inexpressible(Exception):
    """A fitted object, or a setting of one, that a recipe cannot say; the message names it."""


@dataclass
class Recipe:
    """What is known so far: inputs, the names that come out, the steps, and whether zeros are left out."""

    columns: list[str]
    names: list[str]
    steps: list[Step] = field(default_factory=list)
    sparse: bool = False

    def to_json(self) -> dict[str, Any]:
        """The document that `vigie.models.imported_pipeline.apply_steps` takes."""
        return {
            "format": 1,
            "kind": "native",
            "columns": self.columns,
            "names": self.names,
            "steps": self.steps,
        }


def start(columns: Sequence[str]) -> Recipe:
    """A recipe that takes `columns` as they are."""
    return Recipe(list(columns), list(columns))


def finish(recipe: Recipe, width: int, missing: float) -> Recipe:
    """The recipe as the booster meets it: what scikit-learn left out as zero, XGBoost took for missing."""
    if len(recipe.names) != width:
        raise Inexpressible(f"an engineer that gives {len(recipe.names)} features to a booster of {width}")
    if recipe.sparse:
        recipe = then(recipe, {"op": "blank", "value": 0.0})
    return recipe if math.isnan(missing) else then(recipe, {"op": "blank", "value": missing})


def as_record(value: Any) -> Record | None:
    """A record of a fitted object: itself, or what a trusted file really built; None for plain values."""
    if isinstance(value, Record):
        return value
    if isinstance(value, str | bytes | int | float | list | tuple | dict | np.ndarray | Name | None):
        return None
    cls = type(value)
    return Record(f"{cls.__module__}.{cls.__qualname__}", (), getattr(value, "__dict__", None))


def get(record: Record, name: str, default: Any = None) -> Any:
    """One attribute of a fitted object as it was saved."""
    return record.state.get(name, default) if isinstance(record.state, dict) else default


def need(record: Record, name: str) -> Any:
    """The same, where a fitted object must have it."""
    value = get(record, name)
    if value is None:
        raise Inexpressible(
            f"{record.path} without {name}: not fitted, or of a version that stores it otherwise"
        )
    return value


def numbers(values: Any) -> list[float]:
    """Finite numbers as JSON holds them."""
    out = [float(value) for value in np.asarray(values, dtype=np.float64).ravel()]
    if not all(math.isfinite(value) for value in out):
        raise Inexpressible("a fitted number that is not finite")
    return out


def plain(value: Any) -> str | float | int | bool | None:
    """A category or filled value as JSON holds it; None for missing."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, Name) and value.path == "numpy.nan":
        return None
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise Inexpressible(f"a category or value of type {type(value).__name__}")


def select(recipe: Recipe, keep: list[int]) -> Recipe:
    if keep == list(range(len(recipe.names))):
        return recipe
    names = [recipe.names[at] for at in keep]
    return Recipe(recipe.columns, names, [*recipe.steps, {"op": "select", "keep": keep}], recipe.sparse)


def _mask(recipe: Recipe, mask: Any) -> Recipe:
    return select(recipe, [int(at) for at in np.flatnonzero(np.asarray(mask, dtype=bool))])


def then(recipe: Recipe, step: Step, names: list[str] | None = None) -> Recipe:
    return Recipe(recipe.columns, names or recipe.names, [*recipe.steps, step], recipe.sparse)


def _standard(recipe: Recipe, record: Record) -> Recipe:
    center = get(record, "mean_") if get(record, "with_mean", True) else None
    scale = get(record, "scale_") if get(record, "with_std", True) else None
    return _scaled(recipe, center, scale)


def _robust(recipe: Recipe, record: Record) -> Recipe:
    center = get(record, "center_") if get(record, "with_centering", True) else None
    scale = get(record, "scale_") if get(record, "with_scaling", True) else None
    return _scaled(recipe, center, scale)


def _max_abs(recipe: Recipe, record: Record) -> Recipe:
    if get(record, "clip"):
        raise Inexpressible(f"{record.path} with clip")
    return _scaled(recipe, None, need(record, "scale_"))


def _scaled(recipe: Recipe, center: Any, scale: Any) -> Recipe:
    step = {
        "op": "scale",
        "center": None if center is None else numbers(center),
        "scale": None if scale is None else numbers(scale),
    }
    return then(recipe, step)


def _min_max(recipe: Recipe, record: Record) -> Recipe:
    clip = numbers(need(record, "feature_range")) if get(record, "clip") else None
    multiply, add = numbers(need(record, "scale_")), numbers(need(record, "min_"))
    return then(recipe, {"op": "affine", "multiply": multiply, "add": add, "clip": clip})


def _imputer(recipe: Recipe, record: Record) -> Recipe:
    marker = plain(get(record, "missing_values"))
    values = [plain(value) for value in np.asarray(need(record, "statistics_")).ravel().tolist()]
    known = [at for at, value in enumerate(values) if value is not None]
    step: Step = {"op": "impute", "missing": marker, "values": [values[at] for at in known]}
    indicator = as_record(get(record, "indicator_"))
    if indicator is None:
        return then(select(recipe, known), step)
    marked = [int(at) for at in need(indicator, "features_")]
    parts = [
        {"take": known, "steps": [step]},
        {"take": marked, "steps": [{"op": "isnull", "missing": marker}]},
    ]
    names = [recipe.names[at] for at in known]
    names += [f"missingindicator_{recipe.names[at]}" for at in marked]
    return then(recipe, {"op": "split", "parts": parts}, names)


def _indicator(recipe: Recipe, record: Record) -> Recipe:
    if get(record, "sparse") is True:
        raise Inexpressible(f"{record.path} with a sparse output")
    marked = [int(at) for at in need(record, "features_")]
    names = [f"missingindicator_{recipe.names[at]}" for at in marked]
    step = {"op": "isnull", "missing": plain(get(record, "missing_values"))}
    return then(select(recipe, marked), step, names)


def _groups(record: Record, at: int, count: int) -> tuple[list[int], int | None]:
    """For each category its place after the rare ones were put together, and the place of the rare ones."""
    if not get(record, "_infrequent_enabled", False):
        return list(range(count)), None
    mapping = need(record, "_default_to_infrequent_mappings")[at]
    if mapping is None:
        return list(range(count)), None
    groups = [int(place) for place in mapping]
    return groups, max(groups)


def _onehot(recipe: Recipe, record: Record) -> Recipe:
    dropped = get(record, "_drop_idx_after_grouping", get(record, "drop_idx_"))
    columns: list[Step] = []
    names: list[str] = []
    for at, values in enumerate(need(record, "categories_")):
        categories = [plain(value) for value in np.asarray(values).tolist()]
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
            names.append(f"{recipe.names[at]}_{label}")
    made = then(recipe, {"op": "onehot", "columns": columns}, names)
    made.sparse = bool(get(record, "sparse_output", get(record, "sparse", True)))
    return made


def _ordinal(recipe: Recipe, record: Record) -> Recipe:
    unknown = plain(get(record, "unknown_value"))
    missing = plain(get(record, "encoded_missing_value"))
    columns: list[Step] = []
    for at, values in enumerate(need(record, "categories_")):
        categories = [plain(value) for value in np.asarray(values).tolist()]
        groups, _ = _groups(record, at, len(categories))
        pairs = zip(categories, groups, strict=True)
        codes = [missing if category is None else group for category, group in pairs]
        columns.append({"categories": categories, "codes": codes, "unknown": unknown})
    return then(recipe, {"op": "ordinal", "columns": columns})


def _labels(recipe: Recipe, record: Record) -> Recipe:
    categories = [plain(value) for value in np.asarray(need(record, "classes_")).tolist()]
    if len(recipe.names) != 1:
        raise Inexpressible(f"{record.path} for {len(recipe.names)} columns")
    encoding = {"categories": categories, "codes": list(range(len(categories))), "unknown": None}
    return then(recipe, {"op": "ordinal", "columns": [encoding]})


def _function(recipe: Recipe, record: Record) -> Recipe:
    function = get(record, "func")
    if function is None:
        return recipe
    path = function.path if isinstance(function, Name) else f"numpy.{getattr(function, '__name__', '?')}"
    genuine = isinstance(function, Name | np.ufunc)
    name = {"absolute": "abs"}.get(path.removeprefix("numpy."), path.removeprefix("numpy."))
    if not genuine or name not in {"log1p", "log", "expm1", "exp", "sqrt", "abs"} or get(record, "kw_args"):
        raise Inexpressible(
            f"{record.path} of a function other than numpy's log1p, log, expm1, exp, sqrt, absolute"
        )
    return then(recipe, {"op": "function", "name": name})


def _best(recipe: Recipe, record: Record) -> Recipe:
    k, scores = get(record, "k"), np.asarray(need(record, "scores_"), dtype=np.float64)
    if k == "all":
        return recipe
    mask = np.zeros(scores.shape, dtype=bool)
    if int(k) > 0:
        mask[np.argsort(_ranked(scores), kind="mergesort")[-int(k) :]] = True
    return _mask(recipe, mask)


def _percentile(recipe: Recipe, record: Record) -> Recipe:
    scores = _ranked(np.asarray(need(record, "scores_"), dtype=np.float64))
    share = float(need(record, "percentile"))
    if share >= 100:
        return recipe
    if share <= 0:
        return _mask(recipe, np.zeros(scores.shape, dtype=bool))
    threshold = np.percentile(scores, 100 - share)
    mask = scores > threshold
    ties = np.where(scores == threshold)[0]
    if len(ties):
        mask[ties[: int(len(scores) * share / 100) - mask.sum()]] = True
    return _mask(recipe, mask)


def _ranked(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(scores), np.finfo(np.float64).min, scores)


def _significant(recipe: Recipe, record: Record) -> Recipe:
    values = np.asarray(need(record, "pvalues_"), dtype=np.float64)
    alpha = float(need(record, "alpha"))
    return _mask(recipe, values < (alpha / len(values) if record.path.endswith("SelectFwe") else alpha))


def _variance(recipe: Recipe, record: Record) -> Recipe:
    return _mask(recipe, np.asarray(need(record, "variances_")) > float(get(record, "threshold", 0.0)))


def _support(recipe: Recipe, record: Record) -> Recipe:
    return _mask(recipe, need(record, "support_"))


_PREPROCESSING = "sklearn.preprocessing"
_SELECTION = "sklearn.feature_selection"
LEAVES: dict[str, Callable[[Recipe, Record], Recipe]] = {
    "sklearn.impute._base.SimpleImputer": _imputer,
    "sklearn.impute._base.MissingIndicator": _indicator,
    f"{_PREPROCESSING}._data.StandardScaler": _standard,
    f"{_PREPROCESSING}._data.RobustScaler": _robust,
    f"{_PREPROCESSING}._data.MaxAbsScaler": _max_abs,
    f"{_PREPROCESSING}._data.MinMaxScaler": _min_max,
    f"{_PREPROCESSING}._encoders.OneHotEncoder": _onehot,
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
