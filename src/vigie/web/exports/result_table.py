"""The table that all exports show: the upload, the result columns at an alert budget, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vigie.app import Label
from vigie.app.result_layout import VERDICT_COLUMNS, typed_column
from vigie.engine.output import RESULT_COLUMNS
from vigie.table import CsvFormat
from vigie.table.writing import unused_names

_BATCH = 100_000
_VERDICT_TYPES: tuple[pl.DataType | type[pl.DataType], ...] = (
    pl.String,
    pl.String,
    pl.Datetime("us", "UTC"),
    pl.String,
)


@dataclass(frozen=True)
class Batch:
    """Some rows.

    Attributes:
        cells: the columns of the upload as uploaded.
        exact: the same, with every column converted whose cells all are numbers or dates.
        typed: the same, with every cell converted that is a number or a date; null where a cell is text.
        additions: result and verdict columns.
    """

    cells: pl.DataFrame
    exact: pl.DataFrame
    typed: pl.DataFrame
    additions: pl.DataFrame


class ResultTable:
    """Rows of a stored result in the order of the upload.

    Args:
        rows: path of the stored rows: the cells of the upload and the result columns.
        exact: path of the columns of numbers and dates; None where an earlier version stored none.
        description: of the ranked rows, as `vigie.jobs.result_files.write_all` returns it.
        alerts: rows of the alerts, from 0, most suspicious first.
        ranks: row -> rank, of the alerts.
        labels: row -> label.
        reasons: row -> reasons in the reader's language; others stay as they were scored.
        rule_reasons: row -> why a rule made it an alert, or none; added to its reasons.
    """

    def __init__(
        self,
        rows: Path,
        exact: Path | None,
        description: Mapping[str, Any],
        alerts: Sequence[int],
        ranks: Mapping[int, int],
        labels: Mapping[int, Label],
        reasons: Mapping[int, str],
        rule_reasons: Mapping[int, str],
    ) -> None:
        self._rows = _scan(rows)
        self._exact = None if exact is None else _scan(exact)
        self._partial = frozenset(description.get("partial", ()))
        stored = self._rows.collect_schema().names()
        self._width = len(stored) - len(RESULT_COLUMNS)
        self.columns: list[str] = stored[: self._width]
        self.units: dict[int, str] = {int(k): unit for k, unit in description.get("units", {}).items()}
        self.dialect = CsvFormat(**description["dialect"]) if description.get("dialect") else None
        self._results = dict(zip(RESULT_COLUMNS, stored[self._width :], strict=True))
        self._verdicts = unused_names(VERDICT_COLUMNS, stored)
        self.height = int(self._rows.select(pl.len()).collect().item())
        self.alerts, self.ranks = alerts, ranks
        self._alert = np.zeros(self.height, dtype=np.int8)
        self._alert[np.asarray(alerts, dtype=np.int64)] = 1
        self._labels = labels
        self._reasons, self._rule_reasons = _texts(reasons), _texts(rule_reasons)

    @property
    def width(self) -> int:
        """Number of columns of the upload."""
        return self._width

    def batches(self) -> Iterator[Batch]:
        """Yield the rows in order, a few at a time."""
        for start in range(0, max(self.height, 1), _BATCH):
            part = self._rows.slice(start, _BATCH).collect()
            exact = None if self._exact is None else self._exact.slice(start, _BATCH).collect()
            yield self._batch(part, exact, np.arange(start, start + part.height))

    def select(self, rows: Sequence[int]) -> Batch:
        """Return some rows, from 0, in the given order."""
        wanted = pl.Series("place", list(rows), dtype=pl.UInt32)
        order = wanted.to_frame()

        def gather(lazy: pl.LazyFrame) -> pl.DataFrame:
            chosen = (
                lazy.with_row_index("\0place").filter(pl.col("\0place").is_in(wanted.implode())).collect()
            )
            return order.join(
                chosen, left_on="place", right_on="\0place", how="left", maintain_order="left"
            ).drop("place")

        part = gather(self._rows)
        exact = None if self._exact is None else gather(self._exact)
        return self._batch(part, exact, np.asarray(list(rows), dtype=np.int64))

    def _batch(
        self, part: pl.DataFrame, exact: pl.DataFrame | None, rows: np.ndarray[Any, np.dtype[np.int64]]
    ) -> Batch:
        known = set() if exact is None else set(exact.columns)
        columns = {
            number: exact[typed_column(number)].alias(name)
            for number, name in enumerate(self.columns)
            if exact is not None and typed_column(number) in known
        }
        cells = part.select(self.columns)
        whole = cells.with_columns(
            series for number, series in columns.items() if number not in self._partial
        )
        alert = pl.Series(self._results["alert"], self._alert[rows])
        results = part.select(self._results.values()).with_columns(alert, self._translated(part, rows))
        return Batch(
            cells, whole, cells.with_columns(columns.values()), results.hstack(self._verdict_columns(rows))
        )

    def _translated(self, part: pl.DataFrame, rows: np.ndarray[Any, np.dtype[np.int64]]) -> pl.Series:
        stored = part[self._results["reasons"]]
        found, changed = self._reasons_of(rows, self._reasons), self._reasons_of(rows, self._rule_reasons)
        reasons = found.zip_with(found.is_not_null(), stored).rename(stored.name)
        if not changed.count():
            return reasons
        both = pl.DataFrame({"own": reasons.replace("", None), "rule": changed})
        joined = both.select(pl.concat_str("own", "rule", separator="; ", ignore_nulls=True)).to_series()
        return joined.zip_with(changed.is_not_null(), reasons).rename(stored.name)

    @staticmethod
    def _reasons_of(rows: np.ndarray[Any, np.dtype[np.int64]], texts: pl.DataFrame) -> pl.Series:
        """Return the text of each row; null for none."""
        return pl.DataFrame({"row": rows}).join(texts, on="row", how="left", maintain_order="left")["text"]

    def _verdict_columns(self, rows: np.ndarray[Any, np.dtype[np.int64]]) -> list[pl.Series]:
        values: list[list[Any]] = [[None] * len(rows) for _ in VERDICT_COLUMNS]
        if self._labels:
            for place in np.flatnonzero(np.isin(rows, list(self._labels))):
                label = self._labels[int(rows[place])]
                for column, value in zip(
                    values, (label.verdict, label.user_name, label.at, label.comment), strict=True
                ):
                    column[place] = value
        return [
            pl.Series(self._verdicts[name], column, dtype=dtype)
            for name, column, dtype in zip(VERDICT_COLUMNS, values, _VERDICT_TYPES, strict=True)
        ]


def _texts(by_row: Mapping[int, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"row": list(by_row), "text": list(by_row.values())}, {"row": pl.Int64, "text": pl.String}
    )


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)
