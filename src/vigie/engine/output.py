"""What is told of a scored table: seven columns for every row, reasons, and the summary as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.calibration.calibrator import Prevalence
from vigie.catalog import Match, ModelVersion
from vigie.engine import reasons
from vigie.engine.decision import Decision
from vigie.engine.members import skill
from vigie.ensemble.combination import EnsembleScore
from vigie.i18n.messages import translate
from vigie.models import model_inputs
from vigie.table import Table

if TYPE_CHECKING:
    from vigie.engine.pipeline import Later, Options, Plan

TOP_ROWS = 10
ADDED = (
    "fraud_score", "fraud_probability", "anomaly_score", "agreement", "risk_level", "alert", "reasons",
)  # fmt: skip
"""The columns that a prediction adds, in their order."""


def reasons_of(gathered: model_inputs.ModelInputs, options: Options, verdict: Decision) -> list[str]:
    words = [""] * len(verdict.score)
    if not options.reasons:
        return words
    rows = np.flatnonzero(verdict.worth_words)
    for row, text in zip(rows, reasons.reasons(gathered, rows, options.language), strict=True):
        words[row] = text
    return words


def additions_of(
    gathered: model_inputs.ModelInputs, combined: EnsembleScore, verdict: Decision, worded: Sequence[str]
) -> pl.DataFrame:
    """(rows, 7) the columns to add, in the order of the table."""
    place = _inverse(gathered.order)
    numbers = (verdict.score, verdict.probability, gathered.anomaly, combined.agreement)
    columns = [
        *(pl.Series(name, x[place], nan_to_null=True) for name, x in zip(ADDED, numbers, strict=False)),
        pl.Series("risk_level", verdict.level[place]),
        pl.Series("alert", verdict.alert[place].astype(np.int8)),
        pl.Series("reasons", [worded[row] for row in place], dtype=pl.String),
    ]
    return pl.DataFrame(columns)


def _inverse(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    return inverse


def summary(
    plan: Plan,
    table: Table,
    combined: EnsembleScore,
    verdict: Decision,
    additions: pl.DataFrame,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    agreement = combined.agreement[np.isfinite(combined.agreement)]
    return {
        "rows": table.typed.height,
        "columns": table.typed.width,
        "roles": plan.roles.to_json(),
        "matches": [_match(m, w) for m, w in zip(plan.matches, combined.weights, strict=True)],
        "calibrated": verdict.abstained is None,
        "abstained_because": str(verdict.abstained) if verdict.abstained else None,
        "abstained_because_fr": translate(verdict.abstained, "fr") if verdict.abstained else None,
        "prevalence": _interval(verdict.prevalence),
        "agreement": round(float(agreement.mean()), 4) if len(agreement) else None,
        "alerts": int(verdict.alert.sum()),
        "alert_precision": _interval(verdict.precision),
        "risk_levels": {level: int((verdict.level == level).sum()) for level in ("HIGH", "MEDIUM", "LOW")},
        "top": _top(additions),
        "seconds": dict(seconds),
    }


def _match(match: Match, weight: float) -> dict[str, Any]:
    return {
        "name": match.entry.name,
        "version": match.entry.version,
        "domain": match.entry.domain,
        "similarity": match.similarity,
        "weight": round(weight, 4),
        "skill": skill(match.entry),
        "skill_by": _measured_by(match.entry),
        "evidence": [reason.to_json() for reason in match.evidence],
    }


def _measured_by(entry: ModelVersion) -> str:
    """Who says what a model's skill is: `worlds` it never saw, rows `held_out` of its own table, or its `makers`."""
    if entry.performance.get("source") == "declared":
        return "makers"
    return "held_out" if "transferable" in entry.performance else "worlds"


def _interval(value: Prevalence | None) -> dict[str, float] | None:
    if value is None:
        return None
    return {"estimate": round(value.estimate, 6), "low": round(value.low, 6), "high": round(value.high, 6)}


def _top(additions: pl.DataFrame) -> list[dict[str, Any]]:
    score: npt.NDArray[np.float64] = additions["fraud_score"].to_numpy()
    best = np.argsort(-score, kind="stable")[:TOP_ROWS]
    columns = ("fraud_score", "fraud_probability", "reasons")
    return [{"row": int(i) + 1, **{name: additions[name][int(i)] for name in columns}} for i in best]


class Counted:
    """What there is to say of a table whose rows are scored piece by piece, once all are.

    Args:
        budget: a share of the rows below 1 or a number of rows to alert; None where the calibration draws the line.
        rows: of the table.
    """

    def __init__(self, budget: float | None, rows: int) -> None:
        self.budgeted = budget is not None
        self._alerts = 0 if budget is None else alerts_of(budget, rows)
        self._levels = dict.fromkeys(("HIGH", "MEDIUM", "LOW"), 0)
        self._strengths: list[npt.NDArray[np.float64]] = []
        self._agreement, self._agreed, self._rows = 0.0, 0, 0
        self._best = pl.DataFrame()
        self._chosen: npt.NDArray[np.bool_] | None = None

    def add(self, later: Later) -> None:
        """Counts the next rows of the table."""
        additions = later.additions
        for level in self._levels:
            self._levels[level] += int((additions["risk_level"] == level).sum())
        agreement = additions["agreement"].drop_nulls()
        self._agreement += float(agreement.to_numpy().sum())
        self._agreed += len(agreement)
        if self.budgeted:
            self._strengths.append(later.evidence)
        else:
            self._alerts += int(additions["alert"].sum())
        row, strength = np.arange(additions.height) + self._rows, pl.Series(later.evidence)
        best = additions.with_columns(row=pl.Series(row), strength=strength).top_k(TOP_ROWS, by="strength")
        self._best = pl.concat([self._best, best], how="diagonal").sort(
            "strength", "row", descending=[True, False]
        )
        self._best = self._best.head(TOP_ROWS)
        self._rows += additions.height

    def alerts(self, start: int, count: int) -> pl.Series:
        """(count,) which rows are alerts by the budget, from row `start` on; once all rows have been added."""
        if self._chosen is None:
            strength = np.concatenate(self._strengths)
            self._chosen = np.zeros(len(strength), dtype=bool)
            self._chosen[np.argsort(-strength, kind="stable")[: self._alerts]] = True
        return pl.Series("alert", self._chosen[start : start + count].astype(np.int8))

    def summary(self) -> dict[str, Any]:
        """The part of the summary that only all rows can tell."""
        agreement = self._agreement / self._agreed if self._agreed else None
        return counted(agreement, self._alerts, self._levels, self._best)


def alerts_of(budget: float, rows: int) -> int:
    """Rows that a budget allows to alert: a share of them below 1, or a number."""
    return min(rows, round(budget * rows) if budget < 1 else int(budget))


def counted(
    agreement: float | None, alerts: int, levels: Mapping[str, int], best: pl.DataFrame
) -> dict[str, Any]:
    """The part of a summary that only all rows can tell.

    Args:
        agreement: mean of it; None where there is none.
        alerts: how many.
        levels: rows of each level.
        best: (rows, columns) the most suspicious first; `row` counts from 0.
    """
    columns = ("fraud_score", "fraud_probability", "reasons")
    return {
        "agreement": None if agreement is None else round(agreement, 4),
        "alerts": alerts,
        "risk_levels": {level: levels.get(level, 0) for level in ("HIGH", "MEDIUM", "LOW")},
        "top": [
            {"row": one["row"] + 1, **{name: one[name] for name in columns}}
            for one in best.iter_rows(named=True)
        ],
    }
