"""Who votes on a table: the matched models with what each says, the one that leads, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vigie.catalog import Catalog, Entry, Match
from vigie.scoring import ensemble, evidence, reference, student, trained
from vigie.scoring.binding import bind
from vigie.scoring.calibration import Calibrator
from vigie.scoring.ensemble import Combined, Member
from vigie.scoring.groups import Floats
from vigie.scoring.learned import Learned
from vigie.scoring.matching import ModelProfile, TableProfile
from vigie.scoring.matching.spread import Quantiles
from vigie.scoring.matching.words import compare, similarity
from vigie.scoring.own.head import columns_of
from vigie.scoring.own.recognise import Known, recognise
from vigie.scoring.roles import Roles
from vigie.scoring.trained import TrainedModel
from vigie.table import Table

if TYPE_CHECKING:
    from vigie.predict import Options, Plan

Model = reference.ReferenceModel | reference.NativeModel | TrainedModel
TRUSTED = 0.5
"""From this trust on, probabilities are those of the trusted model's own calibrator."""
START = 0.02
"""Where the search for the share of frauds begins."""


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
    taught = student.vote(
        gathered.columns, combined.evidence, seed, half=half, company=gathered.company, learned=learned
    )
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

    def member(self, frame: pl.DataFrame, gathered: evidence.Evidence) -> Member:
        """With what it says of rows.

        Args:
            frame: (rows, columns) typed as the table was.
            gathered: the evidence of these rows, in an order of its own.
        """
        return Member(self.name, self.similarity, self.skill, self._margin(frame, gathered), trust=self.trust)

    def _margin(self, frame: pl.DataFrame, gathered: evidence.Evidence) -> Floats:
        if isinstance(self.model, reference.NativeModel):
            return self.model.margin_of(frame[gathered.order], self.bound)
        if isinstance(self.model, TrainedModel) and self.trust > 0:
            own = self.model.own
            return own.margin(own.own.matrix(frame, self.bound, gathered))
        return self.model.margin(gathered.inputs)


def voters_of(plan: Plan, said: Sequence[Member]) -> list[Voter]:
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


def recognised(table: Table, catalog: Catalog, found: Roles) -> tuple[Entry, Known] | None:
    """The model that was trained on a table like this one, and where its columns are."""
    entries = catalog.trained()
    known = recognise([entry.profile["own"] for entry in entries], table.typed, found) if entries else None
    return None if known is None else (entries[known.which], known)


def first(
    entry: Entry, matches: Sequence[Match], profile: TableProfile, options: Options
) -> tuple[Match, ...]:
    """The matches, led by the model that knows the table, however little its names and roles say."""
    quantiles = Quantiles.from_json(entry.profile.get("quantiles", {}))
    why = compare(profile, ModelProfile(entry.domain, entry.columns, entry.roles, quantiles))
    others = [match for match in matches if match.entry.id != entry.id]
    return (Match(entry, similarity(why), why), *others)[: options.top]
