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

from vigie import predict
from vigie.long.look import Look
from vigie.predict import Options, Plan, voters
from vigie.predict.voters import Voter
from vigie.scoring import evidence, kinds
from vigie.scoring.calibration import Calibrator
from vigie.scoring.evidence import INPUTS, Rows, Tails
from vigie.scoring.facts import Facts
from vigie.scoring.features import NAMES, Features
from vigie.scoring.groups import Floats
from vigie.scoring.kinds import ALONE
from vigie.scoring.learned import Learned
from vigie.scoring.roles import Roles
from vigie.table import Table

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
    features: Learned
    answers: Learned
    members: tuple[Voter, ...] = ()
    calibrator: Calibrator | None = None

    def alone(self, frame: pl.DataFrame) -> Columns:
        """(rows,) the features that a row tells by itself."""
        return kinds.features_of(ALONE, self._facts(frame))

    @property
    def told(self) -> list[int]:
        """Places of the features that the table can tell, in the vocabulary."""
        return [int(j) for j in np.flatnonzero(self.answers.kept["features"])]

    def tails(self, told: Features) -> Tails:
        """How far out rows are, from all their features."""
        return evidence.tail(told, self.answers)

    def packed(self, tails: Tails, trained: bool) -> npt.NDArray[np.float32]:
        """(numbers, rows) what `unpacked` needs: the ranks of the features that the table can tell.

        Args:
            tails: of some rows.
            trained: whether a model looks at the features themselves; then they are there too.
        """
        parts = [tails.inputs[:, self.told].T]
        if trained:
            parts.append(tails.features.values[:, self.told].T)
        return np.concatenate(parts)

    def unpacked(self, packed: npt.NDArray[np.float32]) -> Tails:
        """The tails of rows from what `packed` kept of them."""
        rows, width = packed.shape[1], len(self.told)
        inputs = np.full((rows, len(INPUTS)), np.nan, dtype=np.float32, order="F")
        told = np.full((rows, len(NAMES)), np.nan, dtype=np.float32, order="F")
        inputs[:, self.told] = packed[:width].T
        if len(packed) > width:
            told[:, self.told] = packed[width:].T
        return evidence.ranked(Features(NAMES, told), inputs, self.answers)

    def later(self, frame: pl.DataFrame, tails: Tails, peers: Mapping[str, Floats]) -> predict.Later:
        """Scores rows.

        Args:
            frame: (rows, columns) typed.
            tails: of the same rows.
            peers: (rows,) what related rows say; left out where nobody is related.
        """
        facts = self._facts(frame)
        rows = Rows(np.arange(frame.height), self.prints(frame))
        nothing = dict.fromkeys(evidence.PEERS, np.full(frame.height, np.nan))
        gathered = evidence.complete(
            facts, tails, nothing | dict(peers), self.answers, self.options.seed, rows
        )
        return predict.later(gathered, frame, self.members, self.calibrator, self.options, self.answers)

    def prints(self, frame: pl.DataFrame) -> npt.NDArray[np.uint64]:
        """(rows,) a fingerprint of the cells of each row."""
        return evidence.own_order(frame, self.features)[0]

    def _facts(self, frame: pl.DataFrame) -> Facts:
        return kinds.facts_of(ALONE, frame, self.roles, self.features)


def begun(look: Look, options: Options, told: Features) -> tuple[Terms, Tails]:
    """Terms that know how features are spread, as far as it takes to say how suspicious a row is by itself.

    Args:
        look: at the table.
        options: what the user asked for.
        told: the features of its rows at random.
    """
    answers = Learned(keep=True)
    tails = evidence.tail(told, answers)
    answers.once("energy mean", lambda: float(tails.suspicion.mean()))
    return Terms(look.roles, options, look.learned, Learned(answers.kept)), tails


def settled(
    look: Look, terms: Terms, tails: Tails, peers: Mapping[str, Floats], rows: int
) -> tuple[Terms, dict[str, Any]]:
    """Terms that know everything, and what there is to say of the table, but for what must be counted row by row.

    Args:
        look: at the table; its rows at random are in the order of their fingerprints.
        terms: as they were begun.
        tails: of these rows.
        peers: what related rows say of them.
        rows: of the whole table.
    """
    answers, frame = Learned(terms.answers.kept).open(), look.typed
    nothing = dict.fromkeys(evidence.PEERS, np.full(frame.height, np.nan))
    facts = kinds.facts_of(ALONE, frame, look.roles, look.learned)
    order = np.arange(frame.height)
    gathered = evidence.complete(
        facts, tails, nothing | dict(peers), answers, terms.options.seed, Rows(order, terms.prints(frame))
    )
    options = replace(terms.options, alert_budget=_share(terms.options.alert_budget, rows))
    plan = Plan(
        look.roles,
        look.profile,
        look.matches,
        gathered,
        look.tied,
        look.models,
        look.bundles,
        options,
        {},
        answers,
    )
    table = Table("sample", frame, frame)
    summary = predict.apply(plan, table).summary
    said = voters.members_of(plan, table)
    calibrator = voters.calibrator_of(plan, said)
    members = tuple(voters.voters_of(plan, said))
    return replace(terms, answers=Learned(answers.kept), members=members, calibrator=calibrator), summary


def _share(budget: float | int | None, rows: int) -> float | None:
    return budget if budget is None or budget < 1 else min(budget / rows, 1 - 1e-9)
