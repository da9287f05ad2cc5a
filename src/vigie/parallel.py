"""Two things at a time, where there is so much to do that it pays.

Numpy, polars and XGBoost let go of the interpreter while they work, so threads are enough. Must not know what is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

WORKERS = 2
MANY = 20_000
"""Rows of a table from which what is told column by column is worth two threads."""

_thread = threading.local()


def in_threads(work: Callable[[T], object], items: Sequence[T], *, worth: bool = True) -> None:
    """Does `work` for each item, two at a time.

    The threads of the BLAS library sleep: under ours they would only wait for each other, at full speed. Work that asks
    for threads in turn does it by itself: more of them would only keep more memory.

    Args:
        work: done for each item, once.
        items: begun in their order: the longest first, or the last one keeps everybody waiting.
        worth: whether there is so much to do that it pays to start threads.
    """
    if len(items) < 2 or not worth or getattr(_thread, "ours", False):
        for item in items:
            work(item)
        return
    with (
        _libraries().limit(limits=1, user_api="blas"),
        ThreadPoolExecutor(WORKERS, initializer=setattr, initargs=(_thread, "ours", True)) as pool,
    ):
        list(pool.map(work, items))


@cache
def _libraries() -> Any:
    """The libraries with threads of their own; looking for them takes longer than to score a row."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
