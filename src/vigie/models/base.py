"""What a reference model is: a margin for each row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from vigie.arrays import Floats
from vigie.models.model_inputs import ModelInputs
from vigie.roles.inference import Roles


@dataclass(frozen=True)
class TableVote:
    """The vote of a model on a table, and how it is bound to the table.

    Attributes:
        margin: (rows,) log-odds of fraud, rows in the order of the model inputs; on another table than those of its
            training only their order matters.
        bound: column of the model -> column of the table, for a model that reads columns.
        trust: weight beside all other members together, from 0 to 1; above 0 only for a model trained on such a table.
    """

    margin: Floats
    bound: Mapping[str, str] = field(default_factory=dict)
    trust: float = 0.0


class ReferenceModel(Protocol):
    """A fitted model of the catalog."""

    def vote(
        self, frame: pl.DataFrame, roles: Roles, inputs: ModelInputs, columns: Mapping[str, str]
    ) -> TableVote:
        """Bind the model to the columns of a table, and return its vote.

        Args:
            frame: (rows, columns) the typed table, in its own order.
            roles: of its columns.
            inputs: of its rows.
            columns: column of the model's training table -> its role.
        """

    def margin(self, frame: pl.DataFrame, inputs: ModelInputs, bound: Mapping[str, str]) -> Floats:
        """Return (rows,) log-odds of fraud, rows in the order of the inputs.

        Args:
            frame: (rows, columns) typed as the table was that the model was bound to.
            inputs: of these rows.
            bound: column of the model -> column of that table.
        """
