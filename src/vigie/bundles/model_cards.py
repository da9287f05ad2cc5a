"""Model cards: HTML pages beside the bundles in a store, each under its own digest; not part of a bundle."""

from __future__ import annotations

from vigie.bundles.bundle import digest
from vigie.errors import DamagedBundle, NotFound
from vigie.i18n.messages import msg
from vigie.stores.base import Store


def put_card(store: Store, page: str) -> str:
    """Store a card and return its SHA-256, under which `get_card` finds it."""
    data = page.encode()
    sha256 = digest(data)
    store.put(_key(sha256), data)
    return sha256


def get_card(store: Store, label: str, sha256: str) -> bytes:
    """Return a card as it was stored.

    Args:
        store: where new bundles are published.
        label: of the model, for messages.
        sha256: from `put_card`; empty where the model has no card.

    Raises:
        NotFound: the model was imported, trained by an older Vigie or trained into another store.
        DamagedBundle: the store has other bytes than were written.
    """
    if not sha256:
        raise NotFound("card of the model", label, hint="only a model trained here has one")
    try:
        page = store.get(_key(sha256))
    except NotFound:
        hint = "it is in the store it was trained into"
        raise NotFound("card of the model", label, hint=hint) from None
    found = digest(page)
    if found != sha256:
        expected = msg("sha256 {digest}…", digest=sha256[:16])
        raise DamagedBundle(
            label, "card", found=msg("sha256 {digest}…", digest=found[:16]), expected=expected
        )
    return page


def _key(sha256: str) -> str:
    return f"cards/{sha256}.html"
