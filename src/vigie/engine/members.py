"""Members of the ensemble: the reference models that vote on a table, their votes, and the one that leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.bundles.bundle import Bundle
from vigie.calibration.calibrator import Calibrator
from vigie.catalog import IMPORTED, TRAINED, Match, ModelVersion
from vigie.ensemble import combination, self_training, size_score
from vigie.ensemble.combination import LEADER_TRUST, EnsembleScore, MemberVote
from vigie.fitted_state import ScoringState
from vigie.models.base import ReferenceModel
from vigie.models.model_inputs import ModelInputs
from vigie.models.trained.model import estimate_prevalence
from vigie.roles.inference import Roles

DEFAULT_THRESHOLD = 0.5
"""Output from which a model classifies a row as fraud where its owner states no threshold; that of XGBClassifier.predict."""
UNKNOWN_SKILL = 0.5
"""Skill of a model that was not measured: that of chance."""
UNKNOWN_PRECISION = 0.5
"""Average precision of a model whose owner states none."""
UNRECOGNISED_TRUST, MIN_SIMILARITY = (0.01, 0.2), 0.5
"""Least and largest weight beside all other members together of a model that the user trained on another table, and the
similarity from which it has one: below, it does no good."""
CONFUSED_QUANTILE, CONFUSED_RAMP = 0.9, (0.3, 0.5)
"""Quantile of such a model's output, as a probability at the share of fraud that it was fitted to; and the values from which the
weight is less than the largest, and from which it is the least.

Frauds are few on every table. A model that takes more than a tenth of the rows for fraud sees what is ordinary there as fraud."""
INITIAL_PREVALENCE = 0.02
"""Share of fraud from which the search for the leader's estimate starts."""


@dataclass(frozen=True)
class EnsembleMember:
    """A reference model that votes on a table.

    Attributes:
        name: name of the model.
        similarity: similarity of its match, from 0 to 1.
        skill: ROC AUC on simulated tables that it was not trained on, from 0 to 1.
        bound: column of the model -> column of the table, for a model that reads columns.
        trust: weight beside all other members together, from 0 to 1; above 0 only for a model whose own table is like this one.
        precision: its average precision on rows of its own table that it was not fitted on, from 0 to 1.
        recipe: how its inputs are built, as stored in its bundle.
        booster: its trees, as stored in its bundle.
        model: the loaded model.
        entry: the model in the catalog; None in a stored scorer.
    """

    name: str
    similarity: float
    skill: float
    bound: Mapping[str, str]
    trust: float
    precision: float
    recipe: Mapping[str, Any]
    booster: bytes
    model: ReferenceModel
    entry: ModelVersion | None = None

    @classmethod
    def fit(
        cls,
        match: Match,
        bundle: Bundle,
        model: ReferenceModel,
        frame: pl.DataFrame,
        roles: Roles,
        inputs: ModelInputs,
    ) -> tuple[EnsembleMember, MemberVote]:
        """Bind a matched model to the columns of a table and settle how far it is trusted.

        Args:
            match: match of the model.
            bundle: its bundle.
            model: the loaded model.
            frame: (rows, columns) the typed table.
            roles: roles of its columns.
            inputs: model inputs of its rows.

        Returns:
            The member and its vote on the table, rows in the order of `inputs`.
        """
        columns = {column.name: column.role for column in match.entry.columns}
        vote = model.vote(frame, roles, inputs, columns)
        member = cls(
            match.entry.name,
            match.similarity,
            _skill_elsewhere(match.entry),
            vote.bound,
            vote.trust,
            average_precision(match.entry),
            bundle.features,
            bundle.booster,
            model,
            match.entry,
        )
        return member, member._vote(vote.margin)

    def vote(self, frame: pl.DataFrame, inputs: ModelInputs) -> MemberVote:
        """Return the vote on rows.

        Args:
            frame: (rows, columns) typed as the table was.
            inputs: model inputs of these rows.
        """
        return self._vote(self.model.margin(frame, inputs, self.bound))

    def _vote(self, margin: Floats) -> MemberVote:
        return MemberVote(
            self.name, self.similarity, self.skill, margin, trust=self.trust, precision=self.precision
        )


def weigh_unrecognised(
    fitted: Sequence[tuple[EnsembleMember, MemberVote]],
) -> list[tuple[EnsembleMember, MemberVote]]:
    """Return the members and their votes, with the weight of a model that the user trained on another table.

    Nothing changes where a model recognises the table, or where all members are the user's.
    """
    trained = [
        member.entry is not None
        and member.entry.provenance.get("source") == TRAINED
        and member.similarity > MIN_SIMILARITY
        for member, _ in fitted
    ]
    if all(trained) or any(vote.trust > 0 for _, vote in fitted):
        return list(fitted)
    weighed = []
    for own, (member, vote) in zip(trained, fitted, strict=True):
        trust = _unrecognised_trust(vote.margin) if own else vote.trust
        weighed.append((replace(member, trust=trust), replace(vote, trust=trust)))
    return weighed


def _unrecognised_trust(margin: Floats) -> float:
    """Return the weight of a model that the user trained on another table, by its (rows,) log-odds on this one."""
    if not len(margin):
        return UNRECOGNISED_TRUST[0]
    output = 1 / (1 + np.exp(-np.quantile(margin, CONFUSED_QUANTILE)))
    return float(np.interp(output, CONFUSED_RAMP, UNRECOGNISED_TRUST[::-1]))


def skill(entry: ModelVersion) -> float:
    """Return the ROC AUC of a model, of its transferable part where it has two; 0.5 where it is unknown.

    Measured on simulated tables that it was not trained on or, of a model trained on a table, on rows held out; of an
    imported model measured on a labelled table of its owner, else as its owner states.
    """
    performance = entry.performance
    measured = performance.get("transferable", performance.get("own", performance))
    return float(measured.get("roc_auc", UNKNOWN_SKILL))


def average_precision(entry: ModelVersion) -> float:
    """Return the average precision of a model on tables like its own, as measured or as its owner states."""
    performance = entry.performance
    return float(performance.get("own", performance).get("average_precision", UNKNOWN_PRECISION))


def _skill_elsewhere(entry: ModelVersion) -> float:
    """Return the skill on tables unlike the model's own, where that of an imported model is unknown."""
    return UNKNOWN_SKILL if entry.provenance.get("source") == IMPORTED else skill(entry)


def ensemble_score(
    inputs: ModelInputs, votes: Sequence[MemberVote], seed: int, state: ScoringState
) -> EnsembleScore:
    """Combine the detectors, the members and self-training.

    Args:
        inputs: model inputs of the rows.
        votes: votes of the members on these rows.
        seed: seed of self-training.
        state: fitted state of the table, after the features.
    """
    combined = combination.combine(inputs.rank_anomaly, votes, state=state)
    excess = None if combined.trust >= LEADER_TRUST else inputs.excess
    # A row's cells decide which half it is in: the same half whatever rows are beside it.
    half = ((inputs.row_hashes >> np.uint64(40)) & np.uint64(1)).astype(np.int64)
    scores = self_training.self_training_scores(
        inputs.columns,
        combined.score,
        seed,
        half=half,
        related=inputs.recent_related,
        state=state,
        shares=self_training.PSEUDO_POSITIVE_SHARES if excess is None else self_training.RARE_SHARES,
    )
    self_trained = None if scores is None else combination.self_training_tail_score(scores, state)
    ranked = combination.add_self_training(combined, self_trained)
    if excess is None:
        return ranked
    risk = inputs.column_risk
    return size_score.score_by_size(
        ranked,
        excess,
        self_trained,
        state,
        column_risk=None if risk is None else risk.scores,
        agreeing=0.0 if risk is None else risk.agreeing,
        column_ranks=inputs.column_ranks,
        anonymity=inputs.anonymity,
    )


def calibrator_of(bundles: Sequence[Bundle], votes: Sequence[MemberVote]) -> Calibrator | None:
    """Return the calibrator of the leader, None where it has none; without a leader that of the best match that has one.

    Args:
        bundles: bundles of the members, the best match first.
        votes: their votes, in the same order.
    """
    leader = combination.leading_member(votes)
    if leader is not None:
        return Calibrator.from_json(bundles[leader].calibration.get("own", {}))
    calibrators = (Calibrator.from_json(bundle.calibration) for bundle in bundles)
    return next((found for found in calibrators if found is not None), None)


@dataclass(frozen=True)
class UncalibratedLeader:
    """A leader without a calibrator: no score of the table becomes a probability.

    Attributes:
        name: of the model.
        frauds: number of rows that the model itself classifies as fraud; they are the alerts where the user sets no budget.
    """

    name: str
    frauds: int


def uncalibrated_leader(
    members: Sequence[EnsembleMember], votes: Sequence[MemberVote], calibrator: Calibrator | None
) -> UncalibratedLeader | None:
    """Return the leader where it has no calibrator; None without a leader, or where it has one.

    Args:
        members: members of the ensemble.
        votes: their votes, in the same order.
        calibrator: as `calibrator_of` returns it.
    """
    leader = combination.leading_member(votes)
    if calibrator is not None or leader is None:
        return None
    member, vote = members[leader], votes[leader]
    threshold = stated_threshold(member.recipe)
    log_odds = np.log(threshold / (1 - threshold))
    return UncalibratedLeader(member.name, int((vote.margin >= log_odds).sum()))


def stated_threshold(recipe: Mapping[str, Any]) -> float:
    """Return the output from which a model classifies a row as fraud, as its owner states it."""
    return float(recipe.get("own", {}).get("threshold", DEFAULT_THRESHOLD))


def apply_leader(
    score: EnsembleScore, votes: Sequence[MemberVote], calibrator: Calibrator | None, state: ScoringState
) -> tuple[EnsembleScore, Floats | None]:
    """Return the score with the leader's estimate of the prevalence, and the leader's margins; unchanged without one.

    Args:
        score: score of the ensemble.
        votes: votes of the members.
        calibrator: calibrator of the leader.
        state: fitted state of the table, after the features.
    """
    found = combination.leading_member(votes)
    if found is None or calibrator is None:
        return score, None
    leader = votes[found]
    share = state.leader_share.refit(
        lambda: estimate_prevalence(calibrator, leader.margin, INITIAL_PREVALENCE)
    )
    return replace(score, mean_probability=share), leader.margin
