"""Names of format 4 of a stored scorer to those of format 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_FORESTS = {"one-sided forest": "tails_forest", "raw forest": "raw_forest"}
_PREFIXES = {
    "student in company ": "booster related ",
    "student ": "booster columns ",
    "rank student in company ": "rank self-training related ",
    "below student in company ": "below self-training related ",
    "rank student ": "rank self-training columns ",
    "below student ": "below self-training columns ",
}
_NAMES = {
    "rank student": "rank self-training",
    "below student": "below self-training",
    "company": "self-training related",
}


def to_format_5(
    answers: Mapping[str, Any], arrays: Mapping[str, Array]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the answers and arrays of a scorer of format 4 under the names of format 5.

    Ranks of columns had the names of ranks of features: a name is both here.

    Args:
        answers: plain JSON by name.
        arrays: those it refers to.
    """
    out, more = {"company": [], **answers}, dict(arrays)
    for name in answers:
        start = next((old for old in _PREFIXES if name.startswith(old)), "")
        table, _, key = name.partition(" ")
        if table in {"rank", "below"} and not key.startswith("directed "):
            out[f"{table} column {key}"] = answers[name]
        if name in _NAMES or start:
            new = _NAMES[name] if name in _NAMES else _PREFIXES[start] + name.removeprefix(start)
            out[new] = out.pop(name)
    out["self-training related"] = out.pop("company", out.get("self-training related"))
    if isinstance(out.get("words line"), float):
        out["explanation line"] = out.pop("words line")
    for old, detector in _FORESTS.items():
        out[f"detector: {detector}"] = _forest(out.pop(old, None), old, more)
    scale, sample = out.pop("column scales", {"array": ""}), out.pop("neighbours", {"array": ""})
    more[""] = np.zeros((0, 0))
    out["detector: neighbours"] = {"arrays": {"scale": scale["array"], "sample": sample["array"]}}
    return out, more


def _forest(stored: Mapping[str, Any] | None, name: str, arrays: dict[str, Array]) -> dict[str, Any]:
    """A forest as arrays, which get the numbers that were JSON; an empty one where there was none."""
    parts = ("feature", "threshold", "length")
    if stored is None:
        arrays |= {f"{name} {part}": np.zeros((0, 1), dtype=np.float32) for part in parts}
    numbers = (
        {"expected": 1.0, "columns": 0}
        if stored is None
        else {"expected": stored["usual"], "columns": stored["columns"]}
    )
    arrays |= {f"{name} {part}": np.array(number) for part, number in numbers.items()}
    return {"arrays": {part: f"{name} {part}" for part in (*parts, *numbers)}}
