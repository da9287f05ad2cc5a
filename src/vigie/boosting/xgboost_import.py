"""Import XGBoost when it is first needed.

XGBoost imports scikit-learn for its estimator classes, which nothing here uses: 1.5 of the 1.9 CPU seconds of the import.
`scipy.special`, imported for one function of those classes, costs as much as all the rest, and `scipy.sparse`, which tells
whether data is a sparse matrix, four fifths of what is left. A process of ours (the command line, a web process, a worker)
calls `skip_estimators` and imports XGBoost without them.

In any other process the import is Python's own: a module is shared by all code of a process, and XGBoost imported without
scikit-learn has no working `XGBClassifier` and no stratified `cv`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xgboost

_checks: ContextVar[bool] = ContextVar("checks", default=False)
_estimators: Callable[[], object] = lambda: True  # noqa: E731


def skip_estimators(unless: Callable[[], object] = lambda: False) -> None:
    """Import XGBoost without its scikit-learn estimators, in this process from now on.

    Only for a process of ours.

    Args:
        unless: called at the import; a true result imports XGBoost whole, for other code that runs in the process.
    """
    global _estimators
    _estimators = unless


def load() -> Any:
    """Return the module `xgboost`."""
    if "xgboost" in sys.modules or "sklearn" in sys.modules or _estimators():
        import xgboost

        return xgboost
    return load_without_estimators()


def load_without_estimators() -> Any:
    """Import XGBoost without scikit-learn and `scipy.special`, and return it; only for a process of ours."""
    modules: dict[str, Any] = sys.modules
    instead: dict[str, Any] = {"sklearn": None, "scipy.special": _special(), "scipy.sparse": _LazySparse()}
    mine = [name for name in instead if name not in modules]
    modules |= {name: instead[name] for name in mine}
    try:
        import xgboost
    finally:
        for name in mine:
            del modules[name]
    if "scipy.sparse" in mine:
        del instead["scipy.sparse"].csr_matrix
        for kind in ("csr", "csc", "coo"):
            checks = vars(xgboost.data)
            checks[f"is_scipy_{kind}"] = _where_imported(checks[f"is_scipy_{kind}"])
    return xgboost


class _LazySparse(ModuleType):
    """A stand-in for `scipy.sparse` that imports it when something of it is used; XGBoost's import names one class of it."""

    def __init__(self) -> None:
        super().__init__("scipy.sparse")
        self.csr_matrix = type("csr_matrix", (), {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # of modules, asked for by the import itself
            raise AttributeError(name)
        return getattr(import_module("scipy.sparse"), name)


def _where_imported(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return the check without an import of `scipy.sparse`: before one there is no sparse matrix in the process."""
    return lambda data: "scipy.sparse" in sys.modules and check(data)


def _special() -> ModuleType:
    """Return a stand-in for `scipy.special` that imports it when its function is called."""

    def softmax(*arguments: Any, **options: Any) -> Any:
        return import_module("scipy.special").softmax(*arguments, **options)

    module = ModuleType("scipy.special")
    module.softmax = softmax  # type: ignore[attr-defined]
    return module


@contextmanager
def checking_trees() -> Iterator[None]:
    """Check the trees that are opened inside: those of a file whose digest is not in the catalog.

    The trees of bundles were checked when they were published, and their digests are compared whenever they are opened.
    """
    before = _checks.set(True)
    try:
        yield
    finally:
        _checks.reset(before)


def open_trees(booster: bytes) -> xgboost.Booster:
    """Return a booster from UBJSON or JSON; it predicts on the calling thread.

    Raises:
        NotTrees: in `checking_trees`, the bytes are no model of trees, or one that XGBoost would read beyond its end.
    """
    if _checks.get():
        # Needs numpy, which the help of the command line does without.
        from vigie.boosting.tree_check import check_trees

        check_trees(booster)
    model: xgboost.Booster = load().Booster({"nthread": 1})
    model.load_model(bytearray(booster))
    model.set_param({"nthread": 1})
    return model
