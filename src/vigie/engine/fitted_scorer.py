"""The terms in which every row of a long table is told: learned once, from rows at random, then only looked up.

Small and without the table, so that it can be sent to many machines. Must not know how rows are brought together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.calibration.calibrator import Calibrator
from vigie.engine.members import EnsembleMember
from vigie.engine.options import Options, StageTimer, no_progress
from vigie.engine.output import ScoredRows, summarise
from vigie.engine.profiling import SampledTable
from vigie.engine.scorer import ProfiledTable, Scorer
from vigie.features import NAMES, Features, grouping, related
from vigie.features.columns import ColumnView
from vigie.features.grouping import ROW_LEVEL
from vigie.fitted_state import FeatureState, FittedState, ScoringState
from vigie.models import model_inputs
from vigie.models.model_inputs import INPUTS, RowSelection, TailScores
from vigie.roles.inference import Roles

Columns = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Terms:
    """How rows of a long table are scored, once it is known what related rows say of them.

    Attributes:
        roles: what the columns mean.
        options: what the user asked for.
        features: what features need to know of the whole.
        answers: what everything after them does.
        members: the models that vote.
        calibrator: of the table; None where no model fits.
    """

    roles: Roles
    options: Options
    features: FeatureState
    answers: ScoringState
    members: tuple[EnsembleMember, ...] = ()
    calibrator: Calibrator | None = None

    def alone(self, frame: pl.DataFrame) -> Columns:
        """(rows,) the features that a row tells by itself."""
        return grouping.grouping_features(ROW_LEVEL, self._facts(frame))

    @property
    def told(self) -> list[int]:
        """Places of the features that the table can tell, in the vocabulary."""
        return [int(j) for j in np.flatnonzero(self.answers.present.require())]

    def tails(self, told: Features) -> TailScores:
        """How far out rows are, from all their features."""
        return model_inputs.tail_scores(told, self.answers)

    def packed(self, tails: TailScores, trained: bool) -> npt.NDArray[np.float32]:
        """(numbers, rows) what `unpacked` needs: the ranks of the features that the table can tell.

        Args:
            tails: of some rows.
            trained: whether a model looks at the features themselves; then they are there too.
        """
        parts = [tails.inputs[:, self.told].T]
        if trained:
            parts.append(tails.features.values[:, self.told].T)
        return np.concatenate(parts)

    def unpacked(self, packed: npt.NDArray[np.float32]) -> TailScores:
        """The tails of rows from what `packed` kept of them."""
        rows, width = packed.shape[1], len(self.told)
        inputs = np.full((rows, len(INPUTS)), np.nan, dtype=np.float32, order="F")
        told = np.full((rows, len(NAMES)), np.nan, dtype=np.float32, order="F")
        inputs[:, self.told] = packed[:width].T
        if len(packed) > width:
            told[:, self.told] = packed[width:].T
        return model_inputs.tail_scores_of_ranks(Features(NAMES, told), inputs, self.answers)

    def later(self, frame: pl.DataFrame, tails: TailScores, peers: Mapping[str, Floats]) -> ScoredRows:
        """Scores rows.

        Args:
            frame: (rows, columns) typed.
            tails: of the same rows.
            peers: (rows,) what related rows say; left out where nobody is related.
        """
        facts = self._facts(frame)
        rows = RowSelection(np.arange(frame.height), self.prints(frame))
        nothing = dict.fromkeys(related.RELATED_SIGNALS, np.full(frame.height, np.nan))
        gathered = model_inputs.finish_inputs(
            facts, tails, nothing | dict(peers), self.answers, self.options.seed, rows
        )
        state = FittedState(self.features, self.answers)
        scorer = Scorer({}, self.roles, self.options, self.members, self.calibrator, state)
        return scorer.score_inputs(frame, gathered)

    def prints(self, frame: pl.DataFrame) -> npt.NDArray[np.uint64]:
        """(rows,) a fingerprint of the cells of each row."""
        return model_inputs.row_hashes(frame, self.features)[0]

    def _facts(self, frame: pl.DataFrame) -> ColumnView:
        return grouping.column_view(ROW_LEVEL, frame, self.roles, self.features)


def begun(look: SampledTable, options: Options, told: Features) -> tuple[Terms, TailScores, ScoringState]:
    """Terms that know how features are spread, as far as it takes to say how suspicious a row is by itself.

    Args:
        look: at the table.
        options: what the user asked for.
        told: the features of its rows at random.
    """
    answers = FittedState.keeping().scoring
    tails = model_inputs.tail_scores(told, answers)
    answers.mean_row_anomaly.get(lambda: float(tails.row_anomaly.mean()))
    return Terms(look.roles, options, look.state, answers.fitted()), tails, answers


def settled(
    look: SampledTable,
    terms: Terms,
    tails: TailScores,
    peers: Mapping[str, Floats],
    rows: int,
    answers: ScoringState,
) -> tuple[Terms, dict[str, Any]]:
    """Terms that know everything, and what there is to say of the table, but for what must be counted row by row.

    Args:
        look: at the table; its rows at random are in the order of their fingerprints.
        terms: as they were begun.
        tails: of these rows.
        peers: what related rows say of them.
        rows: of the whole table.
        answers: the state that was begun, to be completed.
    """
    frame = look.typed
    nothing = dict.fromkeys(related.RELATED_SIGNALS, np.full(frame.height, np.nan))
    facts = grouping.column_view(ROW_LEVEL, frame, look.roles, look.state)
    order = np.arange(frame.height)
    gathered = model_inputs.finish_inputs(
        facts,
        tails,
        nothing | dict(peers),
        answers,
        terms.options.seed,
        RowSelection(order, terms.prints(frame)),
    )
    options = replace(terms.options, alert_budget=_share(terms.options.alert_budget, rows))
    state = FittedState(look.state, answers)
    profile = ProfiledTable(frame, look.roles, look.matched, look.association, state)
    fitted = Scorer.fit(profile, gathered, options, StageTimer(no_progress))
    summary = summarise(look.roles, look.matched, fitted.score, fitted.decision, fitted.rows.additions)
    made = fitted.scorer
    return replace(
        terms, answers=made.state.scoring, members=made.members, calibrator=made.calibrator
    ), summary


def _share(budget: float | int | None, rows: int) -> float | None:
    return budget if budget is None or budget < 1 else min(budget / rows, 1 - 1e-9)
