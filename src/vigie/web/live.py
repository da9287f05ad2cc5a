"""A few rows at once, scored by the plan a finished run left: the one thing a request computes.

Plans are kept open in the process, the last ones used; a plan costs a few megabytes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from vigie.artifacts.store import Store, join
from vigie.errors import InputRefused, NotFound
from vigie.phrases import say

if TYPE_CHECKING:
    from vigie.standing import StandingPlan

_KEPT = 8
_PLAN = "plan.npz"


class Plans:
    """The plans of finished runs, opened when first asked; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._open: OrderedDict[str, StandingPlan] = OrderedDict()

    def score(self, result: str, rows: Sequence[Mapping[str, Any]], last: int) -> list[dict[str, Any]]:
        """What the table's plan says of the last rows; those before are their history."""
        plan = self._plan(result)
        frame = _frame(rows)
        typed = plan.typed(frame)
        _refuse_unreadable(frame, typed)
        scored = plan.score(typed, range(max(0, frame.height - last), frame.height))
        return [
            {name: bool(cell) if name == "alert" else cell for name, cell in row.items()}
            for row in scored.iter_rows(named=True)
        ]

    def _plan(self, result: str) -> StandingPlan:
        with self._lock:
            if result in self._open:
                self._open.move_to_end(result)
                return self._open[result]
        from vigie.standing import StandingPlan

        try:
            opened = StandingPlan.from_bytes(self._store.get(join(result, _PLAN)))
        except NotFound:
            hint = "score a table of at most 200,000 rows: those leave a plan; refined scores do not"
            raise NotFound("plan of the run", result.split("/")[-2], hint=hint) from None
        with self._lock:
            self._open[result] = opened
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
        return opened


def _frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The rows as a table; a column of numbers is one, anything else is text."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame([_column(name, [row.get(name) for row in rows]) for name in names])


def _column(name: str, cells: list[Any]) -> pl.Series:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {int, float}:
        return pl.Series(name, [None if cell is None else float(cell) for cell in cells], dtype=pl.Float64)
    if kinds == {bool}:
        return pl.Series(name, cells, dtype=pl.Boolean)
    if kinds - {str, int, float, bool}:
        raise InputRefused(
            say(
                "column {name!r}: found a list or an object in a cell, expected text, a number or null",
                name=name,
            )
        )
    return pl.Series(
        name, [None if cell is None or cell == "" else str(cell) for cell in cells], dtype=pl.String
    )


def _refuse_unreadable(sent: pl.DataFrame, read: pl.DataFrame) -> None:
    """A cell that would count as missing because it cannot be read is refused: the score would be of another row."""
    for name in sent.columns:
        lost = sent[name].is_not_null() & read[name].is_null()
        if lost.any():
            raise InputRefused(
                say(
                    "row {arg_true}, column {name!r}: found a cell that cannot be read, expected {dtype} as in the scored table",
                    arg_true=int(lost.arg_true()[0]),
                    name=name,
                    dtype=read[name].dtype,
                ),
                hint="send numbers as JSON numbers and times as YYYY-MM-DDTHH:MM:SS",
            )
