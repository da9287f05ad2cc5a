"""Which rows are fraud, which are not, and which nobody has looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.errors import InputRefused, UnknownColumn
from vigie.i18n.messages import msg
from vigie.models.trained.column_sketch import normalised_cells
from vigie.roles.inference import infer
from vigie.roles.name_lexicon import word_set

FEWEST_FRAUDS = 30
FEWEST_ROWS = 200
MOST_VALUES = 20

_YES = word_set(
    """
    1 true yes y oui o si sí sim ja s t fraud fraude fraudulent frauduleux fraudulento bad positive positif suspicious
    confirmed fraud_confirmed scam
    """
)
_NO = word_set(
    """
    0 false no n non nao não nein f legit legitimate legitime légitime genuine good ok fine normal valid honest clean
    not_fraud nonfraud non-fraud negative négatif negatif licit
    """
)

_UNSURE = word_set("unsure unknown maybe ? incertain inconnu")


@dataclass(frozen=True)
class Label:
    """The label column, read.

    Attributes:
        column: its name.
        fraud: (rows,) true is fraud.
        known: (rows,) whether somebody has decided.
    """

    column: str
    fraud: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]

    @property
    def frauds(self) -> int:
        """How many rows are fraud."""
        return int(self.fraud.sum())

    @property
    def share(self) -> float:
        """Share of frauds among the rows that somebody decided."""
        return float(self.fraud[self.known].mean())


def read(frame: pl.DataFrame, column: str, positive: str = "", unlabelled: Iterable[str] = ()) -> Label:
    """Finds the positive value and refuses what cannot be learned from.

    Args:
        frame: typed.
        column: the label.
        positive: the value that says fraud; found by its word where empty.
        unlabelled: values that say nobody has decided; empty cells always do.
    """
    if column not in frame.columns:
        raise UnknownColumn(column, frame.columns)
    texts = normalised_cells(frame[column])
    unknown = {_plain(value) for value in unlabelled} | {""}
    values = [value for value in texts.drop_nulls().unique().sort().to_list() if value not in unknown]
    chosen = _positive(column, values, _plain(positive))
    fraud = (texts == chosen).fill_null(False).to_numpy()
    known = texts.is_in(values).fill_null(False).to_numpy()
    found = Label(column, fraud, known)
    _require_enough(found, frame.height)
    return found


def guess(frame: pl.DataFrame, source: str) -> str:
    """The column that is the label, where exactly one can be; refuses to choose between several.

    Args:
        frame: typed.
        source: what the user calls the table.
    """
    named = [item.column for item in infer(frame).columns if item.role == "leak"]
    found = [column for column in named if 2 <= normalised_cells(frame[column]).drop_nulls().n_unique() <= 3]
    if len(found) == 1:
        return found[0]
    said = msg("{found} columns that could be", found=len(found)) if found else msg("no column that could be")
    raise InputRefused(
        msg("{source}: found {said} the label, expected one", source=source, said=said),
        hint=msg("name it with --label: {names}", names=", ".join(found[:5]))
        if found
        else "name it with --label",
    )


def verdicts(series: pl.Series, source: str) -> list[bool | None]:
    """(rows,) what each cell says: fraud, fine, or nothing where it is empty or unsure.

    Args:
        series: typed.
        source: of the column, for messages.
    """
    texts = normalised_cells(series).to_list()
    odd = sum(text is not None and text not in _YES | _NO | _UNSURE for text in texts)
    if odd:
        raise InputRefused(
            msg(
                "{source}, column {name!r}: found {odd} cells that say neither fraud nor fine",
                source=source,
                name=series.name,
                odd=odd,
            ),
            hint="use 1 and 0, yes and no, or fraud and fine; leave a cell empty where nobody knows",
        )
    return [None if text is None or text in _UNSURE else text in _YES for text in texts]


def _positive(column: str, values: list[str], wanted: str) -> str:
    if len(values) < 2:
        raise InputRefused(
            msg("label {column!r}: found 1 value, expected fraud and not fraud", column=column)
            if values
            else msg("label {column!r}: found 0 values, expected fraud and not fraud", column=column),
            hint="a model learns from both; without labels use `vigie predict`",
        )
    if len(values) > MOST_VALUES:
        raise InputRefused(
            msg(
                "label {column!r}: found {values:,} different values, expected two",
                column=column,
                values=len(values),
            ),
            hint="this looks like another column; name the one that says fraud or not with --label",
        )
    if wanted:
        if set(values) <= {"0", "1"} and wanted in _YES | _NO:
            return "1" if wanted in _YES else "0"  # read as yes and no, whatever the words were
        if wanted not in values:
            raise InputRefused(
                msg("label {column!r}: found no row with the value given by --positive", column=column)
            )
        return wanted
    if len(values) > 2:
        raise InputRefused(
            msg(
                "label {column!r}: found {values} different values, expected two",
                column=column,
                values=len(values),
            ),
            hint="say which one is fraud with --positive VALUE; --unlabelled VALUE leaves rows out that nobody decided",
        )
    yes = [value for value in values if value in _YES]
    no = [value for value in values if value in _NO]
    if len(yes) == 1:
        return yes[0]
    if len(no) == 1 and not yes:
        return next(value for value in values if value not in no)
    raise InputRefused(
        msg("label {column!r}: found two values, neither of them clearly fraud", column=column),
        hint="say which with --positive VALUE",
    )


def _require_enough(found: Label, rows: int) -> None:
    decided = int(found.known.sum())
    if found.frauds < FEWEST_FRAUDS:
        raise InputRefused(
            msg(
                "label {column!r}: found {frauds} frauds in {rows:,} rows, expected at least {fewest_frauds}",
                column=found.column,
                frauds=found.frauds,
                rows=rows,
                fewest_frauds=FEWEST_FRAUDS,
            ),
            hint="so few teach no model that lasts: score the table with `vigie predict`, then teach it your labels with `vigie refine`",
        )
    if decided < FEWEST_ROWS:
        raise InputRefused(
            msg(
                "label {column!r}: found {decided} labelled rows, expected at least {fewest_rows}",
                column=found.column,
                decided=decided,
                fewest_rows=FEWEST_ROWS,
            ),
            hint="score the table with `vigie predict`, then teach it your labels with `vigie refine`",
        )
    if decided - found.frauds < FEWEST_FRAUDS:
        raise InputRefused(
            msg(
                "label {column!r}: found {decided} rows that are not fraud, expected at least {fewest_frauds}",
                column=found.column,
                decided=decided - found.frauds,
                fewest_frauds=FEWEST_FRAUDS,
            ),
            hint="a model learns from both",
        )


def _plain(value: str) -> str:
    text = value.strip().lower()
    return {"true": "1", "false": "0"}.get(text, text.removesuffix(".0"))
