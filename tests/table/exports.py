"""Exports as banks, mobile money, card processors and insurers write them: layouts of our own making, invented values.

Each has metadata above its header, totals below, units, two columns of debit and credit, code pages, dates and amounts as they are
usual in its country; exports.toml describes them. The generator is seeded: the same bytes each time.
"""

from __future__ import annotations

import csv
import io
import math
import random
import string
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import xlsxwriter

ROWS = 48
_NAMES = (
    "DUPONT", "Mamadou Ba", "ACME Lda", "Lucía Gil", "Shop 24", "J. Smith", "Ferme Bio", "Otieno", "Awa Sow", "R. Costa", "Café Sol", "Uber",
)  # fmt: skip
_MONTHS = {
    "fr": ["janv.", "févr.", "mars"],
    "es": ["ene", "feb", "mar"],
    "es_long": ["enero", "febrero", "marzo"],
    "pt": ["jan", "fev", "mar"],
}
"""The first months of the year, which are all there are."""


@dataclass(frozen=True)
class Export:
    """A file, and how it is to be read.

    Attributes:
        name: of the file.
        data: its bytes.
        roles: column -> role, for the columns that matter.
        rows: number of rows.
        set_aside: reason of each line set aside, in the order of the file.
        total: sum of the amounts, without their signs.
    """

    name: str
    data: bytes
    roles: dict[str, str]
    rows: int
    set_aside: tuple[str, ...]
    total: float


class _Amount(float):
    """A number whose format may end with `|` and its marks: of thousands, of decimals, and its minus; NaN is an empty text."""

    def __getitem__(self, factor: str | int) -> _Amount:
        return _Amount(self * float(factor))

    def __format__(self, spec: str) -> str:
        spec, _, marks = spec.partition("|")
        plain = "" if math.isnan(self) else super().__format__(spec)
        return plain.translate(dict(zip(map(ord, ",.-"), marks, strict=False)))


class _Number(int):
    """A whole number; an item is it modulo the index."""

    def __getitem__(self, modulus: int) -> int:
        return self % modulus


class _Choice:
    """Formats as the first of two texts, which `¦` separates, where it holds; else as the second."""

    def __init__(self, holds: bool) -> None:
        self._holds = holds

    def __format__(self, spec: str) -> str:
        first, second = spec.split("¦")
        return first if self._holds else second


class _Indexed:
    """An item is the function's value for the index."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __getitem__(self, index: Any) -> Any:
        return self._function(index)


def _fields(index: int, at: datetime, name: str, amount: float, balance: float) -> dict[str, Any]:
    """Return the fields of the movement of money of this index, from 1."""
    return {
        "index": index,
        "page": (index - 1) // 16 + 1,
        "number": _Number(7_000_000 + (index - 1) * 13),
        "at": at,
        "day": at.replace(hour=0, minute=0, second=0),
        "later": _Indexed(lambda days: at + timedelta(days=days)),
        "month": _Indexed(lambda language: _MONTHS[language][at.month - 1]),
        "name": name,
        "lower": name.lower(),
        "dotted": name.lower().replace(" ", "."),
        "amount": _Amount(amount),
        "size": _Amount(abs(amount)),
        "card_fee": _Amount(abs(amount) * 0.029 + 0.3),
        "debit": _Amount(-amount if amount < 0 else math.nan),
        "credit": _Amount(amount if amount > 0 else math.nan),
        "balance": _Amount(balance),
        "credited": _Choice(amount > 0),
        "odd": _Choice(index % 2 == 0),
        "only": _Indexed(lambda row: _Choice(index == row)),
        "first_of": _Indexed(lambda rows: _Choice(index % rows == 1)),
        "last_of": _Indexed(lambda rows: _Choice(index % rows == 0)),
    }


def _movements(seed: int, *, whole: bool) -> Iterator[dict[str, Any]]:
    """Yield the fields of movements of eight weeks, about a third of them incoming."""
    draw, at, balance = random.Random(seed), datetime(2024, 1, 3, 8, 12), 5000.0
    for index in range(1, ROWS + 1):
        at += timedelta(hours=draw.randint(3, 46), minutes=draw.randint(0, 59), seconds=draw.randint(0, 59))
        size = round(draw.lognormvariate(4.6, 1.1), 2)
        amount = float(round(size)) if whole else size
        amount = max(1.0, amount) * (1 if draw.random() < 0.35 else -1)
        balance = round(balance + amount, 2)
        yield _fields(index, at, draw.choice(_NAMES), amount, balance)


def _value(template: Any, fields: Mapping[str, Any]) -> Any:
    """Return the value of a cell of a workbook: `=name` is a field, None is empty."""
    if not isinstance(template, str):
        return template
    if not template.startswith("="):
        return template.format_map(fields) or None
    value = string.Formatter().get_field(template[1:], (), fields)[0]
    return None if isinstance(value, float) and math.isnan(value) else value


def _line(template: str | list[str], fields: Mapping[str, Any], layout: Mapping[str, Any]) -> str:
    """Return a line of a text file."""
    if isinstance(template, str):
        return template.format_map(fields)
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if layout.get("quoted") else csv.QUOTE_MINIMAL
    csv.writer(out, quoting=quoting, lineterminator="").writerow(
        [cell.format_map(fields) for cell in template]
    )
    return out.getvalue()


def _workbook(rows: Sequence[Sequence[Any]], layout: Mapping[str, Any]) -> bytes:
    """Return a sheet that begins at a cell; `merged` has row, first and last column."""
    out, top, left = io.BytesIO(), layout.get("top", 0), layout.get("left", 0)
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, day = book.add_worksheet("Hoja1"), book.add_format({"num_format": "dd/mm/yyyy"})
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(top + y, left + x, cell, day)
            elif cell is not None:
                sheet.write(top + y, left + x, cell)
    for row, first, last in layout.get("merged", ()):
        sheet.merge_range(top + row, left + first, top + row, left + last, rows[row][first])
    book.close()
    return out.getvalue()


def _templates(
    layout: Mapping[str, Any], found: Sequence[dict[str, Any]]
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Yield the template of each line, and the fields to fill it with."""
    of_all = {
        "debits": _Amount(-sum(m["amount"] for m in found if m["amount"] < 0)),
        "credits": _Amount(sum(m["amount"] for m in found if m["amount"] > 0)),
        "sizes": _Amount(sum(m["size"] for m in found)),
        "first": SimpleNamespace(**found[0]),
        "last": SimpleNamespace(**found[-1]),
    }
    above = [
        *layout.get("above", ()),
        *(layout[part] for part in ("header", "after_header") if part in layout),
    ]
    yield from ((template, of_all) for template in above)
    yield from ((layout["row"], fields) for fields in found)
    yield from ((template, of_all) for template in layout.get("below", ()))


LAYOUTS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)
"""The description of each export by its name."""


def export(name: str) -> Export:
    """Return the export of a name in `LAYOUTS`."""
    layout = LAYOUTS[name]
    found = list(_movements(layout["seed"], whole=layout.get("whole", False)))
    templates = _templates(layout, found)
    if layout["file"].endswith(".xlsx"):
        data = _workbook([[_value(cell, fields) for cell in row] for row, fields in templates], layout)
    else:
        end = layout.get("end", "\r\n")
        lines = "".join(_line(template, fields, layout) + end for template, fields in templates)
        data = lines.encode(layout.get("encoding", "utf-8"))
    return Export(
        layout["file"],
        data,
        layout["roles"],
        layout.get("rows", ROWS),
        tuple(layout.get("set_aside", ())),
        layout.get("scale", 1) * sum(m["size"] for m in found),
    )
