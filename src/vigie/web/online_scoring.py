"""Online scoring: a few rows at once, with the scorer of a finished run.

Recently used scorers stay in memory, a few megabytes each. Requests that arrive while a scorer is busy are scored together
in one batch: sixteen requests take three times as long as one.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from vigie.app import result_layout
from vigie.errors import InputRefused, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join
from vigie.web.live_rows import CellStyle, parse
from vigie.web.result_cache import check_digest

if TYPE_CHECKING:
    from vigie.engine.scorer import Scorer

_MAX_SCORERS = 8
MAX_BATCH_ROWS = 4000
"""Bounds the memory of a batch and the time its first request waits."""


class ScorerCache:
    """Scorers of finished runs, loaded on first use; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._batchers: OrderedDict[str, MicroBatcher] = OrderedDict()

    def score(
        self,
        result: str,
        rows: Sequence[Mapping[str, Any]],
        last: int,
        style: CellStyle,
        digest: str = "",
        seen: Callable[[pl.DataFrame], None] | None = None,
    ) -> list[dict[str, Any]]:
        """Score rows with the scorer of a result.

        Args:
            result: folder of the result in the store.
            rows: column -> cell, oldest first.
            last: number of rows to score; the rows before them are their history.
            style: how the upload writes its cells.
            digest: SHA-256 of the stored scorer; empty for results of earlier versions.
            seen: called with the parsed rows, before they are scored.

        Returns:
            The output columns of the last rows.

        Raises:
            NotFound: the result has no scorer.
            DamagedBundle: the stored scorer is not the one that the run wrote.
            InputRefused: a cell cannot be read as its column's type.
        """
        batcher = self._batcher(result, digest)
        frame = parse(_frame(rows, style), batcher.scorer.schema, style)
        typed = batcher.scorer.typed(frame)
        _refuse_unreadable(frame, typed)
        if seen is not None:
            seen(typed)
        scored = batcher.score(typed, range(max(0, frame.height - last), frame.height))
        return [row | {"alert": bool(row["alert"])} for row in scored.iter_rows(named=True)]

    def _batcher(self, result: str, digest: str) -> MicroBatcher:
        with self._lock:
            if result in self._batchers:
                self._batchers.move_to_end(result)
                return self._batchers[result]
        from vigie.engine.scorer import Scorer

        try:
            data = self._store.get(join(result, result_layout.SCORER))
        except NotFound:
            hint = (
                "score a table of at most 200,000 rows; only such runs store a scorer, and refinements do not"
            )
            raise NotFound("scorer of the run", result.split("/")[-2], hint=hint) from None
        check_digest(result, result_layout.SCORER, hashlib.sha256(data).hexdigest(), digest)
        scorer = Scorer.from_bytes(data)
        with self._lock:
            batcher = self._batchers.setdefault(result, MicroBatcher(scorer))
            while len(self._batchers) > _MAX_SCORERS:
                self._batchers.popitem(last=False)
        return batcher


class MicroBatcher:
    """Scores the requests of many threads in batches.

    Args:
        scorer: used by one thread at a time.
    """

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._pending: deque[PendingRequest] = deque()

    def score(self, rows: pl.DataFrame, only: Sequence[int]) -> pl.DataFrame:
        """Score the rows `only`, with all `rows` as context; see `Scorer.score`."""
        request = PendingRequest(rows, only)
        with self._lock:
            self._pending.append(request)
        with self._turn:
            while not request.scored.done():
                self._score_batch(self._next_batch())
        return request.scored.result()

    def _next_batch(self) -> list[PendingRequest]:
        """Return the oldest requests, up to `MAX_BATCH_ROWS` rows."""
        with self._lock:
            batch = [self._pending.popleft()]
            rows = batch[0].rows.height
            while self._pending and (rows := rows + self._pending[0].rows.height) <= MAX_BATCH_ROWS:
                batch.append(self._pending.popleft())
        return batch

    def _score_batch(self, batch: Sequence[PendingRequest]) -> None:
        try:
            results = self.scorer.score_many([(request.rows, request.only) for request in batch])
        except Exception as error:  # noqa: BLE001  raised in the thread of the request that caused it, and only there
            if len(batch) == 1:
                batch[0].scored.set_exception(error)
                return
            for request in batch:
                self._score_batch([request])
            return
        for request, scored in zip(batch, results, strict=True):
            request.scored.set_result(scored)


@dataclass(frozen=True)
class PendingRequest:
    """A request waiting for its scores."""

    rows: pl.DataFrame
    only: Sequence[int]
    scored: Future[pl.DataFrame] = field(default_factory=Future)


def _frame(rows: Sequence[Mapping[str, Any]], style: CellStyle) -> pl.DataFrame:
    """Return the rows as a table; columns of numbers and booleans are typed, others are text."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame({name: _column(name, [row.get(name) for row in rows], style) for name in names})


def _column(name: str, cells: list[Any], style: CellStyle) -> pl.Series:
    types = {type(cell) for cell in cells if cell is not None}
    if types and types <= {int, float}:
        return pl.Series(name, [None if cell is None else float(cell) for cell in cells], dtype=pl.Float64)
    if types == {bool}:
        return pl.Series(name, cells, dtype=pl.Boolean)
    if types - {str, int, float, bool}:
        raise InputRefused(
            msg(
                "column {name!r}: found a list or an object in a cell, expected text, a number or null",
                name=name,
            )
        )
    texts = [None if cell is None or cell == "" else style.text(cell) for cell in cells]
    return pl.Series(name, texts, dtype=pl.String)


def _refuse_unreadable(sent: pl.DataFrame, typed: pl.DataFrame) -> None:
    """Refuse a cell that would count as missing because it cannot be read as its column's type."""
    if sent.null_count().equals(typed.select(sent.columns).null_count()):
        return
    for name in sent.columns:
        lost = sent[name].is_not_null() & typed[name].is_null()
        if lost.any():
            raise InputRefused(
                msg(
                    "row {arg_true}, column {name!r}: found a cell that cannot be read, expected {dtype} as in the scored table",
                    arg_true=int(lost.arg_true()[0]) + 1,
                    name=name,
                    dtype=typed[name].dtype,
                ),
                hint="send cells as the uploaded file has them, or numbers as JSON numbers and times as YYYY-MM-DDTHH:MM:SS",
            )
