"""Applies the recipe of an imported model: columns of a table in, inputs of its trees out.

A recipe is data, never code: the fitted parameters of a scikit-learn pipeline (categories, means,
filled values, kept positions), written as JSON by `vigie models import`. The format:

    {"format": 1, "kind": "native",
     "columns": ["amount", "country", …],       what it reads from the table, in this order
     "names":   ["num__amount", …],             what comes out, in this order
     "steps":   [step, …]}

A step turns an ordered list of columns into another one; the first step receives `columns`. Positions count
from 0 in what the step receives. In all of them JSON `null` stands for "missing".

    {"op": "split", "parts": [{"take": [position, …], "steps": [step, …]}, …]}
        each part works on its own columns; the results are put side by side, in order; nothing else is kept
    {"op": "select", "keep": [position, …]}
    {"op": "impute", "missing": null | value, "values": [number | text, …]}       one value a column
    {"op": "isnull", "missing": null | value}                                     1 where missing, else 0
    {"op": "scale", "center": [number, …] | null, "scale": [number, …] | null}    (x - center) / scale
    {"op": "affine", "multiply": [number, …], "add": [number, …], "clip": [low, high] | null}
    {"op": "ordinal", "columns": [{"categories": [value, …], "codes": [number | null, …],
                                   "unknown": number | null}, …]}
    {"op": "onehot", "columns": [{"categories": [value, …], "outputs": [index | null, …],
                                  "width": count, "unknown": index | null}, …]}
        a category sets its output to 1; `null` sets none (a dropped or ignored category)
    {"op": "function", "name": "log1p" | "log" | "expm1" | "exp" | "sqrt" | "abs"}
    {"op": "power", "method": "yeo-johnson" | "box-cox", "lambdas": [number, …]}
    {"op": "quantile", "quantiles": [[number, …], …], "references": [number, …], "normal": true | false}
        where a value lies among the quantiles of its column, as a share or as that quantile of the normal distribution
    {"op": "bins", "edges": [[number, …], …]}    number of the interval between ascending inner edges
    {"op": "linear", "weights": [number, …], "intercept": number}     one column: the weighted sum
    {"op": "blank", "value": number}            that value means "missing" to the booster

An optional `"output"` says what the model gives: `log-odds`, where the trees give them and it is left out; `probability`;
or `margin`, where the only column after the last step is the log-odds and the trees add nothing.

A column the table lacks is missing in every row. A category never seen in training takes `unknown`, also
where the original would have stopped with an error: one odd row must not stop a whole table.

This module must not load a model, and imports no vendor but numpy and, for normal quantiles, scipy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.errors import InputRefused
from vigie.i18n.messages import msg

FORMAT = 1
_TINY = float(np.spacing(1.0))
_BOUNDARY = 1e-7
"""Distance from the outermost quantiles at which scikit-learn takes a value for one of them."""

Column = NDArray[Any]
Floats = NDArray[np.float64]

_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "log1p": np.log1p,
    "log": np.log,
    "expm1": np.expm1,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.absolute,
}


def apply_steps(columns: Mapping[str, Column], features: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return the (rows, features) of a table, NaN where unknown, rows in the order given.

    Args:
        columns: name -> one-dimensional array, all of one length; numbers, booleans, or objects (text,
            None). Columns the recipe does not name are ignored.
        features: a recipe as described in the module docstring.

    Raises:
        InputRefused: the recipe has another format or is malformed, or the columns differ in length.
    """
    if features.get("kind") != "native" or features.get("format") != FORMAT:
        found = msg("{get!r} format {get2!r}", get=features.get("kind"), get2=features.get("format"))
        raise InputRefused(
            msg("recipe: found {found}, expected 'native' format {format}", found=found, format=FORMAT),
            hint="upgrade Vigie",
        )
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise InputRefused(
            msg("recipe: found columns of {lengths} lengths, expected one length", lengths=len(lengths))
        )
    rows = lengths.pop()
    try:
        with np.errstate(all="ignore"):
            return _apply(columns, features, rows)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        found = msg("a malformed step ({name})", name=type(error).__name__)
        raise InputRefused(
            msg("recipe: found {found}", found=found), hint="import the model again"
        ) from error


def _apply(columns: Mapping[str, Column], features: Mapping[str, Any], rows: int) -> NDArray[np.float32]:
    absent = np.full(rows, np.nan)
    slots = [np.asarray(columns.get(name, absent)) for name in features["columns"]]
    floats = [_floats(slot) for slot in _run(slots, features["steps"])]
    if len(floats) != len(features["names"]):
        raise InputRefused(
            msg(
                "recipe: found {floats} features, expected {names} as it names",
                floats=len(floats),
                names=len(features["names"]),
            )
        )
    return np.column_stack([*floats, absent])[:, :-1].astype(np.float32)


def _run(slots: list[Column], steps: Sequence[Mapping[str, Any]]) -> list[Column]:
    for step in steps:
        name = step.get("op")
        if name not in _OPERATIONS:
            raise InputRefused(
                msg(
                    "recipe: found step {name!r}, expected one of {operations}",
                    name=name,
                    operations=", ".join(_OPERATIONS),
                ),
                hint="upgrade Vigie",
            )
        slots = _OPERATIONS[name](slots, step)
    return slots


def _split(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    return [
        out
        for part in step["parts"]
        for out in _run([slots[at] for at in part["take"]], part.get("steps", ()))
    ]


def _select(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    return [slots[at] for at in step["keep"]]


def _impute(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    filled: list[Column] = []
    for slot, value in _paired(slots, step["values"], "impute"):
        target = slot.astype(object) if isinstance(value, str) else _floats(slot)
        filled.append(np.where(_missing(slot, step.get("missing")), value, target))
    return filled


def _isnull(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    return [_missing(slot, step.get("missing")).astype(np.float64) for slot in slots]


def _scale(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    out = [_floats(slot) for slot in slots]
    if step.get("center") is not None:
        out = [slot - float(center) for slot, center in _paired(out, step["center"], "scale")]
    if step.get("scale") is not None:
        out = [slot / float(scale) for slot, scale in _paired(out, step["scale"], "scale")]
    return list(out)


def _affine(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    scaled = [_floats(slot) * float(by) for slot, by in _paired(slots, step["multiply"], "affine")]
    moved = [slot + float(by) for slot, by in _paired(scaled, step["add"], "affine")]
    if step.get("clip") is None:
        return list(moved)
    low, high = step["clip"]
    return [np.clip(slot, low, high) for slot in moved]


def _ordinal(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    out: list[Column] = []
    for slot, encoding in _paired(slots, step["columns"], "ordinal"):
        codes = [*encoding["codes"], encoding.get("unknown")]
        table = np.array([math.nan if code is None else float(code) for code in codes])
        out.append(table[_categories(slot, encoding["categories"])])
    return out


def _onehot(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    out: list[Column] = []
    for slot, encoding in _paired(slots, step["columns"], "onehot"):
        outputs = [*encoding["outputs"], encoding.get("unknown")]
        table = np.array([-1 if output is None else int(output) for output in outputs])
        chosen = table[_categories(slot, encoding["categories"])]
        out.extend((chosen == index).astype(np.float64) for index in range(encoding["width"]))
    return out


def _function(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    if step["name"] not in _FUNCTIONS:
        raise InputRefused(
            msg(
                "recipe: found function {name!r}, expected one of {functions}",
                name=step["name"],
                functions=", ".join(_FUNCTIONS),
            ),
            hint="upgrade Vigie",
        )
    return [_FUNCTIONS[step["name"]](_floats(slot)) for slot in slots]


def _power(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    transform = {"yeo-johnson": _yeo_johnson, "box-cox": _box_cox}[step["method"]]
    return [transform(_floats(slot), float(by)) for slot, by in _paired(slots, step["lambdas"], "power")]


def _box_cox(values: Floats, power: float) -> Floats:
    return np.log(values) if power == 0 else np.asarray(np.expm1(power * np.log(values)) / power)


def _yeo_johnson(values: Floats, power: float) -> Floats:
    """Return transformed values. Source: I.-K. Yeo, R. A. Johnson, Biometrika 87, 2000."""
    out = np.full(len(values), np.nan)
    positive, negative = values >= 0, values < 0
    above, below = np.log1p(values[positive]), np.log1p(-values[negative])
    out[positive] = above if abs(power) < _TINY else np.expm1(power * above) / power
    other = 2 - power
    out[negative] = -below if abs(other) < _TINY else -np.expm1(other * below) / other
    return out


def _quantile(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    references = np.array(step["references"], dtype=np.float64)
    out = []
    for slot, quantiles in _paired(slots, step["quantiles"], "quantile"):
        out.append(_share_of(_floats(slot), np.array(quantiles), references, normal=step["normal"]))
    return out


def _share_of(values: Floats, quantiles: Floats, references: Floats, *, normal: bool) -> Floats:
    """Return the shares as scikit-learn's QuantileTransformer computes them."""
    slack = _BOUNDARY if normal else 0.0
    low, high = values - slack < quantiles[0], values + slack > quantiles[-1]
    if not normal:
        low, high = values == quantiles[0], values == quantiles[-1]
    up = np.interp(values, quantiles, references)
    down = np.interp(-values, -quantiles[::-1], -references[::-1])
    shares = np.where(np.isnan(values), np.nan, 0.5 * (up - down))
    shares[high] = 1.0
    shares[low] = 0.0
    if not normal:
        return shares
    from scipy.special import ndtri

    edge = _BOUNDARY - np.spacing(1)
    return np.asarray(np.clip(ndtri(shares), ndtri(edge), ndtri(1 - edge)))


def _bins(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    out: list[Column] = []
    for slot, edges in _paired(slots, step["edges"], "bins"):
        values = _floats(slot)
        found = np.searchsorted(np.array(edges, dtype=np.float64), values, side="right").astype(np.float64)
        out.append(np.where(np.isnan(values), np.nan, found))
    return out


def _linear(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    weighted = [_floats(slot) * float(weight) for slot, weight in _paired(slots, step["weights"], "linear")]
    return [np.sum(weighted, axis=0) + float(step["intercept"])]


def _blank(slots: list[Column], step: Mapping[str, Any]) -> list[Column]:
    floats = [_floats(slot) for slot in slots]
    return [np.where(slot == float(step["value"]), np.nan, slot) for slot in floats]


_OPERATIONS: dict[str, Callable[[list[Column], Mapping[str, Any]], list[Column]]] = {
    "split": _split,
    "select": _select,
    "impute": _impute,
    "isnull": _isnull,
    "scale": _scale,
    "affine": _affine,
    "ordinal": _ordinal,
    "onehot": _onehot,
    "function": _function,
    "power": _power,
    "quantile": _quantile,
    "bins": _bins,
    "linear": _linear,
    "blank": _blank,
}


def _paired(slots: Sequence[Column], values: Sequence[Any], op: str) -> list[tuple[Column, Any]]:
    if len(slots) != len(values):
        raise InputRefused(
            msg(
                "recipe, step {op}: found {values} values, expected {slots}",
                op=op,
                values=len(values),
                slots=len(slots),
            )
        )
    return list(zip(slots, values, strict=True))


def _floats(column: Column) -> Floats:
    """Return numbers as they are, text that reads as a number as that number, everything else as NaN."""
    if column.dtype.kind in "biuf":
        return column.astype(np.float64)
    return np.array([_number(value) for value in column.tolist()], dtype=np.float64)


def _number(value: object) -> float:
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return math.nan
    return math.nan


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _missing(column: Column, marker: object) -> NDArray[np.bool_]:
    """Return where a column is missing: null and NaN, and `marker` where the recipe has one."""
    if column.dtype.kind in "biuf":
        floats = column.astype(np.float64)
        null = np.isnan(floats)
        return null if marker is None or isinstance(marker, str) else null | (floats == marker)
    values = column.tolist()
    return np.array(
        [_is_missing(value) or (marker is not None and value == marker) for value in values], dtype=np.bool_
    )


def _categories(column: Column, categories: Sequence[Any]) -> NDArray[np.intp]:
    """Index of each row's category, len(categories) where it is none of them.

    Text is compared with text and numbers with numbers: a table that holds 7 where the training table had "7", or
    the other way round, still finds its category.
    """
    as_text = any(isinstance(category, str) for category in categories)
    index: dict[str | float | None, int] = {}
    for at, category in enumerate(categories):
        index.setdefault(_key(category, as_text), at)
    unseen = len(categories)
    if column.dtype.kind in "biuf":
        distinct, inverse = np.unique(column, return_inverse=True)
        found = np.array(
            [index.get(_key(value, as_text), unseen) for value in distinct.tolist()], dtype=np.intp
        )
        return found[inverse] if len(found) else np.zeros(0, dtype=np.intp)
    return np.array([index.get(_key(value, as_text), unseen) for value in column.tolist()], dtype=np.intp)


def _key(value: object, as_text: bool) -> str | float | None:
    if _is_missing(value):
        return None
    if not as_text:
        number = _number(value)
        return str(value) if math.isnan(number) else number
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
