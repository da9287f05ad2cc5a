"""The way into a stored bundle: every byte as registered, and signed where the settings ask for it.

A bundle's signature lies beside its manifest as `model.sig`. It is verified on the very bytes that will be used. A copy
is kept with the cache so that signed models also open while the store cannot be reached; it needs no
digest of its own, because a signature proves itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vigie.bundles import signing
from vigie.bundles.bundle import MANIFEST, Bundle, unpack
from vigie.bundles.cache import Cache
from vigie.bundles.transfer import BundleLocation, fetch
from vigie.errors import NotFound, UsageRefused, VigieError
from vigie.stores.base import Location, Store, join
from vigie.stores.open import open_location


@dataclass(frozen=True)
class SignaturePolicy:
    """Which bundles may be opened.

    Attributes:
        required: refuse what has no signature.
        public_key: whose signatures are good; without it none is looked at.
        shipped: digests of the manifests that come with Vigie itself. Whoever can change these can also change the
            code that would verify signatures, so the very same bytes need none, wherever they were moved to.
    """

    required: bool = False
    public_key: Path | None = None
    shipped: frozenset[str] = frozenset()

    def asks(self, manifest_sha256: str) -> bool:
        """Whether the bundle with that manifest is looked at; refuses a rule nobody can keep."""
        if self.required and self.public_key is None:
            raise UsageRefused(
                "VIGIE_REQUIRE_SIGNATURE is set, but no key to verify signatures with",
                hint="set VIGIE_PUBLIC_KEY to the key file of whoever signs your models",
            )
        return self.public_key is not None and manifest_sha256 not in self.shipped


def open_bundle(
    place: Location | Store,
    stored: BundleLocation,
    cache: Cache | None = None,
    gate: SignaturePolicy | None = None,
) -> Bundle:
    """The bundle, ready to be used; see `transfer.fetch` and `signing.verify` for what is refused."""
    store = place if isinstance(place, Store) else open_location(place)
    files = fetch(store, stored, cache)
    if gate is not None and gate.asks(stored.manifest_sha256):
        assert_signed(store, stored, files, gate, cache)
    return unpack(files, manifest_sha256=stored.manifest_sha256)


def assert_signed(
    store: Store,
    stored: BundleLocation,
    files: dict[str, bytes],
    gate: SignaturePolicy,
    cache: Cache | None = None,
) -> None:
    """Returns where `files`, as fetched, carry a good signature, or carry none and need none."""
    key = gate.public_key
    if key is None:
        return
    kept = None if cache is None else cache.folder / "signatures" / f"{stored.manifest_sha256}.sig"
    with suppress(VigieError, OSError):
        if kept is not None:
            signing.verify(files, kept.read_bytes(), key, bundle=stored.name)
            return
    signature = read_signature(store, stored.prefix)
    if signature is None and not gate.required:
        return
    signing.verify(files, signature, key, bundle=stored.name)
    if kept is not None and signature is not None:
        with suppress(OSError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(signature)


def read_signature(store: Store, prefix: str) -> bytes | None:
    """The signature of the bundle at `prefix`, nothing where there is none."""
    try:
        return store.get(join(prefix, signing.SIGNATURE))
    except NotFound:
        return None


def write_signature(store: Store, prefix: str, signature: bytes) -> None:
    """Puts a signature beside the manifest of the bundle at `prefix`, over any earlier one."""
    store.head(join(prefix, MANIFEST))  # a signature without a bundle would only mislead
    store.put(join(prefix, signing.SIGNATURE), signature)
