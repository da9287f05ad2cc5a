"""The way to XGBoost: loaded when first asked for, and without what only its wrappers for scikit-learn need.

Nothing here uses those wrappers, and scikit-learn costs three times as much as XGBoost itself: 1.5 of the 1.9 CPU
seconds. `scipy.special`, loaded for one function of theirs, costs as much as all the rest. Where somebody has already
loaded scikit-learn it is left alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xgboost


def load() -> Any:
    """The module `xgboost`."""
    if "xgboost" in sys.modules or "sklearn" in sys.modules:
        import xgboost

        return xgboost
    modules: dict[str, Any] = sys.modules
    instead = {"sklearn": None, "scipy.special": _special()}
    mine = [name for name in instead if name not in modules]
    modules |= {name: instead[name] for name in mine}
    try:
        import xgboost
    finally:
        for name in mine:
            del modules[name]
    return xgboost


def _special() -> ModuleType:
    """A stand-in for `scipy.special`, which is loaded when its function is called."""

    def softmax(*given: Any, **options: Any) -> Any:
        return import_module("scipy.special").softmax(*given, **options)

    module = ModuleType("scipy.special")
    module.softmax = softmax  # type: ignore[attr-defined]
    return module


def open_trees(booster: bytes) -> xgboost.Booster:
    """Trees from what XGBoost wrote, UBJSON or JSON; they answer on the thread that asks."""
    model: xgboost.Booster = load().Booster({"nthread": 1})
    model.load_model(bytearray(booster))
    model.set_param({"nthread": 1})
    return model
