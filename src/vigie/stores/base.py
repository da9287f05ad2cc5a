"""What every store of bytes offers, and how its address and its keys look.

    file:///srv/models   s3://bucket/prefix   gs://bucket/prefix   az://container/prefix   memory://name

A store knows nothing of bundles and does not verify content: its callers do. Credentials come from the usual
environment of each cloud, read by the vendor's client (for S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, web identity, container and instance roles); they are never part of a URL, an option or a message.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from vigie.errors import AlreadyThere, NotFound, UsageRefused
from vigie.i18n.messages import msg

CHUNK = 1024**2
"""Bytes that `Store.stream` yields at a time, about."""
SCHEMES = {"local": "file", "gcs": "gs", "azure": "az"}
"""Kind of store -> its URL scheme, where the two differ."""
_SEGMENT = re.compile(r"[A-Za-z0-9_.=@+, ()!~'-]+")


@dataclass(frozen=True)
class Head:
    """Metadata of an object: its key, its size in bytes and when it was last written."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Location:
    """Address of a store.

    Attributes:
        kind: `local`, `s3`, `gcs`, `azure`, `memory` or the name of a store plugin; the catalog's storage_type.
        bucket: bucket or container; for `local`, the absolute folder.
        prefix: put before every key, without a slash at either end; always empty for `local`.
    """

    kind: str
    bucket: str
    prefix: str = ""

    @property
    def url(self) -> str:
        """URL that `open.locate` turns back into this location."""
        if self.kind == "local":
            return Path(self.bucket).as_uri()
        scheme = SCHEMES.get(self.kind, self.kind)
        return f"{scheme}://{self.bucket}" + (f"/{quote(self.prefix)}" if self.prefix else "")

    @property
    def label(self) -> str:
        """Name of the store in messages; never an absolute local path."""
        if self.kind == "local":
            return f"local store {Path(self.bucket).name!r}"
        return f"{self.kind} {'container' if self.kind == 'azure' else 'bucket'} {self.bucket!r}"


class Store(ABC):
    """Objects by key. Keys are relative to the location's prefix, with `/` between segments.

    Every method raises UsageRefused for a key that `check_key` refuses, and StoreUnavailable for a store that cannot
    be reached, denies access or times out, after its own retries.
    """

    def __init__(self, location: Location) -> None:
        self.location = location

    @property
    def url(self) -> str:
        """URL of this store."""
        return self.location.url

    @property
    def kind(self) -> str:
        """Kind of store; the catalog's storage_type."""
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
        """Write the object atomically and replace an earlier one; a Path is read from disk."""

    @abstractmethod
    def put_if_absent(self, key: str, data: bytes) -> None:
        """Write the object, or raise AlreadyThere where there is one; of concurrent writers exactly one succeeds."""

    @abstractmethod
    def get(self, key: str) -> bytes:
        """Return all bytes of the object, or raise NotFound."""

    @abstractmethod
    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the object's bytes in order, about `CHUNK` at a time, or raise NotFound."""

    @abstractmethod
    def head(self, key: str) -> Head:
        """Return the object's metadata, or raise NotFound."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Head]:
        """Yield every object below the folder `prefix` at any depth, sorted by key; none where the folder is absent."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove the object; do nothing where there is none, so that a delete may be repeated."""

    def discard_partial(self, prefix: str, older_than: float) -> int:
        """Remove unfinished writes below `prefix` that are more than `older_than` seconds old; return how many.

        Only a local store has them: a cloud shows an object whole or not at all.
        """
        del prefix, older_than
        return 0

    def remove_empty_folders(self, prefix: str) -> None:
        """Remove the folder `prefix` and those below it where they hold no object; only a local store has folders."""
        del prefix

    def not_found(self, key: str) -> NotFound:
        """Build the error for an object that is not there."""
        return NotFound(
            "object", join(self.prefix, key), hint=msg("looked in {label}", label=self.location.label)
        )

    def already_there(self, key: str) -> AlreadyThere:
        """Build the error for an object that `put_if_absent` found there."""
        return AlreadyThere(
            self.location.label,
            join(self.prefix, key),
            hint="what is published never changes: use another version",
        )


def check_key(key: str) -> str:
    """Return `key` unchanged.

    Raises:
        UsageRefused: some store would take the key for another one, or for a path outside its prefix.
    """
    for segment in key.split("/"):
        if segment in {"", ".", ".."} or not _SEGMENT.fullmatch(segment) or len(segment) > 255:
            raise UsageRefused(
                msg("object key {key!r}: unusable part {segment!r}", key=key[:200], segment=segment[:80]),
                hint="plain ASCII names between slashes, without `..`, `#`, `%` or backslashes",
            )
    return key


def join(*parts: str) -> str:
    """Join the non-empty parts to one key, without doubled slashes."""
    return "/".join(stripped for part in parts if (stripped := part.strip("/")))
