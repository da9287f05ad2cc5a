"""Opens stored bundles: every byte verified against the catalog, and the signature where the settings require one.

A bundle's signature is beside its manifest as `model.sig`. It is verified on the bytes that will be used. A copy is kept with
the cache, so that signed models also open while the store cannot be reached; the copy needs no digest, because a signature
proves itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vigie.bundles import signing
from vigie.bundles.bundle import MANIFEST, Bundle, unpack
from vigie.bundles.cache import Cache
from vigie.bundles.fetch import fetch, read_object
from vigie.bundles.location import BundleLocation
from vigie.errors import NotFound, UsageRefused, VigieError
from vigie.stores.base import Location, Store, join
from vigie.stores.open import open_location


@dataclass(frozen=True)
class SignaturePolicy:
    """Which bundles may be opened.

    Attributes:
        required: refuse a bundle without a signature.
        public_key: key file of accepted signatures; None to check none.
        shipped: manifest digests of the models that come with Vigie. They need no signature, wherever they were moved to:
            a person who can change these digests can also change the code that verifies signatures.
    """

    required: bool = False
    public_key: Path | None = None
    shipped: frozenset[str] = frozenset()

    def applies_to(self, manifest_sha256: str) -> bool:
        """Return whether the signature of the bundle with that manifest is checked.

        Raises:
            UsageRefused: signatures are required, but there is no key to verify them with.
        """
        if self.required and self.public_key is None:
            raise UsageRefused(
                "VIGIE_REQUIRE_SIGNATURE is set, but no key to verify signatures with",
                hint="set VIGIE_PUBLIC_KEY to the key file of the signer of your models",
            )
        return self.public_key is not None and manifest_sha256 not in self.shipped


def open_bundle(
    store: Location | Store,
    stored: BundleLocation,
    cache: Cache | None = None,
    policy: SignaturePolicy | None = None,
) -> Bundle:
    """Fetch, verify and unpack a bundle.

    Args:
        store: where it is.
        stored: its location and digests.
        cache: see `fetch`.
        policy: which bundles must be signed; None for no check.

    Raises:
        DamagedBundle: a file is missing or has other bytes, or the signature is not one of these files by the key.
        UnsignedBundle: a signature is required and there is none.
        NewerBundle: the format is later than this version of Vigie reads.
        StoreUnavailable: the store cannot be read.
        UsageRefused: signatures are required, but there is no key to verify them with.
    """
    opened = store if isinstance(store, Store) else open_location(store)
    files = fetch(opened, stored, cache)
    if policy is not None and policy.applies_to(stored.manifest_sha256):
        _verify_signature(opened, stored, files, policy, cache)
    return unpack(files, manifest_sha256=stored.manifest_sha256)


def _verify_signature(
    store: Store,
    stored: BundleLocation,
    files: dict[str, bytes],
    policy: SignaturePolicy,
    cache: Cache | None,
) -> None:
    key = policy.public_key
    if key is None:
        return
    copy = None if cache is None else cache.read_signature(stored.manifest_sha256)
    if copy is not None:
        with suppress(VigieError):
            signing.verify(files, copy, key, bundle=stored.name)
            return
    signature = read_signature(store, stored.prefix)
    if signature is None and not policy.required:
        return
    signing.verify(files, signature, key, bundle=stored.name)
    if cache is not None and signature is not None:
        cache.keep_signature(stored.manifest_sha256, signature)


def read_signature(store: Store, prefix: str) -> bytes | None:
    """Return the signature of the bundle at `prefix`, None where there is none.

    Raises:
        DamagedBundle: it is larger than any signature.
    """
    try:
        key = join(prefix, signing.SIGNATURE)
        return read_object(
            store, key, signing.SIGNATURE_LIMIT, bundle=prefix or store.url, file=signing.SIGNATURE
        )
    except NotFound:
        return None


def write_signature(store: Store, prefix: str, signature: bytes) -> None:
    """Store a signature for the bundle at `prefix` and replace an earlier one.

    Raises:
        NotFound: there is no bundle.
    """
    store.head(join(prefix, MANIFEST))
    store.put(join(prefix, signing.SIGNATURE), signature)
