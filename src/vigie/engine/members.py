"""Who votes on a table: the matched models with what each says, the one that leads, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.calibration.calibrator import Calibrator
from vigie.catalog import Catalog, Match, ModelVersion
from vigie.ensemble import combination, self_training
from vigie.ensemble.combination import EnsembleMember, EnsembleScore
from vigie.fitted_state import ScoringState
from vigie.matching import ModelProfile, TableProfile
from vigie.matching.distributions import Quantiles
from vigie.matching.explanations import compare, similarity
from vigie.models import model_inputs, reference
from vigie.models.binding import bind
from vigie.models.trained import model
from vigie.models.trained.model import TrainedModel
from vigie.models.trained.table_model import columns_of
from vigie.models.trained.table_recognition import TableMatch, match_table
from vigie.roles.inference import Roles
from vigie.table import Table

if TYPE_CHECKING:
    from vigie.engine.pipeline import Options, Plan

Model = reference.ReferenceModel | reference.ImportedModel | TrainedModel
TRUSTED = 0.5
"""From this trust on, probabilities are those of the trusted model's own calibrator."""
START = 0.02
"""Where the search for the share of frauds begins."""


def listened(
    gathered: model_inputs.ModelInputs, members: Sequence[EnsembleMember], seed: int, state: ScoringState
) -> EnsembleScore:
    """Everybody's vote on the rows: the detectors', the members' and the student's.

    Args:
        gathered: of the rows.
        members: with what each says of them.
        seed: of the student.
        state: what is known of the table as a whole.
    """
    combined = combination.combine(gathered.anomaly, members, state=state)
    # A row's cells decide which half it is in: the same half whatever rows are beside it.
    half = ((gathered.prints >> np.uint64(40)) & np.uint64(1)).astype(np.int64)
    taught = self_training.self_training_scores(
        gathered.columns, combined.evidence, seed, half=half, related=gathered.company, state=state
    )
    return combination.add_self_training(combined, taught, state)


def calibrator_of(plan: Plan, members: Sequence[EnsembleMember] = ()) -> Calibrator | None:
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
    combined: EnsembleScore,
    members: Sequence[EnsembleMember],
    calibrator: Calibrator | None,
    state: ScoringState,
) -> tuple[EnsembleScore, Floats | None]:
    """What follows where a model leads that learned from labels: its margins, and the share of frauds they tell."""
    leader = max(members, key=lambda member: member.trust, default=None)
    if leader is None or leader.trust < TRUSTED or calibrator is None:
        return combined, None
    share = state.leader_share.refit(lambda: model.share_of(calibrator, leader.margin, START))
    return replace(combined, belief=share), leader.margin


@dataclass(frozen=True)
class Voter:
    """A member of a plan whose table is gone: what it says of rows that come later.

    Attributes:
        name: of the model.
        similarity: of its match.
        skill: its ROC AUC on worlds it was not trained on.
        bound: the table's column for each of its own.
        trust: what it counted on the table.
        model: opened.
    """

    name: str
    similarity: float
    skill: float
    bound: Mapping[str, str]
    trust: float
    model: Model

    def member(self, frame: pl.DataFrame, gathered: model_inputs.ModelInputs) -> EnsembleMember:
        """With what it says of rows.

        Args:
            frame: (rows, columns) typed as the table was.
            gathered: the evidence of these rows, in an order of its own.
        """
        return EnsembleMember(
            self.name, self.similarity, self.skill, self._margin(frame, gathered), trust=self.trust
        )

    def _margin(self, frame: pl.DataFrame, gathered: model_inputs.ModelInputs) -> Floats:
        if isinstance(self.model, reference.ImportedModel):
            return self.model.margin_of(frame[gathered.order], self.bound)
        if isinstance(self.model, TrainedModel) and self.trust > 0:
            own = self.model.own
            return own.margin(own.own.matrix(frame, self.bound, gathered))
        return self.model.margin(gathered.inputs)


def voters_of(plan: Plan, said: Sequence[EnsembleMember]) -> list[Voter]:
    """The members of a plan as they vote on rows that come later.

    Args:
        plan: of the table.
        said: its members with what they said of it.
    """
    roles = {column.column: column.role for column in plan.roles.columns}
    return [
        Voter(
            match.entry.name,
            match.similarity,
            skill(match.entry),
            member.bound or bind({column.name: column.role for column in match.entry.columns}, roles),
            member.trust,
            model,
        )
        for match, member, model in zip(plan.matches, said, plan.models, strict=True)
    ]


def members_of(plan: Plan, table: Table) -> list[EnsembleMember]:
    """The matched models with what each says of the rows, in the order of the plan's evidence."""
    return [
        _member(match, model, plan, table) for match, model in zip(plan.matches, plan.models, strict=True)
    ]


def skill(entry: ModelVersion) -> float:
    """ROC AUC of a model, of its transferable head where it has two; a coin's where nobody measured.

    Measured on worlds it was not trained on or, of a model that was trained on a table, on rows held out.
    """
    measured = entry.performance.get("transferable", entry.performance.get("own", {}))
    return float(measured.get("roc_auc", 0.5))


def _member(match: Match, model: Model, plan: Plan, table: Table) -> EnsembleMember:
    name, alike, measured = match.entry.name, match.similarity, skill(match.entry)
    if isinstance(model, TrainedModel):
        vote = model.vote(table.typed, plan.roles, plan.evidence)
        return EnsembleMember(
            name,
            alike,
            measured,
            vote.margin,
            trust=vote.trust,
            bound=columns_of(vote.found) if vote.trust else {},
        )
    if isinstance(model, reference.ImportedModel):
        known = {column.name: column.role for column in match.entry.columns}
        bound = bind(known, {column.column: column.role for column in plan.roles.columns})
        return EnsembleMember(name, alike, measured, model.margin_of(table.typed[plan.evidence.order], bound))
    return EnsembleMember(name, alike, measured, model.margin(plan.evidence.inputs))


def recognised(table: Table, catalog: Catalog, found: Roles) -> tuple[ModelVersion, TableMatch] | None:
    """The model that was trained on a table like this one, and where its columns are."""
    entries = catalog.trained()
    known = match_table([entry.profile["own"] for entry in entries], table.typed, found) if entries else None
    return None if known is None else (entries[known.which], known)


def first(
    entry: ModelVersion, matches: Sequence[Match], profile: TableProfile, options: Options
) -> tuple[Match, ...]:
    """The matches, led by the model that knows the table, however little its names and roles say."""
    quantiles = Quantiles.from_json(entry.profile.get("quantiles", {}))
    why = compare(profile, ModelProfile(entry.domain, entry.columns, entry.roles, quantiles))
    others = [match for match in matches if match.entry.id != entry.id]
    return (Match(entry, similarity(why), why), *others)[: options.top]
