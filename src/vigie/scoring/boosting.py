"""The way to XGBoost: loaded when first asked for, and without scikit-learn, which nothing here needs.

XGBoost imports scikit-learn for wrappers that Vigie never uses, and that costs three times as much as XGBoost itself:
1.5 of the 1.9 CPU seconds. Where somebody has already loaded scikit-learn it is left alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xgboost

WORKERS = 2
CHUNK = 20_000
"""Rows a thread takes at a time: below, threads cost more than they save."""


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


def margins(
    model: xgboost.Booster, inputs: npt.NDArray[np.float32], columns: Sequence[int] | None = None
) -> npt.NDArray[np.float64]:
    """(rows,) margins.

    Many rows are shared between threads of ours and not between XGBoost's own, which wait for each other in a busy
    loop: on a machine with other work that costs more than it saves.

    Args:
        model: the trees.
        inputs: (rows, inputs), NaN where unknown.
        columns: of the inputs, those the trees know, in their order; all of them where it is not given.
    """
    out = np.empty(len(inputs))

    def some(start: int) -> None:
        part = inputs[start : start + CHUNK]
        # A chunk at a time: the same inputs in another order would be as large again.
        part = np.ascontiguousarray(part if columns is None else part[:, columns])
        out[start : start + CHUNK] = model.inplace_predict(part, predict_type="margin")

    in_threads(some, range(0, len(inputs), CHUNK))
    return out


def in_threads(work: Callable[[int], None], starts: Sequence[int]) -> None:
    """Does `work` for each start, two at a time; numpy and XGBoost let go of the interpreter meanwhile.

    The threads of the BLAS library sleep: under ours they would only wait for each other, at full speed.
    """
    if len(starts) < 2:
        for start in starts:
            work(start)
        return
    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, starts))


@cache
def _libraries() -> Any:
    """The libraries with threads of their own; looking for them takes longer than to score a row."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
