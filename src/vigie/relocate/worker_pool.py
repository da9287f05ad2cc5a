"""Models worked on several at a time, and what is told meanwhile.

One pool sends files, one reads them, each so many at a time, so that reading back never keeps a file from being sent; a
third one for the models keeps the two fed. A store that fails for several models in a row is not asked for all the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Protocol, TypeVar

from vigie.errors import StoreUnavailable

T = TypeVar("T")
M = TypeVar("M")
R = TypeVar("R")

FAILURES_IN_A_ROW = 3
_AHEAD = 2


class Progress(Protocol):
    """What watches; every method may be called from any thread."""

    def begin(self, models: int, size: int) -> None:
        """So many models and bytes are to be done."""

    def advance(self, size: int) -> None:
        """So many more bytes are done."""

    def settle(self, model: str, state: str) -> None:
        """A model is done; `state` is how it ended."""


class Silence:
    """Watches nothing."""

    def begin(self, models: int, size: int) -> None:
        """See Progress."""

    def advance(self, size: int) -> None:
        """See Progress."""

    def settle(self, model: str, state: str) -> None:
        """See Progress."""


class Crew:
    """The pools of one piece of work, and the flag that ends it early.

    Args:
        parallel: files sent at a time, and as many read.
    """

    def __init__(self, parallel: int) -> None:
        self.parallel = max(1, parallel)
        self._senders = ThreadPoolExecutor(self.parallel, thread_name_prefix="vigie-send")
        self._readers = ThreadPoolExecutor(self.parallel, thread_name_prefix="vigie-read")
        # More models than senders: while some are read back the others keep every sender busy.
        self._models = ThreadPoolExecutor(_AHEAD * self.parallel, thread_name_prefix="vigie-model")
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._failures = 0

    @property
    def stopped(self) -> bool:
        """Whether no further model should be begun."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Lets what is under way end, and begins nothing more."""
        self._stopped.set()

    def note(self, error: BaseException | None) -> None:
        """Counts what the stores answered; several failures in a row end the work."""
        with self._lock:
            self._failures = self._failures + 1 if isinstance(error, StoreUnavailable) else 0
            if self._failures >= FAILURES_IN_A_ROW:
                self.stop()

    def send(self, action: Callable[[T], R], files: Iterable[T]) -> list[R]:
        """Does `action`, which writes, on every file; the first error is raised once none is under way any more."""
        return _all(self._senders, action, files)

    def read(self, action: Callable[[T], R], files: Iterable[T]) -> list[R]:
        """The same for an action that only reads."""
        return _all(self._readers, action, files)

    def models(self, action: Callable[[M], R], models: Sequence[M]) -> Iterator[tuple[M, R | None]]:
        """Each model with what `action` returned, as they end; nothing for those not begun before the stop."""
        waiting = iter(models)
        running: dict[Future[R | None], M] = {}

        def one(model: M) -> R | None:
            return None if self.stopped else action(model)

        while True:
            while len(running) < _AHEAD * self.parallel and (model := next(waiting, _END)) is not _END:
                running[self._models.submit(one, model)] = model  # type: ignore[arg-type,assignment]
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()

    def close(self) -> None:
        """Ends the work: what is under way ends, what waits is dropped."""
        self.stop()
        self._models.shutdown(wait=True, cancel_futures=True)
        self._senders.shutdown(wait=True, cancel_futures=True)
        self._readers.shutdown(wait=True, cancel_futures=True)


def _all(pool: ThreadPoolExecutor, action: Callable[[T], R], files: Iterable[T]) -> list[R]:
    futures = [pool.submit(action, file) for file in files]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()
        wait(futures)


_END = object()


@contextmanager
def crew(parallel: int) -> Iterator[Crew]:
    """A crew for a while."""
    made = Crew(parallel)
    try:
        yield made
    finally:
        made.close()
