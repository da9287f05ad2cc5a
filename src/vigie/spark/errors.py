"""Errors of tasks, sent to the driver: Spark transports only text.

Errors of Vigie are sent with their message. The message of any other error may contain a cell, so only its type and its
place in the code are sent.
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


class TaskFailed(Exception):
    """A task failed; the message contains no cell."""


@contextmanager
def from_task() -> Iterator[None]:
    """Encode errors of a task so that `to_driver` can raise them again."""
    try:
        yield
    except GeneratorExit:
        raise
    except VigieError as error:
        encoded = json.dumps({"kind": type(error).__name__, "message": error.message, "hint": error.hint})
        raise TaskFailed(_marked(encoded)) from None
    except Exception as error:  # noqa: BLE001  the edge: no cell may reach the cluster's logs
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        raise TaskFailed(f"{type(error).__name__} at {' < '.join(reversed(places))}") from None


def _marked(encoded: str) -> str:
    return f"<vigie>{encoded}</vigie>"


@contextmanager
def to_driver() -> Iterator[None]:
    """Raise an error of Vigie that a task of the job raised, with its own type."""
    try:
        yield
    except PySparkException as error:
        found = _MARK.search(str(error))
        if found is None:
            raise
        record = json.loads(found[1])
        kind = getattr(errors, record["kind"])
        refused = kind.__new__(kind)
        VigieError.__init__(refused, record["message"], hint=record["hint"])
        raise refused from None
