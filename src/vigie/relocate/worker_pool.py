"""Thread pools for several models at a time, and the progress they report.

Writing and reading files have a pool each, so that reading back never keeps a file from being sent; a third pool, for
the models, keeps the two busy. Once a store fails for several models in a row, no further model is started.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol, Self, TypeVar

from vigie.errors import StoreUnavailable

T = TypeVar("T")
M = TypeVar("M")
R = TypeVar("R")

MAX_FAILURES_IN_A_ROW = 3
_MODELS_PER_WRITER = 2
_END = object()


class Progress(Protocol):
    """Receives progress; every method may be called from any thread."""

    def begin(self, models: int, size: int, verb: str) -> None:
        """Start over with a number of models and of bytes to do, and what is done with them: `read` or `moved`."""

    def advance(self, size: int) -> None:
        """Add bytes that are done."""

    def finish_model(self, model: str, state: str) -> None:
        """Add a model that is done and how it ended."""


class NullProgress:
    """Progress that is not shown."""

    def begin(self, models: int, size: int, verb: str) -> None:
        """See Progress."""

    def advance(self, size: int) -> None:
        """See Progress."""

    def finish_model(self, model: str, state: str) -> None:
        """See Progress."""


class WorkerPool:
    """The thread pools of one operation; a context manager that ends them.

    Args:
        parallel: files written at a time, and as many read.
    """

    def __init__(self, parallel: int) -> None:
        self.parallel = max(1, parallel)
        self._writers = ThreadPoolExecutor(self.parallel, thread_name_prefix="vigie-write")
        self._readers = ThreadPoolExecutor(self.parallel, thread_name_prefix="vigie-read")
        # More models than writers: while some are read back the others keep every writer busy.
        self._max_models = _MODELS_PER_WRITER * self.parallel
        self._models = ThreadPoolExecutor(self._max_models, thread_name_prefix="vigie-model")
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._failures = 0

    @property
    def stopped(self) -> bool:
        """Whether no further model is started."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Start no further model."""
        self._stopped.set()

    def record(self, error: BaseException | None) -> None:
        """Record how a model ended: several unavailable stores in a row stop the pool."""
        with self._lock:
            self._failures = self._failures + 1 if isinstance(error, StoreUnavailable) else 0
            if self._failures >= MAX_FAILURES_IN_A_ROW:
                self.stop()

    def write(self, action: Callable[[T], R], files: Iterable[T]) -> list[R]:
        """Call `action`, which writes, on every file; raise its first error once all calls have ended."""
        return _map(self._writers, action, files)

    def read(self, action: Callable[[T], R], files: Iterable[T]) -> list[R]:
        """Call `action`, which only reads, on every file; raise its first error once all calls have ended."""
        return _map(self._readers, action, files)

    def map_models(self, action: Callable[[M], R], models: Sequence[M]) -> Iterator[tuple[M, R | None]]:
        """Yield each model with the result of `action` as it ends; with None if it was not started before `stop`."""
        waiting = iter(models)
        running: dict[Future[R | None], M] = {}

        def unless_stopped(model: M) -> R | None:
            return None if self.stopped else action(model)

        while True:
            while len(running) < self._max_models and (model := next(waiting, _END)) is not _END:
                running[self._models.submit(unless_stopped, model)] = model  # type: ignore[arg-type,assignment]
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for pool in (self._models, self._writers, self._readers):
            pool.shutdown(wait=True, cancel_futures=True)


def _map(pool: ThreadPoolExecutor, action: Callable[[T], R], files: Iterable[T]) -> list[R]:
    futures = [pool.submit(action, file) for file in files]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()
        wait(futures)
