"""Turns a fitted scikit-learn engineer and selector, as records, into a recipe: declarative JSON.

The recipe's format is described in `vigie.models.imported_pipeline`, which applies it. Only what can be expressed exactly
is expressed; everything else is refused by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vigie.importer.pickle_reader import Record
from vigie.importer.sklearn_transformers import (
    LEAVES,
    Inexpressible,
    Recipe,
    Step,
    as_record,
    get,
    need,
    select,
    start,
)


class Nameless(Exception):
    """Nothing says how the columns are called, or what says it does not fit."""


def chain(
    fitted: Sequence[Any], *, names: Sequence[str] | None, width: int, columns: Sequence[str] | None
) -> Recipe:
    """The recipe of fitted objects in their order.

    Args:
        fitted: engineer, selector, steps of a pipeline; may be empty.
        names: what the booster calls its features, if it does.
        width: how many features the booster takes.
        columns: what the model's metadata calls the table's columns, if it does.

    Raises:
        Nameless: no input names, or names that are too many or too few.
        Inexpressible: one of them cannot be said as a recipe.
    """
    first = fitted[0] if fitted else None
    known = inputs(first) if fitted else names
    taken = count(first) if fitted else width
    if known is None:
        known = columns
        if known is None:
            raise Nameless("columns without names")
        if taken is not None and len(known) != taken:
            raise Nameless(f"{len(known)} columns in the metadata, where {taken} are taken")
    recipe = start(known)
    for one in fitted:
        recipe = extend(recipe, one)
    if names is not None and set(names) <= set(recipe.names):
        recipe = _keep_names(recipe, names)  # the booster's own order is the one that counts
    return recipe


def inputs(fitted: Any) -> list[str] | None:
    """The columns that a fitted object says it was fitted on, None where it does not know them."""
    if isinstance(fitted, list | tuple) and all(isinstance(name, str) for name in fitted):
        return list(fitted)
    if isinstance(fitted, dict):
        named = next((fitted[key] for key in _NAMES if fitted.get(key) is not None), None)
        return None if named is None else [str(name) for name in named]
    record = as_record(fitted)
    if record is None:
        return None
    own = get(record, "feature_names_in_")
    if own is not None:
        return [str(name) for name in own]
    steps = get(record, "steps") or get(record, "transformer_list") or ()
    return next((found for step in steps if (found := inputs(step[1])) is not None), None)


def count(fitted: Any) -> int | None:
    """How many columns a fitted object takes, None where it does not say."""
    record = as_record(fitted)
    if record is None:
        return None
    own = get(record, "n_features_in_")
    if own is not None:
        return int(own)
    steps = get(record, "steps") or get(record, "transformer_list") or ()
    return next((found for step in steps if (found := count(step[1])) is not None), None)


def extend(recipe: Recipe, fitted: Any) -> Recipe:
    """`recipe` followed by a fitted transformer or selector, or a list of names to keep.

    Raises:
        Inexpressible: it cannot be said as a recipe, or does not fit what comes before.
    """
    if fitted is None or (isinstance(fitted, str) and fitted == "passthrough"):
        return recipe
    if isinstance(fitted, list | tuple | np.ndarray):
        return _keep_names(recipe, list(fitted))
    if isinstance(fitted, dict):
        return _dictionary(recipe, fitted)
    record = as_record(fitted)
    if record is None:
        raise Inexpressible(f"a {type(fitted).__name__} where a fitted transformer is expected")
    short = record.path.rsplit(".", 1)[-1]
    if record.path not in _KNOWN:
        raise Inexpressible(record.path)
    expected = count(record)
    if expected is not None and expected != len(recipe.names):
        raise Inexpressible(f"{short} for {expected} columns after something that gives {len(recipe.names)}")
    return _KNOWN[record.path](recipe, record)


def _dictionary(recipe: Recipe, saved: dict[Any, Any]) -> Recipe:
    """A recipe saved as a dict of fitted parts: encoders by column, then an imputer, then a scaler.

    That order is the only one in which these parts fit each other; a dict that says anything else is refused.
    """
    for key in saved:
        if key not in {*_NAMES, *_ENCODERS, *_SCALARS, *_KEPT}:
            raise Inexpressible(f"an entry {str(key)[:60]!r} of a dict")
    encoders: Any = next((saved[key] for key in _ENCODERS if saved.get(key)), {})
    if not isinstance(encoders, dict) or not set(encoders) <= set(recipe.names):
        raise Inexpressible("a dict with encoders of columns it does not list")
    made = [_part(recipe, [at], encoders.get(name), "") for at, name in enumerate(recipe.names)]
    if encoders:
        recipe = _side_by_side(recipe, made, False)
    for key in _SCALARS:
        recipe = extend(recipe, saved.get(key))
    kept = next((saved[key] for key in _KEPT if saved.get(key) is not None), None)
    return recipe if kept is None else extend(recipe, kept)


def _keep_names(recipe: Recipe, wanted: Sequence[Any]) -> Recipe:
    places = {name: at for at, name in enumerate(recipe.names)}
    unknown = [str(name) for name in wanted if str(name) not in places]
    if unknown:
        raise Inexpressible(f"a selector that keeps {len(unknown)} names the engineer does not give")
    return select(recipe, [places[str(name)] for name in wanted])


def _pipeline(recipe: Recipe, record: Record) -> Recipe:
    for _, fitted in need(record, "steps"):
        recipe = extend(recipe, fitted)
    return recipe


def _part(recipe: Recipe, take: list[int], fitted: Any, prefix: str) -> tuple[Step, list[str], bool]:
    """One branch of a split: its JSON, the names it gives, and whether it gives a sparse matrix."""
    inner = extend(start([recipe.names[at] for at in take]), fitted)
    names = [f"{prefix}{name}" for name in inner.names]
    return {"take": take, "steps": inner.steps}, names, inner.sparse


def _union(recipe: Recipe, record: Record) -> Recipe:
    if get(record, "transformer_weights"):
        raise Inexpressible(f"{record.path} with transformer_weights")
    everything = list(range(len(recipe.names)))
    verbose = get(record, "verbose_feature_names_out", True)
    made = [
        _part(recipe, everything, fitted, f"{name}__" if verbose else "")
        for name, fitted in need(record, "transformer_list")
        if fitted != "drop"
    ]
    return _side_by_side(recipe, made, any(sparse for *_, sparse in made))


def _columns(recipe: Recipe, record: Record) -> Recipe:
    if get(record, "transformer_weights"):
        raise Inexpressible(f"{record.path} with transformer_weights")
    verbose = get(record, "verbose_feature_names_out", True)
    if not isinstance(verbose, bool):
        raise Inexpressible(f"{record.path} with names made by a function")
    made = []
    for name, fitted, chosen in need(record, "transformers_"):
        take = _positions(recipe, chosen)
        if take and fitted != "drop":
            made.append(_part(recipe, take, fitted, f"{name}__" if verbose else ""))
    return _side_by_side(recipe, made, bool(get(record, "sparse_output_", False)))


def _side_by_side(recipe: Recipe, made: list[tuple[Step, list[str], bool]], sparse: bool) -> Recipe:
    step = {"op": "split", "parts": [part for part, *_ in made]}
    names = [name for _, names, _ in made for name in names]
    return Recipe(recipe.columns, names, [*recipe.steps, step], sparse)


def _positions(recipe: Recipe, chosen: Any) -> list[int]:
    """Which columns a ColumnTransformer's entry takes: names, positions, a slice or a mask."""
    if isinstance(chosen, Record) or type(chosen).__name__ == "_RemainderColsList":
        record = as_record(chosen)
        chosen = get(record, "data", []) if record else []
    if isinstance(chosen, np.ndarray):
        chosen = chosen.tolist()
    count = len(recipe.names)
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            first = recipe.names.index(chosen.start) if chosen.start is not None else 0
            last = recipe.names.index(chosen.stop) if chosen.stop is not None else count - 1
            return list(range(count))[first : last + 1 : chosen.step]
        return list(range(count))[chosen]
    entries = [chosen] if isinstance(chosen, str | int) else list(chosen)
    if entries and all(isinstance(entry, bool) for entry in entries):
        return [at for at, entry in enumerate(entries) if entry]
    places = {name: at for at, name in enumerate(recipe.names)}
    return [places[entry] if isinstance(entry, str) else range(count)[entry] for entry in entries]


_KNOWN: dict[str, Callable[[Recipe, Record], Recipe]] = {
    **LEAVES,
    "sklearn.pipeline.Pipeline": _pipeline,
    "sklearn.pipeline.FeatureUnion": _union,
    "sklearn.compose._column_transformer.ColumnTransformer": _columns,
}
_NAMES = ("feature_names", "feature_columns", "columns", "features")
_ENCODERS = ("label_encoders", "encoders", "categorical_encoders")
_SCALARS = ("imputer", "scaler")
_KEPT = ("selected_features", "selector")
