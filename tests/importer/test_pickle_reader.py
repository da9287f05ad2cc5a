"""The reader of third-party pickles: nothing in a file is called, and refused names are listed.

These tests read hostile files in their own process, without a sandbox.
"""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import importlib
import io
import lzma
import operator
import os
import pickle
import random
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from vigie.importer import pickle_reader, records
from vigie.importer.decompression import Unreadable


def _engineer() -> ColumnTransformer:
    values = np.array([[1.0, "a", "x"], [2.0, "b", "y"], [4.0, "a", "z"]], dtype=object)
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    parts = [("n", numbers, [0]), ("h", OneHotEncoder(), [1]), ("o", OrdinalEncoder(), slice(2, 3))]
    return ColumnTransformer(parts).fit(values)


def _plain(value: Any) -> Any:
    """Return a saved or read value as one that can be compared."""
    if isinstance(value, np.dtype) or getattr(value, "path", "") == "numpy.dtype":
        return "a type"
    if isinstance(value, records.Record):
        return _plain(value.state)
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key != "_sklearn_version"}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, records.Name | type):
        return "a name"
    if isinstance(value, np.generic):
        return repr(value.item())
    return _plain(vars(value)) if hasattr(value, "__dict__") else repr(value)


@pytest.mark.parametrize("written", ["none", "zlib", "gzip", "bz2", "lzma", "xz", *map(str, range(6))])
def test_supported_files_are_read(written: str) -> None:
    """Each compression of joblib and each protocol of pickle gives the saved state."""
    engineer, out = _engineer(), io.BytesIO()
    if written.isdigit():
        pickle.dump(engineer, out, protocol=int(written))
    else:
        joblib.dump(engineer, out, compress=0 if written == "none" else (written, 3))
    read = pickle_reader.read(out.getvalue(), max_bytes=1 << 24)
    assert read.path == "sklearn.compose._column_transformer.ColumnTransformer"
    assert _plain(read) == _plain(engineer)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", "?", ">f8", ">i4", "U3", "S2", "O"])
def test_arrays_round_trip(dtype: str) -> None:
    """Types, byte orders, layouts and shapes, in joblib's and in pickle's format."""
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for saved in (array, np.asfortranarray(array), array[:, ::2], array[:0], array[0, 0, 0]):
        for data in (_dumped([saved]), pickle.dumps([saved], 2), pickle.dumps([saved], 5)):
            np.testing.assert_array_equal(pickle_reader.read(data, max_bytes=1 << 20)[0], saved)


def test_functions_of_numpy_1() -> None:
    """Their module has another name in files of numpy 1; others of that module are refused as before."""
    read = pickle_reader.read(b"cnumpy.core._multiarray_umath\nlog1p\n.", max_bytes=100)
    assert read.path == "numpy.log1p"
    with pytest.raises(pickle_reader.NamesRefused, match=r"numpy\.core\._multiarray_umath\.fromfile"):
        pickle_reader.read(b"cnumpy.core._multiarray_umath\nfromfile\n.", max_bytes=100)


class _Evil:
    """An object whose pickle calls `function` with `arguments`."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def _dumped(value: Any, protocol: int | None = None) -> bytes:
    out = io.BytesIO()
    joblib.dump(value, out, protocol=protocol)
    return out.getvalue()


def _text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def _call(module: str, name: str, argument: str) -> bytes:
    """Return a pickle that calls a name, which need not exist, by STACK_GLOBAL."""
    return b"\x80\x04" + _text(module) + _text(name) + b"\x93" + _text(argument) + b"\x85R."


def _hostile(canary: Path) -> dict[str, tuple[bytes, str]]:
    touch, code = f"touch {canary}", f"open({str(canary)!r}, 'w')"
    run = _Evil(os.system, touch)
    inner = pickle.dumps(run)
    array = np.arange(2000.0)
    objects = np.array([run, 1], dtype=object)
    model = xgboost.XGBClassifier()
    model.callbacks = [run]
    return {
        "os.system": (_dumped(run), "posix.system"),
        "plain pickle": (inner, "posix.system"),
        "protocol 0": (pickle.dumps(run, 0), "posix.system"),
        "subprocess": (_dumped(_Evil(subprocess.Popen, ["touch", str(canary)])), "subprocess.Popen"),
        "eval": (_dumped(_Evil(eval, code)), "builtins.eval"),
        "exec": (_dumped(_Evil(exec, code)), "builtins.exec"),
        "exec in Python 2 words": (b"c__builtin__\neval\n(V" + code.encode() + b"\ntR.", "__builtin__.eval"),
        "import": (_dumped(_Evil(importlib.import_module, "antigravity")), "importlib.import_module"),
        "__import__": (_dumped(_Evil(__import__, "antigravity")), "builtins.__import__"),
        "posix": (_call("posix", "system", touch), "posix.system"),
        "after an array": (_dumped([array, run]), "posix.system"),
        "in an array of objects": (_dumped(objects), "posix.system"),
        "zlib": (zlib.compress(_dumped([array, run])), "posix.system"),
        "gzip": (gzip.compress(_dumped([array, run])), "posix.system"),
        "bz2": (bz2.compress(_dumped([array, run])), "posix.system"),
        "xz": (lzma.compress(_dumped([array, run])), "posix.system"),
        "lzma": (lzma.compress(_dumped([array, run]), format=lzma.FORMAT_ALONE), "posix.system"),
        "pickle in a pickle": (_dumped(_Evil(pickle.loads, inner)), "_pickle.loads"),
        "joblib in joblib": (_dumped(_Evil(joblib.load, "x.joblib")), "joblib.numpy_pickle.load"),
        "getattr": (_getattr(touch), "builtins.getattr"),
        "attrgetter": (_dumped(operator.attrgetter("system")), "operator.attrgetter"),
        "methodcaller": (_dumped(operator.methodcaller("system", touch)), "operator.methodcaller"),
        "partial": (_dumped(functools.partial(os.system, touch)), "functools.partial"),
        "numpy.load": (_call("numpy", "load", str(canary)), "numpy.load"),
        "numpy through core": (
            _call("numpy.core.multiarray", "fromfile", "/etc/passwd"),
            "numpy.core.multiarray.fromfile",
        ),
        "numpy's exec": (
            _call("numpy.testing._private.utils", "runstring", code),
            "numpy.testing._private.utils.runstring",
        ),
        "dotted name": (_call("os", "path.os.system", touch), "os.path.os.system"),
        "dotted name of a listed module": (
            _call("numpy", "float64.__class__", touch),
            "numpy.float64.__class__",
        ),
        "listed name in another module": (
            _call("joblib.numpy_pickle", "os", touch),
            "joblib.numpy_pickle.os",
        ),
        "state of a function": (_dumped(_Evil(_harmless, state={"__code__": 1})), f"{__name__}._harmless"),
        "inside a good model": (_dumped(model), "posix.system"),
        "old instance": (b"(V" + touch.encode() + b"\nios\nsystem\n.", "os.system"),
        "old object": (b"(cos\nsystem\nV" + touch.encode() + b"\no.", "os.system"),
        "new object": (b"\x80\x02cos\nsystem\nV" + touch.encode() + b"\n\x85\x81.", "os.system"),
        "memoised and called later": (
            b"\x80\x04" + _text("os") + _text("system") + b"\x93\x940]h\x00" + _text(touch) + b"\x85Ra.",
            "os.system",
        ),
        "escapes in a name": (_call("os", "sys\x1b[2Jtem\n", touch), "os.sys?[2Jtem?"),
    }


def _getattr(touch: str) -> bytes:
    os_module = b"cbuiltins\n__import__\n(Vos\ntR"
    return b"\x80\x02cbuiltins\ngetattr\n(" + os_module + b"Vsystem\ntR(V" + touch.encode() + b"\ntR."


def _harmless() -> None:
    return None


_CASES = tuple(_hostile(Path("/nowhere/canary")))


@pytest.mark.parametrize("case", _CASES)
def test_no_code_runs(tmp_path: Path, case: str) -> None:
    """The error has the refused name; read in this process, without a sandbox."""
    canary = tmp_path / "canary"
    data, name = _hostile(canary)[case]
    with pytest.raises(pickle_reader.NamesRefused) as refused:
        pickle_reader.read(data, max_bytes=1 << 30)
    assert name in refused.value.names
    assert not canary.exists()
    assert "antigravity" not in sys.modules


def test_every_refused_name_is_listed(tmp_path: Path) -> None:
    """In one error."""
    data = _dumped([_Evil(os.system, "x"), _Evil(eval, "x"), _Evil(socket.create_connection, "x")])
    with pytest.raises(pickle_reader.NamesRefused) as refused:
        pickle_reader.read(data, max_bytes=1 << 20)
    assert refused.value.names == ("posix.system", "builtins.eval", "socket.create_connection")


_ABUSES = {
    "state for a list": b"\x80\x02]}b.",
    "state for a name": b"\x80\x02cnumpy\nndarray\n}b.",
    "state for a function of ours": b"\x80\x02cnumpy._core.multiarray\n_reconstruct\n}b.",
    "call of a list": b"\x80\x02])R.",
    "call of a record": b"\x80\x02cbuiltins\nobject\n)R)R.",
    "extension": b"\x80\x02\x82\x01.",
    "persistent": b"Pid\n.",
    "persistent binary": b"\x80\x02K\x01Q.",
    "buffer out of band": b"\x80\x05\x97.",
    "an allocation by number": b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
    "an allocation by opcode": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".",
    "a frame without end": b"\x80\x04\x95" + struct.pack("<Q", 1 << 50) + b".",
    "memo never set": b"\x80\x02h\x05.",
    "empty": b"",
    "cut": _dumped(np.arange(100.0))[:-5],
    "noise": random.Random(0).randbytes(2000),
    "cut zlib": zlib.compress(_dumped(list(range(1000))))[:-20],
    "cut xz": lzma.compress(_dumped(list(range(1000))))[:-20],
}


@pytest.mark.parametrize("case", list(_ABUSES))
def test_invalid_operations_are_unreadable(case: str) -> None:
    """A state for an object that has none, a call of something that is no name, an allocation by number."""
    with pytest.raises(Unreadable):
        pickle_reader.read(_ABUSES[case], max_bytes=1 << 20)


def test_an_inconsistent_array_is_unreadable() -> None:
    """Shapes and types are compared with the bytes before numpy uses them."""
    good = _dumped(np.arange(10, dtype=np.int64))
    at = good.index(b"\x8c\x05shape") + 7
    for forged in (good.replace(b"K\x0a\x85", b"K\x7f\x85"), good.replace(b"\x8c\x02i8", b"\x8c\x02V8")):
        assert forged != good
        with pytest.raises(Unreadable):
            pickle_reader.read(forged, max_bytes=1 << 20)
    assert at > 0
    records = np.zeros(3, dtype=[("a", "O"), ("b", "i8")])
    with pytest.raises(Unreadable):
        pickle_reader.read(pickle.dumps(records), max_bytes=1 << 20)


def test_damaged_files_are_read_or_refused() -> None:
    """Three hundred damaged copies raise no other error."""
    good = _dumped(_engineer())
    chance = random.Random(5)
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with contextlib.suppress(pickle_reader.NamesRefused, Unreadable):
            pickle_reader.read(bytes(damaged), max_bytes=1 << 24)
