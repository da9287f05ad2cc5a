"""What the process that opened a foreign model answers: checked here, then trusted to be data and no more.

The process may have run code of a file the operator vouched for, or may have been taken over through a fault of
a vendor: its answer is input like any other.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vigie.errors import ForeignModelRefused

_OPERATIONS = frozenset(
    {"split", "select", "impute", "isnull", "scale", "affine", "ordinal", "onehot", "function", "blank"}
)
_HEADER_BYTES = 16 * 1024**2
_DEEPEST = 20
_HINTS = {
    "inexpressible": "only what a recipe can say exactly is imported; see docs on models made elsewhere",
    "nameless": 'list them in dataset_metadata.json: {"feature_columns": ["…", …]}',
    "unreadable": "save it again with joblib.dump, or the booster with Booster.save_model('xgboost_model.ubj')",
    "memory": "save the booster with Booster.save_model('xgboost_model.ubj') and import that",
    "walls": "run the import on Linux, or save the booster with Booster.save_model('xgboost_model.ubj')",
    "failed": "save the booster with Booster.save_model('xgboost_model.ubj') and import that",
}


@dataclass(frozen=True)
class Raw:
    """What came back: the bytes, how the process ended, and whether it was ended for being late."""

    data: bytes
    code: int
    late: bool


@dataclass(frozen=True)
class Answer:
    """A converted model: recipe and booster, and what happened on the way."""

    recipe: dict[str, Any]
    booster: bytes
    digests: dict[str, str]
    trusted: list[str]
    walls: list[str]
    xgboost: str


def read(raw: Raw, *, model: str, trust: Iterable[str]) -> Answer:
    """The answer in `raw`.

    Args:
        raw: what the process wrote.
        model: the model's file, named where the answer names none.
        trust: the digests the operator gave, to say when they are of another file.

    Raises:
        ForeignModelRefused: the process refused the files, was ended by a limit, or answered nonsense.
    """
    killed = raw.code in {-getattr(signal, "SIGXCPU", 24), -getattr(signal, "SIGKILL", 9)}
    if raw.late or (killed and not raw.data):
        found = "files that take more time or memory than the limits"
        raise ForeignModelRefused(model, found=found, hint=_HINTS["failed"])
    head, newline, booster = raw.data.partition(b"\n")
    if not newline or len(head) > _HEADER_BYTES:
        found = f"files whose conversion ended without an answer (code {raw.code})"
        raise ForeignModelRefused(model, found=found, hint=_HINTS["failed"])
    try:
        header = json.loads(head)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise _nonsense(model)
    if header.get("ok") is not True:
        raise _refusal(header, model, frozenset(trust))
    return _answer(header, booster, model)


def _answer(header: dict[str, Any], booster: bytes, model: str) -> Answer:
    recipe: Any = header.get("recipe")
    digests: Any = header.get("digests")
    trusted: Any = header.get("trusted")
    walls: Any = header.get("walls")
    xgboost: Any = header.get("xgboost")
    sound = (
        isinstance(recipe, dict)
        and set(recipe) == {"format", "kind", "columns", "names", "steps"}
        and (recipe["format"], recipe["kind"]) == (1, "native")
        and _texts(recipe["columns"])
        and _texts(recipe["names"])
        and len(recipe["names"]) > 0
        and _steps(recipe["steps"], 0)
        and isinstance(digests, dict)
        and _texts(list(digests.values()))
        and _texts(trusted)
        and _texts(walls)
        and isinstance(xgboost, str)
        and header.get("booster_bytes") == len(booster)
        and booster.startswith(b"{")
    )
    if not sound:
        raise _nonsense(model)
    return Answer(recipe, booster, digests, trusted, walls, xgboost)


def _texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _steps(steps: object, depth: int) -> bool:
    if not isinstance(steps, list) or depth > _DEEPEST:
        return False
    for step in steps:
        if not isinstance(step, dict) or step.get("op") not in _OPERATIONS:
            return False
        parts = step.get("parts", [])
        if not isinstance(parts, list):
            return False
        if not all(isinstance(part, dict) and _steps(part.get("steps"), depth + 1) for part in parts):
            return False
    return True


def _refusal(header: dict[str, Any], model: str, trust: frozenset[str]) -> ForeignModelRefused:
    file = header.get("file") if isinstance(header.get("file"), str) else model
    kind, found, names = header.get("kind"), header.get("found"), header.get("names", [])
    if kind == "names" and _texts(names):
        told = ", ".join(f"{name} in {file}" for name in names)
        return ForeignModelRefused(
            str(file),
            found=told,
            expected="only what a fitted XGBoost or scikit-learn model needs",
            names=names,
            hint=_confirm(str(file), str(header.get("sha256", "")), trust),
        )
    if not isinstance(kind, str) or kind not in _HINTS or not isinstance(found, str):
        return _nonsense(model)
    return ForeignModelRefused(str(file), found=found[:500], hint=_HINTS[kind])


def _confirm(file: str, digest: str, trust: frozenset[str]) -> str:
    asked = f"if you made this file yourself, confirm it by its digest: --trust {digest}"
    return f"no digest given with --trust is that of {file}; {asked}" if trust else asked


def _nonsense(model: str) -> ForeignModelRefused:
    return ForeignModelRefused(
        model, found="files whose conversion gave an impossible answer", hint=_HINTS["failed"]
    )
