"""The cards of trained models: HTML pages in the store beside the bundles, each under its own digest.

A card is no part of a bundle: a bundle is five files and a manifest, and a card is for people alone.
"""

from __future__ import annotations

import hashlib

from vigie.errors import DamagedBundle, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store


def put_card(store: Store, page: str) -> str:
    """Keeps a card; returns its sha256, under which it is read again. The same card twice is kept once."""
    written = page.encode()
    digest = hashlib.sha256(written).hexdigest()
    store.put(_key(digest), written)
    return digest


def get_card(store: Store, label: str, digest: str) -> bytes:
    """The card as it was written.

    Args:
        store: where new bundles are published.
        label: of the model, for messages.
        digest: as `put_card` gave it; empty where the model has no card.

    Raises:
        NotFound: there is none: the model was made elsewhere, by an older Vigie, or trained into another store.
        DamagedBundle: the store holds other bytes than were written.
    """
    if not digest:
        raise NotFound("card of the model", label, hint="only a model trained here has one")
    try:
        page = store.get(_key(digest))
    except NotFound:
        hint = "it lies in the store it was trained into"
        raise NotFound("card of the model", label, hint=hint) from None
    found = hashlib.sha256(page).hexdigest()
    if found != digest:
        wanted = msg("sha256 {digest}…", digest=digest[:16])
        raise DamagedBundle(label, "card", found=msg("sha256 {digest}…", digest=found[:16]), expected=wanted)
    return page


def _key(digest: str) -> str:
    return f"cards/{digest}.html"
