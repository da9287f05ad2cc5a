"""A stored result as rules see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from vigie.app.result_layout import cell_column, own_column, typed_column
from vigie.rules.matching import RuleTable


def rule_table(path: Path, description: Mapping[str, Any], roles: Mapping[str, str]) -> RuleTable:
    """Return the table that rules are applied to.

    Args:
        path: the ranked rows.
        description: of the table, as `vigie.jobs.result_files.write_all` returns it.
        roles: column -> role, in order.
    """
    columns: list[str] = list(description.get("columns", []))
    places = {column: number for number, column in enumerate(columns)}
    rows = _scan(path)
    schema = rows.collect_schema()
    types = {number: schema[typed_column(number)] for number in description.get("typed", [])}
    return RuleTable(
        rows,
        {column: roles.get(column, "") for column in columns},
        pl.col(own_column("row")),
        lambda column: pl.col(cell_column(places[column])),
        {
            columns[n]: pl.col(typed_column(n)).cast(pl.Float64)
            for n, dtype in types.items()
            if dtype.is_numeric()
        },
        {columns[n]: _moment(n) for n, dtype in types.items() if isinstance(dtype, pl.Date | pl.Datetime)},
        description.get("actor"),
        next((column for column in columns if roles.get(column) == "time"), None),
    )


def with_ranks(path: Path, matched: pl.DataFrame) -> pl.DataFrame:
    """Return `row`, `rule` and `rank` of matched rows."""
    rows = matched["row"].unique().implode()
    names = [pl.col(own_column(name)).alias(name) for name in ("row", "rank")]
    ranks = _scan(path).filter(pl.col(own_column("row")).is_in(rows)).select(names).collect()
    return matched.join(ranks, on="row", how="left", maintain_order="left")


def cells(path: Path, description: Mapping[str, Any], column: str, rows: Iterable[int]) -> set[str]:
    """Return the cells of a column in some rows, without empty ones."""
    places: list[str] = list(description.get("columns", []))
    if column not in places:
        return set()
    cell = pl.col(cell_column(places.index(column))).str.strip_chars()
    wanted = pl.Series(list(rows), dtype=pl.Int64).implode()
    found = _scan(path).filter(pl.col(own_column("row")).is_in(wanted)).select(cell).collect().to_series()
    return {str(one) for one in found.drop_nulls() if one}


def _moment(number: int) -> pl.Expr:
    return pl.col(typed_column(number)).cast(pl.Datetime("us"), strict=False)


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)
