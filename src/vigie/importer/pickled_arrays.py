"""Arrays, numbers and types of numpy in a pickle file, built from their bytes without a call of anything in the file.

Every function takes what the file has and raises `Unreadable` where that is no such thing.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from vigie.importer.decompression import Unreadable
from vigie.importer.records import DtypeRecord, Name

_TYPE = re.compile(r"[<>=|]?(?:[?]|[biufc](?:1|2|4|8|16)|[US][0-9]{1,6}|O8?|b1)")
_MAX_FIELDS, _MAX_RECORD = 32, 1024


def read_shape(shape: object) -> tuple[int, ...]:
    """Return a shape of at most eight dimensions."""
    if (
        not isinstance(shape, tuple)
        or not all(isinstance(n, int) and n >= 0 for n in shape)
        or len(shape) > 8
    ):
        raise Unreadable("an array of an impossible shape")
    return shape


def read_dtype(declared: object) -> np.dtype[Any]:
    """Return a numpy dtype of plain values, or of records of them; dates and types of other modules are refused."""
    if isinstance(declared, Name) and declared.path.startswith("numpy."):
        declared = DtypeRecord("", (np.dtype(getattr(np, declared.path.removeprefix("numpy."))).str,))
    if not isinstance(declared, DtypeRecord) or not declared.arguments:
        raise Unreadable("an array of an unknown type")
    code = declared.arguments[0]
    if isinstance(declared.state, tuple) and any(part is not None for part in declared.state[2:5]):
        return _record_dtype(declared.state)
    if not isinstance(code, str) or not _TYPE.fullmatch(code):
        raise Unreadable("an array of a type that is not of plain values")
    state = declared.state
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else "|"
    return np.dtype((order if order in {"<", ">"} else "") + code.lstrip("<>=|"))


def _record_dtype(state: tuple[Any, ...]) -> np.dtype[Any]:
    """Return a type of records of plain numbers, such as the nodes of a scikit-learn tree."""
    if len(state) < 6 or state[2] is not None or not isinstance(state[4], dict):
        raise Unreadable("an array of records of an unknown layout")
    names, fields, size = state[3], state[4], state[5]
    if not isinstance(names, tuple) or set(names) != set(fields) or not 0 < len(names) <= _MAX_FIELDS:
        raise Unreadable("an array of records of an unknown layout")
    formats, offsets = [], []
    for name in names:
        field = fields[name]
        if not isinstance(name, str) or not isinstance(field, tuple) or len(field) != 2:
            raise Unreadable("an array of records of an unknown layout")
        dtype, offset = read_dtype(field[0]), field[1]
        if dtype.hasobject or dtype.names or not isinstance(offset, int) or not isinstance(size, int):
            raise Unreadable("an array of records that are not of numbers")
        if not 0 <= offset <= size - dtype.itemsize:
            raise Unreadable("an array of records of an unknown layout")
        formats.append(dtype)
        offsets.append(offset)
    if size > _MAX_RECORD:
        raise Unreadable("an array of records of an unknown layout")
    return np.dtype({"names": list(names), "formats": formats, "offsets": offsets, "itemsize": size})


def from_bytes(data: object, shape: tuple[int, ...], dtype: np.dtype[Any], *, fortran: bool) -> Any:
    """Return an array whose bytes fill its shape exactly, in the byte order of this machine."""
    if isinstance(data, str):
        data = data.encode("latin1")
    if not isinstance(data, bytes | bytearray):
        raise Unreadable("an array without its bytes")
    count = int(np.prod(shape, dtype=object))
    if dtype.itemsize == 0 or len(data) != count * dtype.itemsize:
        raise Unreadable("an array whose bytes do not fill its shape")
    array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="))


def read_array(*state: Any) -> Any:
    """Return the array of the state that numpy saves: version, shape, type, order, and bytes or list of objects."""
    if len(state) != 5:
        raise Unreadable("an array without its bytes")
    _, shape, declared, fortran, data = state
    shape, dtype = read_shape(shape), read_dtype(declared)
    if not dtype.hasobject:
        return from_bytes(data, shape, dtype, fortran=bool(fortran))
    if not isinstance(data, list) or len(data) != int(np.prod(shape, dtype=object)):
        raise Unreadable("an array whose values do not fill its shape")
    array = np.empty(len(data), dtype=object)
    for at, value in enumerate(data):
        array[at] = value
    return array.reshape(shape)  # numpy lists objects row by row, whatever the array's own order


def read_scalar(declared: object, data: object = b"") -> Any:
    """Return the value of a numpy scalar of a type."""
    return from_bytes(data, (1,), read_dtype(declared), fortran=False)[0].item()


def read_buffer(data: object, declared: object, shape: object, order: object) -> Any:
    """Return the array of a buffer, its type, shape and order."""
    return from_bytes(data, read_shape(shape), read_dtype(declared), fortran=order == "F")
