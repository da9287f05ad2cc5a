"""Counts to draw: the scores, and the alerts of each budget over time, by amount and by category."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.calibration.calibrator import probability
from vigie.engine.output import Prediction
from vigie.roles.inference import Roles

Ints = npt.NDArray[np.int64]
_BUDGETS = (1, 2, 5)
_STEPS = (3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400, 91 * 86_400, 365 * 86_400)
_MOST_BUCKETS = 60
_AMOUNTS = 12
_CATEGORIES = 8
_CATEGORY_ROLES = ("category", "channel", "country", "counter_country", "region", "city")


def draw(prediction: Prediction, roles: Roles, order: Ints) -> dict[str, Any]:
    """What the results page draws; a part is None where the table has no such column."""
    score = prediction.additions["fraud_score"].to_numpy()
    counts, edges = np.histogram(score, bins=40, range=(0.0, 1.0))
    typed = prediction.table.typed
    parts = {
        "over_time": _of(typed, roles, ("time", "date"), _over_time),
        "by_amount": _of(typed, roles, ("amount",), _by_amount),
        "by_category": _of(typed, roles, _CATEGORY_ROLES, _by_category),
    }
    drawn: dict[str, Any] = {
        "scores": {"edges": [round(float(edge), 4) for edge in edges], "counts": counts.tolist()},
        "budgets": [],
    }
    for name, part in parts.items():
        drawn[name] = None if part is None else part[0]
    curve = _Curve(prediction, order)
    for alerts in budgets(len(order), int(prediction.additions["alert"].sum())):
        one = curve.at(alerts) | {"threshold": round(float(score[order[alerts - 1]]), 6)}
        for name, part in parts.items():
            one[name] = None if part is None else _count(part[1][order[:alerts]], part[2])
        drawn["budgets"].append(one)
    return drawn


def budgets(rows: int, alerts: int) -> list[int]:
    """Numbers of alerts worth offering: 1, 2, 5, 10, … and what the calibration says, up to all rows."""
    steps = {step * 10**power for power in range(10) for step in _BUDGETS if step * 10**power <= rows}
    return sorted(steps | {alerts, rows} - {0})


class _Curve:
    """What to expect of the first so many rows."""

    def __init__(self, prediction: Prediction, order: Ints) -> None:
        known = prediction.additions["fraud_probability"]
        self._rows = len(order)
        self._sums: list[npt.NDArray[np.float64]] = []
        share = prediction.summary["prevalence"]
        if share is None or known.null_count():
            return
        p = np.clip(known.to_numpy()[order], 1e-9, 1 - 1e-9)
        self._sums.append(np.cumsum(p))
        self._apart = _apart(prediction.summary["alert_precision"])
        if self._apart is not None:
            return
        for one in (share["low"], share["high"]):
            # Another share of fraud in the whole table moves the odds of every row alike.
            self._sums.append(np.cumsum(probability(np.log(p / (1 - p)), min(max(one, 1e-9), 1 - 1e-9))))

    def at(self, alerts: int) -> dict[str, Any]:
        """Expected frauds among so many alerts and their share, with its interval; nothing where Vigie abstains."""
        one: dict[str, Any] = {"alerts": alerts, "share": round(alerts / self._rows, 6)}
        if not self._sums:
            return one | dict.fromkeys(("expected_frauds", "precision", "low", "high"))
        shares = [float(sums[alerts - 1]) / alerts for sums in self._sums]
        if self._apart is not None:
            # As far as the alerts of the summary may be from what is expected of them, in log-odds.
            shares += [1 / (1 + np.exp(-(_odds(shares[0]) + apart))) for apart in self._apart]
        precision, low, high = (round(float(share), 4) for share in shares)
        frauds = round(float(self._sums[0][alerts - 1]), 2)
        return one | {"expected_frauds": frauds, "precision": precision, "low": low, "high": high}


def _apart(precision: dict[str, float] | None) -> tuple[float, float] | None:
    """Log-odds from what is expected of the alerts down and up to the ends of its interval; None without alerts."""
    if precision is None:
        return None
    middle = _odds(precision["estimate"])
    return _odds(precision["low"]) - middle, _odds(precision["high"]) - middle


def _odds(share: float) -> float:
    inside = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(inside / (1 - inside)))


_Part = tuple[dict[str, Any], Ints, int]


def _of(
    typed: pl.DataFrame, roles: Roles, wanted: tuple[str, ...], make: Callable[[pl.Series], _Part | None]
) -> _Part | None:
    """The first column of a wanted role that can be drawn: what to draw, the bucket of each row, how many there are."""
    for role in wanted:
        for column in roles.all(role):
            part = make(typed[column])
            if part is not None:
                return part[0] | {"column": column, "role": role}, part[1], part[2]
    return None


def _over_time(series: pl.Series) -> _Part | None:
    if series.dtype == pl.Date:
        series = series.cast(pl.Datetime("us"))
    dated = isinstance(series.dtype, pl.Datetime)
    if not dated and not series.dtype.is_numeric():
        return None
    at = (series.dt.epoch("s") if dated else series).cast(pl.Float64)
    values = at.fill_null(np.nan).to_numpy()
    known = values[np.isfinite(values)]
    if not len(known) or known.min() == known.max():
        return None
    first, last = float(known.min()), float(known.max())
    step = (
        next((one for one in _STEPS if (last - first) / one < _MOST_BUCKETS), (last - first) / _MOST_BUCKETS)
        if dated
        else (last - first) / 30
    )
    start = first // step * step if dated else first
    count = int((last - start) // step) + 1
    starts = [start + step * number for number in range(count)]
    labels = [_iso(one) if dated else f"{one:g}" for one in starts]
    bucket = np.where(np.isfinite(values), (np.nan_to_num(values) - start) // step, -1).astype(np.int64)
    return {"labels": labels, "rows": _count(bucket, count)}, bucket, count


def _by_amount(series: pl.Series) -> _Part | None:
    if not series.dtype.is_numeric():
        return None
    values = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    inner = sorted({_round(float(q)) for q in np.quantile(known, np.linspace(0, 1, _AMOUNTS + 1)[1:-1])})
    edges = np.array([edge for edge in inner if known.min() < edge <= known.max()])
    bucket = np.where(np.isfinite(values), np.searchsorted(edges, np.nan_to_num(values), side="right"), -1)
    all_edges = [_round(float(known.min())), *edges.tolist(), _round(float(known.max()))]
    count = len(edges) + 1
    return {"edges": all_edges, "rows": _count(bucket, count)}, bucket.astype(np.int64), count


def _by_category(series: pl.Series) -> _Part | None:
    text = series.cast(pl.String, strict=False)
    common = text.drop_nulls().value_counts(sort=True)
    if not 2 <= common.height <= 5000:
        return None
    # Equal counts by name, so that the same table draws the same chart.
    names = common.sort(["count", text.name], descending=[True, False])[text.name].head(_CATEGORIES).to_list()
    numbers = {name: number for number, name in enumerate(names)}
    others = common.height > len(names)
    bucket = text.replace_strict(
        list(numbers), list(numbers.values()), default=len(names) if others else -1, return_dtype=pl.Int64
    )
    numbered = bucket.set(text.is_null(), -1).to_numpy()
    count = len(names) + others
    labels: list[str | None] = [*names, *([None] if others else [])]
    return {"labels": labels, "rows": _count(numbered, count)}, numbered, count


def _count(bucket: Ints, count: int) -> list[int]:
    return [int(number) for number in np.bincount(bucket[bucket >= 0], minlength=count)]


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
