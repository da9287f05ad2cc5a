"""Copies one model between stores: reads each file, compares it, writes it, reads it back and compares; the manifest last.

A file that is already right at the target is not sent again, so an interrupted copy resumes where it stopped, and a
damaged model is repaired. Without its manifest a half-copied model is not a bundle.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
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

_NO_COPY = (
    "publish the model again from its files (vigie models add, vigie models import or vigie populate), "
    "restore a backup of the store, or remove the model from the catalog"
)
MAX_IN_MEMORY = 32 * 1024**2
"""Size in bytes of the largest file that is read into memory whole."""
_MAX_ATTEMPTS = 2
_Sources = Sequence[tuple[Store, ExpectedFile]]
"""The stores that may have a file, and the file there; the first one that has the right bytes is used."""
_FileCopy = tuple[_Sources, ExpectedFile]


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

    def copy(
        self, entry: ModelVersion, storage: StorageLocation, sources: Sequence[StorageLocation]
    ) -> CopyResult:
        """Copy `entry` to `storage`; every byte has been read back and compared when this returns.

        Args:
            entry: the model.
            storage: where to.
            sources: where its files may be; each file is taken from the first location that has it undamaged.

        Raises:
            DamagedBundle: bytes are missing or wrong at the source, or come back wrong from the target.
            AlreadyThere: another bundle is published at `storage`.
            StoreUnavailable: a store cannot be reached or denies access.
        """
        target = self._stores.get(storage)
        listed = {head.key: head.size for head in target.list(storage.prefix)}
        copies = self._file_copies(entry, storage, sources)
        if copies[-1][1].key in listed:
            _refuse_other_bundle(target, copies[-1][1], registered=storage == entry.storage)
        sent = self._send(target, copies[:-1], listed)
        opened = [(self._stores.get(source), source.prefix) for source in sources]
        sent += self._pool.write(lambda _: _send_signature(opened, target, entry, storage), [None])
        sent += self._send(target, copies[-1:], listed)
        objects = sum(size > 0 for size in sent)
        return CopyResult(objects, len(copies) - min(objects, len(copies)), sum(sent))

    def _file_copies(
        self, entry: ModelVersion, storage: StorageLocation, sources: Sequence[StorageLocation]
    ) -> list[_FileCopy]:
        """Return each file of the model at the target with its sources, the manifest last."""
        stores = [self._stores.get(source) for source in sources]
        by_file = list(zip(*(expected_files(entry, source) for source in sources), strict=True))
        news = expected_files(entry, storage)
        return [
            (list(zip(stores, by_file[position] if by_file else (), strict=True)), new)
            for position, new in enumerate(news)
        ]

    def _send(self, target: Store, copies: list[_FileCopy], listed: dict[str, int]) -> list[int]:
        """Send the files that are not right at the target and read them back; return the bytes sent of each.

        There are two attempts, because a response may be damaged on its way.
        """
        likely = [new for _, new in copies if new.key in listed and new.size in {None, listed[new.key]}]
        checks = dict(zip(likely, self._pool.read(lambda new: check_file(target, new), likely), strict=True))
        sent: dict[ExpectedFile, int] = {}
        for _ in range(_MAX_ATTEMPTS):
            left = [one for one in copies if one[1] not in checks or checks[one[1]].state != MATCH]
            sizes = self._pool.write(lambda one: _put(target, *one), left)
            written = [new for _, new in left]
            sent.update(zip(written, sizes, strict=True))
            read_back = self._pool.read(lambda new: check_file(target, new), written)
            checks.update(zip(written, read_back, strict=True))
        for _, new in copies:
            if checks[new].state != MATCH:
                raise new.damaged(
                    f"{checks[new].found} when read back from {target.location.label}",
                    hint="the target does not keep what it is given; its model stays where it was",
                )
        self._progress.advance(sum(new.size or 0 for _, new in copies))
        return list(sent.values())


def _put(target: Store, sources: _Sources, new: ExpectedFile) -> int:
    """Write one file's verified bytes, of the first source that has them; return their number."""
    faults: list[DamagedBundle] = []
    for source, old in sources:
        try:
            return _put_from(source, target, old, new)
        except DamagedBundle as error:
            faults.append(error)
    if faults:
        raise faults[0]
    raise new.damaged(
        f"no undamaged copy, neither at {target.location.label} nor where the journal of migrations has it",
        hint=_NO_COPY,
    )


def _put_from(source: Store, target: Store, old: ExpectedFile, new: ExpectedFile) -> int:
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
            _refuse_other_bundle(target, file, registered=True)
            target.put(file.key, manifest)


def _refuse_other_bundle(target: Store, file: ExpectedFile, *, registered: bool) -> None:
    """Raise AlreadyThere where there is a readable manifest of another bundle.

    Args:
        target: the store.
        file: the manifest as registered.
        registered: whether the model belongs there already: a manifest of another model is then damage, not a bundle.
    """
    try:
        data = target.get(file.key)
        if sha256(data).hexdigest() == file.sha256:
            return
        other = read_manifest(data)
        if registered and f"{other.name} {other.version}" != file.model:
            return
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


def _send_signature(
    sources: Sequence[tuple[Store, str]], target: Store, entry: ModelVersion, storage: StorageLocation
) -> int:
    """Copy the signature, if a source has one; return the bytes sent.

    The catalog has no digest of it: the bytes are compared.
    """
    key = join(storage.prefix, SIGNATURE)
    signature = next(filter(None, (_signature(store, prefix) for store, prefix in sources)), None)
    if signature is None:
        return 0
    if len(signature) > SIGNATURE_LIMIT:
        raise DamagedBundle(entry.label, SIGNATURE, found=f"{len(signature):,} bytes", expected="a signature")
    for attempt in range(_MAX_ATTEMPTS + 1):
        with suppress(NotFound):
            if target.get(key) == signature:
                return len(signature) if attempt else 0
        target.put(key, signature)
    raise DamagedBundle(entry.label, SIGNATURE, found="other bytes when read back", expected="those sent")


def _signature(store: Store, prefix: str) -> bytes | None:
    try:
        return store.get(join(prefix, SIGNATURE))
    except NotFound:
        return None


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
