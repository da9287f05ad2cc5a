"""Calls a function in a child process with limits.

The child gets one JSON request on standard input and answers with one line of JSON; nothing it answers is ever executed. Its
environment has no variable of this process but those that locate libraries and temporary files.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any, NoReturn

from vigie import errors, settings
from vigie.i18n.messages import Message
from vigie.isolation import limits as process_limits
from vigie.isolation.limits import Limits

log = logging.getLogger("vigie.isolation")
MEMORY, TIME, OUTPUT, CRASH = "memory", "time", "output", "crash"
_ANSWER_BYTES = 64 * 1024**2
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from vigie.isolation.child import main; main()"
)
_OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"Cannot allocate memory", b"MemoryError")


class ChildFailed(Exception):
    """The child ended without a result.

    Attributes:
        reason: the limit that was reached, `memory`, `time` or `output`, or `crash`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def call(function: str, arguments: Mapping[str, Any], limits: Limits) -> Any:
    """Call a function in a child process.

    Args:
        function: `module:name`.
        arguments: keyword arguments, plain JSON.
        limits: limits of the child.

    Returns:
        What the function returned, as plain JSON.

    Raises:
        VigieError: the function raised it.
        ChildFailed: the child ended without a result.
    """
    request = {"function": function, "arguments": dict(arguments), "limits": asdict(limits)}
    paths = json.dumps([path for path in sys.path if os.path.isabs(path)])
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(  # noqa: S603  our own interpreter and our own module
            [sys.executable, "-I", "-W", "ignore", "-c", _START, paths],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=printed,
            env=settings.child_environment(),
            start_new_session=True,
        )
        try:
            process.communicate(json.dumps(request).encode(), timeout=limits.wall_seconds)
        except subprocess.TimeoutExpired:
            raise ChildFailed(TIME) from None
        finally:
            _end(process)
        return _result(_read(output, _ANSWER_BYTES), _read(printed, 4096), process.returncode)


def main() -> None:
    """Answer the request on standard input; the main function of the child."""
    request = json.loads(sys.stdin.buffer.read())
    result = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    process_limits.apply(Limits(**request["limits"]))
    module, _, name = request["function"].partition(":")
    try:
        answer = {"result": getattr(importlib.import_module(module), name)(**request["arguments"])}
    except errors.VigieError as error:
        plain = {key: value for key, value in vars(error).items() if isinstance(value, (int, str, float))}
        answer = {"error": error.to_json(), "values": plain}
    except BaseException as error:  # noqa: BLE001  the process boundary; polars' panic is no Exception
        answer = {"failed": _reason(error), "type": type(error).__name__, "frames": _frames(error)}
    result.write(json.dumps(answer).encode() + b"\n")
    result.close()


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory could not be allocated, also one of a library in another language."""
    text = str(error).encode(errors="replace")
    return isinstance(error, MemoryError) or any(part in text for part in _OUT_OF_MEMORY)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return OUTPUT
    return MEMORY if is_out_of_memory(error) else CRASH


def _frames(error: BaseException) -> list[str]:
    found = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in found]


def _result(answer: bytes, printed: bytes, code: int) -> Any:
    if code != 0 or not answer.endswith(b"\n"):
        reason = _reason_of_death(code, printed)
        log.info("child ended", extra={"code": code, "reason": reason})
        raise ChildFailed(reason)
    found = json.loads(answer)
    if "error" in found:
        _raise(found["error"], found["values"])
    if "failed" in found:
        log.info("child failed", extra={name: found[name] for name in ("failed", "type", "frames")})
        # The panic of a library may hide that Python had no memory, which is then on standard error.
        reason = MEMORY if any(part in printed for part in _OUT_OF_MEMORY) else found["failed"]
        raise ChildFailed(reason)
    return found["result"]


def _reason_of_death(code: int, printed: bytes) -> str:
    if code == -getattr(signal, "SIGXCPU", 24):
        return TIME
    if code == -getattr(signal, "SIGXFSZ", 25):
        return OUTPUT
    if code == -signal.SIGKILL or any(part in printed for part in _OUT_OF_MEMORY):
        return MEMORY
    return CRASH


def _raise(record: Mapping[str, Any], values: Mapping[str, Any]) -> NoReturn:
    """Raise the error that the child reported; its class is one of `vigie.errors`."""
    kind = getattr(errors, str(record["kind"]), errors.VigieError)
    made: errors.VigieError = kind.__new__(kind)
    message, hint = (Message.from_json(record["said"][part]) for part in ("message", "hint"))
    errors.VigieError.__init__(made, message, hint=hint)
    vars(made).update({name: value for name, value in values.items() if name not in {"message", "hint"}})
    raise made


def _read(file: IO[bytes], most: int) -> bytes:
    file.seek(0)
    return file.read(most)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
