"""Vigie: fraud detection without labels.

    import vigie
    result = vigie.predict("payments.csv")       # or a polars, pandas, pyarrow or DuckDB table
    result.frame                                 # the table with seven columns more
    result.alerts()                              # the rows to look at
    vigie.match("payments.csv").matches          # which models fit, without scoring
    vigie.fit("payments.csv").save("payments.scorer")

Nothing is imported before a name is used. `vigie.sklearn` has a scikit-learn estimator, `vigie.spark` works on a cluster.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigie.api import Scorer, fit, match, open_catalog, predict, refine, suggest, train
    from vigie.engine.options import Options
    from vigie.model_storage import ModelStorageService
    from vigie.table.options import ReadOptions

__version__ = "0.1.0"
__all__ = ["ModelStorageService", "Options", "ReadOptions", "Scorer", "__version__", "fit", "match", "open_catalog", "predict", "refine", "suggest", "train"]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "Options":
        return import_module("vigie.engine.options").Options
    if name == "ReadOptions":
        return import_module("vigie.table.options").ReadOptions
    if name == "ModelStorageService":
        return import_module("vigie.model_storage").ModelStorageService
    if name in __all__:
        return getattr(import_module("vigie.api"), name)
    raise AttributeError(f"module 'vigie' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
