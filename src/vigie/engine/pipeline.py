"""The main story: a table without labels in, predictions out.

`plan` looks at the table: roles, matched models, their weights and the calibration. `apply` scores it. Must not
know where bundles are kept, draw anything, or read settings. `voters.py` has who votes and who leads, `told.py`
what is told of the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from vigie import matching
from vigie.arrays import Floats
from vigie.bundles.bundle import Bundle
from vigie.calibration.calibrator import Calibrator
from vigie.calibration.column_association import column_association
from vigie.catalog import Catalog, Match, ModelVersion
from vigie.engine import members as voters
from vigie.engine import output
from vigie.engine.decision import decide, fit_decision
from vigie.engine.members import Model
from vigie.ensemble.combination import EnsembleMember, EnsembleScore
from vigie.errors import InputRefused, UnknownColumn
from vigie.fitted_state import FittedState, ScoringState
from vigie.i18n.messages import msg
from vigie.matching import TableProfile
from vigie.models import model_inputs, reference
from vigie.models.trained.table_recognition import TableMatch, ranked
from vigie.roles import inference
from vigie.roles.inference import Roles
from vigie.table import Table

Progress = Callable[[str, float], None]
Open = Callable[[ModelVersion], Bundle]
AtHome = tuple[ModelVersion, TableMatch] | None
Taught = Callable[[EnsembleScore, Sequence[EnsembleMember]], EnsembleScore]


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
class Look:
    """What a table means and which models fit it; nothing that only scoring needs.

    Attributes:
        roles: what its columns mean.
        matches: the models that would vote, best first; those of a plan of the same table.
        seconds: what each stage took.
    """

    roles: Roles
    matches: tuple[Match, ...]
    seconds: dict[str, float]


@dataclass(frozen=True)
class Plan:
    """What is known of a table before its rows are scored.

    Attributes:
        roles: what its columns mean.
        profile: what it was matched by.
        matches: the models that will vote, best first.
        evidence: features and detectors of its rows.
        coherence: strongest tie between two of its columns, in [0, 1].
        models: the matched models, opened.
        bundles: their bundles.
        options: what the user asked for.
        seconds: what each stage took.
        state: what the table says of itself as a whole; `apply` adds to it.
    """

    roles: Roles
    profile: TableProfile
    matches: tuple[Match, ...]
    evidence: model_inputs.ModelInputs
    coherence: float
    models: tuple[Model, ...]
    bundles: tuple[Bundle, ...]
    options: Options
    seconds: dict[str, float]
    state: FittedState = field(default_factory=FittedState)


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


def look(table: Table, catalog: Catalog, options: Options, progress: Progress = quiet) -> Look:
    """Finds roles and matching models, as `plan` does, without gathering what rows are scored by.

    Args:
        table: the upload, or some rows of it.
        catalog: where models are registered.
        options: what the user asked for.
        progress: told each stage and the share done.
    """
    clock = Clock(progress)
    with clock("reading columns", 0.05):
        found, at_home = understand(table, catalog, options)
    with clock("matching models", 0.3):
        built, _ = model_inputs.matching_features(table.typed, found)
        profile = matching.describe(table.typed, found, built)
        matches = proposed(profile, catalog, options, at_home)
    return Look(found, matches, clock.seconds)


def plan(
    table: Table,
    catalog: Catalog,
    open_bundle: Open,
    options: Options,
    progress: Progress = quiet,
    state: FittedState | None = None,
) -> Plan:
    """Finds roles, features and models for a table.

    Args:
        table: the upload.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        progress: told each stage and the share done.
        state: keeps what the table says as a whole, for rows to come; see `vigie.engine.scorer`.
    """
    clock = Clock(progress)
    state = state or FittedState()
    with clock("reading columns", 0.05):
        found, at_home = understand(table, catalog, options)
    with clock("gathering evidence", 0.15):
        gathered = model_inputs.build_inputs(table.typed, found, seed=options.seed, state=state)
    with clock("matching models", 0.6):
        tied = column_association(table.typed[gathered.order], found)
        profile = matching.describe(table.typed, found, gathered.features)
        matches = proposed(profile, catalog, options, at_home)
    with clock("fetching models", 0.65):
        bundles = tuple(open_bundle(match.entry) for match in matches)
    models = tuple(reference.from_parts(b.booster, b.features) for b in bundles)
    return Plan(found, profile, matches, gathered, tied, models, bundles, options, clock.seconds, state)


def understand(table: Table, catalog: Catalog, options: Options) -> tuple[Roles, AtHome]:
    """What the columns mean, and the model that was trained on a table like this one, if there is one."""
    for column in options.roles:
        if column not in table.typed.columns:
            raise UnknownColumn(column, table.typed.columns)
    found = inference.infer(table.typed, options.roles)
    at_home = voters.recognised(table, catalog, found)
    if at_home is not None:
        found = ranked(inference.infer(table.typed, {**at_home[1].roles, **options.roles}), at_home[1])
    _require_something(table, found)
    return found, at_home


def proposed(profile: TableProfile, catalog: Catalog, options: Options, at_home: AtHome) -> tuple[Match, ...]:
    """The models that may vote, best first; first of all the one that knows the table."""
    matches = catalog.match(profile, top=options.top, minimum=options.minimum)
    return matches if at_home is None else voters.first(at_home[0], matches, profile, options)


def apply(plan: Plan, table: Table, progress: Progress = quiet, taught: Taught | None = None) -> Prediction:
    """Scores the rows of the table that was planned.

    Args:
        plan: of this table.
        table: the upload.
        progress: told each stage and the share done.
        taught: changes what the ensemble says by what else is known of the rows, such as a person's marks.
    """
    clock = Clock(progress, plan.seconds)
    with clock("scoring", 0.7):
        members = voters.members_of(plan, table)
        combined = voters.listened(plan.evidence, members, plan.options.seed, plan.state.scoring)
        if taught is not None:
            combined = taught(combined, members)
    with clock("calibrating", 0.85):
        asked = plan.options
        calibrator = voters.calibrator_of(plan, members)
        combined, odds = voters.led(combined, members, calibrator, plan.state.scoring)
        verdict, thresholds = fit_decision(
            combined, plan.coherence, calibrator, asked.expected_fraud_rate, asked.alert_budget, odds
        )
        plan.state.scoring.thresholds.value = thresholds
    with clock("wording reasons", 0.9):
        worded = output.reasons_of(plan.evidence, plan.options, verdict)
    additions = output.additions_of(plan.evidence, combined, verdict, worded)
    return Prediction(
        table, additions, output.summary(plan, table, combined, verdict, additions, clock.seconds)
    )


@dataclass(frozen=True)
class Later:
    """What a plan says of rows its table never had.

    Attributes:
        additions: (rows, 7) the columns to add, in the order of the rows.
        evidence: (rows,) what the score is made of, in the same order, finer than the score is written.
    """

    additions: pl.DataFrame
    evidence: Floats


def later(
    gathered: model_inputs.ModelInputs,
    frame: pl.DataFrame,
    members: Sequence[voters.Voter],
    calibrator: Calibrator | None,
    options: Options,
    state: ScoringState,
) -> Later:
    """Scores rows in the terms of a table that is not here.

    Args:
        gathered: the evidence of the rows, told by what that table answered.
        frame: the rows, typed as that table was.
        members: the models that voted on it.
        calibrator: its own.
        options: what was asked of it.
        state: of that table.
    """
    said = [member.member(frame, gathered) for member in members]
    combined = voters.listened(gathered, said, options.seed, state)
    combined, odds = voters.led(combined, said, calibrator, state)
    verdict = decide(combined, calibrator, options.expected_fraud_rate, state.thresholds.require(), odds)
    additions = output.additions_of(
        gathered, combined, verdict, output.reasons_of(gathered, options, verdict)
    )
    strength = np.empty(len(gathered.order))
    strength[gathered.order] = combined.evidence
    return Later(additions, strength)


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


class Clock:
    """Times the stages of a story and reports them."""

    def __init__(self, progress: Progress, before: Mapping[str, float] | None = None) -> None:
        self.seconds: dict[str, float] = dict(before or {})
        self._progress = progress
        self._stage, self._start = "", 0.0

    def __call__(self, stage: str, share: float) -> Clock:
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
            msg(
                "{source}: found 1 row and not two that differ, expected rows to compare", source=table.source
            )
            if rows == 1
            else msg(
                "{source}: found {rows:,} rows and not two that differ, expected rows to compare",
                source=table.source,
                rows=rows,
            ),
            hint="a row is unusual only beside others: score a longer extract of the same table",
        )
    if all(item.definition.ignored for item in found.columns):
        raise InputRefused(
            msg(
                "{source}: found no column that says anything of a transaction, expected at least one amount, time, identifier or number",
                source=table.source,
            ),
            hint="name the columns with --role, such as --role amount=montant",
        )
