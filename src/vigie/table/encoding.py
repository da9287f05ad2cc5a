"""Bytes -> UTF-8 text, or a refusal; decides nothing about cells.

UTF-8 is proved over the whole file; what is not UTF-8 is Windows-1252 (or Latin-1) only when it does
not look like damaged UTF-8. Chunks end at line ends, so that no character is cut in two.
"""

from __future__ import annotations

import codecs
import mmap
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from vigie.errors import MalformedTable, UnreadableTable
from vigie.i18n.messages import msg
from vigie.table.code_pages import code_page

Buffer = bytes | mmap.mmap

_SAMPLED_BYTES = 200_000
_HEAD_BYTES = 65_536
CHUNK_BYTES = 16 * 1024 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_FORMATS = (
    (b"\x89PNG", msg("a PNG image")),
    (b"\xff\xd8\xff", msg("a JPEG image")),
    (b"GIF8", msg("a GIF image")),
    (b"%PDF", msg("a PDF document")),
    (b"PK\x03\x04", msg("a zip archive or an Excel workbook")),
    (b"\x1f\x8b", msg("gzip data")),
    (b"PAR1", msg("a Parquet file")),
    (b"\xd0\xcf\x11\xe0", msg("an old Excel or Word document")),
    (b"SQLite format 3", msg("an SQLite database")),
    (b"7z\xbc\xaf", msg("a 7-Zip archive")),
    (b"\x28\xb5\x2f\xfd", msg("zstd data")),
    (b"BZh", msg("bzip2 data")),
)

MARK = "\ufeff"
"""The byte order mark, which a file of several joined ones has before each of them."""
_SAVE_AS_UTF8 = msg("save the file again as CSV in UTF-8")
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a\x1b")


@dataclass(frozen=True)
class DecodedText:
    """A file as UTF-8.

    Attributes:
        data: UTF-8, still with its byte order mark where it had one.
        start: offset of the first character after the mark.
        encoding: of the file as uploaded.
        bom: whether the file as uploaded began with a mark.
        transcoded: whether `data` is no longer the file's own bytes.
    """

    data: Buffer
    start: int
    encoding: str
    bom: bool
    transcoded: bool


def decode_text(data: Buffer, source: str, chosen: str | None = None) -> DecodedText:
    """Return the file as UTF-8; refuse what is not text.

    Args:
        data: the bytes of the file.
        source: name for messages.
        chosen: its encoding, where the user names it.
    """
    mark, encoding = encoding_of(data, source, chosen)
    if encoding != "utf-8":
        whole = bytes(b"".join(transcoded(data, mark, encoding, source, is_chosen=bool(chosen))))
        text = DecodedText(whole, 0, encoding, bool(mark), transcoded=True)
    else:
        text = DecodedText(data, mark, "utf-8", bool(mark), transcoded=False)
    refuse_binary(text, source)
    return text


def encoding_of(data: Buffer, source: str, chosen: str | None = None) -> tuple[int, str]:
    """Bytes of the byte order mark, and Python's name of the encoding; refuses what is not text."""
    head = bytes(data[:4096])
    for magic, name in _FORMATS:
        if head.startswith(magic):
            hint = "give the file the extension of what it is, or unpack it, or export it as CSV"
            raise UnreadableTable(source, found=name, expected="CSV text", hint=hint)
    if chosen:
        size = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        encoding = codecs.lookup(chosen).name
        if encoding == "utf-8":  # is not decoded again, so that this is the place to refuse it
            deque(transcoded(data, size, encoding, source, is_chosen=True), maxlen=0)
        return size, encoding
    mark, encoding = next(((m, e) for m, e in _BOMS if head.startswith(m)), (b"", ""))
    encoding = encoding or _wide_without_mark(head)
    if not encoding or encoding == "utf-8":
        encoding = _single_byte_encoding(data, source) or "utf-8"
    return len(mark), encoding


def line_at(data: Buffer, offset: int) -> int:
    """Line, from 1, of the byte at `offset`."""
    return 1 + sum(
        bytes(data[at : min(at + CHUNK_BYTES, offset)]).count(b"\n") for at in range(0, offset, CHUNK_BYTES)
    )


def byte_chunks(data: Buffer, start: int) -> Iterator[tuple[int, bytes]]:
    """Offsets and pieces of the data; all but the last piece end with a line feed."""
    while start < len(data):
        end = min(start + CHUNK_BYTES, len(data))
        if end < len(data):
            newline = data.rfind(b"\n", start, end)
            if newline < 0:
                newline = data.find(b"\n", end)
            end = len(data) if newline < 0 else newline + 1
        yield start, bytes(data[start:end])
        release_pages(data, start, end)
        start = end


def find_byte(data: Buffer, needle: bytes, start: int = 0) -> int:
    """Offset of the first `needle`, one byte, or -1; of a mapped file no more than a chunk stays in memory."""
    for at in range(start, len(data), CHUNK_BYTES):
        found = data.find(needle, at, at + CHUNK_BYTES)
        if found >= 0:
            return found
        release_pages(data, at, at + CHUNK_BYTES)
    return -1


def release_pages(data: Buffer, start: int, end: int) -> None:
    """Release the pages of a mapped file; they are read again on access."""
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
        last = min(end, len(data)) // mmap.PAGESIZE * mmap.PAGESIZE
        if last > first:
            data.madvise(mmap.MADV_DONTNEED, first, last - first)


def _wide_without_mark(head: bytes) -> str:
    """UTF-16 without a mark shows as a zero in every other byte of Western text."""
    if len(head) < 4:
        return ""
    even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.05 else ""


def transcoded(
    data: Buffer, start: int, encoding: str, source: str, *, is_chosen: bool = False
) -> Iterator[bytes]:
    """Yield the file in UTF-8 in chunks; refuse bytes that its encoding, which the user may have chosen, does not allow."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    try:
        for at in range(start, len(data), CHUNK_BYTES):
            piece = decoder.decode(bytes(data[at : at + CHUNK_BYTES])).encode("utf-8")
            yield piece
            lines += piece.count(b"\n")
            release_pages(data, at, at + CHUNK_BYTES)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            lines += error.object[: error.start].decode(encoding, errors="ignore").count("\n")
        raise MalformedTable(
            source,
            line=lines + 1,
            found=msg("bytes that are not {encoding}", encoding=encoding),
            expected="text",
            hint="name another encoding with --encoding, or leave it out" if is_chosen else _SAVE_AS_UTF8,
        ) from error


def _single_byte_encoding(data: Buffer, source: str) -> str:
    """Return the encoding of a file without a byte order mark; empty when all of the data is UTF-8."""
    multibyte = 0
    for offset, piece in byte_chunks(data, 0):
        if piece.isascii():
            continue
        try:
            multibyte += len(piece) - len(piece.decode("utf-8"))
        except UnicodeDecodeError as error:
            replaced = piece.decode("utf-8", errors="replace")
            wrong = replaced.count("\ufffd")
            right = sum(not c.isascii() for c in replaced) - wrong + multibyte
            if right > wrong:
                _refuse_damaged(data, offset + error.start, source)
            return _single_byte(data, source)
    return ""


def _single_byte(data: Buffer, source: str) -> str:
    """Return the code page of the lines that are not ASCII; Windows-1252 or Latin-1 where these are Western.

    Raises:
        UnreadableTable: no code page explains them.
    """
    if is_binary(bytes(data[:_HEAD_BYTES])):
        return "iso-8859-1"  # refused as what it is
    found = code_page(_lines_beyond_ascii(data))
    if found is None:
        raise UnreadableTable(
            source,
            found="text in an unknown encoding",
            expected="UTF-8 or a common code page",
            hint=msg("name the encoding with --encoding, or {save_as_utf8}", save_as_utf8=_SAVE_AS_UTF8),
        )
    return _western(data) if found == "cp1252" else found


def _lines_beyond_ascii(data: Buffer) -> bytes:
    found: list[bytes] = []
    size = 0
    for _, piece in byte_chunks(data, 0):
        if piece.isascii():
            continue
        for line in piece.splitlines(keepends=True):
            if not line.isascii():
                found.append(line)
                size += len(line)
                if size > _SAMPLED_BYTES:
                    return b"".join(found)
    return b"".join(found)


def _western(data: Buffer) -> str:
    """Windows-1252 unless the file has one of the five bytes it does not define."""
    undefined = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
    return "iso-8859-1" if any(find_byte(data, byte) >= 0 for byte in undefined) else "windows-1252"


def _refuse_damaged(data: Buffer, offset: int, source: str) -> None:
    raise MalformedTable(
        source,
        line=line_at(data, offset),
        found="a byte that is not UTF-8",
        expected="UTF-8 as in the rest of the file",
        hint=msg("the file mixes encodings or was cut; {save_as_utf8}", save_as_utf8=_SAVE_AS_UTF8),
    )


def refuse_binary(text: DecodedText, source: str) -> None:
    """NUL bytes anywhere, or more than one control character in 200 at the start: not text."""
    nul = find_byte(text.data, b"\0", text.start)
    if nul >= 0:
        raise MalformedTable(
            source,
            line=line_at(text.data, nul),
            found="a NUL byte",
            expected="text",
            hint=msg("the file is binary or damaged; {save_as_utf8}", save_as_utf8=_SAVE_AS_UTF8),
        )
    if is_binary(bytes(text.data[text.start : text.start + _HEAD_BYTES])):
        raise UnreadableTable(source, found="binary data", expected="CSV text", hint=_SAVE_AS_UTF8)


def is_binary(head: bytes) -> bool:
    """Return whether a text has too many control characters to be one."""
    controls = sum(head.count(byte) for byte in range(32) if byte not in _TEXT_CONTROLS)
    return controls * 200 > len(head)
