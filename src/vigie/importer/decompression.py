"""Decompresses joblib files, with a limit on the number of bytes.

Supports the formats that joblib writes: zlib, gzip, bz2, lzma, xz, and lz4 where the package `lz4` is installed. Data is
decompressed as it is read, so that a small file cannot fill the memory at once.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any, cast


class Unreadable(Exception):
    """The file is damaged, of another format, or uses an operation that no fitted model needs."""


_PREFIXES: tuple[tuple[bytes, Callable[[IO[bytes]], IO[bytes]]], ...] = (
    (b"\x1f\x8b", lambda raw: cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb"))),
    (b"BZ", lambda raw: cast("IO[bytes]", bz2.BZ2File(raw))),
    (b"\xfd7zXZ", lambda raw: cast("IO[bytes]", lzma.LZMAFile(raw))),  # noqa: SIM115
    (b"\x5d\x00", lambda raw: cast("IO[bytes]", lzma.LZMAFile(raw))),  # noqa: SIM115
)


def check_content(data: bytes) -> None:
    """Raise Unreadable for what is often found in the place of a model: nothing, a pointer to a large file, or a web page."""
    start = data[:200].lstrip()
    if not data:
        raise Unreadable("an empty file")
    if start.startswith(b"version https://git-lfs"):
        raise Unreadable("a pointer of Git LFS, not the file itself")
    if start[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise Unreadable("a web page, as of a failed download")


def decompressed(data: bytes) -> IO[bytes]:
    """Return a stream of the uncompressed bytes; raise Unreadable for a format that cannot be read."""
    raw = io.BytesIO(data)
    for prefix, opener in _PREFIXES:
        if data.startswith(prefix):
            return io.BufferedReader(cast("Any", opener(raw)))
    if data.startswith(b"\x04\x22\x4d\x18"):
        return io.BytesIO(_lz4(data))
    if data[:1] == b"x" and data[1:2] in {b"\x01", b"\x5e", b"\x9c", b"\xda"}:
        return _Zlib(data)
    if data.startswith(b"ZF"):
        raise Unreadable("joblib's format before 0.10")
    return raw


def _lz4(data: bytes) -> bytes:
    try:
        from lz4 import frame  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise Unreadable("lz4 compression, and the package lz4 is not installed") from error
    try:
        return cast("bytes", frame.decompress(data))
    except RuntimeError as error:
        raise Unreadable("damaged lz4 compression") from error


class _Zlib(io.BytesIO):
    """Stream of zlib's own format, for which the standard library has no file object."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._source = memoryview(data)
        self._inflate = zlib.decompressobj()
        self._ready = bytearray()

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            raise Unreadable("an unbounded read")
        while len(self._ready) < size and not self._inflate.eof:
            chunk = self._inflate.unconsumed_tail or self._next_chunk()
            if not chunk:
                break
            self._ready += self._inflate.decompress(chunk, 1 << 20)
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def _next_chunk(self) -> bytes:
        chunk, self._source = self._source[: 1 << 16], self._source[1 << 16 :]
        return bytes(chunk)


class LimitedReader:
    """The file methods that an unpickler needs; raises Unreadable beyond `max_bytes`."""

    def __init__(self, stream: IO[bytes], max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        self._left -= max(size, 0)
        if size < 0 or self._left < 0:
            raise Unreadable("more bytes than the limit")
        data = b""
        while len(data) < size:
            more = self._stream.read(min(size - len(data), 1 << 24))
            if not more:
                break
            data = more if not data else data + more
        return data

    def readinto(self, buffer: bytearray) -> int:
        """Fill `buffer`; return the number of bytes read."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self) -> bytes:
        """Return the bytes up to and including the next newline."""
        line = bytearray()
        while len(line) < 1 << 20:
            byte = self.read(1)
            line += byte
            if byte in {b"\n", b""}:
                return bytes(line)
        raise Unreadable("a line without an end")
