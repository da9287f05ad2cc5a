"""Names of format 4 of a stored scorer to those of format 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_FORESTS = {"one-sided forest": "tails_forest", "raw forest": "raw_forest"}
_RENAMED = {
    "company": "self-training related",
    "rank student": "rank self-training",
    "below student": "below self-training",
}
_PREFIXES = {
    "student in company ": "booster related ",
    "student ": "booster columns ",
    "rank student in company ": "rank self-training related ",
    "below student in company ": "below self-training related ",
    "rank student ": "rank self-training columns ",
    "below student ": "below self-training columns ",
}


def to_format_5(
    answers: Mapping[str, Any], arrays: Mapping[str, Array]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the answers and arrays of a scorer of format 4 under the names of format 5.

    Args:
        answers: plain JSON by name.
        arrays: those it refers to.
    """
    out, more = (
        {_renamed(name): value for name, value in ({"company": []} | dict(answers)).items()},
        dict(arrays),
    )
    for name, value in answers.items():
        table, _, column = name.partition(" ")
        if table in {"rank", "below"}:
            # Ranks of columns were kept under the same names as ranks of features.
            out[f"{table} column {column}"] = value
    out["doubt"] = next(iter(answers["doubt"]), "")
    for old, detector in _FORESTS.items():
        out[f"detector: {detector}"] = _forest(out.pop(old, None), old, more)
    more["none"] = np.zeros((0, 0))
    parts = {"scale": "column scales", "sample": "neighbours"}
    found = {part: out.pop(old, {"array": "none"})["array"] for part, old in parts.items()}
    out["detector: neighbours"] = {"arrays": found}
    # The name of the line was also that of the values of a column called so.
    if isinstance(answers["words line"], float):
        out["explanation line"] = out.pop("words line")
    return out, more


def _renamed(name: str) -> str:
    if name in _RENAMED:
        return _RENAMED[name]
    start = next((old for old in _PREFIXES if name.startswith(old)), "")
    return _PREFIXES[start] + name.removeprefix(start) if start else name


def _forest(stored: Mapping[str, Any] | None, name: str, arrays: dict[str, Array]) -> dict[str, Any]:
    """A forest whose numbers are arrays as well; without trees where there was none."""
    parts = ("feature", "threshold", "length")
    if stored is None:
        arrays |= {f"{name} {part}": np.zeros((0, 1), dtype=np.float32) for part in parts}
    expected, columns = (1.0, 0) if stored is None else (stored["usual"], stored["columns"])
    arrays |= {f"{name} expected": np.array(expected), f"{name} columns": np.array(columns)}
    return {"arrays": {part: f"{name} {part}" for part in (*parts, "expected", "columns")}}
