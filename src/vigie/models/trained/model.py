"""A model that an owner trained on a labelled table: two models in one bundle.

The transferable model looks at the model inputs alone and votes on any table. The table model also looks at the table's own
columns; it votes where they are found again, and is then trusted more than all others: it was trained on labels of such a
table, and its skill was measured on rows it had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.boosting import xgboost_import
from vigie.calibration.calibrator import Calibrator
from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.models.base import TableVote
from vigie.models.model_inputs import ModelInputs
from vigie.models.trained.column_matching import KNOWN_RAMP
from vigie.models.trained.table_model import Coverage, SubModel, TableEncoder, TableModel, matched_names
from vigie.models.transferable import TransferableModel
from vigie.roles.inference import Roles

FORMAT = 2
MAX_TRUST = 0.97
"""Largest weight of the table model beside all other members together."""

TRUST_RAMPS = {
    "similarity": (0.45, 0.7),
    "present": (0.02, 0.12),
    "columns": (0.45, 0.55),
    "known": KNOWN_RAMP,
    "skill": (0.5, 0.7),
}
"""Values from which trust begins, and from which it is full: of each part of the coverage, and of the measured ROC AUC.

Little of what the trees need has to be present, for they were trained with columns left out; of the columns more, since
features alone look alike on many tables; and of a table with many other columns little is known.
"""


@dataclass(frozen=True)
class TrainedModel:
    """Both models.

    Attributes:
        transferable: trees on the model inputs.
        table_model: trees on the table's own columns as well.
        skill: ROC AUC of the table model on rows it had not seen.
    """

    transferable: TransferableModel
    table_model: TableModel
    skill: float

    def vote(
        self, frame: pl.DataFrame, roles: Roles, inputs: ModelInputs, columns: Mapping[str, str]
    ) -> TableVote:
        """Find the columns of the training table again, and return the vote of the model that fits.

        Args:
            frame: (rows, columns) the typed table, in its own order.
            roles: of its columns.
            inputs: of its rows.
            columns: not used; the model has sketches of its own.
        """
        encoder = self.table_model.encoder
        found = encoder.match(frame, roles)
        matrix = encoder.matrix(frame, matched_names(found), inputs)
        trust = trust_in(self.table_model.coverage(matrix, found, inputs, frame.width), self.skill)
        if trust <= 0:
            return TableVote(self.transferable.margin_of(inputs.inputs))
        return TableVote(self.table_model.margin(matrix), matched_names(found), trust)

    def margin(self, frame: pl.DataFrame, inputs: ModelInputs, bound: Mapping[str, str]) -> Floats:
        """Return (rows,) log-odds of fraud, by the table model where columns are bound.

        Args:
            frame: (rows, columns) typed as the table was that the model was bound to.
            inputs: of these rows.
            bound: training column -> column of that table.
        """
        if not bound:
            return self.transferable.margin_of(inputs.inputs)
        return self.table_model.margin(self.table_model.encoder.matrix(frame, bound, inputs))

    def to_bytes(self) -> bytes:
        """Return the trees of both models, one booster after the other."""
        return b"".join(self._boosters())

    def recipe(self) -> dict[str, Any]:
        """Return how the inputs of the trees are made, as plain JSON."""
        return {
            "format": FORMAT,
            "kind": "trained",
            "bytes": list(map(len, self._boosters())),
            "transferable": self.transferable.recipe(),
            "own": self.table_model.encoder.to_json()
            | {
                "voices": [{"inputs": one.inputs, "weight": one.weight} for one in self.table_model.models],
                "gain": list(self.table_model.gain),
                "roc_auc": self.skill,
            },
        }

    def _boosters(self) -> list[bytes]:
        own = (bytes(one.booster.save_raw("ubj")) for one in self.table_model.models)
        return [self.transferable.to_bytes(), *own]

    @classmethod
    def from_parts(cls, booster: bytes, recipe: Mapping[str, Any]) -> TrainedModel:
        """Return a model from verified bytes and its recipe.

        Raises:
            InputRefused: the recipe has a later format.
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
        stored = recipe["own"]
        encoder = TableEncoder.from_json(stored)
        # Models of format 1 have one booster, which looks at all inputs.
        parts = stored.get("voices", [{"inputs": len(encoder.inputs), "weight": 1.0}])
        models = tuple(
            SubModel(xgboost_import.open_trees(trees), part["inputs"], part["weight"])
            for trees, part in zip(others, parts, strict=True)
        )
        return cls(
            TransferableModel.from_parts(first, recipe["transferable"]),
            TableModel(models, encoder, tuple(stored["gain"])),
            float(stored["roc_auc"]),
        )


def trust_in(coverage: Coverage, skill: float) -> float:
    """Return the weight of the table model beside all other members together, from 0 to `MAX_TRUST`.

    Args:
        coverage: of the table.
        skill: ROC AUC of the table model on rows it had not seen.
    """
    values = {"skill": skill, **vars(coverage)}
    trust = MAX_TRUST
    for name, (low, high) in TRUST_RAMPS.items():
        trust *= float(np.clip((values[name] - low) / (high - low), 0, 1))
    return trust


def estimate_prevalence(calibrator: Calibrator, margin: Floats, start: float) -> float:
    """Estimate the share of frauds of a table by expectation maximisation.

    Source: M. Saerens, P. Latinne, C. Decaestecker, Neural Computation 14, 2002.

    Args:
        calibrator: of the table model.
        margin: (rows,) of the table model.
        start: first estimate, in (0, 1).
    """
    ratio, share = calibrator.log_ratio(margin), start
    for _ in range(50):
        share = float(np.mean(1 / (1 + np.exp(-(ratio + np.log(share / (1 - share)))))))
        share = min(max(share, 1e-6), 1 - 1e-6)
    return share
