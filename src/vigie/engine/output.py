"""Result of a prediction: seven columns for every row, and a summary as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.calibration.calibrator import Prevalence
from vigie.catalog import Match, ModelVersion
from vigie.engine.decision import Decision, alert_count
from vigie.engine.members import skill
from vigie.engine.options import Options
from vigie.engine.reasons import reasons
from vigie.engine.table_matching import MatchedModels
from vigie.ensemble.combination import EnsembleScore
from vigie.i18n.messages import translate
from vigie.models.model_inputs import ModelInputs
from vigie.roles.inference import Roles
from vigie.table import Table

TOP_ROWS = 10
RESULT_COLUMNS = (
    "fraud_score", "fraud_probability", "anomaly_score", "agreement", "risk_level", "alert", "reasons",
)  # fmt: skip
"""The columns that a prediction adds, in their order."""


@dataclass(frozen=True)
class ScoredRows:
    """Scores of some rows, in the order of the rows.

    Attributes:
        additions: (rows, 7) the result columns.
        log_odds: (rows,) score of the ensemble on the log-odds scale, finer than `fraud_score`.
    """

    additions: pl.DataFrame
    log_odds: Floats


@dataclass(frozen=True)
class Prediction:
    """A scored table.

    Attributes:
        table: the upload.
        additions: (rows, 7) the result columns, in the order of the upload's rows.
        summary: roles, matches, prevalence, alerts and the rows to look at first, as plain JSON.
    """

    table: Table
    additions: pl.DataFrame
    summary: dict[str, Any]


def scored_rows(
    inputs: ModelInputs, score: EnsembleScore, decision: Decision, options: Options
) -> ScoredRows:
    """Lay out scores, decision and reasons in the order of the table.

    Args:
        inputs: model inputs of the rows.
        score: score of the ensemble.
        decision: probability, level and alert of each row.
        options: what the user chose.
    """
    texts = [""] * len(decision.score)
    if options.reasons:
        rows = np.flatnonzero(decision.explained)
        for row, text in zip(rows, reasons(inputs, rows, options.language), strict=True):
            texts[row] = text
    place = np.empty(len(inputs.order), dtype=np.int64)
    place[inputs.order] = np.arange(len(inputs.order))
    numbers = (decision.score, decision.probability, inputs.anomaly, score.agreement)
    columns = [
        *(
            pl.Series(name, x[place], nan_to_null=True)
            for name, x in zip(RESULT_COLUMNS, numbers, strict=False)
        ),
        pl.Series("risk_level", decision.level[place]),
        pl.Series("alert", decision.alert[place].astype(np.int8)),
        pl.Series("reasons", [texts[row] for row in place], dtype=pl.String),
    ]
    return ScoredRows(pl.DataFrame(columns), score.score[place])


def summarise(
    roles: Roles, matched: MatchedModels, score: EnsembleScore, decision: Decision, additions: pl.DataFrame
) -> dict[str, Any]:
    """Return the summary of a scored table, as plain JSON.

    Args:
        roles: roles of the columns.
        matched: the models that voted, and warnings of those that could not.
        score: score of the ensemble.
        decision: decision on the rows.
        additions: (rows, 7) the result columns.
    """
    agreement = score.agreement[np.isfinite(score.agreement)]
    warnings = {"warnings": [warning.to_json() for warning in matched.warnings]} if matched.warnings else {}
    return {
        "rows": additions.height,
        "columns": len(roles.columns),
        "roles": roles.to_json(),
        "matches": [_match(m, w) for m, w in zip(matched.matches, score.weights, strict=True)],
        **warnings,
        "calibrated": decision.abstained is None,
        "abstained_because": str(decision.abstained) if decision.abstained else None,
        "abstained_because_fr": translate(decision.abstained, "fr") if decision.abstained else None,
        "prevalence": _interval(decision.prevalence),
        "agreement": round(float(agreement.mean()), 4) if len(agreement) else None,
        "alerts": int(decision.alert.sum()),
        "alert_precision": _interval(decision.precision),
        "risk_levels": {level: int((decision.level == level).sum()) for level in ("HIGH", "MEDIUM", "LOW")},
        "top": _top(additions),
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
        "evidence": [reason.to_json() for reason in match.reasons],
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
        self._alerts = 0 if budget is None else alert_count(budget, rows)
        self._levels = dict.fromkeys(("HIGH", "MEDIUM", "LOW"), 0)
        self._strengths: list[npt.NDArray[np.float64]] = []
        self._agreement, self._agreed, self._rows = 0.0, 0, 0
        self._best = pl.DataFrame()
        self._chosen: npt.NDArray[np.bool_] | None = None

    def add(self, rows: ScoredRows) -> None:
        """Counts the next rows of the table."""
        additions = rows.additions
        for level in self._levels:
            self._levels[level] += int((additions["risk_level"] == level).sum())
        agreement = additions["agreement"].drop_nulls()
        self._agreement += float(agreement.to_numpy().sum())
        self._agreed += len(agreement)
        if self.budgeted:
            self._strengths.append(rows.log_odds)
        else:
            self._alerts += int(additions["alert"].sum())
        row, strength = np.arange(additions.height) + self._rows, pl.Series(rows.log_odds)
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
