"""The process that opens the files of a third-party model; started only by `conversion`.

input     one JSON request on standard input
output    one line of JSON on standard output, followed by the booster's bytes; never a pickle
"""

from __future__ import annotations

import builtins
import json
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from vigie.boosting import xgboost_import
from vigie.importer import landlock, sandbox

MODEL, ENGINEER, SELECTOR = "model", "engineer", "selector"
_PIPELINE = "sklearn.pipeline.Pipeline"
_LABEL_KEYS = ("label_encoder", "target_encoder", "y_encoder", "le_target", "le")
"""Entries of a dict that may hold the encoder of the label."""


class _ConversionFailed(Exception):
    """The conversion failed; `report` is sent to the parent process."""

    def __init__(self, kind: str, found: str, **more: Any) -> None:
        super().__init__(found)
        self.report: dict[str, Any] = {"kind": kind, "found": found, **more}


class _NamesRefused(_ConversionFailed):
    """A file uses names that are not allowed; `inert` is what it holds where every name is a record."""

    def __init__(self, file: str, names: tuple[str, ...], digest: str, inert: Any) -> None:
        super().__init__("names", "", file=file, names=names, sha256=digest)
        self.inert = inert


def main() -> None:
    """Read the request, apply the sandbox, convert and write the response."""
    request = json.loads(sys.stdin.buffer.read())
    result = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # output of a trusted file must not mix with the response
        os.dup2(silence, standard)
    protections = sandbox.apply_sandbox(**request["limits"], readable=request["files"].values())
    report: dict[str, Any]
    booster = b""
    try:
        report, booster = _convert(request, protections)
    except _ConversionFailed as failure:
        report = {"ok": False, **failure.report}
    except MemoryError:
        report = {"ok": False, "kind": "memory", "found": "a file that needs more memory than the limit"}
    except Exception as error:  # noqa: BLE001  the process boundary: the parent builds the message
        report = {
            "ok": False,
            "kind": "failed",
            "found": f"a failure of the conversion ({_builtin_name(error)})",
        }
    report["protections"] = protections
    report["booster_bytes"] = len(booster)
    result.write(json.dumps(report, allow_nan=False).encode() + b"\n" + booster)
    result.close()


def _convert(request: dict[str, Any], protections: list[str]) -> tuple[dict[str, Any], bytes]:
    from vigie.importer import pipeline_conversion, sklearn_transformers
    from vigie.importer.decompression import Unreadable

    if not request["trust"]:
        # XGBoost needs no scikit-learn to read a booster: a third of the time, and less code in the sandbox.
        sys.modules["sklearn"] = None  # type: ignore[assignment]
        xgboost_import.load_without_estimators()
    digests: dict[str, str] = {}
    trusted: list[str] = []
    current = ""
    try:
        opened: dict[str, Any] = {}
        refused: list[_ConversionFailed] = []
        for role, path in request["files"].items():
            current = Path(path).name
            data = Path(path).read_bytes()
            digests[current] = sha256(data).hexdigest()
            try:
                opened[role] = _open_file(current, data, request, protections, trusted)
            except _NamesRefused as failure:
                refused.append(failure)
                opened[role] = failure.inert
        current = Path(request["files"][MODEL]).name
        if refused:
            helps = _converts(opened, request)
            raise _ConversionFailed(**{**refused[0].report, "trust_helps": helps})
        pipeline, classifier = _assemble(opened, request)
        output = {} if classifier.output == "log-odds" else {"output": classifier.output}
        report = {
            "ok": True,
            "features": pipeline.to_json() | output,
            "digests": digests,
            "trusted": trusted,
            "xgboost": classifier.version,
        }
        return report, classifier.booster
    except Unreadable as error:
        raise _ConversionFailed("unreadable", str(error), file=current) from error
    except sklearn_transformers.Unsupported as error:
        raise _ConversionFailed(
            "unsupported", str(error), file=_file_of(error, opened, request["files"])
        ) from error
    except pipeline_conversion.ColumnNamesUnknown as error:
        raise _ConversionFailed("unnamed", str(error), file=current) from error


def _open_file(
    name: str, data: bytes, request: dict[str, Any], protections: list[str], trusted: list[str]
) -> Any:
    from vigie.importer import containers, decompression, pickle_reader

    decompression.check_content(data)
    if name.endswith((".json", ".ubj")):
        from vigie.importer import booster

        return booster.from_bytes(data)
    if name.endswith(".txt"):
        from vigie.importer import booster

        return booster.from_text(data)
    try:
        return pickle_reader.read(data, max_bytes=request["limits"]["memory_bytes"])
    except pickle_reader.NamesRefused as refused:
        digest = sha256(data).hexdigest()
        inert = containers.without_training_parts(_read_inert(data, request["limits"]["memory_bytes"]))
        if inert is not None and not pickle_reader.refused_names(inert):
            return inert
        if digest not in request["trust"]:
            raise _NamesRefused(name, refused.names, digest, inert) from refused
        if not {sandbox.FILTER, landlock.LANDLOCK} <= set(protections):
            raise _ConversionFailed(
                "sandbox", "a system that cannot confine the file's code", file=name
            ) from refused
        trusted.append(digest)
        return _unpickle(name, data)


def _read_inert(data: bytes, max_bytes: int) -> Any:
    """Return a file with every name as a record; None where it cannot be read that way."""
    from vigie.importer import pickle_reader
    from vigie.importer.decompression import Unreadable

    try:
        return pickle_reader.read(data, max_bytes=max_bytes, any_name=True)
    except Unreadable:
        return None


def _converts(opened: dict[str, Any], request: dict[str, Any]) -> bool:
    """Return whether trusting the files may help: whether they could be converted if their other names did nothing.

    A class of the owner's own in the place of a transformer cannot be converted, trusted or not.
    """
    from vigie.importer import pipeline_conversion, sklearn_transformers
    from vigie.importer.decompression import Unreadable

    if any(value is None for value in opened.values()):
        return True
    if not all(pipeline_conversion.is_known(opened[role]) for role in (ENGINEER, SELECTOR) if role in opened):
        return False
    try:
        _assemble(opened, request)
    except (sklearn_transformers.Unsupported, Unreadable, AttributeError, LookupError, TypeError, ValueError):
        return False  # a class of unknown layout where one of scikit-learn is expected
    except pipeline_conversion.ColumnNamesUnknown:
        return True
    return True


def _file_of(error: Any, opened: dict[str, Any], files: dict[str, str]) -> str:
    """Return the name of the file with the object that an error is about."""
    before = [role for role in (ENGINEER, SELECTOR) if role in opened]
    if error.position is not None and error.position < len(before):
        return Path(files[before[error.position]]).name
    return Path(files[MODEL]).name


def _unpickle(name: str, data: bytes) -> Any:
    """Load a trusted file by the full unpickler, from the bytes whose digest was compared."""
    import io
    import warnings

    import joblib

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return joblib.load(io.BytesIO(data))
    except MemoryError:
        raise
    except Exception as error:
        raise _ConversionFailed(
            "failed", f"a trusted file whose loading failed ({_builtin_name(error)})", file=name
        ) from error


def _ends_in_classifier(value: Any) -> bool:
    from vigie.importer import booster, sklearn_transformers

    record = sklearn_transformers.as_record(value)
    return booster.is_classifier(value) or (record is not None and record.path == _PIPELINE)


def _builtin_name(error: Exception) -> str:
    """Return the name of Python's own class of an error: code of a file could write anything into the name of its own."""
    own = (kind for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    return next(own, Exception).__name__


def _assemble(opened: dict[str, Any], request: dict[str, Any]) -> tuple[Any, Any]:
    """Return the preprocessing of engineer, selector and the model's own pipeline, and its classifier."""
    from vigie.importer import booster, classes, containers, pipeline_conversion, sklearn_transformers

    model = containers.by_kind(opened[MODEL], _ends_in_classifier)
    before: list[Any] = [opened[role] for role in (ENGINEER, SELECTOR) if role in opened]
    labels = None
    if isinstance(model, dict):
        labels = next(
            (found for name in _LABEL_KEYS if (found := classes.encoder_classes(model.get(name)))), None
        )
        model = {name: part for name, part in model.items() if labels is None or name not in _LABEL_KEYS}
        key = next((key for key, value in model.items() if _ends_in_classifier(value)), None)
        rest = {name: value for name, value in model.items() if name != key}
        if key is not None:
            model = model[key]
            if not before or pipeline_conversion.holds_fitted(rest):
                before.append(rest)
    while (record := sklearn_transformers.as_record(model)) and record.path == _PIPELINE:
        steps = [fitted for _, fitted in sklearn_transformers.require(record, "steps")]
        before, model = [*before, *steps[:-1]], steps[-1]
    classifier = model if isinstance(model, booster.Classifier) else booster.from_fitted(model)
    if classes.fraud_is_first(labels or classifier.classes, request["fraud_class"]):
        classifier = booster.inverted(classifier)
    pipeline = pipeline_conversion.convert(
        before, names=classifier.names, width=classifier.width, columns=request["columns"]
    )
    if None in classifier.categories.values() and not before:
        raise sklearn_transformers.Unsupported(
            "a booster with categorical features whose categories are not in the file (XGBoost before 3.1)"
        )
    encoding = classifier.encoding()
    if encoding is not None:
        pipeline = pipeline.append(encoding)
    for step in classifier.first:
        pipeline = pipeline.append(step)
    done = pipeline.finish(classifier.width, classifier.missing, zeros_missing=classifier.zeros_missing)
    for step in classifier.last:
        done = done.append(step, ["log-odds"])
    return done, classifier
