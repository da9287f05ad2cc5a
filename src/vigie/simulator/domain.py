"""A domain of payments or applications: what every domain tells about itself, and the tables simulated of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True)
class SimulatedTable:
    """One simulated table with its ground truth.

    Attributes:
        domain: name of the domain.
        seed: the seed it was drawn from.
        frame: (rows, columns) typed as an uploaded table is once parsed, with column names as an owner would choose them.
        label: (rows,) True where the row is recorded as fraud, label noise included.
        typology: (rows,) name of the fraud typology, "" where the row is recorded as legitimate.
        roles: role of each column of `frame`, by column name.
        parameters: what was drawn for this table, for inspection.
    """

    domain: str
    seed: int
    frame: pl.DataFrame
    label: NDArray[np.bool_]
    typology: NDArray[np.str_]
    roles: dict[str, str]
    parameters: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Domain:
    """One domain. `EventDomain` and `CaseDomain` say how its tables are simulated.

    Attributes:
        name: unique, lower case with underscores.
        number: unique among the domains of this project, which are listed in its order; 0 in other distributions.
        labels: language -> its name for users, for domains of other distributions; those of this project stand in the catalogues
            of `vigie.i18n`.
        words: words of column names and categories that name the domain, comma-separated; `@role` stands for a column of that role.
        hints: words that only hint at it.
        related: other domains and how similar they are, in (0, 1); stating it on one side is enough.
        mixed_model: whether the starter library has a third model of it, trained on both views.
        anonymisable: whether its tables are among those that the domain `anonymised` hides. Setting it changes every anonymised table.
    """

    name: str
    number: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    hints: str = ""
    related: Mapping[str, float] = field(default_factory=dict)
    mixed_model: bool = True
    anonymisable: bool = False

    has_history = True
    """Whether several rows belong to one customer."""

    def simulate(self, seed: int, rows: int | None = None) -> SimulatedTable:
        """Simulate one table; equal arguments give equal tables.

        Args:
            seed: non-negative.
            rows: about how many rows; drawn at random when None.
        """
        raise NotImplementedError

    def vocabulary(self) -> dict[str, Any]:
        """Return what matching needs to recognise a table of this domain, as plain JSON."""
        return {"name": self.name, "words": self.words, "hints": self.hints, "related": dict(self.related)}
