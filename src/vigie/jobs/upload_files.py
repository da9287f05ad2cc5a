"""An upload as one file on this machine: its parts in order, each verified."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from vigie import tempdirs
from vigie.app import Part, Upload, uploads
from vigie.app.uploads import part_key
from vigie.errors import DamagedBundle, NotFound
from vigie.i18n.messages import msg
from vigie.jobs.context import JobContext
from vigie.stores.base import Store

HEAD_BYTES = 1024 * 1024


@contextmanager
def whole(bench: JobContext, upload: Upload) -> Iterator[Path]:
    """The file, in a folder that is gone afterwards; named as its reader needs it, not as its owner did."""
    with _folder(bench) as folder:
        path = folder / f"upload{upload.extension}"
        with path.open("wb") as file:
            for part in _parts(bench, upload):
                file.write(_verified(bench.store, upload, part))
        yield path


@contextmanager
def head(bench: JobContext, upload: Upload) -> Iterator[tuple[Path, float] | None]:
    """The first lines of a CSV as a file, and how many times as large the upload is.

    None where a part cannot stand for the whole: another format, a small file, or an encoding of two bytes a character.
    """
    plain = upload.extension.removesuffix(".gz")
    if plain not in {".csv", ".tsv", ".txt"} or upload.size <= HEAD_BYTES:
        yield None
        return
    data, read = _first_bytes(bench, upload)
    cut = _last_line_end(data)
    if cut <= 0 or data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        yield None
        return
    with _folder(bench) as folder:
        path = folder / f"upload{plain}"
        path.write_bytes(data[:cut])
        yield path, upload.size / (read * cut / len(data))


def _first_bytes(bench: JobContext, upload: Upload) -> tuple[bytes, int]:
    """At least so many bytes of the text, and how many bytes of the file they took."""
    text, read = bytearray(), 0
    unpack = zlib.decompressobj(wbits=31) if upload.extension.endswith(".gz") else None
    for part in _parts(bench, upload):
        data = _verified(bench.store, upload, part)
        if unpack is None:
            text += data
            read += len(data)
        else:
            try:
                text += unpack.decompress(data, HEAD_BYTES - len(text))
            except zlib.error:
                return b"", 1  # whoever reads the whole file says what is wrong with it
            read += len(data) - len(unpack.unconsumed_tail)
        if len(text) >= HEAD_BYTES:
            break
    if unpack is None and len(text) > HEAD_BYTES:
        return bytes(text[:HEAD_BYTES]), HEAD_BYTES
    return bytes(text), max(1, read)


def _last_line_end(data: bytes) -> int:
    """Where the last record ends: at a line end with an even number of quotes before it."""
    cut = data.rfind(b"\n") + 1
    while cut > 0 and data.count(b'"', 0, cut) % 2:
        cut = data.rfind(b"\n", 0, cut - 1) + 1
        if cut < len(data) // 2:
            return 0
    return cut


def _parts(bench: JobContext, upload: Upload) -> list[Part]:
    found = uploads.list_parts(bench.engine, upload.id)
    if [part.number for part in found] != list(range(1, len(found) + 1)) or not found:
        raise NotFound("part of upload", upload.id, hint="upload the file again")
    return found


def _verified(store: Store, upload: Upload, part: Part) -> bytes:
    data = store.get(part_key(upload.folder, part))
    found = hashlib.sha256(data).hexdigest()
    if found != part.sha256:
        raise DamagedBundle(
            upload.id,
            f"part {part.number}",
            found=msg("sha256 {found}…", found=found[:16]),
            expected=msg("{sha256}…", sha256=part.sha256[:16]),
            hint="the store returns other bytes than arrived; upload the file again",
        )
    return data


def _folder(bench: JobContext) -> AbstractContextManager[Path]:
    return tempdirs.working(bench.settings.cache_dir / "jobs")


def sweep(bench: JobContext) -> int:
    """Removes what workers of this machine left that were killed: it holds cells."""
    return tempdirs.sweep(bench.settings.cache_dir / "jobs")
