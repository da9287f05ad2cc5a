"""Result of a prediction: seven columns for every row, and a summary as plain JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats, sort_order
from vigie.calibration.calibrator import Prevalence
from vigie.calibration.false_alerts import BoundedAlerts
from vigie.catalog import Match, ModelVersion
from vigie.engine.decision import Decision
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
LEVELS = ("HIGH", "MEDIUM", "LOW")


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
        **_bounded(decision.bounded),
        "risk_levels": {level: int((decision.level == level).sum()) for level in LEVELS},
        "top": _top(additions),
    }


def _bounded(found: BoundedAlerts | None) -> dict[str, Any]:
    """Return what bounds the share of false alerts; nothing where the user does not ask for it."""
    return {} if found is None else {"false_alert_bound": asdict(found)}


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
    source = entry.performance.get("source")
    if source == "declared":
        return "makers"
    return "held_out" if source == "measured" or "transferable" in entry.performance else "worlds"


def _interval(value: Prevalence | None) -> dict[str, float] | None:
    if value is None:
        return None
    return {"estimate": round(value.estimate, 6), "low": round(value.low, 6), "high": round(value.high, 6)}


def _top(additions: pl.DataFrame) -> list[dict[str, Any]]:
    score: npt.NDArray[np.float64] = additions["fraud_score"].to_numpy()
    best = sort_order(-score)[:TOP_ROWS]
    columns = ("fraud_score", "fraud_probability", "reasons")
    return [{"row": int(i) + 1, **{name: additions[name][int(i)] for name in columns}} for i in best]
