"""A few rows at once, scored by the plan a finished run left: the one thing a request computes.

Plans are kept open in the process, the last ones used; a plan costs a few megabytes. What is asked of a plan while it
answers somebody else is answered together afterwards: sixteen requests take three times what one does.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from vigie.errors import InputRefused, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join

if TYPE_CHECKING:
    from vigie.engine.scorer import Scorer

_KEPT = 8
_PLAN = "plan.npz"
_MOST = 4000
"""Rows answered at a time: more would keep those who asked waiting, and memory."""


class Plans:
    """The plans of finished runs, opened when first asked; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Rounds] = OrderedDict()

    def score(self, result: str, rows: Sequence[Mapping[str, Any]], last: int) -> list[dict[str, Any]]:
        """What the table's plan says of the last rows; those before are their history."""
        rounds = self._rounds(result)
        frame = _frame(rows)
        typed = rounds.plan.typed(frame)
        _refuse_unreadable(frame, typed)
        scored = rounds.score(typed, range(max(0, frame.height - last), frame.height))
        return [
            {name: bool(cell) if name == "alert" else cell for name, cell in row.items()}
            for row in scored.iter_rows(named=True)
        ]

    def _rounds(self, result: str) -> _Rounds:
        with self._lock:
            if result in self._open:
                self._open.move_to_end(result)
                return self._open[result]
        from vigie.engine.scorer import Scorer

        try:
            opened = Scorer.from_bytes(self._store.get(join(result, _PLAN)))
        except NotFound:
            hint = "score a table of at most 200,000 rows: those leave a plan; refined scores do not"
            raise NotFound("plan of the run", result.split("/")[-2], hint=hint) from None
        with self._lock:
            rounds = self._open.setdefault(result, _Rounds(opened))
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
        return rounds


class _Rounds:
    """One plan, asked by many threads: one of them answers for all who wait.

    Args:
        plan: safe to ask from one thread at a time.
    """

    def __init__(self, plan: Scorer) -> None:
        self.plan = plan
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._waiting: deque[_Asked] = deque()

    def score(self, rows: pl.DataFrame, only: Sequence[int]) -> pl.DataFrame:
        """As `Scorer.score`."""
        mine = _Asked(rows, only)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            while not mine.answer.done():
                self._answer(self._round())
        return mine.answer.result()

    def _round(self) -> list[_Asked]:
        """Those who wait longest, as many as may be answered together."""
        with self._lock:
            chosen = [self._waiting.popleft()]
            rows = chosen[0].rows.height
            while self._waiting and (rows := rows + self._waiting[0].rows.height) <= _MOST:
                chosen.append(self._waiting.popleft())
        return chosen

    def _answer(self, asked: Sequence[_Asked]) -> None:
        try:
            told = self.plan.score_many([(one.rows, one.only) for one in asked])
        except Exception as error:  # noqa: BLE001  each hears of its own failure, in its own thread, and of no other's
            if len(asked) == 1:
                asked[0].answer.set_exception(error)
                return
            for one in asked:
                self._answer([one])
            return
        for one, answer in zip(asked, told, strict=True):
            one.answer.set_result(answer)


@dataclass(frozen=True)
class _Asked:
    """A request that waits for its answer."""

    rows: pl.DataFrame
    only: Sequence[int]
    answer: Future[pl.DataFrame] = field(default_factory=Future)


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
            msg(
                "column {name!r}: found a list or an object in a cell, expected text, a number or null",
                name=name,
            )
        )
    return pl.Series(
        name, [None if cell is None or cell == "" else str(cell) for cell in cells], dtype=pl.String
    )


def _refuse_unreadable(sent: pl.DataFrame, read: pl.DataFrame) -> None:
    """A cell that would count as missing because it cannot be read is refused: the score would be of another row."""
    if sent.null_count().equals(read.select(sent.columns).null_count()):
        return
    for name in sent.columns:
        lost = sent[name].is_not_null() & read[name].is_null()
        if lost.any():
            raise InputRefused(
                msg(
                    "row {arg_true}, column {name!r}: found a cell that cannot be read, expected {dtype} as in the scored table",
                    arg_true=int(lost.arg_true()[0]),
                    name=name,
                    dtype=read[name].dtype,
                ),
                hint="send numbers as JSON numbers and times as YYYY-MM-DDTHH:MM:SS",
            )
