"""A model that an owner trained on a labelled table: two heads in one bundle.

The transferable head looks at the evidence alone and votes on any table. The own head also looks at the table's own
columns; it votes where they are found again, and then it is trusted more than anybody else: it has learned from
labels of this very kind of table, and its skill was measured on rows it had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.boosting import xgboost_import
from vigie.calibration.calibrator import Calibrator, probability
from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.models import reference
from vigie.models.model_inputs import ModelInputs
from vigie.models.reference import Matrix, ReferenceModel
from vigie.models.trained.column_matching import ColumnMatch
from vigie.models.trained.table_model import Coverage, Own, SubModel, TableModel, columns_of
from vigie.roles.inference import Roles

FORMAT = 2
MOST_TRUST = 0.97
"""What the own head counts at most beside everybody else together."""

STRANGE, AT_HOME = 0.45, 0.7
"""How alike what is there must look for the table to be of the kind trained on: not at all up to the first, surely from
the second on."""

BARE, ENOUGH = 0.02, 0.12
"""The same of how much of what the trees need is there: they learned to do without columns."""

FEW, MOST = 0.3, 0.55
"""The same of the share of columns that were found: features alone look alike on many tables."""

USELESS, USEFUL = 0.5, 0.7
"""The same of its measured ROC AUC: nobody trusts a head that learned nothing."""


@dataclass(frozen=True)
class Vote:
    """What a trained model says of a table.

    Attributes:
        margin: (rows,) log-odds by the head that votes.
        trust: what it counts beside everybody else together, 0 to 1; 0 where the transferable head votes.
        coverage: what of the table the own head can use.
        found: training column -> where it is.
    """

    margin: Floats
    trust: float
    coverage: Coverage
    found: Mapping[str, ColumnMatch]


@dataclass(frozen=True)
class TrainedModel:
    """Both heads.

    Attributes:
        transferable: trees on the evidence.
        own: trees on the table's own columns as well.
        skill: ROC AUC of the own head on rows it had not seen.
    """

    transferable: ReferenceModel
    own: TableModel
    skill: float

    def margin(self, inputs: Matrix) -> Floats:
        """(rows,) log-odds by the transferable head.

        Args:
            inputs: (rows, INPUTS) as `evidence.gather` makes them.
        """
        return self.transferable.margin(inputs)

    def vote(self, frame: pl.DataFrame, roles: Roles, evidence: ModelInputs) -> Vote:
        """What the model says of a table, rows in the order of the evidence."""
        found = self.own.own.find(frame, roles)
        matrix = self.own.own.matrix(frame, columns_of(found), evidence)
        coverage = self.own.coverage(matrix, found, evidence)
        trust = trusted(coverage, self.skill)
        if trust <= 0:
            return Vote(self.margin(evidence.inputs), 0.0, coverage, found)
        return Vote(self.own.margin(matrix), trust, coverage, found)

    def to_bytes(self) -> bytes:
        """Both heads' trees, one booster after the other."""
        return b"".join(self._boosters())

    def recipe(self) -> dict[str, Any]:
        """What has to be built before the trees can be asked, as plain JSON."""
        return {
            "format": FORMAT,
            "kind": "trained",
            "bytes": list(map(len, self._boosters())),
            "transferable": self.transferable.recipe(),
            "own": self.own.own.to_json()
            | {
                "voices": [{"inputs": voice.inputs, "weight": voice.weight} for voice in self.own.voices],
                "gain": list(self.own.gain),
                "roc_auc": self.skill,
            },
        }

    def _boosters(self) -> list[bytes]:
        own = (bytes(voice.booster.save_raw("ubj")) for voice in self.own.voices)
        return [self.transferable.to_bytes(), *own]


def from_parts(booster: bytes, recipe: Mapping[str, Any]) -> TrainedModel:
    """Rebuilds a model from verified bytes and its recipe.

    Raises:
        InputRefused: the recipe is of a later format.
    """
    if recipe["format"] > FORMAT:
        raise InputRefused(
            msg(
                "recipe: found a trained model of format {found}, expected {newest} at most",
                found=recipe["format"],
                newest=FORMAT,
            ),
            hint="upgrade Vigie",
        )
    ends = np.cumsum(recipe["bytes"]).tolist()
    first, *others = (booster[start:end] for start, end in zip([0, *ends], ends, strict=False))
    own = recipe["own"]
    kept = Own.from_json(own)
    # Models of format 1 have one booster, which looks at everything.
    said = own.get("voices", [{"inputs": len(kept.inputs), "weight": 1.0}])
    voices = (
        SubModel(xgboost_import.open_trees(trees), voice["inputs"], voice["weight"])
        for trees, voice in zip(others, said, strict=True)
    )
    head = TableModel(tuple(voices), kept, tuple(own["gain"]))
    return TrainedModel(reference.evidence_model(first, recipe["transferable"]), head, float(own["roc_auc"]))


def trusted(coverage: Coverage, skill: float) -> float:
    """What the own head counts beside everybody else together, 0 to `MOST_TRUST`."""
    at_home = np.clip((coverage.alike - STRANGE) / (AT_HOME - STRANGE), 0, 1)
    enough = np.clip((coverage.there - BARE) / (ENOUGH - BARE), 0, 1)
    familiar = np.clip((coverage.columns - FEW) / (MOST - FEW), 0, 1)
    useful = np.clip((skill - USELESS) / (USEFUL - USELESS), 0, 1)
    return float(MOST_TRUST * at_home * enough * familiar * useful)


def share_of(calibrator: Calibrator, margin: Floats, start: float) -> float:
    """The share of frauds that explains the margins best.

    Source: M. Saerens, P. Latinne, C. Decaestecker, Neural Computation 14, 2002.

    Args:
        calibrator: of the head.
        margin: (rows,) of the head.
        start: share of frauds in training.
    """
    ratio, share = calibrator.log_ratio(margin), start
    for _ in range(50):
        share = float(np.mean(1 / (1 + np.exp(-(ratio + np.log(share / (1 - share)))))))
        share = min(max(share, 1e-6), 1 - 1e-6)
    return share


def calibrated(calibrator: Calibrator, margin: Floats, share: float) -> Floats:
    """(rows,) probabilities that average to `share`."""
    return probability(calibrator.log_ratio(margin), share)
