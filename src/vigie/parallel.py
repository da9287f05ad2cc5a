"""Threads for work on columns, where there is enough of it.

NumPy, polars and XGBoost release the interpreter while they compute, so threads suffice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

WORKERS = 2
ROWS_PER_THREAD = 20_000
"""Rows from which work on a table is divided among threads."""

_thread = threading.local()


def in_threads(work: Callable[[T], object], items: Sequence[T], *, enough: bool = True) -> None:
    """Call `work` once for each item, two at a time.

    The threads of the BLAS library are switched off meanwhile: they would only compete. Work that calls this function itself
    runs in its own thread: more threads would only use more memory.

    Args:
        work: called with each item.
        items: started in their order; put the longest first.
        enough: whether there is enough work to start threads.
    """
    if len(items) < 2 or not enough or getattr(_thread, "is_worker", False):
        for item in items:
            work(item)
        return
    with (
        _thread_pools().limit(limits=1, user_api="blas"),
        ThreadPoolExecutor(WORKERS, initializer=setattr, initargs=(_thread, "is_worker", True)) as pool,
    ):
        list(pool.map(work, items))


@cache
def _thread_pools() -> Any:
    """Return the thread pools of native libraries; finding them takes longer than scoring a row."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
