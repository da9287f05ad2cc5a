"""Validation of the import worker's response."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from vigie.errors import ForeignModelRefused
from vigie.importer.worker_response import WorkerOutput, parse_response

_SOUND: dict[str, Any] = {
    "ok": True,
    "features": {"format": 1, "kind": "native", "columns": ["a"], "names": ["a"], "steps": []},
    "digests": {"f": "0"},
    "trusted": [],
    "protections": [],
    "xgboost": "3",
    "booster_bytes": 2,
}


@pytest.mark.parametrize(
    "change",
    [
        {"features": None}, {"features": {}}, {"features": {**_SOUND["features"], "steps": [{"op": "eval"}]}},
        {"features": {**_SOUND["features"], "steps": [{"op": "split", "parts": [{"steps": 3}]}]}},
        {"features": {**_SOUND["features"], "names": [1]}}, {"digests": {"f": 0}}, {"protections": "all"}, {"xgboost": 3},
        {"booster_bytes": 3}, {"ok": "yes"}, {"ok": False, "kind": "names", "names": [1]}, {"ok": False, "kind": []},
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_response_is_refused(change: dict[str, Any]) -> None:
    """The worker may have been taken over: its response is untrusted."""
    good = json.dumps(_SOUND).encode() + b"\n{}"
    assert parse_response(WorkerOutput(good, 0, False), model="m", trust=()).booster == b"{}"
    bad = json.dumps({**_SOUND, **change}).encode() + b"\n{}"
    for data in (bad, b"", b"[]\n{}", b"[" * 100_000 + b"\n{}", pickle.dumps(["a pickle"])):
        with pytest.raises(ForeignModelRefused):
            parse_response(WorkerOutput(data, 0, False), model="m", trust=())
