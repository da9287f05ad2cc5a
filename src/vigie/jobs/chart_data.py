"""Data of the charts: histogram of the scores; expected precision and distribution of the alerts per budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.calibration.calibrator import probability
from vigie.engine.output import Prediction
from vigie.roles.definitions import category_roles, role_of
from vigie.roles.inference import Roles

Ints = npt.NDArray[np.int64]
_BUDGET_STEPS = (1, 2, 5)
_TIME_STEPS = (3600, 6 * 3600, 86_400, 7 * 86_400, 28 * 86_400, 91 * 86_400, 365 * 86_400)
_MAX_TIME_BUCKETS = 60
_NUMERIC_TIME_BUCKETS = 30
_AMOUNT_BUCKETS = 12
_MAX_CATEGORIES = 8
_SIGMAS = 1.645
"""Half the width of a 90 % interval, as those of the calibration, in standard deviations."""


@dataclass(frozen=True)
class _Chart:
    """Rows of a table in buckets.

    Attributes:
        description: labels or edges, and the number of rows of each bucket.
        bucket: (rows,) bucket of each row; -1 for none.
        count: number of buckets.
    """

    description: dict[str, Any]
    bucket: Ints
    count: int

    def count_rows(self, rows: Ints) -> list[int]:
        """Return how many of these rows are in each bucket."""
        return _count(self.bucket[rows], self.count)


def compute(prediction: Prediction, roles: Roles, order: Ints) -> dict[str, Any]:
    """Return the data of all charts; None for a chart that needs a column the table does not have.

    Args:
        prediction: scored table.
        roles: roles of its columns.
        order: (rows,) indices of the rows, most suspicious first.
    """
    score = prediction.additions["fraud_score"].to_numpy()
    counts, edges = np.histogram(score, bins=40, range=(0.0, 1.0))
    typed = prediction.table.typed
    charts = {
        "over_time": _first_chart(typed, roles, ("time",), _over_time),
        "by_amount": _first_chart(typed, roles, ("amount",), _by_amount),
        "by_category": _first_chart(typed, roles, tuple(filter(_is_charted, category_roles())), _by_category),
    }
    data: dict[str, Any] = {
        "scores": {"edges": [round(float(edge), 4) for edge in edges], "counts": counts.tolist()},
        "budgets": [],
    }
    data |= {name: chart and chart.description for name, chart in charts.items()}
    expected = _ExpectedPrecision(prediction, order)
    for alerts in budgets(len(order), int(prediction.additions["alert"].sum())):
        point = expected.at(alerts) | {"threshold": round(float(score[order[alerts - 1]]), 6)}
        point |= {name: chart and chart.count_rows(order[:alerts]) for name, chart in charts.items()}
        data["budgets"].append(point)
    return data


def _is_charted(role: str) -> bool:
    return role_of(role).charted


def budgets(rows: int, alerts: int) -> list[int]:
    """Return the alert budgets to offer: 1, 2, 5, 10, … up to all rows, and the number of `alerts`."""
    steps = {step * 10**power for power in range(10) for step in _BUDGET_STEPS if step * 10**power <= rows}
    return sorted(steps | {alerts, rows} - {0})


class _ExpectedPrecision:
    """Expected frauds and precision among the first rows of the ranking; nothing for an uncalibrated table."""

    def __init__(self, prediction: Prediction, order: Ints) -> None:
        known = prediction.additions["fraud_probability"]
        self._rows = len(order)
        self._sums: list[npt.NDArray[np.float64]] = []
        prevalence = prediction.summary["prevalence"]
        if prevalence is None or known.null_count():
            return
        p = np.clip(known.to_numpy()[order], 1e-9, 1 - 1e-9)
        self._sums.append(np.cumsum(p))
        self._variance = np.cumsum(p * (1 - p))
        self._offsets = _interval_offsets(prediction.summary["alert_precision"])
        if self._offsets is not None:
            return
        for share in (prevalence["low"], prevalence["high"]):
            # Another prevalence moves the log-odds of every row alike.
            self._sums.append(np.cumsum(probability(np.log(p / (1 - p)), min(max(share, 1e-9), 1 - 1e-9))))

    def at(self, alerts: int) -> dict[str, Any]:
        """Return the expectation for the first `alerts` rows, with its interval."""
        point: dict[str, Any] = {"alerts": alerts, "share": round(alerts / self._rows, 6)}
        if not self._sums:
            return point | dict.fromkeys(("expected_frauds", "precision", "low", "high"))
        shares = [float(sums[alerts - 1]) / alerts for sums in self._sums]
        if self._offsets is not None:
            # The interval of the summary's alerts, moved along in log-odds.
            shares += [1 / (1 + np.exp(-(_logit(shares[0]) + offset))) for offset in self._offsets]
        precision, low, high = (round(float(share), 4) for share in shares)
        if low == high:
            # The share of fraud is given, and the model does not know its error: that of chance alone is left.
            spread = _SIGMAS * float(np.sqrt(self._variance[alerts - 1])) / alerts
            low, high = round(max(0.0, precision - spread), 4), round(min(1.0, precision + spread), 4)
        frauds = round(float(self._sums[0][alerts - 1]), 2)
        return point | {"expected_frauds": frauds, "precision": precision, "low": low, "high": high}


def _interval_offsets(precision: dict[str, float] | None) -> tuple[float, float] | None:
    """Return the ends of a precision interval relative to its estimate, in log-odds; None without alerts."""
    if precision is None:
        return None
    middle = _logit(precision["estimate"])
    return _logit(precision["low"]) - middle, _logit(precision["high"]) - middle


def _logit(share: float) -> float:
    inside = min(max(share, 1e-6), 1 - 1e-6)
    return float(np.log(inside / (1 - inside)))


def _first_chart(
    typed: pl.DataFrame, roles: Roles, wanted: tuple[str, ...], make: Callable[[pl.Series], _Chart | None]
) -> _Chart | None:
    """Return the chart of the first column of a wanted role that can be drawn."""
    for role in wanted:
        for column in roles.all(role):
            chart = make(typed[column])
            if chart is not None:
                chart.description.update(column=column, role=role)
                return chart
    return None


def _over_time(series: pl.Series) -> _Chart | None:
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
    span = last - first
    if dated:
        fitting = (step for step in _TIME_STEPS if span / step < _MAX_TIME_BUCKETS)
        step = next(fitting, span / _MAX_TIME_BUCKETS)
    else:
        step = span / _NUMERIC_TIME_BUCKETS
    start = first // step * step if dated else first
    count = int((last - start) // step) + 1
    starts = [start + step * number for number in range(count)]
    labels = [_iso(moment) if dated else f"{moment:g}" for moment in starts]
    bucket = np.where(np.isfinite(values), (np.nan_to_num(values) - start) // step, -1).astype(np.int64)
    return _Chart({"labels": labels, "rows": _count(bucket, count)}, bucket, count)


def _by_amount(series: pl.Series) -> _Chart | None:
    """Return buckets of equal width on a logarithmic scale; the first one has also what is not positive."""
    if not series.dtype.is_numeric():
        return None
    values = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    positive = known[known > 0]
    if not len(positive) or positive.min() == positive.max():
        inner: list[float] = []
    else:
        ends = np.log10(positive.min()), np.log10(positive.max())
        inner = sorted({_three_digits(float(10**x)) for x in np.linspace(*ends, _AMOUNT_BUCKETS + 1)[1:-1]})
    edges = np.array([edge for edge in inner if known.min() < edge < known.max()])
    bucket = np.where(np.isfinite(values), np.searchsorted(edges, np.nan_to_num(values), side="right"), -1)
    # The ends are exact, so that the rows between two edges are those of a bucket.
    all_edges = [float(known.min()), *edges.tolist(), float(known.max())]
    count = len(edges) + 1
    return _Chart({"edges": all_edges, "rows": _count(bucket, count)}, bucket.astype(np.int64), count)


def _by_category(series: pl.Series) -> _Chart | None:
    text = series.cast(pl.String, strict=False)
    common = text.drop_nulls().value_counts(sort=True)
    if not 2 <= common.height <= 5000:
        return None
    # Ties in order of the name, so that the same table gives the same chart.
    ordered = common.sort(["count", text.name], descending=[True, False])
    names = ordered[text.name].head(_MAX_CATEGORIES).to_list()
    numbers = {name: number for number, name in enumerate(names)}
    others = common.height > len(names)
    bucket = text.replace_strict(
        list(numbers), list(numbers.values()), default=len(names) if others else -1, return_dtype=pl.Int64
    )
    numbered = bucket.set(text.is_null(), -1).to_numpy()
    count = len(names) + others
    labels: list[str | None] = [*names, *([None] if others else [])]
    return _Chart({"labels": labels, "rows": _count(numbered, count)}, numbered, count)


def _count(bucket: Ints, count: int) -> list[int]:
    return [int(number) for number in np.bincount(bucket[bucket >= 0], minlength=count)]


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
