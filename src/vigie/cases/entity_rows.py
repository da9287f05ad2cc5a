"""The rows of one result in which the entities of a case take part, and those that share their devices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from vigie.app import Run
from vigie.app.currency_sums import CurrencySum, one_sum
from vigie.app.result_layout import cell_column, own_column, typed_column
from vigie.cases import currencies
from vigie.cases.currencies import row_currency
from vigie.cases.entities import entity_columns, normalise, normalised
from vigie.roles.inference import Roles

MAX_ROWS = 20_000
"""Rows of a result that are read, the most suspicious first."""
LAST_ROWS = 50
_MAX_DEVICES = 20
SCHEMA: dict[str, Any] = {
    "row": pl.Int64,
    "rank": pl.Int64,
    "at": pl.Datetime("us"),
    "amount": pl.Float64,
    "currency": pl.String,
    "customer": pl.String,
    "counterparty": pl.String,
    "device": pl.String,
    "own": pl.Boolean,
}
"""Columns of the rows: `own` where an entity of the case stands in a column of its kind."""


@dataclass(frozen=True)
class Month:
    """The rows of the entities of a case in one month; `start` is None for rows without a date."""

    start: date | None
    rows: int
    alerts: int
    amounts: tuple[CurrencySum, ...]

    @property
    def amount(self) -> float | None:
        """Their sum; None without amounts and for several currencies."""
        return one_sum(self.amounts)


@dataclass(frozen=True)
class EntityRow:
    """One row that names an entity of a case; `run_id` is that of its file."""

    run_id: str
    row: int
    at: datetime | None
    amount: float | None
    currency: str
    customer: str | None
    counterparty: str | None
    device: str | None
    alert: bool


class EntityRows:
    """Reads the rows of one result.

    Args:
        path: the ranked table.
        summary: of the run.
    """

    def __init__(self, path: Path, summary: Mapping[str, Any]) -> None:
        self._file, self._roles = summary["file"], Roles.from_json(summary["roles"])
        self._numbers = {column: number for number, column in enumerate(self._file["columns"])}
        self._typed = set(self._file.get("typed", []))
        self._kinds = {
            kind: self._numbers[c] for kind, c in entity_columns(self._roles) if c in self._numbers
        }
        self._scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)

    def of_entities(self, wanted: Mapping[str, Collection[str]]) -> pl.DataFrame:
        """Return the rows that name an entity: as its kind, or as the other side of a payment.

        Args:
            wanted: kind -> normalised values.

        Returns:
            (rows,) columns of `SCHEMA`; without rows where the table has no such column.
        """
        same, other = [], []
        parties = {value for kind, values in wanted.items() if kind != "device" for value in values}
        for kind, number in self._kinds.items():
            value = normalised(pl.col(cell_column(number)))
            if wanted.get(kind):
                same.append(_is_one_of(value, wanted[kind]))
            if kind != "device" and parties:
                other.append(_is_one_of(value, parties))
        if not same and not other:
            return pl.DataFrame(schema=SCHEMA)
        own = pl.any_horizontal(same).fill_null(False) if same else pl.lit(False)
        return self._read(pl.any_horizontal(same + other).fill_null(False), own)

    def of_devices(self, devices: Collection[str]) -> pl.DataFrame:
        """Return the rows of some devices, by their normalised values, as `of_entities` does."""
        number = self._kinds.get("device")
        if number is None or not devices:
            return pl.DataFrame(schema=SCHEMA)
        return self._read(_is_one_of(normalised(pl.col(cell_column(number))), devices), pl.lit(False))

    def _read(self, condition: pl.Expr, own: pl.Expr) -> pl.DataFrame:
        actor = next(reversed(self._kinds), None)
        sides = {"customer": actor if actor not in {"device", "counterparty"} else None}
        sides |= {kind: kind if kind in self._kinds else None for kind in ("counterparty", "device")}
        values = [
            (pl.lit(None) if kind is None else pl.col(cell_column(self._kinds[kind])).str.strip_chars())
            .cast(pl.String)
            .alias(name)
            for name, kind in sides.items()
        ]
        columns = [
            pl.col(own_column("row")).alias("row"),
            pl.col(own_column("rank")).alias("rank"),
            self._value("time", pl.Datetime("us")).alias("at"),
            self._value("amount", pl.Float64).alias("amount"),
            row_currency(self._file, self._roles),
            *values,
            own.alias("own"),
        ]
        return self._scan.filter(condition).head(MAX_ROWS).select(columns).collect()

    def _value(self, role: str, dtype: Any) -> pl.Expr:
        number = self._numbers.get(self._roles.first(role) or "", -1)
        if number not in self._typed:
            return pl.lit(None, dtype)
        cell = pl.col(typed_column(number))
        if role != "time":
            return cell.cast(dtype, strict=False)
        # A time without a date is a number: no month can be told from it.
        kind = self._scan.collect_schema()[typed_column(number)]
        if not isinstance(kind, (pl.Datetime, pl.Date)):
            return pl.lit(None, dtype)
        if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
            cell = cell.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return cell.cast(dtype)


AROUND: dict[str, Any] = {"run": pl.String, **SCHEMA, "alert": pl.Boolean}
"""`SCHEMA` for the rows of several results: the run, and whether the row is an alert of it."""


def rows_around(
    path: Path,
    run: Run,
    wanted: Mapping[str, Collection[str]],
    known: Collection[tuple[str, int]],
    alerts: Collection[int],
) -> pl.DataFrame:
    """Return the rows of one result that name the entities of a case, and those of the devices of its alerts.

    Args:
        path: the ranked table.
        run: its run.
        wanted: kind -> normalised values.
        known: upload and row of the alerts of the case.
        alerts: rows of the upload that are alerts.

    Returns:
        (rows,) columns of `AROUND`.
    """
    reader = EntityRows(path, run.summary or {})
    mine = reader.of_entities(wanted)
    in_case = pl.Series([(run.upload_id, row) in known for row in mine["row"]], dtype=pl.Boolean)
    devices = mine.filter(in_case)["device"].drop_nulls().unique().sort().head(_MAX_DEVICES)
    others = reader.of_devices({normalise(device) for device in devices} - {""})
    rows = pl.concat([mine, others.join(mine, on="row", how="anti")])
    alert = pl.Series("alert", [row in alerts for row in rows["row"]], dtype=pl.Boolean)
    return rows.select(pl.lit(run.id).alias("run"), *SCHEMA, alert)


def months(rows: pl.DataFrame) -> list[Month]:
    """Return the months of some rows, in time."""
    start = pl.col("at").dt.truncate("1mo").dt.date().alias("start")
    parts = rows.with_columns(start).sort("start", nulls_last=True).partition_by("start", maintain_order=True)
    return [
        Month(one["start"][0], one.height, int(one["alert"].sum()), currencies.sums(one)) for one in parts
    ]


def last_rows(rows: pl.DataFrame) -> list[EntityRow]:
    """Return the last rows in time, newest first, at most `LAST_ROWS`."""
    last = rows.sort("at", "run", "row", descending=[True, False, False], nulls_last=True).head(LAST_ROWS)
    names = [name for name in EntityRow.__annotations__ if name != "run_id"]
    return [
        EntityRow(row["run"], **{name: row[name] for name in names}) for row in last.iter_rows(named=True)
    ]


def _is_one_of(value: pl.Expr, wanted: Collection[str]) -> pl.Expr:
    return value.is_in(pl.Series(sorted(wanted), dtype=pl.String).implode())
