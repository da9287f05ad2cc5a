"""Reads and writes UBJSON, the format in which XGBoost stores models, without XGBoost.

Source: Universal Binary JSON Specification, draft 12 (https://ubjson.org), with the typed arrays that XGBoost writes.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

import numpy as np

_NUMBERS = {
    b"i": ">i1",
    b"U": ">u1",
    b"I": ">i2",
    b"l": ">i4",
    b"L": ">i8",
    b"d": ">f4",
    b"D": ">f8",
}
_KINDS = {np.dtype(dtype).newbyteorder("="): kind for kind, dtype in _NUMBERS.items()}
_CONSTANTS = {b"Z": None, b"T": True, b"F": False}
_MARKERS = {value: marker for marker, value in _CONSTANTS.items()}
_MAX_DEPTH = 32


def read(data: bytes) -> Any:
    """Return the document; arrays of one type are numpy arrays.

    Raises:
        ValueError: the data is no UBJSON, ends too early, or is nested too deep.
    """
    try:
        value, end = _value(data, 0, 0)
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError("no UBJSON") from error
    if end != len(data):
        raise ValueError("bytes after the end of the document")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deep")
    kind, at = data[at : at + 1], at + 1
    if kind in _NUMBERS:
        return _number(data, at, kind)
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], at
    if kind == b"S":
        return _text(data, at)
    if kind == b"C":
        return data[at : at + 1].decode(), at + 1
    if kind == b"{":
        return _object(data, at, depth)
    if kind == b"[":
        return _array(data, at, depth)
    raise ValueError("an unknown type")


def _number(data: bytes, at: int, kind: bytes) -> tuple[int | float, int]:
    if kind == b"L" and at + 8 <= len(data):  # the type of all whole numbers that XGBoost writes
        return int.from_bytes(data[at : at + 8], "big", signed=True), at + 8
    dtype = np.dtype(_NUMBERS[kind])
    if at + dtype.itemsize > len(data):
        raise ValueError("the data ends too early")
    return np.frombuffer(data, dtype, 1, at)[0].item(), at + dtype.itemsize


def _length(data: bytes, at: int) -> tuple[int, int]:
    length: int | float
    if data[at : at + 1] == b"L":  # the type of all lengths that XGBoost writes
        length, at = int.from_bytes(data[at + 1 : at + 9], "big", signed=True), at + 9
    else:
        length, at = _number(data, at + 1, data[at : at + 1])
    if not isinstance(length, int) or not 0 <= length <= len(data) - at:
        raise ValueError("a length beyond the end")
    return length, at


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, at = _length(data, at)
    return data[at : at + length].decode(), at + length


def _object(data: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    made: dict[str, Any] = {}
    while data[at : at + 1] != b"}":
        name, at = _text(data, at)
        made[name], at = _value(data, at, depth + 1)
    return made, at + 1


def _array(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if data[at : at + 1] == b"$":
        return _typed_array(data, at + 1)
    made: list[Any] = []
    if data[at : at + 1] == b"#":
        count, at = _length(data, at + 1)
        for _ in range(count):
            one, at = _value(data, at, depth + 1)
            made.append(one)
        return made, at
    while data[at : at + 1] != b"]":
        one, at = _value(data, at, depth + 1)
        made.append(one)
    return made, at + 1


def _typed_array(data: bytes, at: int) -> tuple[Any, int]:
    dtype = np.dtype(_NUMBERS[data[at : at + 1]])
    if data[at + 1 : at + 2] != b"#":
        raise ValueError("a typed array without a length")
    count, at = _length(data, at + 2)
    if count * dtype.itemsize > len(data) - at:
        raise ValueError("the data ends too early")
    return np.frombuffer(data, dtype, count, at), at + count * dtype.itemsize


def write(document: Any) -> bytes:
    """Return a document as UBJSON: what `read` returns, with numpy arrays of one type.

    Raises:
        TypeError: it has a value of another type.
    """
    parts: list[bytes] = []
    _add(document, parts)
    return b"".join(parts)


def _add(value: Any, parts: list[bytes]) -> None:
    """Append the bytes of a value."""
    if isinstance(value, np.ndarray):
        kind = _KINDS[value.dtype.newbyteorder("=")]
        parts += (b"[$", kind, b"#", _int64(value.size), value.astype(_NUMBERS[kind]).tobytes())
    elif isinstance(value, dict):
        parts.append(b"{")
        for name, one in value.items():
            parts.append(_counted(name))
            _add(one, parts)
        parts.append(b"}")
    elif isinstance(value, list):
        parts += (b"[#", _int64(len(value)))
        for one in value:
            _add(one, parts)
    elif isinstance(value, str):
        parts += (b"S", _counted(value))
    elif value is None or isinstance(value, bool):
        parts.append(_MARKERS[value])
    elif isinstance(value, int):
        parts.append(_int64(value))
    elif isinstance(value, float):
        parts.append(b"D" + struct.pack(">d", value))
    else:
        raise TypeError(f"UBJSON of {type(value).__name__}")


def _int64(number: int) -> bytes:
    return b"L" + number.to_bytes(8, "big", signed=True)


@lru_cache(maxsize=1_000)
def _counted(text: str) -> bytes:
    encoded = text.encode()
    return _int64(len(encoded)) + encoded
