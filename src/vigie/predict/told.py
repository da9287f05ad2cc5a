"""What is told of a scored table: seven columns for every row, reasons, and the summary as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.catalog import Match
from vigie.predict.voters import skill
from vigie.scoring import evidence, reasons
from vigie.scoring.calibration import Prevalence
from vigie.scoring.ensemble import Combined
from vigie.scoring.verdict import Verdict
from vigie.table import Table

if TYPE_CHECKING:
    from vigie.predict import Options, Plan

TOP_ROWS = 10


def reasons_of(gathered: evidence.Evidence, options: Options, verdict: Verdict) -> list[str]:
    words = [""] * len(verdict.score)
    if not options.reasons:
        return words
    rows = np.flatnonzero(verdict.worth_words)
    for row, text in zip(rows, reasons.reasons(gathered, rows, options.language), strict=True):
        words[row] = text
    return words


def additions_of(
    gathered: evidence.Evidence, combined: Combined, verdict: Verdict, worded: Sequence[str]
) -> pl.DataFrame:
    """(rows, 7) the columns to add, in the order of the table."""
    columns = pl.DataFrame(
        {
            "fraud_score": verdict.score,
            "fraud_probability": verdict.probability,
            "anomaly_score": gathered.anomaly,
            "agreement": combined.agreement,
            "risk_level": verdict.level,
            "alert": verdict.alert.astype(np.int8),
            "reasons": pl.Series(worded, dtype=pl.String),
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    return columns[_inverse(gathered.order)]


def _inverse(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    return inverse


def summary(
    plan: Plan,
    table: Table,
    combined: Combined,
    verdict: Verdict,
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
        "abstained_because": verdict.abstained[0] if verdict.abstained else None,
        "abstained_because_fr": verdict.abstained[1] if verdict.abstained else None,
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
        "evidence": [{"points": e.points, "en": e.en, "fr": e.fr} for e in match.evidence],
    }


def _interval(value: Prevalence | None) -> dict[str, float] | None:
    if value is None:
        return None
    return {"estimate": round(value.estimate, 6), "low": round(value.low, 6), "high": round(value.high, 6)}


def _top(additions: pl.DataFrame) -> list[dict[str, Any]]:
    score: npt.NDArray[np.float64] = additions["fraud_score"].to_numpy()
    best = np.argsort(-score, kind="stable")[:TOP_ROWS]
    columns = ("fraud_score", "fraud_probability", "reasons")
    return [{"row": int(i) + 1, **{name: additions[name][int(i)] for name in columns}} for i in best]
