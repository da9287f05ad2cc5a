"""Bytes at a URL: put, get, list, head, delete, the same on a disk and on any cloud.

    file:///srv/models   s3://bucket/prefix   gs://bucket/prefix   az://container/prefix   memory://name

A store knows nothing of bundles, and promises nothing about what it holds: whoever reads verifies.
Credentials come from the usual environment of each cloud, read by the vendor's client (for S3:
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, web identity, container and instance roles); they are
never part of a URL, an option or a message.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from vigie import settings
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg

KINDS = {"file": "local", "s3": "s3", "gs": "gcs", "az": "azure", "memory": "memory"}
CHUNK = 1024**2
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}")
_SEGMENT = re.compile(r"[A-Za-z0-9_.=@+, ()!~'-]+")


@dataclass(frozen=True)
class Head:
    """What a store says of an object without sending it; `etag` identifies a version, it proves nothing."""

    key: str
    size: int
    etag: str | None
    modified: datetime


@dataclass(frozen=True)
class Location:
    """Where a store is.

    Attributes:
        kind: `local`, `s3`, `gcs`, `azure` or `memory`; what the catalog calls storage_type.
        bucket: bucket or container; for `local`, the absolute folder.
        prefix: put before every key, without a slash at either end; always empty for `local`.
    """

    kind: str
    bucket: str
    prefix: str = ""

    @property
    def url(self) -> str:
        """The URL that `locate` turns back into this location."""
        if self.kind == "local":
            return Path(self.bucket).as_uri()
        scheme = next(scheme for scheme, kind in KINDS.items() if kind == self.kind)
        return f"{scheme}://{self.bucket}" + (f"/{quote(self.prefix)}" if self.prefix else "")

    @property
    def label(self) -> str:
        """How messages name the store: never an absolute local path."""
        if self.kind == "local":
            return f"local store {Path(self.bucket).name!r}"
        return f"{self.kind} {'container' if self.kind == 'azure' else 'bucket'} {self.bucket!r}"


class Store(ABC):
    """Objects by key. Keys are relative to the location's prefix, with `/` between segments.

    Every method raises NotFound for what is not there and StoreUnavailable for a store that cannot be
    reached, refuses, or times out; retries have happened by then.
    """

    def __init__(self, location: Location) -> None:
        self.location = location

    @property
    def url(self) -> str:
        """Where this store is."""
        return self.location.url

    @property
    def kind(self) -> str:
        """What the catalog calls storage_type."""
        return self.location.kind

    @property
    def bucket(self) -> str:
        """Bucket or container; the absolute folder of a local store."""
        return self.location.bucket

    @property
    def prefix(self) -> str:
        """Put before every key; empty for a local store."""
        return self.location.prefix

    @abstractmethod
    def put(self, key: str, data: bytes | Path) -> None:
        """Writes the object whole or not at all, over whatever was there; a Path is read from disk."""

    @abstractmethod
    def put_if_absent(self, key: str, data: bytes) -> None:
        """Writes the object only where there is none: of several writers one wins, the others get AlreadyThere."""

    @abstractmethod
    def get(self, key: str) -> bytes:
        """All bytes of the object."""

    @abstractmethod
    def stream(self, key: str) -> Iterator[bytes]:
        """The object's bytes in order, about a mebibyte at a time."""

    @abstractmethod
    def head(self, key: str) -> Head:
        """What the store says of the object."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Head]:
        """Every object under the folder `prefix`, at any depth, by key; nothing where there is no such folder."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Removes the object; one that is not there is no error, so that a delete may be repeated."""

    def discard_partial(self, prefix: str, older_than: float) -> int:
        """Removes what writers that were killed left under `prefix` more than `older_than` seconds ago.

        Only a local store can hold such pieces: clouds show an object whole or not at all.
        """
        del prefix, older_than
        return 0


def connect(url: str, *, options: settings.StoreOptions | None = None) -> Store:
    """The store at `url`; touches neither disk nor network until it is used.

    Args:
        url: one of the forms above, or a plain path for a local folder.
        options: how to reach it; read from the environment where not given.
    """
    return open_location(locate(url), options=options)


def open_location(location: Location, *, options: settings.StoreOptions | None = None) -> Store:
    """The store at `location`: what `connect` does once the URL is read."""
    chosen = settings.load_store() if options is None else options
    # All that could be exercised of gs:// is Google's JSON interface, which is what its own client speaks.
    if location.kind == "gcs":
        with suppress(ModuleNotFoundError):
            from vigie.stores.gcs import GcsStore

            return GcsStore(location, chosen)
    from vigie.stores.cloud import ObjectStore

    return ObjectStore(location, chosen)


def locate(url: str) -> Location:
    """The location a URL or a plain path names; refuses what is ambiguous or carries credentials."""
    if "://" not in url:
        return Location("local", str(Path(url).expanduser().absolute()))
    parts = urlsplit(url)
    hint = "for example file:///srv/models, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix"
    if parts.scheme not in KINDS:
        raise UsageRefused(msg("store URL: unknown scheme {scheme!r}", scheme=parts.scheme), hint=hint)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageRefused(
            "store URL: found a user name, a query or a fragment, expected only a bucket and a prefix",
            hint="credentials belong in the environment, for example AWS_ACCESS_KEY_ID",
        )
    path = unquote(parts.path)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not path.startswith("/"):
            raise UsageRefused("store URL: a file URL needs an absolute path", hint="file:///srv/models")
        return Location("local", str(Path(path)))
    if not _BUCKET.fullmatch(parts.netloc):
        raise UsageRefused(msg("store URL: unusable bucket {netloc!r}", netloc=parts.netloc), hint=hint)
    prefix = path.strip("/")
    if prefix:
        check_key(prefix)
    return Location(KINDS[parts.scheme], parts.netloc, prefix)


def check_key(key: str) -> str:
    """`key` itself, refused where it could mean something else on one of the back ends."""
    for segment in key.split("/"):
        if segment in {"", ".", ".."} or not _SEGMENT.fullmatch(segment) or len(segment) > 255:
            raise UsageRefused(
                msg("object key {key!r}: unusable part {segment!r}", key=key[:200], segment=segment[:80]),
                hint="plain ASCII names between slashes, without `..`, `#`, `%` or backslashes",
            )
    return key


def join(*parts: str) -> str:
    """The key made of the non-empty parts, without doubled slashes."""
    return "/".join(stripped for part in parts if (stripped := part.strip("/")))
