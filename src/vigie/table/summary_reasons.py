"""Why the first and the last rows of a table are no records: units, totals, balances, texts."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from vigie.table.header import is_ruler

_MOST_FIRST = 3
"""Rows under the header that may be units, a balance or a ruler."""
_MOST_LAST = 6
"""Rows at the end that may be totals or text."""
_MANY_CELLS = 5
_TOTAL = re.compile(
    r"(?:grand|sub|sous|general|overall|running|report|column|page)?[\s-]*(?:total|totals|totaux|totale|totales|totais|gesamt|summe|"
    r"sum|somme|suma|soma|gesamtsumme|gesamtbetrag|zwischensumme|endsumme|subtotal|totalizador)"
    r"(?:\s+(?:general|generale|geral|ttc|ht|amount|montant|sum|due|des .{1,30}|of .{1,30}|de .{1,30}|du .{1,30}|\(.{1,12}\)))?\s*:?"
    r"|solde\s+(?:de|en)\b.*|saldo\s+(?:a|em)\b.*"
)
_BALANCE = re.compile(
    r"(?:closing|opening|ending|beginning|final|initial|previous|available|current|daily|day end|end of day|month end|starting)\s+(?:ledger\s+)?"
    r"balance.*|balance\s+(?:brought|carried|[bc]/[fd]|forward|at|as at|on).*|(?:brought|carried)\s+(?:forward|down)|[bc]/f"
    r"|(?:nouveau|ancien|dernier)\s+solde.*|solde\s+(?:final|initial|precedent|anterieur|crediteur|debiteur|comptable|disponible|au|"
    r"reporte|reportes|a reporter|intermediaire|journalier|du jour|debut|fin|d.ouverture|d.arrete|ouverture|cloture|veille)\b.*"
    r"|saldo\s+(?:final|inicial|anterior|atual|actual|do dia|del dia|al|disponivel|disponible|contabilistico|contable|total|parcial|"
    r"transportado|a transportar|de apertura|de cierre|de abertura|de fecho|de fechamento|do mes|del mes|previo|em conta|arrastrado)\b.*"
    r"|(?:anfangs|end|abschluss|alter\s+konto|neuer\s+konto)saldo.*|endbestand|anfangsbestand|report a nouveau|s\s*a\s*l\s*d\s*o|s\s*o\s*l\s*d\s*e"
)
"""Of a row that states a balance of the account."""
_LABELS = 3
"""Filled cells of a row among which its label is: dates may stand before it."""
_SAME_LABEL = 2
"""Other rows with the label of a complete row from which it is a value of the column, as in a column of kinds."""
_UNIT = re.compile(
    r"[(\[]?(?:[a-z]{3}|[€$£¥₦₵₹%]|r\$|us\$|f\s?cfa|fcfa|euros?|dollars?|in\s.{1,12}|en\s.{1,12}|kg|km|m|cm|g|s|sec|min|ms|h|hours?|"
    r"heures?|days?|jours?|dias?|tage|months?|mois|years?|ans|pcs|units?|unites?|nb|n[o°º]|#|text|texte|string|varchar.*|char.*|int|"
    r"integer|bigint|float|double|decimal.*|numeric.*|number|nombre|date|datetime|timestamp|time|bool|boolean|"
    r"[djty]{1,4}[/.-][mj]{1,3}[/.-][yatj]{2,4}.*|[ya]{4}[/.-]mm[/.-][djt]{2}.*|hh:mm.*|-|—)[)\]]?"
)
_SPACED_WORD = re.compile(r"(?<!\S)\S*[^\W\d_]{2}\S*")
_NUMBERS_OR_DATES = re.compile(r".*\d.*")


def first_summary_rows(head: pl.DataFrame) -> list[str]:
    """Return the reasons why the first rows are no records, in their order; empty where the first is one."""
    reasons: list[str] = []
    while len(reasons) < _MOST_FIRST and (reason := _first_reason(head.slice(len(reasons)))):
        reasons.append(reason)
    return reasons


def _first_reason(head: pl.DataFrame) -> str:
    """Return the reason why the first of these rows is no record; empty where it is one."""
    if head.height < 3 or head.width < 2:
        return ""
    row = [plain_cell(cell) for cell in head.row(0)]
    if is_ruler(row):
        return "ruler"
    below = head.slice(1)
    if _is_units(row, below):
        return "units"
    if _is_record(row, below):
        return ""
    return "total" if _is_total(row, _usual_filled(below), _begins(below)) else ""


def _is_units(row: list[str], below: pl.DataFrame) -> bool:
    """Whether a row has units where the rows below it have values: everywhere, or in two columns and beside words that no row below it has."""
    filled = [place for place, cell in enumerate(row) if cell]
    values = [place for place in filled if _has_values(below.to_series(place))]
    units = [place for place in values if _UNIT.fullmatch(row[place])]
    others = [place for place in filled if not _UNIT.fullmatch(row[place])]
    if not others:
        return any(not _NUMBERS_OR_DATES.fullmatch(row[place]) for place in values)
    return len(units) > 1 and not any(
        _NUMBERS_OR_DATES.fullmatch(row[place])
        or row[place] in map(plain_cell, below.to_series(place).to_list())
        for place in (*units, *others)
    )


def last_summary_rows(tail: pl.DataFrame) -> list[str]:
    """Return the reasons why the last rows are no records, in their order; empty where the last is one."""
    if tail.height < 4 or tail.width < 2:
        return []
    usual = _usual_filled(tail)
    above = tail.head(tail.height - _MOST_LAST)
    begins = _begins(above)
    reasons: list[str] = []
    has_text = False
    for cells in reversed(tail.tail(_MOST_LAST).rows()):
        row = [plain_cell(cell) for cell in cells]
        if is_ruler(row):
            reasons.append("ruler")
        elif not _is_record(row, above) and _is_total(row, usual, begins):
            reasons.append("total")
        elif _is_footer(row, usual):
            reasons.append("footer")
        else:
            break
        has_text = has_text or any(row)
    # Rows without a cell are rows, unless there is something below the table.
    return _block_of_text(tail, usual) or (reasons[::-1] if has_text else [])


def _block_of_text(tail: pl.DataFrame, usual: int) -> list[str]:
    """Return reasons for a text below the table and all that follows it, if none of that begins as a row does."""
    rows = [[plain_cell(cell) for cell in cells] for cells in tail.rows()]
    begins = _begins(tail.head(tail.height - _MOST_LAST))
    for place in range(max(0, len(rows) - _MOST_LAST), len(rows)):
        if _is_footer(rows[place], usual) and rows[place][0]:
            following = rows[place + 1 :]
            if following and not any(cell_shape(row[0]) in begins for row in following):
                ruled = ["ruler"] if place and is_ruler(rows[place - 1]) else []
                return [*ruled, *["footer"] * (len(rows) - place)]
    return []


def _begins(rows: pl.DataFrame) -> frozenset[str]:
    """Return the shapes of the first cells."""
    return frozenset(cell_shape(plain_cell(cell)) for cell in rows.to_series(0).to_list())


def cell_shape(cell: str) -> str:
    """Return a cell with every word as `a` and every digit as `9`."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", cell))


def _is_record(row: list[str], others: pl.DataFrame) -> bool:
    """Whether a row has every cell that the others have, and each of its labels is a value that others have in this column."""
    labels = [place for place, cell in enumerate(row) if _TOTAL.fullmatch(cell) or _BALANCE.fullmatch(cell)]
    return bool(labels) and all(_is_value(row, place, others) for place in labels)


def is_total_label(cell: str) -> bool:
    """Return whether a plain cell is a word for a total and nothing else."""
    return bool(_TOTAL.fullmatch(cell))


def is_balance_label(cell: str) -> bool:
    """Return whether a plain cell states a balance of the account."""
    return bool(_BALANCE.fullmatch(cell))


def _is_value(row: list[str], place: int, others: pl.DataFrame) -> bool:
    cells = [[plain_cell(cell) for cell in other] for other in others.rows()]
    unlike = [other for other in cells if other[place] != row[place]]
    is_complete = all(cell or any(not other[i] for other in unlike) for i, cell in enumerate(row))
    return is_complete and len(cells) - len(unlike) >= _SAME_LABEL


def _is_total(row: list[str], usual: int, begins: frozenset[str]) -> bool:
    """Whether a row says that it is a total or a balance of the account.

    A total has fewer cells than the others, or begins with the word where the others do not begin with a word.
    """
    filled = [cell for cell in row if cell]
    if any(_BALANCE.fullmatch(cell) for cell in filled[:_LABELS]):
        return True
    if begins and row[0] and _TOTAL.fullmatch(row[0]) and cell_shape(row[0]) not in begins:
        return True
    if not filled or len(filled) > max(usual - 1, usual // 2):
        return False
    return any(_TOTAL.fullmatch(cell) for cell in filled[:2]) or _is_label(filled, usual)


def _is_label(filled: list[str], usual: int) -> bool:
    """Whether a row is a label and its value, in a table of many more cells."""
    return (
        usual >= _MANY_CELLS
        and len(filled) == 2
        and not any(c.isdigit() for c in filled[0])
        and bool(_NUMBERS_OR_DATES.fullmatch(filled[1]))
    )


def _is_footer(row: list[str], usual: int) -> bool:
    """Whether a row is nothing but a text in its first cell, in a table of more cells; or empty."""
    filled = [cell for cell in row if cell]
    return usual >= 3 and (
        not filled or (len(filled) == 1 and row[0] == filled[0] and len(_SPACED_WORD.findall(row[0])) > 1)
    )


def _usual_filled(rows: pl.DataFrame) -> int:
    counts = sorted(sum(bool(plain_cell(cell)) for cell in row) for row in rows.rows())
    return counts[len(counts) // 2] if counts else rows.width


def _has_values(cells: pl.Series) -> bool:
    filled = [cell for cell in cells.to_list() if cell and str(cell).strip()]
    return bool(filled) and sum(bool(_NUMBERS_OR_DATES.fullmatch(str(cell))) for cell in filled) > 0.8 * len(
        filled
    )


def plain_cell(cell: object) -> str:
    """Return a cell in lower case, without accents and the spaces around it."""
    text = unicodedata.normalize("NFKD", "" if cell is None else str(cell).strip().lower())
    return "".join(c for c in text if not unicodedata.combining(c))
