"""The currency of each row of a result, and sums of amounts by currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from vigie.app.currency_sums import CurrencySum
from vigie.app.result_layout import cell_column
from vigie.roles.inference import Roles
from vigie.roles.name_parser import parse_name, split_words
from vigie.roles.patterns import CURRENCIES

_CODE = r"^[A-Z]{3}$"
_LONGEST = 16
_IN_NAMES = (CURRENCIES | {"FCFA", "CFA"}) - {"ALL", "CUP", "PEN", "TOP", "TRY"}
"""Codes that the name of a column may have; the last ones are English words, too."""
_SAME = {"€": "EUR", "EURO": "EUR", "EUROS": "EUR"}
"""Names with one meaning only; others, such as "$" and "FCFA", stay as the file writes them."""


def row_currency(description: Mapping[str, Any], roles: Roles) -> pl.Expr:
    """Return the currency of each row, as `currency`; empty where it is unknown.

    It is the one in the cells of the column of amounts, else in the name of that column, else in the row's own column of
    currencies, which may be the same in all rows.

    Args:
        description: of the ranked table.
        roles: of its columns.
    """
    columns = list(description["columns"])
    amount, currency = roles.first("amount"), _currency_column(roles)
    place = columns.index(amount) if amount in columns else -1
    unit = str(description.get("units", {}).get(str(place), "")).strip()[:_LONGEST] or _in_name(amount or "")
    if unit or currency not in columns:
        return pl.lit(_SAME.get(unit.upper(), unit)).alias("currency")
    code = (
        pl.col(cell_column(columns.index(currency)))
        .cast(pl.String)
        .str.strip_chars()
        .str.to_uppercase()
        .replace(_SAME)
    )
    return pl.when(code.str.contains(_CODE)).then(code).otherwise(pl.lit("")).alias("currency")


def _currency_column(roles: Roles) -> str | None:
    """Return the column of currencies; one that is the same in all rows has no role, so that its name decides."""
    unnamed = (one.column for one in roles.columns if one.role == "none")
    named = (column for column in unnamed if "currency" in parse_name(column).concepts)
    return roles.first("currency") or next(named, None)


def _in_name(column: str) -> str:
    """Return the currency at the end of a name such as `Montant (XOF)`; empty without one."""
    words = split_words(column)
    last = words[-1].upper() if len(words) > 1 else ""
    return last if last in _IN_NAMES else ""


def sums(rows: pl.DataFrame, values: str = "amount") -> tuple[CurrencySum, ...]:
    """Return the sums of a column by `currency`, in the order of the currencies; without those that have no value.

    Args:
        rows: columns `values` and `currency`.
        values: name of a column of numbers.
    """
    by_currency = (
        rows.drop_nulls(values).group_by(pl.col("currency").fill_null("")).agg(pl.col(values).sum().round(2))
    )
    return tuple(CurrencySum(*row) for row in by_currency.sort("currency").rows())
