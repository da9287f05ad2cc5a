"""Opens stores by URL or location: the built-in kinds, and those of installed plugins.

A distribution adds a store by an entry point in the group `vigie.stores`. The entry point's name is both the URL
scheme and the kind that the catalog and STORAGE_TYPE use; its object is called with a `Location` and `StoreOptions`
and returns a `Store`:

    [project.entry-points."vigie.stores"]
    sftp = "my_package:SftpStore"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vigie import plugins, settings
from vigie.errors import StoreUnavailable, UsageRefused
from vigie.extras import require
from vigie.i18n.messages import msg
from vigie.stores.base import SCHEMES, Location, Store, check_key

_BUILT_IN = {
    "local": "vigie.stores.local:LocalStore",
    "s3": "vigie.stores.cloud:ObjectStore",
    "gcs": "vigie.stores.gcs:GcsStore",
    "azure": "vigie.stores.cloud:ObjectStore",
    "memory": "vigie.stores.cloud:ObjectStore",
}
_CLOUD = ("s3", "gcs", "azure", "memory")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}")
_PLUGIN = re.compile(r"[a-z][a-z0-9+.-]{0,19}")
_HINT = "for example file:///srv/models, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix"


def connect(url: str, *, options: settings.StoreOptions | None = None) -> Store:
    """Return the store at `url`; neither disk nor network is touched before its first use.

    Args:
        url: a URL as in `vigie.stores.base`, or a plain path for a local folder.
        options: endpoints and timeouts; read from the environment where not given.

    Raises:
        UsageRefused: the URL is ambiguous, has an unknown scheme or carries credentials.
    """
    return open_location(locate(url), options=options)


def open_location(location: Location, *, options: settings.StoreOptions | None = None) -> Store:
    """Return the store at `location`; see `connect`.

    Raises:
        StoreUnavailable: no installed package provides this kind of store.
        MissingExtra: it is a cloud store, and the extra `cloud` is not installed.
    """
    factory = _factories().get(location.kind)
    if factory is None:
        raise StoreUnavailable(
            msg("{label}: no installed package opens this kind of store", label=location.label),
            hint=msg(
                "install the package that declares {kind!r} in the entry points vigie.stores",
                kind=location.kind,
            ),
        )
    if location.kind in _CLOUD:
        require("cloud", "a cloud store")
    opener: Callable[[Location, settings.StoreOptions], Store]
    try:
        opener = factory.load()
    except ModuleNotFoundError:
        # Without Google's own client, which is optional, obstore reaches Google Cloud Storage.
        if location.kind != "gcs":
            raise
        from vigie.stores.cloud import ObjectStore

        opener = ObjectStore
    return opener(location, settings.load_store() if options is None else options)


def storage_types() -> tuple[str, ...]:
    """Return the kinds of store that can hold models: the built-in ones, then those of plugins by name."""
    return tuple(kind for kind in _factories() if kind != "memory")


def locate(url: str) -> Location:
    """Parse a URL or a plain path.

    Raises:
        UsageRefused: the URL is ambiguous, has an unknown scheme or carries credentials.
    """
    unusable = UsageRefused("store URL: found characters that no address has", hint=_HINT)
    if "\0" in unquote(url):
        raise unusable
    try:
        url.encode()
        parts = urlsplit(url)
        if "://" not in url:
            return Location("local", str(Path(url).expanduser().absolute()))
    except (ValueError, RuntimeError):  # not UTF-8, half a pair of brackets, the home folder of no user
        raise unusable from None
    kind = {SCHEMES.get(kind, kind): kind for kind in _factories()}.get(parts.scheme)
    if kind is None:
        raise UsageRefused(msg("store URL: unknown scheme {scheme!r}", scheme=parts.scheme), hint=_HINT)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageRefused(
            "store URL: found a user name, a query or a fragment, expected only a bucket and a prefix",
            hint="credentials belong in the environment, for example AWS_ACCESS_KEY_ID",
        )
    path = unquote(parts.path)
    if kind == "local":
        if parts.netloc not in {"", "localhost"} or not path.startswith("/"):
            raise UsageRefused("store URL: a file URL needs an absolute path", hint="file:///srv/models")
        return Location("local", str(Path(path)))
    if not _BUCKET.fullmatch(parts.netloc):
        raise UsageRefused(msg("store URL: unusable bucket {netloc!r}", netloc=parts.netloc), hint=_HINT)
    prefix = path.strip("/")
    return Location(kind, parts.netloc, check_key(prefix) if prefix else "")


def _factories() -> dict[str, EntryPoint]:
    """Return kind of store -> what opens it."""
    found = {kind: EntryPoint(kind, value, "vigie.stores") for kind, value in _BUILT_IN.items()}
    taken = {*found, *SCHEMES.values()}
    for kind, factory in plugins.find("stores").items():
        if kind in taken or not _PLUGIN.fullmatch(kind):
            raise UsageRefused(
                msg("store plugin {kind!r}: the name is built in or unusable", kind=kind),
                hint="a URL scheme of at most 20 lower-case characters that Vigie does not have",
            )
        found[kind] = factory
    return found
