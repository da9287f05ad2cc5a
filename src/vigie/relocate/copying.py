"""One model from one store to another: each file read, compared, written, read back and compared; the manifest last.

What is already there and right is never sent again, so an interrupted copy goes on where it stopped. Until its
manifest is there a half-copied model is nobody's bundle.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from vigie.bundles.bundle import MANIFEST, read_manifest
from vigie.bundles.signing import SIGNATURE, SIGNATURE_LIMIT
from vigie.catalog import ModelVersion, StorageLocation
from vigie.errors import AlreadyThere, DamagedBundle, NewerBundle, NotFound, StoreUnavailable
from vigie.relocate.targets import IN_MEMORY, RIGHT, Stores, Wanted, chunks, look, wanted
from vigie.relocate.worker_pool import Crew, Progress
from vigie.stores.base import Store, join

_TRIES = 2
Pair = tuple[Wanted, Wanted]


@dataclass(frozen=True)
class Copied:
    """What a model's copy took: objects and bytes sent, objects that were there already."""

    sent: int
    kept: int
    size: int


class Copier:
    """Copies models; one for a whole run."""

    def __init__(self, stores: Stores, team: Crew, watch: Progress) -> None:
        self._stores = stores
        self._team = team
        self._watch = watch

    def copy(self, entry: ModelVersion, place: StorageLocation) -> Copied:
        """Returns once every byte of `entry` was read back from `place` and is right.

        Raises:
            DamagedBundle: bytes are missing or wrong at the source, or come back wrong from the target.
            AlreadyThere: another bundle is published at `place`.
            StoreUnavailable: a store refused, or was silent for too long.
        """
        source, target = self._stores.at(entry.storage), self._stores.at(place)
        listed = {head.key: head.size for head in target.list(place.prefix)}
        pairs = list(zip(wanted(entry, entry.storage), wanted(entry, place), strict=True))
        if pairs[-1][1].key in listed:
            _refuse_another(target, pairs[-1][1])
        sent = self._send(source, target, pairs[:-1], listed)
        sent += self._team.send(lambda _: _send_signature(source, target, entry, place), [None])
        sent += self._send(source, target, pairs[-1:], listed)
        objects = sum(size > 0 for size in sent)
        return Copied(objects, len(pairs) - min(objects, len(pairs)), sum(sent))

    def _send(self, source: Store, target: Store, pairs: list[Pair], listed: dict[str, int]) -> list[int]:
        """Sends what is not there and right and reads it back; twice, for an answer may be spoilt on its way."""
        likely = [new for _, new in pairs if new.key in listed and new.size in {None, listed[new.key]}]
        seen = dict(zip(likely, self._team.read(lambda new: look(target, new), likely), strict=True))
        sent: dict[Wanted, int] = {}
        for _ in range(_TRIES):
            left = [pair for pair in pairs if pair[1] not in seen or seen[pair[1]].state != RIGHT]
            sizes = self._team.send(lambda pair: _put(source, target, *pair), left)
            again = [new for _, new in left]
            sent.update(zip(again, sizes, strict=True))
            seen.update(zip(again, self._team.read(lambda new: look(target, new), again), strict=True))
        for _, new in pairs:
            if seen[new].state != RIGHT:
                raise new.fault(
                    f"{seen[new].found} when read back from {target.location.label}",
                    hint="the target does not keep what it is given; its model stays where it was",
                )
        self._watch.advance(sum(old.size or 0 for old, _ in pairs))
        return list(sent.values())


def _put(source: Store, target: Store, old: Wanted, new: Wanted) -> int:
    """Writes one file, the right bytes of the source; their number."""
    with _taken(source, old) as (data, size):
        if new.name == MANIFEST and isinstance(data, bytes):
            _seal(target, new, data)
        else:
            target.put(new.key, data)
        return size


def _seal(target: Store, file: Wanted, manifest: bytes) -> None:
    """Writes the manifest where there is none; over one only where no bundle could be read from it."""
    try:
        target.put_if_absent(file.key, manifest)
    except AlreadyThere:
        # An answer lost and the request repeated looks the same as another writer.
        if look(target, file).state != RIGHT:
            _refuse_another(target, file)
            target.put(file.key, manifest)


def _refuse_another(target: Store, file: Wanted) -> None:
    """Refuses a place where the manifest of another bundle lies; one that cannot be read may be replaced."""
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


def _send_signature(source: Store, target: Store, entry: ModelVersion, place: StorageLocation) -> int:
    """Copies the signature where there is one; the catalog has no digest of it, its bytes are compared."""
    key = join(place.prefix, SIGNATURE)
    try:
        signature = source.get(join(entry.storage.prefix, SIGNATURE))
    except NotFound:
        return 0
    if len(signature) > SIGNATURE_LIMIT:
        raise DamagedBundle(entry.label, SIGNATURE, found=f"{len(signature):,} bytes", expected="a signature")
    for attempt in range(_TRIES + 1):
        try:
            if target.get(key) == signature:
                return len(signature) if attempt else 0
        except NotFound:
            pass
        target.put(key, signature)
    raise DamagedBundle(entry.label, SIGNATURE, found="other bytes when read back", expected="those sent")


@contextmanager
def _taken(source: Store, file: Wanted) -> Iterator[tuple[bytes | Path, int]]:
    """The file's right bytes from the source and their number: in memory, or on disk where there are many."""
    if file.limit <= IN_MEMORY:
        data = _bytes(source, file)
        yield data, len(data)
        return
    try:
        with tempfile.TemporaryDirectory(prefix="vigie-migrate-") as folder:
            path = Path(folder) / file.name
            yield path, _spool(source, file, path)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot keep {file.name!r} of {file.model!r} for a moment: {error.strerror}",
            hint="free some space in the folder for temporary files, or set TMPDIR",
        ) from error


def _bytes(source: Store, file: Wanted) -> bytes:
    found = ""
    for _ in range(_TRIES):
        received, total = [], 0
        try:
            for chunk in chunks(source, file):
                received.append(chunk)
                total += len(chunk)
                if total > file.limit:
                    break
        except NotFound:
            raise _lacking(source, file, "no such object") from None
        data = b"".join(received)
        if sha256(data).hexdigest() == file.sha256:
            return data
        found = f"sha256 {sha256(data).hexdigest()[:16]}… of {total:,} bytes"
    raise _lacking(source, file, found)


def _spool(source: Store, file: Wanted, path: Path) -> int:
    found = ""
    for _ in range(_TRIES):
        hasher, total = sha256(), 0
        try:
            with path.open("wb") as spool:
                for chunk in source.stream(file.key):
                    total += len(chunk)
                    if total > file.limit:
                        break
                    hasher.update(chunk)
                    spool.write(chunk)
        except NotFound:
            raise _lacking(source, file, "no such object") from None
        if hasher.hexdigest() == file.sha256:
            return total
        found = f"sha256 {hasher.hexdigest()[:16]}… of {total:,} bytes"
    raise _lacking(source, file, found)


def _lacking(source: Store, file: Wanted, found: str) -> DamagedBundle:
    return file.fault(
        f"{found} at the source, {source.location.label}",
        hint="put the registered bytes back at the source, or remove the model from the catalog",
    )
