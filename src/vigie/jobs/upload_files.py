"""Local copies of an upload; every part is verified against its digest."""

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
from vigie.table import ReadOptions, Table, read

HEAD_BYTES = 1024 * 1024


@contextmanager
def local_copy(context: JobContext, upload: Upload) -> Iterator[Path]:
    """Copy an upload into a temporary folder and yield its path."""
    with _temporary_folder(context) as folder:
        path = folder / f"upload{upload.extension}"
        with path.open("wb") as file:
            for part in _list_parts(context, upload):
                file.write(_read_verified(context.store, upload, part))
        yield path


@contextmanager
def csv_head(
    context: JobContext, upload: Upload, options: ReadOptions
) -> Iterator[tuple[Path, float] | None]:
    """Copy the first `HEAD_BYTES` of a CSV, cut at the end of a record.

    Args:
        context: resources of the job.
        upload: the file.
        options: how it is read.

    Yields:
        Path of the copy and size of the upload relative to it; None for other formats, small files, and encodings of two
        bytes per character.
    """
    extension = upload.extension.removesuffix(".gz")
    if extension not in {".csv", ".tsv", ".txt"} or upload.size <= HEAD_BYTES:
        yield None
        return
    data, read_bytes = _first_bytes(context, upload)
    cut = _last_record_end(data)
    wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"} or (options.encoding or "").startswith(("utf-16", "utf-32"))
    if cut <= 0 or wide:
        yield None
        return
    with _temporary_folder(context) as folder:
        path = folder / f"upload{extension}"
        path.write_bytes(data[:cut])
        yield path, upload.size / (read_bytes * cut / len(data))


def read_table(context: JobContext, path: Path, name: str, options: ReadOptions) -> Table:
    """Read a table within the limits of the settings.

    Args:
        context: resources of the job.
        path: local copy of the upload.
        name: of the upload, for messages.
        options: how it is read.

    Raises:
        InputRefused: the table is unreadable, malformed or too large.
    """
    limits = context.settings
    return read(
        path,
        source=name,
        max_rows=limits.max_rows,
        max_columns=limits.max_columns,
        max_bytes=limits.max_table_bytes,
        options=options,
    )


def remove_stale_folders(context: JobContext) -> int:
    """Delete the temporary folders of dead workers on this machine, since they hold cells; return their number."""
    return tempdirs.remove_stale(temporary_root(context))


def _first_bytes(context: JobContext, upload: Upload) -> tuple[bytes, int]:
    """Return the first bytes of the text, at least `HEAD_BYTES` where it has as many, and the file bytes they took."""
    text, read_bytes = bytearray(), 0
    gzip = zlib.decompressobj(wbits=31) if upload.extension.endswith(".gz") else None
    for part in _list_parts(context, upload):
        data = _read_verified(context.store, upload, part)
        if gzip is None:
            text += data
            read_bytes += len(data)
        else:
            try:
                text += gzip.decompress(data, HEAD_BYTES - len(text))
            except zlib.error:
                return b"", 1  # the reader of the whole file reports the error
            read_bytes += len(data) - len(gzip.unconsumed_tail)
        if len(text) >= HEAD_BYTES:
            break
    if gzip is None and len(text) > HEAD_BYTES:
        return bytes(text[:HEAD_BYTES]), HEAD_BYTES
    return bytes(text), max(1, read_bytes)


def _last_record_end(data: bytes) -> int:
    """Return the offset after the last line end preceded by an even number of quotes."""
    cut = data.rfind(b"\n") + 1
    while cut > 0 and data.count(b'"', 0, cut) % 2:
        cut = data.rfind(b"\n", 0, cut - 1) + 1
        if cut < len(data) // 2:
            return 0
    return cut


def _list_parts(context: JobContext, upload: Upload) -> list[Part]:
    found = uploads.list_parts(context.engine, upload.id)
    if [part.number for part in found] != list(range(1, len(found) + 1)) or not found:
        raise NotFound("part of upload", upload.id, hint="upload the file again")
    return found


def _read_verified(store: Store, upload: Upload, part: Part) -> bytes:
    data = store.get(part_key(upload.folder, part))
    found = hashlib.sha256(data).hexdigest()
    if found != part.sha256:
        raise DamagedBundle(
            upload.id,
            f"part {part.number}",
            found=msg("sha256 {found}…", found=found[:16]),
            expected=msg("{sha256}…", sha256=part.sha256[:16]),
            hint="the stored bytes differ from the uploaded ones; upload the file again",
        )
    return data


def temporary_root(context: JobContext) -> Path:
    """Return the folder of the working files of jobs, which may hold cells."""
    return context.settings.cache_dir / "jobs"


def _temporary_folder(context: JobContext) -> AbstractContextManager[Path]:
    return tempdirs.temporary_workdir(temporary_root(context))
