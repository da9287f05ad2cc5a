"""What the functions of `vigie` return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vigie import notebook
from vigie.catalog import Match, ModelVersion
from vigie.engine.output import Prediction
from vigie.table import Table
from vigie.table.interchange import Library, library_of


@dataclass(frozen=True, eq=False)
class UserTable:
    """A table as the user passed it.

    Attributes:
        native: the object that was passed; a polars frame for a file and for a mapping of columns.
        table: its cells.
    """

    native: Any
    table: Table

    @property
    def library(self) -> Library:
        """How results are returned to the user."""
        return library_of(self.native)


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scores of a table; in a notebook it shows what to look at, a chart and the reasons.

    Attributes:
        user_table: the table that was scored.
        results: (rows, 7) polars frame of the result columns, in the order of the rows.
        summary: roles, matches, share of fraud, alerts and the first rows to look at, as plain JSON; rows are counted
            from 1.
        language: of the texts.
    """

    user_table: UserTable = field(repr=False)
    results: pl.DataFrame = field(repr=False)
    summary: Mapping[str, Any] = field(repr=False)
    language: str = "en"

    @property
    def frame(self) -> Any:
        """The table with the result columns after its own, as an object of the user's library."""
        whole = self.user_table
        return whole.library.append(whole.native, whole.table.frame, self.results)

    @property
    def additions(self) -> Any:
        """The (rows, 7) result columns alone, as an object of the user's library."""
        whole = self.user_table
        return whole.library.make(whole.native, whole.table.frame, self.results)

    def alerts(self) -> Any:
        """Return the rows to look at, the most suspicious first, as `frame` has them."""
        score = self.results["fraud_score"].to_numpy()
        rows = np.flatnonzero(self.results["alert"].to_numpy() == 1)
        ordered = rows[np.argsort(-score[rows], kind="stable")]
        return self.user_table.library.take(self.frame, ordered.tolist())

    def __repr__(self) -> str:
        rows, alerts = self.summary["rows"], self.summary["alerts"]
        return f"<Predictions of {self.user_table.table.source}: {rows:,} rows, {alerts:,} alerts>"

    def _repr_html_(self) -> str:
        return notebook.prediction_html(self.summary, self.results, self.language)

    def to_engine(self) -> Prediction:
        """Return the prediction as the engine has it."""
        return Prediction(self.user_table.table, self.results, dict(self.summary))


@dataclass(frozen=True)
class Matches:
    """Roles of a table's columns and the models that fit.

    Attributes:
        matches: the models, the best first, each with its `similarity` and `reasons`.
        summary: roles and durations, as plain JSON.
    """

    matches: tuple[Match, ...]
    summary: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model that was trained and registered.

    Attributes:
        entry: its entry in the catalog.
        summary: inspection, tuning and performance, as plain JSON.
        card: model card, Markdown; a notebook shows it.
        page: the same with plots, HTML.
    """

    entry: ModelVersion
    summary: Mapping[str, Any] = field(repr=False)
    card: str = field(repr=False)
    page: str = field(repr=False)

    def save_card(self, path: str | Path) -> None:
        """Write the card: HTML where the name ends in `.html`, else Markdown."""
        target = Path(path)
        target.write_text(self.page if target.suffix.lower() == ".html" else self.card, encoding="utf-8")

    def _repr_markdown_(self) -> str:
        return self.card
