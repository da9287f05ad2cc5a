"""Stores through obstore: S3, Azure, process memory, and Google Cloud Storage where its own client is not installed.

The only module that imports obstore. Its messages carry whole requests and sometimes query strings, so none of their
text goes further than `_reason`, which looks for known codes in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions as vendor
from obstore.store import AzureStore, GCSStore, MemoryStore, S3Store

from vigie.errors import NotFound, StoreUnavailable, UsageRefused, VigieError
from vigie.i18n.messages import as_message, msg
from vigie.settings import StoreOptions
from vigie.stores.base import CHUNK, Head, Location, Store, check_key, join

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, RetryConfig, S3Config
    from obstore.store import ObjectStore as VendorStore

# Above this an upload goes in parts: parts that a killed writer leaves behind need the bucket's own lifecycle rule.
_SINGLE_PUT = 64 * 1024**2
_memories: dict[str, MemoryStore] = {}

_ACCESS = "access"
_ABSENT = "absent"
_PRESENT = "present"
_FAILED = "failed"
_MISUSED = "misused"

# A test compares these with the classes that obstore has.
ERROR_MEANINGS: dict[type[Exception], str] = {
    vendor.AlreadyExistsError: _PRESENT,
    vendor.PreconditionError: _PRESENT,
    vendor.NotModifiedError: _FAILED,
    vendor.PermissionDeniedError: _ACCESS,
    vendor.UnauthenticatedError: _ACCESS,
    vendor.InvalidPathError: _MISUSED,
    vendor.UnknownConfigurationKeyError: _FAILED,
    vendor.NotSupportedError: _FAILED,
    vendor.JoinError: _FAILED,
    vendor.GenericError: _FAILED,
    vendor.BaseError: _FAILED,
    FileNotFoundError: _ABSENT,
    ValueError: _MISUSED,
    OSError: _FAILED,
}

_CREDENTIALS = msg(
    "check the credentials in the environment, their rights on the bucket, and the machine's clock"
)
_ENDPOINT = msg(
    "check the endpoint (AWS_ENDPOINT_URL_S3 for S3-compatible servers), the network and any proxy"
)
_CODES = {
    "NoSuchBucket": (
        msg("there is no such bucket"),
        msg("check the bucket's name, the region and the endpoint"),
    ),
    "ContainerNotFound": (
        msg("there is no such container"),
        msg("check the container's name and the account"),
    ),
    "InvalidAccessKeyId": (msg("the access key is unknown there"), _CREDENTIALS),
    "SignatureDoesNotMatch": (msg("the secret key does not fit the access key"), _CREDENTIALS),
    "ExpiredToken": (msg("the credentials have expired"), _CREDENTIALS),
    "AuthenticationFailed": (msg("the credentials were refused"), _CREDENTIALS),
    "AccessDenied": (msg("access was denied"), _CREDENTIALS),
    "RequestTimeTooSkewed": (
        msg("this machine's clock is wrong"),
        msg("set the clock, for example with NTP"),
    ),
    "AuthorizationHeaderMalformed": (
        msg("the region is wrong"),
        msg("set AWS_REGION to the bucket's region"),
    ),
    "PermanentRedirect": (
        msg("the bucket is in another region"),
        msg("set AWS_REGION to the bucket's region"),
    ),
    "SlowDown": (msg("the store asks to slow down"), msg("try again later, or with fewer processes")),
    "kind: Connect": (msg("the connection failed"), _ENDPOINT),
    "kind: Timeout": (msg("the store did not answer in time"), _ENDPOINT),
    "169.254.169.254": (msg("no credentials were found"), _CREDENTIALS),
    "MissingAccount": (msg("no storage account was named"), msg("set AZURE_STORAGE_ACCOUNT_NAME")),
}


class ObjectStore(Store):
    """A store that obstore reaches."""

    def __init__(self, location: Location, options: StoreOptions) -> None:
        super().__init__(location)
        self._options = options

    def put(self, key: str, data: bytes | Path) -> None:
        """See Store."""
        with self._mapped(key):
            size = data.stat().st_size if isinstance(data, Path) else len(data)
            obstore.put(self._client, key, data, use_multipart=size > _SINGLE_PUT)

    def put_if_absent(self, key: str, data: bytes) -> None:
        """See Store."""
        with self._mapped(key):
            obstore.put(self._client, key, data, mode="create")

    def get(self, key: str) -> bytes:
        """See Store."""
        with self._mapped(key):
            return bytes(obstore.get(self._client, key).bytes())

    def stream(self, key: str) -> Iterator[bytes]:
        """See Store."""
        with self._mapped(key):
            for chunk in obstore.get(self._client, key).stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def head(self, key: str) -> Head:
        """See Store."""
        with self._mapped(key):
            return _head(obstore.head(self._client, key))

    def list(self, prefix: str = "") -> Iterator[Head]:
        """See Store."""
        found: list[ObjectMeta] = []
        folder = prefix.strip("/")
        with self._mapped(folder or None):
            for batch in obstore.list(self._client, prefix=folder or None, chunk_size=1000):
                found.extend(batch)
        return iter(sorted(map(_head, found), key=lambda head: head.key))

    def delete(self, key: str) -> None:
        """See Store."""
        try:
            with self._mapped(key):
                obstore.delete(self._client, key)
        except NotFound:
            return

    @cached_property
    def _client(self) -> VendorStore:
        return _make_client(self.location, self._options)

    @contextmanager
    def _mapped(self, key: str | None) -> Iterator[None]:
        """Translate the vendor's errors into ours, which name the store, the key and what to check."""
        if key is not None:
            check_key(key)
        try:
            yield
        except VigieError:
            raise
        except tuple(ERROR_MEANINGS) as error:
            raise self._translated(error, key or "") from None

    def _translated(self, error: Exception, key: str) -> VigieError:
        meaning = next(ERROR_MEANINGS[kind] for kind in type(error).__mro__ if kind in ERROR_MEANINGS)
        name, label = join(self.prefix, key), self.location.label
        reason, hint = _reason(error)
        if meaning == _PRESENT:
            return self.already_there(key)
        if meaning == _ABSENT and not reason:
            return self.not_found(key)
        if meaning == _MISUSED and not reason:
            return UsageRefused(
                msg("{label}: unusable key {name!r} or configuration", label=label, name=name),
                hint=hint or _ENDPOINT,
            )
        if meaning == _ACCESS:
            reason, hint = reason or msg("access was denied"), hint or _CREDENTIALS
        return StoreUnavailable(
            msg(
                "{subject}: {value}",
                subject=f"{label}, {name!r}" if name else label,
                value=as_message(reason or "the request failed"),
            ),
            hint=hint or "check the credentials, the region, the clock and the endpoint",
        )


def _reason(error: Exception) -> tuple[str, str]:
    """Return what the vendor's message is about and what to check, in our words; two empty texts if it is unknown."""
    text = str(error)
    for code, (reason, hint) in _CODES.items():
        if code in text:
            return reason, hint
    status = re.search(r"status (?:code )?(\d{3})|status: (\d{3})", text)
    if status and not isinstance(error, FileNotFoundError):
        return msg("the store answered {code}", code=status[1] or status[2]), ""
    return "", ""


def _head(meta: ObjectMeta) -> Head:
    return Head(meta["path"], meta["size"], meta["last_modified"])


def _make_client(location: Location, options: StoreOptions) -> VendorStore:
    if location.kind == "memory":
        return _memories.setdefault(f"{location.bucket}/{location.prefix}", MemoryStore())
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=options.connect_seconds),
        "read_timeout": timedelta(seconds=options.read_seconds),
        "timeout": timedelta(seconds=max(options.request_seconds, options.total_seconds)),
        "user_agent": "vigie",
    }
    retry: RetryConfig = {
        "max_retries": 8,
        "retry_timeout": timedelta(seconds=options.total_seconds),
        "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=5), "base": 2},
    }
    prefix = location.prefix or None
    for endpoint in filter(None, (options.s3_endpoint, options.azure_endpoint)):
        # obstore panics on these, past every handler of exceptions
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", endpoint):
            raise StoreUnavailable(
                msg("{label}: the endpoint is not a usable URL", label=location.label), hint=_ENDPOINT
            )
    if location.kind == "s3":
        client["allow_http"] = options.s3_endpoint.startswith("http://")
        config = _s3_config(options)
        return S3Store(
            location.bucket, prefix=prefix, config=config, client_options=client, retry_config=retry
        )
    client["allow_http"] = options.azure_endpoint.startswith("http://")
    if location.kind == "azure":
        return AzureStore(location.bucket, prefix=prefix, client_options=client, retry_config=retry)
    return GCSStore(location.bucket, prefix=prefix, client_options=client, retry_config=retry)


def _s3_config(options: StoreOptions) -> S3Config:
    """Return the S3 settings that obstore does not read from the environment itself."""
    config: S3Config = {"disable_bulk_delete": True}
    if options.s3_region or options.s3_endpoint:
        config["region"] = options.s3_region or "us-east-1"
    if options.s3_endpoint:
        config["aws_endpoint_url_s3"] = options.s3_endpoint
        config["virtual_hosted_style_request"] = options.s3_virtual_hosted
    return config
