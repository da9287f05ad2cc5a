"""The label column: which rows are fraud, which are legitimate, which are unknown."""

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
from vigie.roles.label_columns import label_columns
from vigie.roles.label_words import is_fraud_word, is_legitimate_word, is_unknown_word

MIN_FRAUDS = 30
MIN_ROWS = 200
MAX_VALUES = 20


@dataclass(frozen=True)
class Label:
    """The parsed label column.

    Attributes:
        column: its name.
        fraud: (rows,) true is fraud.
        known: (rows,) whether the label is known.
    """

    column: str
    fraud: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]

    @property
    def frauds(self) -> int:
        """Number of fraud rows."""
        return int(self.fraud.sum())

    @property
    def share(self) -> float:
        """Share of frauds among the rows with a known label."""
        return float(self.fraud[self.known].mean())


def read_label(frame: pl.DataFrame, column: str, positive: str = "", unlabelled: Iterable[str] = ()) -> Label:
    """Parse a label column.

    Args:
        frame: typed.
        column: the label.
        positive: the value that means fraud; recognised by its word where empty.
        unlabelled: values that mean unknown; empty cells always do.

    Raises:
        UnknownColumn: there is no such column.
        InputRefused: the label's value for fraud is unknown, or there are too few rows of a class.
    """
    if column not in frame.columns:
        raise UnknownColumn(column, frame.columns)
    texts = normalised_cells(frame[column])
    unknown = {_plain(value) for value in unlabelled} | {""}
    values = [value for value in texts.drop_nulls().unique().sort().to_list() if value not in unknown]
    chosen = _positive_value(column, values, _plain(positive))
    fraud = (texts == chosen).fill_null(False).to_numpy()
    known = texts.is_in(values).fill_null(False).to_numpy()
    found = Label(column, fraud, known)
    _require_enough(found, frame.height)
    return found


def find_label(frame: pl.DataFrame, source: str) -> str:
    """Return the only column that can be the label.

    Args:
        frame: typed.
        source: name of the table for messages.

    Raises:
        InputRefused: no column can be the label, or several can.
    """
    found = label_columns(frame, infer(frame))
    if len(found) == 1:
        return found[0]
    names = msg("name it with --label: {names}", names=", ".join(found[:5]))
    raise InputRefused(
        msg("{source}: found {count} possible label columns, expected 1", source=source, count=len(found)),
        hint=names if found else "name it with --label",
    )


def read_feedback(series: pl.Series, source: str) -> list[bool | None]:
    """Parse feedback on rows.

    Args:
        series: typed.
        source: name of the table for messages.

    Returns:
        (rows,) True for fraud, False for legitimate, None where the cell is empty or means unknown.

    Raises:
        InputRefused: a cell means none of these.
    """
    texts = normalised_cells(series).to_list()
    odd = sum(
        not (is_fraud_word(text) or is_legitimate_word(text) or is_unknown_word(text))
        for text in texts
        if text is not None
    )
    if odd:
        raise InputRefused(
            msg(
                "{source}, column {name!r}: found {odd} cells that mean neither fraud nor legitimate",
                source=source,
                name=series.name,
                odd=odd,
            ),
            hint="use 1 and 0, yes and no, or fraud and legitimate; leave unknown cells empty",
        )
    return [None if text is None or is_unknown_word(text) else is_fraud_word(text) for text in texts]


def _positive_value(column: str, values: list[str], wanted: str) -> str:
    if len(values) < 2:
        raise InputRefused(
            msg(
                "label {column!r}: found {values:,} different values, expected two",
                column=column,
                values=len(values),
            ),
            hint="training needs fraud and legitimate rows; without labels use `vigie predict`",
        )
    if len(values) > MAX_VALUES:
        raise InputRefused(
            msg(
                "label {column!r}: found {values:,} different values, expected two",
                column=column,
                values=len(values),
            ),
            hint="this looks like another column; name the one that says fraud or not with --label",
        )
    if wanted:
        if set(values) <= {"0", "1"} and (is_fraud_word(wanted) or is_legitimate_word(wanted)):
            return "1" if is_fraud_word(wanted) else "0"  # parsed as a flag, whatever its words were
        if wanted not in values:
            raise InputRefused(
                msg("label {column!r}: found no row with the value given by --positive", column=column)
            )
        return wanted
    if len(values) > 2:
        raise InputRefused(
            msg(
                "label {column!r}: found {values:,} different values, expected two",
                column=column,
                values=len(values),
            ),
            hint="name the one that means fraud with --positive VALUE; --unlabelled VALUE leaves rows out",
        )
    yes = [value for value in values if is_fraud_word(value)]
    no = [value for value in values if is_legitimate_word(value)]
    if len(yes) == 1:
        return yes[0]
    if len(no) == 1 and not yes:
        return next(value for value in values if value not in no)
    raise InputRefused(
        msg("label {column!r}: found two values, neither of them clearly fraud", column=column),
        hint="name the one that means fraud with --positive VALUE",
    )


def _require_enough(found: Label, rows: int) -> None:
    labelled = int(found.known.sum())
    refine = "score the table with `vigie predict`, then use your labels with `vigie refine`"
    if found.frauds < MIN_FRAUDS:
        raise InputRefused(
            msg(
                "label {column!r}: found {frauds} frauds in {rows:,} rows, expected at least {fewest_frauds}",
                column=found.column,
                frauds=found.frauds,
                rows=rows,
                fewest_frauds=MIN_FRAUDS,
            ),
            hint=refine,
        )
    if labelled < MIN_ROWS:
        raise InputRefused(
            msg(
                "label {column!r}: found {decided} labelled rows, expected at least {fewest_rows}",
                column=found.column,
                decided=labelled,
                fewest_rows=MIN_ROWS,
            ),
            hint=refine,
        )
    if labelled - found.frauds < MIN_FRAUDS:
        raise InputRefused(
            msg(
                "label {column!r}: found {decided} rows that are not fraud, expected at least {fewest_frauds}",
                column=found.column,
                decided=labelled - found.frauds,
                fewest_frauds=MIN_FRAUDS,
            ),
            hint="training needs fraud and legitimate rows",
        )


def _plain(value: str) -> str:
    text = value.strip().lower()
    return {"true": "1", "false": "0"}.get(text, text.removesuffix(".0"))
