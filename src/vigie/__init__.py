"""Vigie: fraud detection for people who have no labels.

    import vigie
    vigie.predict("payments.csv").frame          # the table with seven columns more
    vigie.match("payments.csv").matches          # which models fit, without scoring

Nothing is loaded before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "match", "predict"]


def __getattr__(name: str) -> Any:
    if name in ("predict", "match"):
        return getattr(import_module("vigie.api"), name)
    raise AttributeError(f"module 'vigie' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
