"""Expected frauds and charts at an alert budget, interpolated between the budgets that the job computed.

`results.js` interpolates in the same way while the slider moves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

_NUMBERS = ("share", "threshold", "expected_frauds", "precision", "low", "high")
_LISTS = ("over_time", "by_amount", "by_category")


def at(points: Sequence[Mapping[str, Any]], n: int) -> dict[str, Any]:
    """Return the point at `n` rows: linear between the points, constant before the first and after the last."""
    if not points:
        return {"alerts": n, **dict.fromkeys((*_NUMBERS, *_LISTS))}
    i = bisect_left([point["alerts"] for point in points], n)
    below, above = points[max(0, i - 1)], points[min(i, len(points) - 1)]
    gap = above["alerts"] - below["alerts"]
    weight = min(1.0, max(0.0, (n - below["alerts"]) / gap)) if gap else 1.0
    point: dict[str, Any] = {"alerts": n}
    for name in _NUMBERS:
        point[name] = _interpolate(below.get(name), above.get(name), weight)
    for name in _LISTS:
        low, high = below.get(name), above.get(name)
        known = low is not None and high is not None
        pairs = zip(low or [], high or [], strict=True)
        point[name] = [_interpolate(x, y, weight) for x, y in pairs] if known else None
    return point


def _interpolate(low: float | None, high: float | None, weight: float) -> float | None:
    return None if low is None or high is None else low + (high - low) * weight
