"""Filters and order of the table of rows, as the address of the page has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import request

from vigie.i18n.translator import Translator
from vigie.web.request_values import whole_number
from vigie.web.services import RowQuery

_SORTS = {"rank", "row"}
_OTHER_THAN_NUMBER = re.compile(r"[^\d.,+\-]")
SORTED_DOWN = {"amount", "time"}
"""Columns that are sorted from the largest value unless the address says otherwise."""


@dataclass(frozen=True)
class RowFilters:
    """What the address selects.

    Attributes:
        query: rows to read.
        sort: `rank`, `row` or a role.
        values: the fields of the filter form as they were typed.
        active: number of the filters behind "more filters" that are set.
    """

    query: RowQuery
    sort: str
    values: Mapping[str, str]
    active: int


def read(
    columns: Mapping[str, str],
    category: str | None,
    budget: int | None,
    only: tuple[int, ...] | None,
    size: int,
    t: Translator,
) -> RowFilters:
    """Read the filters of the request.

    Args:
        columns: role -> column of the upload, of the columns that rows are shown with.
        category: column of the chart by category; None without one.
        budget: number of rows to review; None for all rows.
        only: rows to show alone.
        size: rows per page.
        t: translator of the reader's language.
    """
    args = request.args
    names = ("search", "level", "marked", "sort", "down", "category", "reason", "from", "to", "least", "most")
    values = {name: args.get(name, "").strip()[:200] for name in names}
    sort = values["sort"] if values["sort"] in _SORTS | set(columns) else "rank"
    down = values["down"] == "1" if values["down"] else sort in SORTED_DOWN
    ranges: dict[str, tuple[Any, Any]] = {}
    if "amount" in columns:
        ranges[columns["amount"]] = number(values["least"], t), number(values["most"], t)
    if "time" in columns:
        ranges[columns["time"]] = _moment(values["from"]), _end_of_day(values["to"])
    chosen = {category: values["category"]} if category and values["category"] else {}
    query = RowQuery(
        budget=budget,
        page=max(1, args.get("page", 1, type=whole_number)),
        size=size,
        sort=columns.get(sort, sort),
        descending=down,
        search=values["search"],
        filters=chosen,
        level=values["level"],
        label=values["marked"],
        only=only,
        ranges={column: both for column, both in ranges.items() if both != (None, None)},
        feature=values["reason"],
        numbers=tuple({value for value in _readings(values["search"]) if value is not None}),
    )
    active = len(query.ranges) + bool(query.filters) + bool(query.feature)
    return RowFilters(query, sort, values, active)


def number(text: str, t: Translator) -> float | None:
    """Return a number as a reader of this language types it, with a point or a comma; None for another text."""
    mark = t.catalogue.format.decimal
    plain = _OTHER_THAN_NUMBER.sub("", text)
    if mark == "," and "," not in plain and not re.search(r"\.\d{3}(?!\d)", plain):
        mark = "."
    return _float(plain, mark)


def _readings(text: str) -> tuple[float | None, ...]:
    """Return the numbers that a text may mean: its comma and its point may separate decimals or thousands."""
    plain = _OTHER_THAN_NUMBER.sub("", text)
    if not plain or len(plain) < len(re.sub(r"\s", "", text)) - 4:
        return ()
    if "," in plain and "." in plain:
        return (_float(plain, max(".,", key=plain.rfind)),)
    return _float(plain, "."), _float(plain, ",")


def _float(plain: str, mark: str) -> float | None:
    other = "," if mark == "." else "."
    try:
        return float(plain.replace(other, "").replace(mark, "."))
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        return None


def _end_of_day(text: str) -> datetime | None:
    start = _moment(text)
    return None if start is None else start + timedelta(days=1, microseconds=-1)
