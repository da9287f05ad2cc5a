"""The main story: a table without labels in, predictions out.

`plan` looks at the table: roles, matched models, their weights and the calibration. `apply` scores it. Must not
know where bundles are kept, draw anything, or read settings.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.artifacts.bundle import Bundle
from vigie.catalog import Catalog, Entry, Match
from vigie.errors import InputRefused, UnknownColumn
from vigie.scoring import ensemble, evidence, matching, reasons, reference, roles, student, trained
from vigie.scoring.binding import bind
from vigie.scoring.calibration import Calibrator, Prevalence
from vigie.scoring.coherence import coherence
from vigie.scoring.ensemble import Combined, Member
from vigie.scoring.groups import Floats
from vigie.scoring.learned import Learned
from vigie.scoring.matching import ModelProfile, TableProfile
from vigie.scoring.matching.spread import Quantiles
from vigie.scoring.matching.words import compare, similarity
from vigie.scoring.own.head import columns_of
from vigie.scoring.own.recognise import Known, ranked, recognise
from vigie.scoring.roles import Roles
from vigie.scoring.trained import TrainedModel
from vigie.scoring.verdict import Verdict, judge
from vigie.table import Table

Progress = Callable[[str, float], None]
Open = Callable[[Entry], Bundle]
Taught = Callable[[Combined, Sequence[Member]], Combined]
Model = reference.ReferenceModel | reference.NativeModel | TrainedModel
TOP_ROWS = 10
TRUSTED = 0.5
"""From this trust on, probabilities are those of the trusted model's own calibrator."""
START = 0.02
"""Where the search for the share of frauds begins."""


@dataclass(frozen=True)
class Options:
    """What the user may ask for.

    Attributes:
        top: reference models at most.
        minimum: similarity a match must exceed, in [0, 1].
        roles: column -> role, where the user knows better.
        alert_budget: a share of the rows in (0, 1), or a number of rows.
        expected_fraud_rate: a share of frauds the user knows, in (0, 1).
        language: of the reasons, `en` or `fr`.
        reasons: whether to word reasons at all.
        seed: of everything drawn at random.
    """

    top: int = 3
    minimum: float = 0.5
    roles: Mapping[str, str] = field(default_factory=dict)
    alert_budget: float | int | None = None
    expected_fraud_rate: float | None = None
    language: str = "en"
    reasons: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """What is known of a table before its rows are scored.

    Attributes:
        roles: what its columns mean.
        profile: what it was matched by.
        matches: the models that will vote, best first.
        evidence: features and detectors of its rows.
        coherence: strongest tie between two of its columns, in [0, 1].
        models: the matched models, opened; empty in a plan that only matches.
        bundles: their bundles.
        options: what the user asked for.
        seconds: what each stage took.
        learned: what the table says of itself as a whole; `apply` adds to it.
    """

    roles: Roles
    profile: TableProfile
    matches: tuple[Match, ...]
    evidence: evidence.Evidence
    coherence: float
    models: tuple[Model, ...]
    bundles: tuple[Bundle, ...]
    options: Options
    seconds: dict[str, float]
    learned: Learned = field(default_factory=Learned)


@dataclass(frozen=True)
class Prediction:
    """The result: the columns to add to the upload, and what there is to say of the whole.

    Attributes:
        table: the upload.
        additions: (rows, 7) `fraud_score` and the others, in the order they are written.
        summary: plain JSON.
    """

    table: Table
    additions: pl.DataFrame
    summary: dict[str, Any]


def quiet(stage: str, share: float) -> None:
    """Progress nobody watches."""


def plan(
    table: Table,
    catalog: Catalog,
    open_bundle: Open | None,
    options: Options,
    progress: Progress = quiet,
    learned: Learned | None = None,
) -> Plan:
    """Finds roles, features and models for a table.

    Args:
        table: the upload.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry; None only matches.
        options: what the user asked for.
        progress: told each stage and the share done.
        learned: keeps what the table says as a whole, for rows to come; see `vigie.standing`.
    """
    clock = _Clock(progress)
    learned = learned or Learned()
    for column in options.roles:
        if column not in table.typed.columns:
            raise UnknownColumn(column, table.typed.columns)
    with clock("reading columns", 0.05):
        found = roles.infer(table.typed, options.roles)
        at_home = _recognised(table, catalog, found)
        if at_home is not None:
            found = ranked(roles.infer(table.typed, {**at_home[1].roles, **options.roles}), at_home[1])
        _require_something(table, found)
    with clock("gathering evidence", 0.15):
        gathered = evidence.gather(table.typed, found, seed=options.seed, learned=learned)
    with clock("matching models", 0.6):
        profile = matching.describe(table.typed, found, gathered.features)
        tied = coherence(table.typed[gathered.order], found)
        matches = catalog.match(profile, top=options.top, minimum=options.minimum)
        if at_home is not None:
            matches = _first(at_home[0], matches, profile, options)
    bundles: tuple[Bundle, ...] = ()
    with clock("fetching models", 0.65):
        if open_bundle is not None:
            bundles = tuple(open_bundle(match.entry) for match in matches)
    models = tuple(reference.from_parts(b.booster, b.features) for b in bundles)
    return Plan(found, profile, matches, gathered, tied, models, bundles, options, clock.seconds, learned)


def apply(plan: Plan, table: Table, progress: Progress = quiet, taught: Taught | None = None) -> Prediction:
    """Scores the rows of the table that was planned.

    Args:
        plan: of this table.
        table: the upload.
        progress: told each stage and the share done.
        taught: changes what the ensemble says by what else is known of the rows, such as a person's marks.
    """
    clock = _Clock(progress, plan.seconds)
    with clock("scoring", 0.7):
        members = members_of(plan, table)
        combined = listened(plan.evidence, members, plan.options.seed, plan.learned)
        if taught is not None:
            combined = taught(combined, members)
    with clock("calibrating", 0.85):
        asked = plan.options
        calibrator = calibrator_of(plan, members)
        combined, odds = led(combined, members, calibrator, plan.learned)
        verdict = judge(
            combined,
            plan.coherence,
            calibrator,
            asked.expected_fraud_rate,
            asked.alert_budget,
            plan.learned,
            odds,
        )
    with clock("wording reasons", 0.9):
        worded = reasons_of(plan.evidence, plan.options, verdict)
    additions = additions_of(plan.evidence, combined, verdict, worded)
    return Prediction(table, additions, _summary(plan, table, combined, verdict, additions, clock.seconds))


def predict(
    table: Table,
    catalog: Catalog,
    open_bundle: Open,
    options: Options | None = None,
    progress: Progress = quiet,
) -> Prediction:
    """`plan` and `apply` in one go.

    Args:
        table: the upload.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        progress: told each stage and the share done.
    """
    return apply(plan(table, catalog, open_bundle, options or Options(), progress), table, progress)


def listened(gathered: evidence.Evidence, members: Sequence[Member], seed: int, learned: Learned) -> Combined:
    """Everybody's vote on the rows: the detectors', the members' and the student's.

    Args:
        gathered: of the rows.
        members: with what each says of them.
        seed: of the student.
        learned: what is known of the table as a whole.
    """
    combined = ensemble.combine(gathered.anomaly, members, learned=learned)
    # A row's cells decide which half it is in: the same half whatever rows are beside it.
    half = ((gathered.prints >> np.uint64(40)) & np.uint64(1)).astype(np.int64)
    taught = student.vote(gathered.columns, combined.evidence, seed, half=half, learned=learned)
    return ensemble.listen(combined, taught, learned)


def calibrator_of(plan: Plan, members: Sequence[Member] = ()) -> Calibrator | None:
    """The leader's own calibration, else that of the best match that has one.

    Args:
        plan: of the table.
        members: its models with what each says, where one of them may lead.
    """
    for bundle, member in zip(plan.bundles, members, strict=False):
        if member.trust >= TRUSTED:
            return Calibrator.from_json(bundle.calibration["own"])
    calibrators = (Calibrator.from_json(bundle.calibration) for bundle in plan.bundles)
    return next((found for found in calibrators if found is not None), None)


def led(
    combined: Combined, members: Sequence[Member], calibrator: Calibrator | None, learned: Learned
) -> tuple[Combined, Floats | None]:
    """What follows where a model leads that learned from labels: its margins, and the share of frauds they tell."""
    leader = max(members, key=lambda member: member.trust, default=None)
    if leader is None or leader.trust < TRUSTED or calibrator is None:
        return combined, None
    share = learned.now("leader's share", lambda: trained.share_of(calibrator, leader.margin, START))
    return replace(combined, belief=share), leader.margin


def members_of(plan: Plan, table: Table) -> list[Member]:
    """The matched models with what each says of the rows, in the order of the plan's evidence."""
    return [
        _member(match, model, plan, table) for match, model in zip(plan.matches, plan.models, strict=True)
    ]


def skill(entry: Entry) -> float:
    """ROC AUC of a model, of its transferable head where it has two; a coin's where nobody measured.

    Measured on worlds it was not trained on or, of a model that was trained on a table, on rows held out.
    """
    measured = entry.performance.get("transferable", entry.performance.get("own", {}))
    return float(measured.get("roc_auc", 0.5))


def _member(match: Match, model: Model, plan: Plan, table: Table) -> Member:
    name, alike, measured = match.entry.name, match.similarity, skill(match.entry)
    if isinstance(model, TrainedModel):
        vote = model.vote(table.typed, plan.roles, plan.evidence)
        return Member(
            name,
            alike,
            measured,
            vote.margin,
            trust=vote.trust,
            bound=columns_of(vote.found) if vote.trust else {},
        )
    if isinstance(model, reference.NativeModel):
        known = {column.name: column.role for column in match.entry.columns}
        bound = bind(known, {column.column: column.role for column in plan.roles.columns})
        return Member(name, alike, measured, model.margin_of(table.typed[plan.evidence.order], bound))
    return Member(name, alike, measured, model.margin(plan.evidence.inputs))


def _recognised(table: Table, catalog: Catalog, found: Roles) -> tuple[Entry, Known] | None:
    """The model that was trained on a table like this one, and where its columns are."""
    entries = catalog.trained()
    known = recognise([entry.profile["own"] for entry in entries], table.typed, found) if entries else None
    return None if known is None else (entries[known.which], known)


def _first(
    entry: Entry, matches: Sequence[Match], profile: TableProfile, options: Options
) -> tuple[Match, ...]:
    """The matches, led by the model that knows the table, however little its names and roles say."""
    quantiles = Quantiles.from_json(entry.profile.get("quantiles", {}))
    why = compare(profile, ModelProfile(entry.domain, entry.columns, entry.roles, quantiles))
    others = [match for match in matches if match.entry.id != entry.id]
    return (Match(entry, similarity(why), why), *others)[: options.top]


class _Clock:
    """Times the stages and reports them."""

    def __init__(self, progress: Progress, before: Mapping[str, float] | None = None) -> None:
        self.seconds: dict[str, float] = dict(before or {})
        self._progress = progress
        self._stage, self._start = "", 0.0

    def __call__(self, stage: str, share: float) -> _Clock:
        self._progress(stage, share)
        self._stage, self._start = stage, time.perf_counter()
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.seconds[self._stage] = round(time.perf_counter() - self._start, 4)


def _require_something(table: Table, found: Roles) -> None:
    if all(series.n_unique() < 2 for series in table.typed):
        rows = table.typed.height
        raise InputRefused(
            f"{table.source}: found {rows:,} row{'s' if rows != 1 else ''} and not two that differ, expected rows to compare",
            hint="a row is unusual only beside others: score a longer extract of the same table",
        )
    useless = {"none", "leak", "row_id", "text", "person_name"}
    if all(item.role in useless for item in found.columns):
        raise InputRefused(
            f"{table.source}: found no column that says anything of a transaction, expected at least one amount, "
            "time, identifier or number",
            hint="name the columns with --role, such as --role amount=montant",
        )


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


def _summary(
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


class _Callable(ModuleType):
    """`vigie.predict(frame)` for those who write Python: see `vigie.api`, which has the same name for it."""

    def __call__(self, *given: Any, **options: Any) -> Any:
        return import_module("vigie.api").predict(*given, **options)


sys.modules[__name__].__class__ = _Callable
