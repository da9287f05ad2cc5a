"""The process that opens the files of a model made elsewhere. Started by `legacy`, and by nothing else.

in     one JSON request on standard input
out    one line of JSON on standard output, followed by the booster's bytes; never a pickle
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from vigie.importer import sandbox

MODEL, ENGINEER, SELECTOR = "model", "engineer", "selector"


class _Stop(Exception):
    """The conversion ends here; `report` goes to the parent."""

    def __init__(self, kind: str, found: str, **more: Any) -> None:
        super().__init__(found)
        self.report = {"ok": False, "kind": kind, "found": found, **more}


def main() -> None:
    """Reads the request, raises the walls, converts, reports."""
    request = json.loads(sys.stdin.buffer.read())
    result = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # whatever a trusted file prints is not a result
        os.dup2(silence, standard)
    walls = sandbox.raise_walls(**request["limits"])
    report: dict[str, Any]
    booster = b""
    try:
        report, booster = _convert(request, walls)
    except _Stop as stop:
        report = stop.report
    except MemoryError:
        report = {"ok": False, "kind": "memory", "found": "a file that needs more memory than the limit"}
    except Exception as error:  # noqa: BLE001  the edge of the process: the parent words it
        report = {
            "ok": False,
            "kind": "failed",
            "found": f"a failure of the conversion ({type(error).__name__})",
        }
    report["walls"] = walls
    report["booster_bytes"] = len(booster)
    result.write(json.dumps(report, allow_nan=False).encode() + b"\n" + booster)
    result.close()


def _convert(request: dict[str, Any], walls: list[str]) -> tuple[dict[str, Any], bytes]:
    from vigie.importer import pipeline_conversion, sklearn_transformers
    from vigie.importer.decompression import Unreadable

    if not request["trust"]:
        # XGBoost needs no scikit-learn to read a booster: a third of the time, and less code behind the walls.
        sys.modules["sklearn"] = None  # type: ignore[assignment]
    digests: dict[str, str] = {}
    trusted: list[str] = []
    current = ""
    try:
        opened: dict[str, Any] = {}
        for role, path in request["files"].items():
            current = Path(path).name
            data = Path(path).read_bytes()
            digests[current] = sha256(data).hexdigest()
            opened[role] = _opened(current, data, request, walls, trusted)
        current = Path(request["files"][MODEL]).name
        recipe, classifier = _assembled(opened, request["columns"])
        report = {
            "ok": True,
            "recipe": recipe.to_json(),
            "digests": digests,
            "trusted": trusted,
            "xgboost": classifier.version,
        }
        return report, classifier.booster
    except Unreadable as error:
        raise _Stop("unreadable", str(error), file=current) from error
    except sklearn_transformers.Inexpressible as error:
        raise _Stop("inexpressible", str(error), file=getattr(error, "file", "") or current) from error
    except pipeline_conversion.Nameless as error:
        raise _Stop("nameless", str(error), file=current) from error


def _opened(name: str, data: bytes, request: dict[str, Any], walls: list[str], trusted: list[str]) -> Any:
    from vigie.importer import pickle_reader

    if name.endswith((".json", ".ubj")):
        from vigie.importer import booster

        return booster.from_bytes(data)
    try:
        return pickle_reader.read(data, most_bytes=request["limits"]["memory_bytes"])
    except pickle_reader.Refused as refused:
        digest = sha256(data).hexdigest()
        if digest not in request["trust"]:
            raise _Stop("names", "", file=name, names=refused.names, sha256=digest) from refused
        if not {sandbox.FILTER, sandbox.NAMESPACE} & set(walls):
            raise _Stop("walls", "no way to keep the file's code from the network", file=name) from refused
        trusted.append(digest)
        return _loaded(name, data)


def _loaded(name: str, data: bytes) -> Any:
    """What the operator vouched for, by the full unpickler, from the very bytes whose digest was compared."""
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
        raise _Stop(
            "failed", f"a trusted file whose loading failed ({type(error).__name__})", file=name
        ) from error


def _assembled(opened: dict[str, Any], columns: list[str] | None) -> tuple[Any, Any]:
    """Engineer, selector, the model's own pipeline and its classifier, put in their order."""
    from vigie.importer import booster, pipeline_conversion, sklearn_transformers

    model = opened[MODEL]
    before: list[Any] = [opened[role] for role in (ENGINEER, SELECTOR) if role in opened]
    record = sklearn_transformers.as_record(model)
    if record is not None and record.path == "sklearn.pipeline.Pipeline":
        steps = [fitted for _, fitted in sklearn_transformers.need(record, "steps")]
        before, model = [*before, *steps[:-1]], steps[-1]
    if isinstance(model, dict):
        model = next((value for value in model.values() if booster.is_classifier(value)), model)
    ready = isinstance(model, booster.Classifier)
    classifier = model if ready else booster.from_fitted(model)
    recipe = pipeline_conversion.chain(
        before, names=classifier.names, width=classifier.width, columns=columns
    )
    return sklearn_transformers.finish(recipe, classifier.width, classifier.missing), classifier
