"""Refusals on their way from a task to whoever asked: Spark carries only text.

What is not a refusal is a bug, and its message may quote a cell: it stays where it happened, only its place travels.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException

from vigie import errors
from vigie.errors import VigieError

_MARK = re.compile(r"<vigie>(.*?)</vigie>", re.DOTALL)


class TaskEnded(Exception):
    """What a task ended with, in words that hold no cell."""


@contextmanager
def from_task() -> Iterator[None]:
    """In a task: refusals are written down so that `to_driver` can read them."""
    try:
        yield
    except GeneratorExit:
        raise
    except VigieError as error:
        said = json.dumps({"kind": type(error).__name__, "message": error.message, "hint": error.hint})
        raise TaskEnded(_marked(said)) from None
    except Exception as error:  # noqa: BLE001  the edge: no cell may reach the cluster's logs
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        raise TaskEnded(f"{type(error).__name__} at {' < '.join(reversed(places))}") from None


def _marked(said: str) -> str:
    return f"<vigie>{said}</vigie>"


@contextmanager
def to_driver() -> Iterator[None]:
    """Where a job is started: a refusal of one of its tasks is raised as itself."""
    try:
        yield
    except PySparkException as error:
        found = _MARK.search(str(error))
        if found is None:
            raise
        said = json.loads(found[1])
        kind = getattr(errors, said["kind"])
        refused = kind.__new__(kind)
        VigieError.__init__(refused, said["message"], hint=said["hint"])
        raise refused from None
