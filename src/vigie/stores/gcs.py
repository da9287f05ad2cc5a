"""Google Cloud Storage through its own client (extra `gcs`), with the credentials that Google's libraries find.

The tests use gcp-storage-emulator, which ignores preconditions: `put_if_absent` therefore looks first and then sends the
precondition. That Google's service lets one of two racing writers win is documented by Google, not tested here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from google.api_core import exceptions as vendor
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY
from requests import exceptions as network

from vigie.errors import NotFound, StoreUnavailable
from vigie.i18n.messages import msg
from vigie.settings import StoreOptions
from vigie.stores.base import CHUNK, Head, Location, Store, check_key, join

_CREDENTIALS = (
    "check GOOGLE_APPLICATION_CREDENTIALS or the machine's service account, and its rights on the bucket"
)
_NETWORK = "check the network, any proxy, and that the service is up"


class GcsStore(Store):
    """A store that Google's own client reaches."""

    def __init__(self, location: Location, options: StoreOptions) -> None:
        super().__init__(location)
        self._options = options
        self._request: dict[str, Any] = {
            "timeout": (options.connect_seconds, options.read_seconds),
            "retry": DEFAULT_RETRY.with_timeout(options.total_seconds),
        }

    def put(self, key: str, data: bytes | Path) -> None:
        """See Store."""
        with self._mapped(key, needs_object=False):
            blob = self._blob(key)
            if isinstance(data, Path):
                blob.upload_from_filename(str(data), **self._request)
            else:
                blob.upload_from_string(data, content_type="application/octet-stream", **self._request)

    def put_if_absent(self, key: str, data: bytes) -> None:
        """See Store."""
        with self._mapped(key, needs_object=False):
            blob = self._blob(key)
            if blob.exists(**self._request):
                raise self.already_there(key)
            blob.upload_from_string(
                data, content_type="application/octet-stream", if_generation_match=0, **self._request
            )

    def get(self, key: str) -> bytes:
        """See Store."""
        with self._mapped(key):
            return bytes(self._blob(key).download_as_bytes(**self._request))

    def stream(self, key: str) -> Iterator[bytes]:
        """See Store."""
        with self._mapped(key), self._blob(key).open("rb", chunk_size=CHUNK, **self._request) as source:
            while chunk := source.read(CHUNK):
                yield chunk

    def head(self, key: str) -> Head:
        """See Store."""
        with self._mapped(key):
            blob = self._bucket.get_blob(join(self.prefix, key), **self._request)
            if blob is None:
                raise self.not_found(key)
            return self._head(blob)

    def list(self, prefix: str = "") -> Iterator[Head]:
        """See Store."""
        folder = join(self.prefix, prefix)
        with self._mapped(prefix.strip("/") or None, needs_object=False):
            blobs = self._client.list_blobs(
                self._bucket, prefix=f"{folder}/" if folder else None, **self._request
            )
            found = [self._head(blob) for blob in blobs]
        return iter(sorted(found, key=lambda head: head.key))

    def delete(self, key: str) -> None:
        """See Store."""
        try:
            with self._mapped(key):
                self._blob(key).delete(**self._request)
        except NotFound:
            return

    @cached_property
    def _client(self) -> Any:
        if self._options.gcs_emulator:
            return storage.Client(project="emulator", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
        return storage.Client()

    @cached_property
    def _bucket(self) -> Any:
        return self._client.bucket(self.bucket)

    def _blob(self, key: str) -> Any:
        return self._bucket.blob(join(self.prefix, key))

    def _head(self, blob: Any) -> Head:
        key = str(blob.name).removeprefix(f"{self.prefix}/" if self.prefix else "")
        return Head(key, blob.size, blob.updated)

    @contextmanager
    def _mapped(self, key: str | None, *, needs_object: bool = True) -> Iterator[None]:
        """Translate the vendor's errors into ours, which name the store, the key and what to check.

        Args:
            key: the object, None for a request without one.
            needs_object: whether "not found" may mean the object; otherwise it means the bucket.
        """
        if key is not None:
            check_key(key)
        subject = f"{self.location.label}, {join(self.prefix, key or '')!r}"
        try:
            yield
        except vendor.NotFound as error:
            if not needs_object or "bucket does not exist" in str(error).lower():
                raise StoreUnavailable(
                    msg("{label}: there is no such bucket", label=self.location.label),
                    hint="check the bucket's name",
                ) from None
            raise self.not_found(key or "") from None
        except (vendor.PreconditionFailed, vendor.Conflict):
            raise self.already_there(key or "") from None
        except (vendor.Unauthorized, vendor.Forbidden, auth.GoogleAuthError):
            raise StoreUnavailable(
                msg("{subject}: access was denied", subject=subject), hint=_CREDENTIALS
            ) from None
        except vendor.GoogleAPICallError as error:
            raise StoreUnavailable(
                msg("{subject}: the store answered {code}", subject=subject, code=error.code), hint=_NETWORK
            ) from None
        except (vendor.RetryError, network.RequestException, OSError):
            raise StoreUnavailable(
                msg("{subject}: the connection failed", subject=subject), hint=_NETWORK
            ) from None
