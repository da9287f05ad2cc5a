"""Names of format 4 of a stored scorer to those of format 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_THRESHOLDS = {
    "alert": "alert line",
    "explained": "words line",
    "medium": "far out",
    "prior_log_odds": "odds",
    "leader_log_odds": "leader's odds",
}
_FORESTS = {"one-sided forest": "tails_forest", "raw forest": "raw_forest"}
_BOOSTERS = {"student in company ": "related ", "student ": "columns "}
_RANKS = {
    "student in company ": "self-training related ",
    "student ": "self-training columns ",
    "student": "self-training",
}


def to_format_5(
    answers: Mapping[str, Any], arrays: Mapping[str, Array]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the answers and arrays of a scorer of format 4 under the names of format 5.

    Args:
        answers: plain JSON by name.
        arrays: those it refers to.
    """
    out: dict[str, Any] = {}
    more, boosters = dict(arrays), {}
    for name, value in answers.items():
        table, _, key = name.partition(" ")
        if table == "rank":
            record = {"map": {"values": value, "below": answers[f"below {key}"]}}
            # Ranks of columns had the same names as ranks of features.
            out[f"rank {_renamed(key, _RANKS)}"] = out[f"rank column {key}"] = record
        elif table == "values":
            out[name] = {"map": {"values": value, "counts": answers[f"counts {key}"]}}
        elif table == "sums" or (table == "words" and not isinstance(value, float)):
            out[name] = {"map": {"values": value}}
        elif isinstance(value, dict) and "trees" in value:
            boosters[_renamed(name, _BOOSTERS)] = value
        elif name not in _THRESHOLDS.values():
            out[name] = value
    out["self-training"] = {"map": {"boosters": {"map": boosters}, "related": answers.get("company", [])}}
    lines = {field: answers[name] for field, name in _THRESHOLDS.items() if name in answers}
    out["thresholds"] = {"map": {**lines, "abstained": next(iter(answers["doubt"]), "")}}
    for old, detector in _FORESTS.items():
        out[f"detector: {detector}"] = {"map": _forest(answers.get(old), old, more)}
    more["none"] = np.zeros((0, 0))
    scale, sample = (answers.get(name, {"array": "none"}) for name in ("column scales", "neighbours"))
    out["detector: neighbours"] = {"map": {"scale": scale, "sample": sample}}
    return out, more


def _renamed(name: str, names: Mapping[str, str]) -> str:
    start = next((old for old in names if name == old or (old.endswith(" ") and name.startswith(old))), "")
    return names[start] + name.removeprefix(start) if start else name


def _forest(stored: Mapping[str, Any] | None, name: str, arrays: dict[str, Array]) -> dict[str, Any]:
    """Return a forest whose numbers are arrays as well; without trees where there was none."""
    parts = ("feature", "threshold", "length")
    if stored is None:
        arrays |= {f"{name} {part}": np.zeros((0, 1), dtype=np.float32) for part in parts}
    expected, columns = (1.0, 0) if stored is None else (stored["usual"], stored["columns"])
    arrays |= {f"{name} expected": np.array(expected), f"{name} columns": np.array(columns)}
    return {part: {"array": f"{name} {part}"} for part in (*parts, "expected", "columns")}
