"""Copies one model between stores: reads each file, compares it, writes it, reads it back and compares; the manifest last.

A file that is already right at the target is not sent again, so an interrupted copy resumes where it stopped. Without
its manifest a half-copied model is not a bundle.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO

from vigie.bundles.bundle import MANIFEST, read_manifest
from vigie.bundles.signing import SIGNATURE, SIGNATURE_LIMIT
from vigie.catalog import ModelVersion, StorageLocation
from vigie.errors import AlreadyThere, DamagedBundle, NewerBundle, NotFound, StoreUnavailable
from vigie.relocate.targets import MATCH, ExpectedFile, StorePool, check_file, expected_files
from vigie.relocate.worker_pool import Progress, WorkerPool
from vigie.stores.base import Store, join

MAX_IN_MEMORY = 32 * 1024**2
"""Size in bytes of the largest file that is read into memory whole."""
_MAX_ATTEMPTS = 2
_FilePair = tuple[ExpectedFile, ExpectedFile]


@dataclass(frozen=True)
class CopyResult:
    """What copying one model took: objects sent, objects that were there and right, bytes sent."""

    sent: int
    kept: int
    size: int


class Copier:
    """Copies the models of one run."""

    def __init__(self, stores: StorePool, pool: WorkerPool, progress: Progress) -> None:
        self._stores = stores
        self._pool = pool
        self._progress = progress

    def copy(self, entry: ModelVersion, storage: StorageLocation) -> CopyResult:
        """Copy `entry` to `storage`; every byte has been read back and compared when this returns.

        Raises:
            DamagedBundle: bytes are missing or wrong at the source, or come back wrong from the target.
            AlreadyThere: another bundle is published at `storage`.
            StoreUnavailable: a store cannot be reached or denies access.
        """
        source, target = self._stores.get(entry.storage), self._stores.get(storage)
        listed = {head.key: head.size for head in target.list(storage.prefix)}
        pairs = list(zip(expected_files(entry, entry.storage), expected_files(entry, storage), strict=True))
        if pairs[-1][1].key in listed:
            _refuse_other_bundle(target, pairs[-1][1])
        sent = self._send(source, target, pairs[:-1], listed)
        sent += self._pool.write(lambda _: _send_signature(source, target, entry, storage), [None])
        sent += self._send(source, target, pairs[-1:], listed)
        objects = sum(size > 0 for size in sent)
        return CopyResult(objects, len(pairs) - min(objects, len(pairs)), sum(sent))

    def _send(
        self, source: Store, target: Store, pairs: list[_FilePair], listed: dict[str, int]
    ) -> list[int]:
        """Send the files that are not right at the target and read them back; return the bytes sent of each.

        There are two attempts, because a response may be damaged on its way.
        """
        likely = [new for _, new in pairs if new.key in listed and new.size in {None, listed[new.key]}]
        checks = dict(zip(likely, self._pool.read(lambda new: check_file(target, new), likely), strict=True))
        sent: dict[ExpectedFile, int] = {}
        for _ in range(_MAX_ATTEMPTS):
            left = [pair for pair in pairs if pair[1] not in checks or checks[pair[1]].state != MATCH]
            sizes = self._pool.write(lambda pair: _put(source, target, *pair), left)
            written = [new for _, new in left]
            sent.update(zip(written, sizes, strict=True))
            read_back = self._pool.read(lambda new: check_file(target, new), written)
            checks.update(zip(written, read_back, strict=True))
        for _, new in pairs:
            if checks[new].state != MATCH:
                raise new.damaged(
                    f"{checks[new].found} when read back from {target.location.label}",
                    hint="the target does not keep what it is given; its model stays where it was",
                )
        self._progress.advance(sum(old.size or 0 for old, _ in pairs))
        return list(sent.values())


def _put(source: Store, target: Store, old: ExpectedFile, new: ExpectedFile) -> int:
    """Write one file's verified bytes; return their number."""
    with _verified(source, old) as (data, size):
        if new.name == MANIFEST and isinstance(data, bytes):
            _put_manifest(target, new, data)
        else:
            target.put(new.key, data)
        return size


def _put_manifest(target: Store, file: ExpectedFile, manifest: bytes) -> None:
    """Write the manifest where there is none, or over one that is not readable."""
    try:
        target.put_if_absent(file.key, manifest)
    except AlreadyThere:
        # A repeated request whose first response was lost looks like another writer.
        if check_file(target, file).state != MATCH:
            _refuse_other_bundle(target, file)
            target.put(file.key, manifest)


def _refuse_other_bundle(target: Store, file: ExpectedFile) -> None:
    """Raise AlreadyThere where there is a readable manifest of another bundle."""
    try:
        data = target.get(file.key)
        if sha256(data).hexdigest() == file.sha256:
            return
        other = read_manifest(data)
    except (NotFound, DamagedBundle):
        return
    except NewerBundle as error:
        found = f"a bundle of format {error.found}"
    else:
        found = f"the bundle {other.name!r} {other.version!r} of {other.created}"
    raise AlreadyThere(
        target.location.label,
        file.key,
        hint=f"found {found}, which is not {file.model!r} as registered; what is published never changes: "
        "migrate to another prefix",
    )


def _send_signature(source: Store, target: Store, entry: ModelVersion, storage: StorageLocation) -> int:
    """Copy the signature, if there is one; return the bytes sent. The catalog has no digest of it: bytes are compared."""
    key = join(storage.prefix, SIGNATURE)
    try:
        signature = source.get(join(entry.storage.prefix, SIGNATURE))
    except NotFound:
        return 0
    if len(signature) > SIGNATURE_LIMIT:
        raise DamagedBundle(entry.label, SIGNATURE, found=f"{len(signature):,} bytes", expected="a signature")
    for attempt in range(_MAX_ATTEMPTS + 1):
        with suppress(NotFound):
            if target.get(key) == signature:
                return len(signature) if attempt else 0
        target.put(key, signature)
    raise DamagedBundle(entry.label, SIGNATURE, found="other bytes when read back", expected="those sent")


@contextmanager
def _verified(source: Store, file: ExpectedFile) -> Iterator[tuple[bytes | Path, int]]:
    """Yield the file's verified bytes and their number; a large file is a path in a temporary folder."""
    if file.limit <= MAX_IN_MEMORY:
        buffer = BytesIO()
        size = _download(source, file, buffer)
        yield buffer.getvalue(), size
        return
    try:
        with tempfile.TemporaryDirectory(prefix="vigie-migrate-") as folder:
            path = Path(folder) / file.name
            with path.open("wb") as spool:
                size = _download(source, file, spool)
            yield path, size
    except OSError as error:
        raise StoreUnavailable(
            f"cannot keep {file.name!r} of {file.model!r} for a moment: {error.strerror}",
            hint="free some space in the folder for temporary files, or set TMPDIR",
        ) from error


def _download(source: Store, file: ExpectedFile, destination: IO[bytes]) -> int:
    """Write the file's bytes to `destination` and return their number; raise DamagedBundle unless their digest is right."""
    found = ""
    for _ in range(_MAX_ATTEMPTS):
        destination.seek(0)
        destination.truncate()
        hasher, total = sha256(), 0
        try:
            for chunk in source.stream(file.key):
                total += len(chunk)
                if total > file.limit:
                    break
                hasher.update(chunk)
                destination.write(chunk)
        except NotFound:
            found = "no such object"
            break
        if total <= file.limit and hasher.hexdigest() == file.sha256:
            return total
        found = f"sha256 {hasher.hexdigest()[:16]}… of {total:,} bytes"
    raise file.damaged(
        f"{found} at the source, {source.location.label}",
        hint="put the registered bytes back at the source, or remove the model from the catalog",
    )
