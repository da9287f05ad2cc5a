"""Converts a fitted scikit-learn feature engineer and selector to the JSON steps of `vigie.models.imported_pipeline`.

What cannot be converted exactly is refused, and the error names it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vigie.importer.records import Record
from vigie.importer.sklearn_numeric import NUMERIC
from vigie.importer.sklearn_selection import SELECTORS
from vigie.importer.sklearn_transformers import (
    TRANSFORMERS,
    ConvertedPipeline,
    Step,
    Unsupported,
    as_record,
    get,
    require,
)


class ColumnNamesUnknown(Exception):
    """No file has the names of the input columns, or their number is wrong."""


def convert(
    fitted: Sequence[Any], *, names: Sequence[str] | None, width: int, columns: Sequence[str] | None
) -> ConvertedPipeline:
    """Convert fitted objects, applied one after the other.

    Args:
        fitted: engineer, selector, steps of a pipeline; may be empty.
        names: feature names of the booster, None where it has none.
        width: number of features of the booster.
        columns: input columns in the model's metadata, None where it has none.

    Raises:
        ColumnNamesUnknown: there are no input names, or their number is wrong.
        Unsupported: one of the objects cannot be converted exactly.
    """
    first = fitted[0] if fitted else None
    known = input_names(first) if fitted else names
    taken = input_count(first) if fitted else width
    if known is None:
        known = columns
        if known is None:
            raise ColumnNamesUnknown("columns without names")
        if taken is not None and len(known) != taken:
            raise ColumnNamesUnknown(f"{len(known)} columns in the metadata, where {taken} are taken")
    pipeline = ConvertedPipeline.start(known)
    for position, one in enumerate(fitted):
        try:
            pipeline = pipeline if _selects_inputs(pipeline, one) else extend(pipeline, one)
        except Unsupported as error:
            error.position = position
            raise
    if names is not None and set(names) <= set(pipeline.names):
        pipeline = _keep_names(pipeline, names)  # in the booster's order
    return pipeline


def _selects_inputs(pipeline: ConvertedPipeline, fitted: Any) -> bool:
    """Return whether a list names the input columns themselves, as kept before the engineer, which takes them by name."""
    names = set(map(str, fitted)) if isinstance(fitted, list | tuple | np.ndarray) else set()
    return bool(pipeline.steps) and not names <= set(pipeline.names) and names == set(pipeline.columns)


def input_names(fitted: Any) -> list[str] | None:
    """Return the columns that an object was fitted on, None where it does not have their names."""
    if isinstance(fitted, list | tuple) and all(isinstance(name, str) for name in fitted):
        return list(fitted)
    if isinstance(fitted, dict):
        named = next((fitted[key] for key in _NAME_KEYS if fitted.get(key) is not None), None)
        return None if named is None else [str(name) for name in named]
    record = as_record(fitted)
    if record is None:
        return None
    own = get(record, "feature_names_in_")
    if own is not None:
        return [str(name) for name in own]
    steps = get(record, "steps") or get(record, "transformer_list") or ()
    return next((found for step in steps if (found := input_names(step[1])) is not None), None)


def input_count(fitted: Any) -> int | None:
    """Return the number of columns that an object was fitted on, None where it does not have it."""
    record = as_record(fitted)
    if record is None:
        return None
    own = get(record, "n_features_in_")
    if own is not None:
        return int(own)
    steps = get(record, "steps") or get(record, "transformer_list") or ()
    return next((found for step in steps if (found := input_count(step[1])) is not None), None)


def is_known(fitted: Any) -> bool:
    """Return whether an object is of a class that `extend` converts, or a list of names."""
    if isinstance(fitted, list | tuple):
        return not holds_fitted(fitted)
    record = as_record(fitted)
    return record is None or record.path in _CONVERTERS


def extend(pipeline: ConvertedPipeline, fitted: Any) -> ConvertedPipeline:
    """Append a fitted transformer or selector, or a list of names to keep.

    Raises:
        Unsupported: it cannot be converted exactly, or does not fit the steps before it.
    """
    if fitted is None or (isinstance(fitted, str) and fitted == "passthrough"):
        return pipeline
    if isinstance(fitted, list | tuple | np.ndarray):
        return _keep(pipeline, np.asarray(fitted).ravel().tolist())
    if isinstance(fitted, dict):
        return _extend_by_dict(pipeline, fitted)
    record = as_record(fitted)
    if record is None:
        raise Unsupported(f"a {type(fitted).__name__} where a fitted transformer is expected")
    short = record.path.rsplit(".", 1)[-1]
    if record.path not in _CONVERTERS:
        raise Unsupported(record.path)
    expected = input_count(record)
    if expected is not None and expected != len(pipeline.names):
        raise Unsupported(f"{short} for {expected} columns after something that gives {len(pipeline.names)}")
    return _CONVERTERS[record.path](pipeline, record)


def _extend_by_dict(pipeline: ConvertedPipeline, saved: dict[Any, Any]) -> ConvertedPipeline:
    """Append a dict of fitted parts: encoders by column, then an imputer, a scaler and a selector.

    Other entries are left out where they hold plain values, such as a version or a date, and refused where they hold a
    fitted object, which may change the values.
    """
    for key, value in saved.items():
        if key not in {*_NAME_KEYS, *_ENCODER_KEYS, *_STEP_KEYS, *_SELECTOR_KEYS} and holds_fitted(value):
            raise Unsupported(f"an entry {str(key)[:60]!r} of a dict that holds a fitted object")
    encoders: Any = next((saved[key] for key in _ENCODER_KEYS if saved.get(key)), {})
    if not isinstance(encoders, dict) or not set(encoders) <= set(pipeline.names):
        raise Unsupported("a dict with encoders of columns it does not list")
    branches = [_branch(pipeline, [at], encoders.get(name), "") for at, name in enumerate(pipeline.names)]
    if encoders:
        pipeline = _split(pipeline, branches, False)
    for key in _STEP_KEYS:
        pipeline = extend(pipeline, saved.get(key))
    kept = next((saved[key] for key in _SELECTOR_KEYS if saved.get(key) is not None), None)
    return pipeline if kept is None else extend(pipeline, kept)


def holds_fitted(value: Any) -> bool:
    """Return whether a value is a fitted object, or a collection with one."""
    if isinstance(value, dict):
        return any(map(holds_fitted, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(holds_fitted, value))
    return isinstance(value, Record) or (as_record(value) is not None and not isinstance(value, np.generic))


def _keep(pipeline: ConvertedPipeline, wanted: Sequence[Any]) -> ConvertedPipeline:
    """Keep the columns of a list of names, of positions, or of one truth value for each column."""
    width = len(pipeline.names)
    if wanted and all(isinstance(entry, bool) for entry in wanted):
        if len(wanted) != width:
            raise Unsupported(f"a selector of {len(wanted)} columns after something that gives {width}")
        return pipeline.select([at for at, kept in enumerate(wanted) if kept])
    if (
        wanted
        and all(isinstance(entry, int) for entry in wanted)
        and not set(map(str, wanted)) <= set(pipeline.names)
    ):
        if not all(-width <= entry < width for entry in wanted):
            raise Unsupported(f"a selector of positions beyond the {width} columns before it")
        return pipeline.select([entry % width for entry in wanted])
    return _keep_names(pipeline, wanted)


def _keep_names(pipeline: ConvertedPipeline, wanted: Sequence[Any]) -> ConvertedPipeline:
    positions = {name: at for at, name in enumerate(pipeline.names)}
    unknown = [str(name) for name in wanted if str(name) not in positions]
    if unknown:
        raise Unsupported(f"a selector that keeps {len(unknown)} names the engineer does not give")
    return pipeline.select([positions[str(name)] for name in wanted])


def _pipeline(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    for _, fitted in require(record, "steps"):
        pipeline = extend(pipeline, fitted)
    return pipeline


def _branch(
    pipeline: ConvertedPipeline, take: list[int], fitted: Any, prefix: str
) -> tuple[Step, list[str], bool]:
    """Return one branch of a split: its JSON, its output names, and whether its output is a sparse matrix."""
    inner = extend(ConvertedPipeline.start([pipeline.names[at] for at in take]), fitted)
    names = [f"{prefix}{name}" for name in inner.names]
    return {"take": take, "steps": inner.steps}, names, inner.sparse


def _union(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    if get(record, "transformer_weights"):
        raise Unsupported(f"{record.path} with transformer_weights")
    everything = list(range(len(pipeline.names)))
    verbose = get(record, "verbose_feature_names_out", True)
    branches = [
        _branch(pipeline, everything, fitted, f"{name}__" if verbose else "")
        for name, fitted in require(record, "transformer_list")
        if fitted != "drop"
    ]
    return _split(pipeline, branches, any(sparse for *_, sparse in branches))


def _column_transformer(pipeline: ConvertedPipeline, record: Record) -> ConvertedPipeline:
    if get(record, "transformer_weights"):
        raise Unsupported(f"{record.path} with transformer_weights")
    verbose = get(record, "verbose_feature_names_out", True)
    if not isinstance(verbose, bool):
        raise Unsupported(f"{record.path} with names made by a function")
    branches = []
    for name, fitted, chosen in require(record, "transformers_"):
        take = _positions(pipeline, chosen)
        if take and fitted != "drop":
            branches.append(_branch(pipeline, take, fitted, f"{name}__" if verbose else ""))
    return _split(pipeline, branches, bool(get(record, "sparse_output_", False)))


def _split(
    pipeline: ConvertedPipeline, branches: list[tuple[Step, list[str], bool]], sparse: bool
) -> ConvertedPipeline:
    step = {"op": "split", "parts": [part for part, *_ in branches]}
    names = [name for _, names, _ in branches for name in names]
    return ConvertedPipeline(pipeline.columns, names, [*pipeline.steps, step], sparse)


def _positions(pipeline: ConvertedPipeline, chosen: Any) -> list[int]:
    """Return the positions of the columns that an entry of a ColumnTransformer takes: names, positions, a slice or a mask."""
    if isinstance(chosen, Record) or type(chosen).__name__ == "_RemainderColsList":
        record = as_record(chosen)
        chosen = get(record, "data", []) if record else []
    if isinstance(chosen, np.ndarray):
        chosen = chosen.tolist()
    width = len(pipeline.names)
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            first = pipeline.names.index(chosen.start) if chosen.start is not None else 0
            last = pipeline.names.index(chosen.stop) if chosen.stop is not None else width - 1
            return list(range(width))[first : last + 1 : chosen.step]
        return list(range(width))[chosen]
    entries = [chosen] if isinstance(chosen, str | int) else list(chosen)
    if entries and all(isinstance(entry, bool) for entry in entries):
        return [at for at, entry in enumerate(entries) if entry]
    positions = {name: at for at, name in enumerate(pipeline.names)}
    return [positions[entry] if isinstance(entry, str) else range(width)[entry] for entry in entries]


_CONVERTERS: dict[str, Callable[[ConvertedPipeline, Record], ConvertedPipeline]] = {
    **TRANSFORMERS,
    **NUMERIC,
    **SELECTORS,
    "sklearn.pipeline.Pipeline": _pipeline,
    "sklearn.pipeline.FeatureUnion": _union,
    "sklearn.compose._column_transformer.ColumnTransformer": _column_transformer,
}
CONVERTED = tuple(_CONVERTERS)
"""Classes that are converted to steps."""
_NAME_KEYS = ("feature_names", "feature_columns", "columns", "features")
_ENCODER_KEYS = ("label_encoders", "encoders", "categorical_encoders")
_STEP_KEYS = ("imputer", "scaler")
_SELECTOR_KEYS = ("selected_features", "selector")
