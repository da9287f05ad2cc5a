"""What to expect when so many rows are looked at: between the points that the job left, straight lines.

`results.js` does the same in the browser while the slider moves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

_NUMBERS = ("share", "threshold", "expected_frauds", "precision", "low", "high")
_LISTS = ("over_time", "by_amount", "by_category")
FEW = 20
"""Rows to begin with where Vigie proposes none."""


def at(points: Sequence[Mapping[str, Any]], n: int) -> dict[str, Any]:
    """The point of `n` rows; before the first point and after the last, that point."""
    if not points:
        return {"alerts": n, **dict.fromkeys((*_NUMBERS, *_LISTS))}
    i = bisect_left([point["alerts"] for point in points], n)
    below, above = points[max(0, i - 1)], points[min(i, len(points) - 1)]
    gap = above["alerts"] - below["alerts"]
    part = min(1.0, max(0.0, (n - below["alerts"]) / gap)) if gap else 1.0
    found: dict[str, Any] = {"alerts": n}
    for name in _NUMBERS:
        found[name] = _between(below.get(name), above.get(name), part)
    for name in _LISTS:
        low, high = below.get(name), above.get(name)
        known = low is not None and high is not None
        found[name] = (
            [_between(x, y, part) for x, y in zip(low or [], high or [], strict=True)] if known else None
        )
    return found


def first(summary: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> int:
    """Where the slider stands at first: what Vigie proposes, or a few rows."""
    proposed = int(summary["alerts"])
    most = int(points[-1]["alerts"]) if points else int(summary["rows"])
    return min(proposed or FEW, most, int(summary["rows"]))


def _between(low: float | None, high: float | None, part: float) -> float | None:
    return None if low is None or high is None else low + (high - low) * part
