"""Validates the response of the import worker.

The worker may have run code of a trusted file, or may have been taken over through a defect in a library: its response is
untrusted input.
"""

from __future__ import annotations

import builtins
import json
import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vigie.errors import ForeignModelRefused
from vigie.importer.next_steps import next_step
from vigie.importer.records import UNCLEAR_CLASSES

_OPERATIONS = frozenset(
    {"split", "select", "impute", "isnull", "scale", "affine", "ordinal", "onehot", "function", "blank"}
    | {"power", "quantile", "bins", "linear"}
)
_OUTPUTS = ("log-odds", "probability", "margin")
_FAILURE = re.compile(
    r"(?:a trusted file whose loading failed|a failure of the conversion) \(([A-Za-z]{1,40})\)"
)
_HEADER_BYTES = 16 * 1024**2
_MAX_DEPTH = 20
_OWN_CODE = (
    "its code cannot be converted, trusted or not: save the fitted scikit-learn parts, or train on the columns that this code "
    "makes and score a table that has them"
)
_CLASS_HINT = 'name the class that means fraud in dataset_metadata.json: {"fraud_class": "…"}'
_CONTENT_HINTS = {
    "an empty file": "copy the file again, or save the model again with joblib.dump",
    "a pointer of Git LFS, not the file itself": "fetch the file with git lfs pull",
    "a web page, as of a failed download": "download the file again",
}
_HINTS = {
    "unsupported": "only what can be converted exactly is imported; see the documentation of imported models",
    "unnamed": 'list them in dataset_metadata.json: {"feature_columns": ["…", …]}',
    "unreadable": "save it again with joblib.dump, or the booster with Booster.save_model('xgboost_model.ubj')",
    "memory": "save the booster with Booster.save_model('xgboost_model.ubj') and import that",
    "sandbox": "run the import on Linux, or save the booster with Booster.save_model('xgboost_model.ubj')",
    "failed": "save the booster with Booster.save_model('xgboost_model.ubj') and import that",
}


@dataclass(frozen=True)
class WorkerOutput:
    """Output and exit code of the worker, and whether it was killed after the time limit."""

    data: bytes
    code: int
    timed_out: bool


@dataclass(frozen=True)
class WorkerResponse:
    """A converted model.

    Attributes:
        features: the preprocessing steps, as in features.json.
        booster: UBJSON.
        digests: file name -> SHA-256 of the bytes that the worker read.
        trusted: digests of files that were loaded by the full unpickler.
        protections: protections of the sandbox that were in force.
        xgboost: version that wrote the booster.
    """

    features: dict[str, Any]
    booster: bytes
    digests: dict[str, str]
    trusted: list[str]
    protections: list[str]
    xgboost: str


def parse_response(output: WorkerOutput, *, model: str, trust: Iterable[str]) -> WorkerResponse:
    """Validate the worker's output.

    Args:
        output: what the worker wrote.
        model: name of the model's file, for errors that name no file.
        trust: digests that the operator trusts, for the hint.

    Raises:
        ForeignModelRefused: the worker refused the files, exceeded a limit, or its response is malformed.
    """
    killed = output.code in {-getattr(signal, "SIGXCPU", 24), -getattr(signal, "SIGKILL", 9)}
    if output.timed_out or (killed and not output.data):
        found = "files that take more time or memory than the limits"
        raise ForeignModelRefused(model, found=found, hint=_HINTS["failed"])
    head, newline, booster = output.data.partition(b"\n")
    if not newline or len(head) > _HEADER_BYTES:
        found = f"files whose conversion ended without a result (code {output.code})"
        raise ForeignModelRefused(model, found=found, hint=_HINTS["failed"])
    try:
        header = json.loads(head)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise _malformed(model)
    if header.get("ok") is not True:
        raise _refused(header, model, frozenset(trust))
    return _parse(header, booster, model)


def _parse(header: dict[str, Any], booster: bytes, model: str) -> WorkerResponse:
    features: Any = header.get("features")
    digests: Any = header.get("digests")
    trusted: Any = header.get("trusted")
    protections: Any = header.get("protections")
    xgboost: Any = header.get("xgboost")
    valid = (
        isinstance(features, dict)
        and set(features) - {"output"} == {"format", "kind", "columns", "names", "steps"}
        and features.get("output", "log-odds") in _OUTPUTS
        and (features["format"], features["kind"]) == (1, "native")
        and _is_text_list(features["columns"])
        and _is_text_list(features["names"])
        and len(features["names"]) > 0
        and _are_steps(features["steps"], 0)
        and isinstance(digests, dict)
        and _is_text_list(list(digests.values()))
        and _is_text_list(trusted)
        and _is_text_list(protections)
        and isinstance(xgboost, str)
        and header.get("booster_bytes") == len(booster)
        and booster.startswith(b"{")
    )
    if not valid:
        raise _malformed(model)
    return WorkerResponse(features, booster, digests, trusted, protections, xgboost)


def _is_text_list(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _are_steps(steps: object, depth: int) -> bool:
    if not isinstance(steps, list) or depth > _MAX_DEPTH:
        return False
    for step in steps:
        if not isinstance(step, dict) or step.get("op") not in _OPERATIONS:
            return False
        parts = step.get("parts", [])
        if not isinstance(parts, list):
            return False
        if not all(isinstance(part, dict) and _are_steps(part.get("steps"), depth + 1) for part in parts):
            return False
    return True


def _refused(header: dict[str, Any], model: str, trust: frozenset[str]) -> ForeignModelRefused:
    file = header.get("file") if isinstance(header.get("file"), str) else model
    kind, found, names = header.get("kind"), header.get("found"), header.get("names", [])
    if kind == "names" and _is_text_list(names):
        found_names = ", ".join(f"{name} in {file}" for name in names)
        return ForeignModelRefused(
            str(file),
            found=found_names,
            expected="only what a fitted model of XGBoost, LightGBM or scikit-learn needs",
            names=names,
            hint=_names_hint(header, str(file), trust),
        )
    if not isinstance(kind, str) or kind not in _HINTS or not isinstance(found, str):
        return _malformed(model)
    if kind == "failed" and not _is_failure(found):
        found = "files whose conversion failed"
    known = _CLASS_HINT if found == UNCLEAR_CLASSES else next_step(found) if kind == "unsupported" else None
    return ForeignModelRefused(
        str(file), found=found[:500], hint=known or _CONTENT_HINTS.get(found) or _HINTS[kind]
    )


def _names_hint(header: dict[str, Any], file: str, trust: frozenset[str]) -> str:
    """Return what helps: the first name is that of the outermost object that is not allowed."""
    names = header["names"]
    known = next_step(names[0]) if names else None
    if known is not None:
        return known
    if header.get("trust_helps") is True:
        return _trust_hint(file, str(header.get("sha256", "")), trust)
    return _OWN_CODE


def _is_failure(found: str) -> bool:
    """Return whether a text is one that the worker writes, and not one of a file's code."""
    match = _FAILURE.fullmatch(found)
    kind = getattr(builtins, match[1], None) if match else None
    return isinstance(kind, type) and issubclass(kind, Exception)


def _trust_hint(file: str, digest: str, trust: frozenset[str]) -> str:
    confirmation = f"if you made this file yourself, confirm it by its digest: --trust {digest}"
    return f"no digest given with --trust is that of {file}; {confirmation}" if trust else confirmation


def _malformed(model: str) -> ForeignModelRefused:
    return ForeignModelRefused(
        model, found="files whose conversion gave a malformed result", hint=_HINTS["failed"]
    )
