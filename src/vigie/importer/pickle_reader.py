"""Reads a joblib or pickle file as plain records; runs only in the sandbox.

No class in the file is ever imported, instantiated or called, not even an allowed one: a fitted encoder becomes a `Record`
(its name and its saved state), an array is built here from its bytes. A file therefore cannot use a constructor,
`__setstate__` or `__reduce__`. Names are compared as exact (module, name) pairs; all names that are not allowed are collected,
and then the file is refused.

joblib writes pickle opcodes with the bytes of each array in between, optionally compressed.
Source: CPython's `Lib/pickletools.py`, and joblib's `numpy_pickle.py` from 0.10 on.
"""

from __future__ import annotations

import lzma
import pickle
import struct
import zlib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from vigie.importer.allowed_names import canonical, is_allowed
from vigie.importer.decompression import LimitedReader, Unreadable, decompressed
from vigie.importer.pickled_arrays import (
    from_bytes,
    read_array,
    read_buffer,
    read_dtype,
    read_scalar,
    read_shape,
)
from vigie.importer.records import ArrayRecord, DtypeRecord, Name, Record

_MAX_NAME_LENGTH = 200
_MAX_REFUSED_NAMES = 20


class NamesRefused(Exception):
    """The file uses names that are not allowed; `names` has them as `module.name`."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def read(data: bytes, *, max_bytes: int, any_name: bool = False) -> Any:
    """Return the object saved in `data`, made of numbers, text, lists, dicts, arrays, `Record` and `Name`.

    Args:
        data: the file's bytes: joblib with or without compression, or a plain pickle.
        max_bytes: maximum size of the decompressed data.
        any_name: return objects of other names as records, too, instead of refusing the file; they are not called either.

    Raises:
        NamesRefused: the file uses names that are not allowed.
        Unreadable: the file is damaged or unsupported.
    """
    stream = _Unpickler(LimitedReader(decompressed(data), max_bytes), any_name=any_name)
    try:
        value = stream.load()
    except Unreadable:
        if not stream.refused:
            raise
    except (
        pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError,
        OSError, RecursionError, lzma.LZMAError, zlib.error, struct.error,
    ) as error:  # fmt: skip
        if not stream.refused:
            raise Unreadable(f"a damaged stream ({type(error).__name__})") from error
    if stream.refused:
        raise NamesRefused(tuple(stream.refused))
    return value


def refused_names(value: Any) -> list[str]:
    """Return the names in a value of `read` that are not allowed, each once, the outermost first."""
    found: dict[str, None] = {}
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str | bytes | bytearray | int | float | None) or id(one) in seen:
            continue
        seen[id(one)] = one
        if isinstance(one, Record | Name) and one.path and not _is_allowed(one.path):
            found[one.path] = None
        waiting.extend(reversed(_parts(one)))
    return list(found)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Record):
        return [*value.arguments, value.state]
    if isinstance(value, dict):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, np.ndarray) and value.dtype.hasobject and not value.dtype.names:
        return value.ravel().tolist()
    return []


def _is_allowed(path: str) -> bool:
    return is_allowed(path) or path in _BUILDERS


class _Unpickler(pickle._Unpickler):
    """CPython's unpickler, with records in place of everything that imports, calls or sets."""

    stack: list[Any]
    memo: dict[int, Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]
    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(pickle._Unpickler.dispatch)

    def __init__(
        self, stream: LimitedReader, refused: dict[str, None] | None = None, *, any_name: bool = False
    ) -> None:
        super().__init__(stream, encoding="latin1")
        self._stream = stream
        self.refused: dict[str, None] = {} if refused is None else refused
        self._any_name = any_name

    def find_class(self, module: str, name: str) -> Name:
        path = f"{canonical(module)}.{name}"
        if not self._any_name and not _is_allowed(path):
            shown = f"{module}.{name}".encode("ascii", "backslashreplace").decode("ascii")
            shown = "".join(letter if letter.isprintable() else "?" for letter in shown)[:_MAX_NAME_LENGTH]
            if len(self.refused) < _MAX_REFUSED_NAMES:
                self.refused[shown] = None
        return Name(path)

    def get_extension(self, code: int) -> None:
        raise Unreadable(f"an entry of the extension registry ({code})")

    def persistent_load(self, _: object) -> None:
        raise Unreadable("a reference to something outside the file")

    def call(self, what: object, arguments: object) -> Any:
        if not isinstance(what, Name) or not isinstance(arguments, tuple):
            raise Unreadable("a call of something that is not a name")
        build = _BUILDERS.get(what.path)
        return build(*arguments) if build else Record(what.path, arguments)

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        self.stack[-1] = self.call(self.stack[-1], arguments)

    def load_newobj(self) -> None:
        arguments = self.stack.pop()
        self.stack.append(self.call(self.stack.pop(), arguments))

    def load_newobj_ex(self) -> None:
        named = self.stack.pop()
        arguments = self.stack.pop()
        if named:
            raise Unreadable("a call with named arguments")
        self.stack.append(self.call(self.stack.pop(), arguments))

    def _instantiate(self, what: object, arguments: list[object]) -> None:
        self.append(self.call(what, tuple(arguments)))

    def load_bytearray8(self) -> None:
        # CPython allocates as many bytes as the file claims before it reads them.
        (length,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(length)))

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Record):
            raise Unreadable("a state for something that has none")
        target.state = state
        if isinstance(target, ArrayRecord):
            self._finish(target)
        elif target.path == "joblib.numpy_pickle.NumpyArrayWrapper":
            self.stack[-1] = self._inline(state)

    def _finish(self, target: ArrayRecord) -> None:
        # An array is mutable and may be memoised before its state is read: every reference is replaced.
        array = read_array(*target.state) if isinstance(target.state, tuple) else None
        if array is None:
            raise Unreadable("an array without its bytes")
        self.stack[-1] = array
        for key, value in self.memo.items():
            if value is target:
                self.memo[key] = array

    def _inline(self, state: object) -> Any:
        """Return the array whose bytes follow joblib's wrapper in the file."""
        if not isinstance(state, dict):
            raise Unreadable("an array's wrapper without a state")
        shape, dtype = read_shape(state.get("shape")), read_dtype(state.get("dtype"))
        if dtype.hasobject:
            return _Unpickler(self._stream, self.refused, any_name=self._any_name).load()
        if state.get("numpy_array_alignment_bytes") is not None:
            self._stream.read(int.from_bytes(self._stream.read(1), "little"))
        count = int(np.prod(shape, dtype=object))
        data = self._stream.read(count * dtype.itemsize)
        return from_bytes(data, shape, dtype, fortran=state.get("order") == "F")

    def load_setitem(self) -> None:
        self._set_items(self.stack.pop(-2), self.stack.pop())

    def load_setitems(self) -> None:
        items = self.pop_mark()
        self._set_items(*items)

    def _set_items(self, *items: Any) -> None:
        # A class of the file may be one of a dict; what such an object holds is in no use.
        if not isinstance(self.stack[-1], Record):
            self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex
    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def _bytearray(data: object = b"", encoding: object = None) -> bytearray:
    if isinstance(data, str) and encoding in {"latin-1", "latin1"}:
        data = data.encode("latin1")
    if not isinstance(data, bytes | bytearray):  # never a number: that would be a size to allocate
        raise Unreadable("a byte array of something else")
    return bytearray(data)


def _encode(text: object, encoding: object = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in {"latin1", "latin-1"}:
        raise Unreadable("bytes in an unexpected encoding")
    return text.encode("latin1")


def _old_object(cls: object, *_: object) -> Record:
    if not isinstance(cls, Name):
        raise Unreadable("an object without a class")
    return Record(cls.path)


def _collection(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(values: object = ()) -> Any:
        if not isinstance(values, list | tuple):
            raise Unreadable("a collection of something else")
        return kind(values)

    return build


def _slice(*bounds: object) -> slice:
    if not 1 <= len(bounds) <= 3 or not all(
        bound is None or isinstance(bound, int | str) for bound in bounds
    ):
        raise Unreadable("a slice of something else")
    return slice(*bounds)


def _index(_: object, state: object) -> list[Any]:
    """Return the values of an Index of pandas, such as the columns of a table, as a list."""
    data = state.get("data") if isinstance(state, dict) else None
    if isinstance(data, Record) and isinstance(data.state, tuple):  # texts, from pandas 3 on
        data = next((part for part in data.state if isinstance(part, np.ndarray)), None)
    if not isinstance(data, np.ndarray) or data.ndim != 1:
        raise Unreadable("an index of pandas of an unknown layout")
    values: list[Any] = data.tolist()
    return values


# The only calls in a file that are carried out, by the functions above.
_BUILDERS: dict[str, Callable[..., Any]] = {
    "builtins.set": _collection(set),
    "builtins.frozenset": _collection(frozenset),
    "builtins.slice": _slice,
    "builtins.bytearray": _bytearray,
    "builtins.bytes": lambda *arguments: bytes(_bytearray(*arguments)),
    "collections.OrderedDict": _collection(dict),
    "collections.defaultdict": lambda *_: {},
    "_codecs.encode": _encode,
    "pandas.core.indexes.base._new_Index": _index,
    "copyreg._reconstructor": _old_object,
    "numpy.dtype": lambda *arguments: DtypeRecord("numpy.dtype", arguments),
    "numpy._core.multiarray._reconstruct": lambda *arguments: ArrayRecord("numpy.ndarray", arguments),
    "numpy._core.multiarray.scalar": read_scalar,
    "numpy._core.numeric._frombuffer": read_buffer,
}
