"""The way to XGBoost: loaded when first asked for, and without scikit-learn, which nothing here needs.

XGBoost imports scikit-learn for wrappers that Vigie never uses, and that costs three times as much as XGBoost itself:
1.5 of the 1.9 CPU seconds. Where somebody has already loaded scikit-learn it is left alone.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xgboost

WORKERS = 2

_thread = threading.local()


def load() -> Any:
    """The module `xgboost`."""
    if "xgboost" in sys.modules or "sklearn" in sys.modules:
        import xgboost

        return xgboost
    modules: dict[str, Any] = sys.modules
    modules["sklearn"] = None
    try:
        import xgboost
    finally:
        del modules["sklearn"]
    return xgboost


def open_trees(booster: bytes) -> xgboost.Booster:
    """Trees from what XGBoost wrote, UBJSON or JSON; they answer on the thread that asks."""
    model: xgboost.Booster = load().Booster({"nthread": 1})
    model.load_model(bytearray(booster))
    model.set_param({"nthread": 1})
    return model


def in_threads(work: Callable[[int], None], starts: Sequence[int], *, worth: bool = True) -> None:
    """Does `work` for each start, two at a time; numpy and XGBoost let go of the interpreter meanwhile.

    The threads of the BLAS library sleep: under ours they would only wait for each other, at full speed. Work that asks
    for threads in turn does it by itself: more of them would only keep more memory.

    Args:
        work: done for each start, once.
        starts: in any order.
        worth: whether there is so much to do that it pays to start threads.
    """
    if len(starts) < 2 or not worth or getattr(_thread, "ours", False):
        for start in starts:
            work(start)
        return
    with (
        _libraries().limit(limits=1, user_api="blas"),
        ThreadPoolExecutor(WORKERS, initializer=setattr, initargs=(_thread, "ours", True)) as pool,
    ):
        list(pool.map(work, starts))


@cache
def _libraries() -> Any:
    """The libraries with threads of their own; looking for them takes longer than to score a row."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
