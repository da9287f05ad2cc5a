"""What an imported model's files say about its columns, to find the columns again in a table.

There is no training table: what is known comes from the fitted steps (categories, means, filled values), from the split
thresholds of the trees, carried back through the steps to the unit of the column, and from the owner's metadata.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from vigie.models.trained.column_sketch import salted_hash
from vigie.roles.definitions import role_of

if TYPE_CHECKING:
    import xgboost

KIND = "imported"
"""Kind of the fingerprint in a profile; that of a trained model names none."""

SALT = "imported columns 1"
"""Mixed into every hash of a category. The same for all models, since a bundle has the categories themselves as well."""

MAX_CUTS = 40
"""Split thresholds of a column that are kept, evenly chosen."""

_Inverse = Callable[[float], float]
_INVERSES: dict[str, _Inverse] = {
    "log1p": math.expm1,
    "log": math.exp,
    "expm1": math.log1p,
    "exp": math.log,
    "sqrt": lambda value: value * value,
}


@dataclass(frozen=True)
class ImportedColumn:
    """What is known of one column of a model.

    Attributes:
        name: in the model's training table.
        role: inferred from the name and the kind.
        kind: `number` or `category`.
        categories: hashes of its categories; empty where there are none, or the role is private.
        cuts: split thresholds of the trees in the unit of the column, ascending.
        center: mean, median or filled value; None where unknown.
        scale: standard deviation or interquartile range; None where unknown.
        low: least value in training; None where unknown.
        high: largest value in training; None where unknown.
    """

    name: str
    role: str
    kind: str
    categories: frozenset[str] = frozenset()
    cuts: tuple[float, ...] = ()
    center: float | None = None
    scale: float | None = None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        known = {name: getattr(self, name) for name in ("center", "scale", "low", "high")}
        return {
            "name": self.name, "role": self.role, "kind": self.kind,
            "categories": sorted(self.categories), "cuts": list(self.cuts),
            **{name: value for name, value in known.items() if value is not None},
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ImportedColumn:
        """Read what `to_json` wrote."""
        sets = {"categories": frozenset(data["categories"]), "cuts": tuple(data["cuts"])}
        return cls(**{**data, **sets})


@dataclass
class ColumnTrace:
    """What the steps and the trees say of one column, before it is stored.

    Attributes:
        categories: that the column is compared with, None for a missing one.
        cuts: split thresholds in the unit of the column.
        gain: of the trees' splits on what the column becomes.
        facts: `center`, `scale`, `low`, `high`, as far as known.
        used: whether the classifier sees anything of the column; False where the steps leave it out.
    """

    categories: list[Any] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    gain: float = 0.0
    facts: dict[str, float] = field(default_factory=dict)
    used: bool = True


@dataclass(frozen=True)
class _Slot:
    """One column between two steps: where it comes from, and how its values become those of that column again."""

    origin: int
    inverse: tuple[_Inverse, ...] | None = ()

    def then(self, inverse: _Inverse) -> _Slot:
        return self if self.inverse is None else _Slot(self.origin, (inverse, *self.inverse))

    def raw(self, value: float) -> float | None:
        """Return a value in the unit of the column; None where it has none."""
        if self.inverse is None:
            return None
        try:
            for undo in self.inverse:
                value = undo(value)
        except (ArithmeticError, TypeError, ValueError):  # a root of a negative number is complex
            return None
        return value if math.isfinite(value) else None


def trace_columns(recipe: Mapping[str, Any], booster: xgboost.Booster | None) -> list[ColumnTrace]:
    """Return what is known of each column of a recipe, in its order.

    Args:
        recipe: as `imported_pipeline` describes it.
        booster: the trees; without them there are no thresholds and no gain.
    """
    traces = [ColumnTrace(used=False) for _ in recipe["columns"]]
    slots = _trace([_Slot(at) for at in range(len(traces))], recipe["steps"], traces)
    if recipe.get("output") != "margin":  # of which only the score is left
        for slot in slots:
            traces[slot.origin].used = True
    for tree in _trees(booster):
        for feature, cut, gain in tree:
            slot = slots[feature]
            traces[slot.origin].gain += gain
            raw = slot.raw(cut)
            if raw is not None:
                traces[slot.origin].cuts.append(raw)
    return traces


def describe_columns(
    names: Sequence[str],
    roles: Mapping[str, str],
    traces: Sequence[ColumnTrace],
    stated: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what a profile and a recipe store of the columns, as plain JSON.

    Columns that the classifier sees nothing of have no weight: a table need not have them.

    Args:
        names: of the columns.
        roles: column -> role.
        traces: of the same columns.
        stated: column -> `center`, `scale`, `low`, `high`, `categories` in the owner's metadata.
    """
    columns = []
    for name, trace in zip(names, traces, strict=True):
        facts = {**trace.facts, **{k: v for k, v in stated.get(name, {}).items() if k != "categories"}}
        categories = trace.categories or list(stated.get(name, {}).get("categories", ()))
        keys = () if role_of(roles[name]).private else map(category_key, categories)
        columns.append(
            ImportedColumn(
                name,
                roles[name],
                "category" if categories else "number",
                frozenset(category_hash(key) for key in keys if key is not None),
                _some(trace.cuts),
                **{key: float(f"{value:.6g}") for key, value in facts.items()},
            )
        )
    used = [(name, trace.gain) for name, trace in zip(names, traces, strict=True) if trace.used]
    worth = column_weights([name for name, _ in used], [gain for _, gain in used])
    return {"kind": KIND, "worth": worth, "columns": [one.to_json() for one in columns]}


def column_weights(names: Sequence[str], gains: Sequence[float]) -> dict[str, float]:
    """Return column -> weight, summing to 1: 0.7 by the gain of the trees and the rest equal for all."""
    total = sum(gains)
    shares = [gain / total for gain in gains] if total > 0 else [1 / max(len(names), 1)] * len(names)
    return {
        name: float(f"{0.3 / len(names) + 0.7 * share:.4g}")
        for name, share in zip(names, shares, strict=True)
    }


def category_key(value: object) -> str | None:
    """Return a category as text that is the same whether it was read as a number or as text; None for a missing one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def category_hash(key: str) -> str:
    """Return the hash of a category, as `category_key` writes it."""
    return salted_hash(key, SALT)


def _trace(slots: list[_Slot], steps: Iterable[Mapping[str, Any]], traces: list[ColumnTrace]) -> list[_Slot]:
    for step in steps:
        slots = _TRACERS.get(step["op"], _opaque)(slots, step, traces)
    return slots


def _opaque(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    return [_Slot(slot.origin, None) for slot in slots]


def _same(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    return slots


def _split(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    parts = ([slots[at] for at in part["take"]] for part in step["parts"])
    return [
        out
        for part, taken in zip(step["parts"], parts, strict=True)
        for out in _trace(taken, part.get("steps", ()), traces)
    ]


def _select(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    return [slots[at] for at in step["keep"]]


def _impute(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    if step.get("statistic") in {"mean", "median"}:
        for slot, value in zip(slots, step["values"], strict=True):
            _note(slot, traces, center=value)
    return slots


def _scale(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    count = len(slots)
    centers = step["center"] if step.get("center") is not None else [0.0] * count
    scales = step["scale"] if step.get("scale") is not None else [1.0] * count
    out = []
    for slot, center, scale in zip(slots, centers, scales, strict=True):
        if step.get("center") is not None and step.get("scale") is not None:
            _note(slot, traces, center=center, scale=scale)
        out.append(slot.then(partial(_unscale, scale, center)))
    return out


def _affine(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    out = []
    for slot, by, add in zip(slots, step["multiply"], step["add"], strict=True):
        if by:
            _note(slot, traces, low=-add / by, high=(1 - add) / by)
        out.append(slot.then(partial(_unscale, 1 / by, -add / by) if by else _constant))
    return out


def _unscale(by: float, add: float, value: float) -> float:
    return value * by + add


def _constant(value: float) -> float:
    """Return no value: a column of one value has no unit to return to."""
    return math.nan


def _function(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    inverse = _INVERSES.get(step["name"])
    return _opaque(slots, step, traces) if inverse is None else [slot.then(inverse) for slot in slots]


def _power(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    undo = _undo_box_cox if step["method"] == "box-cox" else _undo_yeo_johnson
    return [slot.then(partial(undo, power)) for slot, power in zip(slots, step["lambdas"], strict=True)]


def _undo_box_cox(power: float, value: float) -> float:
    return math.exp(value) if power == 0 else float((1 + power * value) ** (1 / power))


def _undo_yeo_johnson(power: float, value: float) -> float:
    if value >= 0:
        return math.expm1(value) if power == 0 else float((1 + power * value) ** (1 / power)) - 1
    other = 2 - power
    return -math.expm1(-value) if other == 0 else 1 - float((1 - other * value) ** (1 / other))


def _quantile(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    references = step["references"]
    out = []
    for slot, quantiles in zip(slots, step["quantiles"], strict=True):
        middle = float(np.interp(0.5, references, quantiles))
        _note(slot, traces, low=quantiles[0], high=quantiles[-1], center=middle)
        out.append(slot.then(partial(_undo_quantile, references, quantiles, step["normal"])))
    return out


def _undo_quantile(
    references: Sequence[float], quantiles: Sequence[float], normal: bool, value: float
) -> float:
    share = NormalDist().cdf(value) if normal else value
    return float(np.interp(share, references, quantiles))


def _bins(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    for slot, edges in zip(slots, step["edges"], strict=True):
        traces[slot.origin].cuts += [raw for edge in edges if (raw := slot.raw(edge)) is not None]
    return _opaque(slots, step, traces)


def _linear(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    for slot, weight in zip(slots, step["weights"], strict=True):
        traces[slot.origin].gain += abs(weight)
        traces[slot.origin].used = True
    return [_Slot(0, None)]


def _encode(slots: list[_Slot], step: Mapping[str, Any], traces: list[ColumnTrace]) -> list[_Slot]:
    out = []
    for slot, encoding in zip(slots, step["columns"], strict=True):
        if slot.inverse == ():
            traces[slot.origin].categories = list(encoding["categories"])
        out += [_Slot(slot.origin, None)] * encoding.get("width", 1)
    return out


_TRACERS: dict[str, Callable[[list[_Slot], Mapping[str, Any], list[ColumnTrace]], list[_Slot]]] = {
    "split": _split,
    "select": _select,
    "impute": _impute,
    "scale": _scale,
    "affine": _affine,
    "function": _function,
    "power": _power,
    "quantile": _quantile,
    "bins": _bins,
    "linear": _linear,
    "ordinal": _encode,
    "onehot": _encode,
    "blank": _same,
}


def _note(slot: _Slot, traces: list[ColumnTrace], **facts: float) -> None:
    """Note facts of a column in its own unit; those of a transformed one are not comparable."""
    if slot.inverse == () and all(isinstance(value, int | float) for value in facts.values()):
        for name, value in facts.items():
            traces[slot.origin].facts.setdefault(name, float(value))


def _trees(booster: xgboost.Booster | None) -> Iterable[list[tuple[int, float, float]]]:
    """Yield the splits of each tree: feature, threshold or NaN where it is one of categories, gain."""
    if booster is None:
        return
    gradient = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    model = gradient.get("gbtree", gradient)["model"]
    for tree in model["trees"]:
        kinds = tree.get("split_type") or [0] * len(tree["left_children"])
        yield [
            (
                tree["split_indices"][at],
                math.nan if kinds[at] else float(tree["split_conditions"][at]),
                float(tree["loss_changes"][at]),
            )
            for at, child in enumerate(tree["left_children"])
            if child != -1
        ]


def _some(cuts: Sequence[float]) -> tuple[float, ...]:
    distinct = np.unique(np.array(cuts, dtype=np.float64))
    if len(distinct) > MAX_CUTS:
        distinct = distinct[np.linspace(0, len(distinct) - 1, MAX_CUTS).round().astype(int)]
    return tuple(float(f"{value:.6g}") for value in distinct)
