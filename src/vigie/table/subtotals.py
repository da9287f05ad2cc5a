"""Totals, balances and page numbers between the rows of a table, as reports that are made for people have them.

Such a row says what it is and lacks a cell that the records have. A word alone is not enough: `TOTAL` is also a merchant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from vigie.table.header import is_ruler
from vigie.table.summary_reasons import cell_shape, is_balance_label, is_total_label, plain_cell
from vigie.table.unnamed_totals import verified_sums

_WORDS = (
    "total", "totaux", "sum", "suma", "soma", "somme", "solde", "saldo", "balance", "report", "forward", "page", "pág",
    "seite", "hoja", "übertrag", "bestand",
)  # fmt: skip
"""One of these is in every label, whatever its accents."""
_SUBTOTAL = re.compile(
    r"(?:sous|sub|grand|running|daily|weekly|monthly|quarterly|yearly|page|group|report|overall)[\s-]*tota(?:l|ls|ux|les|is)\b.*"
    r"|zwischensumme\b.*|gesamtsumme\b.*|tota(?:l|ux) ge(?:ne)?ra(?:l|le|ux)\b.*"
    r"|(?:a )?report(?:er|es|e)?\s*:?|report (?:page|solde|de la page|du mois)\b.*|suma (?:y sigue|anterior)\b.*|ubertrag\b.*|a transportar"
)
_GROUP = re.compile(
    r"(?:total|totals|totaux|totales|totais|somme|sum|suma|soma|summe)\b.{0,80}|.{1,80}\b(?:sub)?total(?:es|s)?\s*:?"
)
"""A total with the name of its group; also what a merchant may be called."""
_PAGE = re.compile(
    r"(?:page|pag|pagina|seite|hoja|folha|feuillet)[\s.:]*(?:n[o°º]?\s*)?\d+(?:\s*(?:/|of|sur|de|von)\s*\d+)?"
)
_FIGURE = re.compile(r"[^\d]*\d[\d.,'\u2019\s]*[^\d]*")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}|\d:\d\d")
_LETTER = re.compile(r"[^\W\d_]")
_MOST_LETTERS = 5
"""Letters of a currency in a cell with a figure."""
_HEADING = re.compile(r"(?=.*[^\W\d_]{2})\S+(?:\s+\S+)+|[^\W\d_]+\s*:")
"""The name of the group of the rows below it: words, or one with a colon."""
_DRAWN = r"^\s*[:+]?[*=_~#.+\-–—]{3}"
_LABELS = 3
"""Filled cells of a row among which its label is: dates may stand before it."""
_SAME_LABEL = 2
"""Complete rows with a label from which it is a value of its column."""
_USUAL_SHARE = 0.9
_FEWER_SHARE = 0.05
_REPORT_ROWS = 100_000
"""Rows up to which a table may be a report that is made for people, in which also complete rows are looked at."""
_LEAST_ROWS = 4
_LEAST_USUAL = 3
"""Columns that records fill from which a row of nothing but figures stands out."""
_MOST_SHARE = 0.5
"""Share of the rows that may be totals: of every group one, below its rows."""
_MOST_UNNAMED = 10_000
"""Rows of nothing but figures above which they are what the table is about."""


def _filled(frame: pl.DataFrame) -> list[pl.Expr]:
    """Return which cells there are, for each column."""
    return [
        pl.col(name).is_not_null() & (pl.col(name) != "")
        if dtype == pl.String
        else pl.col(name).is_not_null()
        for name, dtype in frame.schema.items()
    ]


@dataclass(frozen=True)
class RecordShape:
    """What records have and totals lack.

    Attributes:
        usual: places of the columns in which nearly all records have a cell.
        least: cells that nearly all records have.
        begins: shapes of their first cells.
    """

    usual: tuple[int, ...]
    least: int
    begins: frozenset[str]

    def incomplete(self, frame: pl.DataFrame) -> pl.Series:
        """Return which rows have fewer cells than a record."""
        filled = _filled(frame)
        lacking = pl.any_horizontal(*(~filled[place] for place in self.usual), pl.lit(value=False))
        few = pl.sum_horizontal(one.cast(pl.UInt16) for one in filled) < self.least
        return frame.select(lacking | few).to_series()


@dataclass(frozen=True)
class _Suspect:
    """A row that may be a total.

    Attributes:
        position: among all rows, from 0.
        cells: of the row.
        place: of the column that has its label.
        label: in lower case and without accents.
        reason: why it is no record, if it is none.
    """

    position: int
    cells: tuple[object, ...]
    place: int
    label: str
    reason: str

    @property
    def figures(self) -> list[int]:
        """Places of the cells that are numbers."""
        return [place for place, cell in enumerate(self.cells) if _is_figure(plain_cell(cell))]


@dataclass(frozen=True)
class SubtotalRows:
    """Rows between the others that are no records.

    Attributes:
        cells: position among all rows, from 0 -> the cells of the row.
        reasons: position -> `total`, `page`, `ruler` or `heading`.
    """

    cells: Mapping[int, tuple[object, ...]] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)


def record_shape(head: pl.DataFrame, tail: pl.DataFrame) -> RecordShape | None:
    """Return the shape of records by the rows at both ends; None where too few of them are records."""
    rows = [[plain_cell(cell) for cell in row] for row in (*head.rows(), *tail.rows())]
    records = [row for row in rows if any(row) and not any(map(_label_kind, row))]
    if head.width < 2 or len(records) < _LEAST_ROWS:
        return None
    middle = sorted(sum(map(bool, row)) for row in records)[len(records) // 2]
    records = [row for row in records if 2 * sum(map(bool, row)) >= middle]
    counts = sorted(sum(map(bool, row)) for row in records)
    usual = tuple(
        place
        for place in range(head.width)
        if sum(bool(row[place]) for row in records) >= _USUAL_SHARE * len(records)
    )
    begins = frozenset(cell_shape(row[0]) for row in records)
    return RecordShape(usual, counts[int(_FEWER_SHARE * len(counts))], begins)


def find_subtotals(
    pieces: Callable[[], Iterator[pl.DataFrame]], shape: RecordShape, rows: int
) -> SubtotalRows:
    """Return the totals, balances, page numbers, rulers and names of groups anywhere in a table.

    Args:
        pieces: yields all rows.
        shape: of a record.
        rows: how many there are.
    """
    suspects, figures, complete, certain = _look_at_all(pieces, shape, rows)
    values = _values(pieces, suspects, shape) if suspects else {}
    found = {one.position: one for one in (*certain, *suspects) if not _is_value(one, values)}
    for some, only_figures in ((complete, False), (figures, True)):
        if some:
            places = [(one.position, one.figures) for one in some]
            sums = verified_sums(places, pieces, found, only_figures=only_figures)
            found |= {one.position: one for one in some if one.position in sums}
    if len(found) > _MOST_SHARE * rows:
        return SubtotalRows()
    return SubtotalRows(
        {position: one.cells for position, one in found.items()},
        {position: one.reason for position, one in found.items()},
    )


def _look_at_all(
    pieces: Callable[[], Iterator[pl.DataFrame]], shape: RecordShape, rows: int
) -> tuple[list[_Suspect], list[_Suspect], list[_Suspect], list[_Suspect]]:
    """Return the rows that may be totals by their label, by their figures, by both, and those that certainly are no records."""
    suspects: list[_Suspect] = []
    figures: list[_Suspect] = []
    complete: list[_Suspect] = []
    certain: list[_Suspect] = []
    before = 0
    for piece in pieces():
        incomplete = shape.incomplete(piece)
        positions = incomplete.arg_true()
        numbers = [before + position for position in positions.to_list()]
        suspects += _labelled(piece[positions], numbers, shape)
        if len(figures) <= _MOST_UNNAMED:
            unnamed = _unnamed(piece[positions], numbers, shape)
            figures += [one for one in unnamed if one.figures]
            certain += [one for one in unnamed if not one.figures]
        if rows <= _REPORT_ROWS:
            certain += _rulers(piece, before)
            complete += _labelled_records(piece, incomplete, before)
        before += piece.height
    return suspects, figures if len(figures) <= _MOST_UNNAMED else [], complete, certain


def _rulers(piece: pl.DataFrame, before: int) -> list[_Suspect]:
    """Return the rows that are drawn, not written."""
    first = piece.to_series(0)
    if first.dtype != pl.String:
        return []
    drawn = first.str.contains(_DRAWN).fill_null(value=False).arg_true().to_list()
    rows = [(place, piece.row(place)) for place in drawn]
    return [
        _Suspect(before + place, row, 0, "", "ruler")
        for place, row in rows
        if is_ruler([plain_cell(cell) for cell in row])
    ]


def _labelled_records(piece: pl.DataFrame, incomplete: pl.Series, before: int) -> list[_Suspect]:
    """Return the rows with a label of a total that lack nothing: they are totals where their figures are sums."""
    worded = piece.select(pl.any_horizontal(*_has_word(piece), pl.lit(value=False))).to_series()
    found: list[_Suspect] = []
    for place in (worded & ~incomplete).arg_true().to_list():
        cells = piece.row(place)
        row = [plain_cell(cell) for cell in cells]
        labels = [
            i
            for i, cell in enumerate(row)
            if isinstance(cells[i], str) and _label_kind(cell) in {"total", "subtotal", "group"}
        ]
        if labels:
            found.append(_Suspect(before + place, cells, labels[0], row[labels[0]], "total"))
    return found


def _labelled(some: pl.DataFrame, positions: Sequence[int], shape: RecordShape) -> list[_Suspect]:
    """Return the rows with a label of a total."""
    if not some.height:
        return []
    worded = some.select(pl.any_horizontal(*_has_word(some), pl.lit(value=False))).to_series().arg_true()
    found = (
        _suspect(positions[place], row, shape)
        for place, row in zip(worded.to_list(), some[worded].rows(), strict=True)
    )
    return [one for one in found if one]


def _unnamed(some: pl.DataFrame, positions: Sequence[int], shape: RecordShape) -> list[_Suspect]:
    """Return the rows of nothing but figures, or of one text in the first column, which lack at least half of the usual cells."""
    most = len(shape.usual) // 2 if len(shape.usual) >= _LEAST_USUAL else 0
    counted = some.select(pl.sum_horizontal(one.cast(pl.UInt16) for one in _filled(some))).to_series()
    found: list[_Suspect] = []
    for place in ((counted > 0) & (counted <= most)).arg_true().to_list():
        row = [plain_cell(cell) for cell in some.row(place)]
        filled = tuple(i for i, cell in enumerate(row) if cell)
        is_new = filled == (0,) and cell_shape(row[0]) not in shape.begins
        if is_new and _HEADING.fullmatch(row[0]) and not _label_kind(row[0]):
            found.append(_Suspect(positions[place], some.row(place), 0, "", "heading"))
        elif filled and all(_is_figure(row[i]) for i in filled):
            found.append(_Suspect(positions[place], some.row(place), filled[0], "", "total"))
        if len(found) > _MOST_UNNAMED:
            break
    return found


def _has_word(frame: pl.DataFrame) -> list[pl.Expr]:
    return [
        pl.col(name).str.contains_any(list(_WORDS), ascii_case_insensitive=True).fill_null(value=False)
        for name, dtype in frame.schema.items()
        if dtype == pl.String
    ]


def _suspect(position: int, cells: tuple[object, ...], shape: RecordShape) -> _Suspect | None:
    row = [plain_cell(cell) for cell in cells]
    filled = [place for place, cell in enumerate(row) if cell]
    lacking = any(not row[place] for place in shape.usual)
    for place in filled[:_LABELS]:
        kind = _label_kind(row[place]) if isinstance(cells[place], str) else ""
        figures = [_is_figure(row[other]) for other in filled if other != place]
        if (
            kind in {"balance", "subtotal"}
            or (kind == "total" and lacking and all(figures))
            or (kind == "group" and lacking and figures and all(figures))
        ):
            return _Suspect(position, cells, place, row[place], "total")
        if kind == "page" and len(filled) == 1:
            return _Suspect(position, cells, place, row[place], "page")
    return None


def _label_kind(cell: str) -> str:
    if is_balance_label(cell):
        return "balance"
    if _SUBTOTAL.fullmatch(cell):
        return "subtotal"
    if is_total_label(cell):
        return "total"
    if _PAGE.fullmatch(cell):
        return "page"
    return "group" if _GROUP.fullmatch(cell) else ""


def _is_figure(cell: str) -> bool:
    """Whether a cell is a number, perhaps with a currency, and neither a date nor a code."""
    return (
        bool(_FIGURE.fullmatch(cell))
        and not _DATE.search(cell)
        and len(_LETTER.findall(cell)) <= _MOST_LETTERS
    )


@dataclass(frozen=True)
class _Values:
    """Labels that complete rows have in a column.

    Attributes:
        labels: how many rows have each.
        groups: how many rows have one with the name of a group.
    """

    labels: Mapping[str, int]
    groups: int


def _values(
    pieces: Callable[[], Iterator[pl.DataFrame]], suspects: Sequence[_Suspect], shape: RecordShape
) -> dict[int, _Values]:
    """Count the labels of complete rows, for each column in which a suspect has its label."""
    counts: dict[int, dict[str, int]] = {one.place: {} for one in suspects}
    for piece in pieces():
        complete = piece.filter(~shape.incomplete(piece))
        for place, labels in counts.items():
            column = complete[:, [place]]
            cells = column.filter(pl.any_horizontal(*_has_word(column), pl.lit(value=False))).to_series()
            for cell, count in cells.value_counts().iter_rows():
                label = plain_cell(cell)
                labels[label] = labels.get(label, 0) + count
    return {
        place: _Values(labels, sum(n for label, n in labels.items() if _label_kind(label) == "group"))
        for place, labels in counts.items()
    }


def _is_value(suspect: _Suspect, values: Mapping[int, _Values]) -> bool:
    """Whether complete rows have the label too: it is a name, or one of the kinds of transactions."""
    found = values.get(suspect.place)
    if found is None or not suspect.label:
        return False
    is_group = _label_kind(suspect.label) == "group"
    return (found.groups if is_group else found.labels.get(suspect.label, 0)) >= _SAME_LABEL
