"""Entities: which columns of a table name one, how their values are compared, and their digests."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress

import polars as pl

from vigie.errors import AlreadyThere, NotFound
from vigie.roles.inference import Roles
from vigie.stores.base import Store

KEY = "cases/entity.key"
"""Object in the store with the key of the digests: who has only the database cannot try out numbers."""
_KEY_BYTES = 32


def entity_columns(roles: Roles) -> list[tuple[str, str]]:
    """Return kind and column of the entities of a row, the shared ones first, its own customer last.

    The customer is the actor: the customer, else the card, the account and so on. A table without one has the
    counterparty or the device in its place.
    """
    found = [("device", roles.first("device")), ("counterparty", roles.counterpart())]
    actor = roles.actor()
    if actor is not None:
        kind = roles.of(actor).role
        found = [(other, column) for other, column in found if column != actor]
        found.append((kind, actor))
    return [(kind, column) for kind, column in found if column is not None]


def normalised(cell: pl.Expr) -> pl.Expr:
    """Return values as they are compared: without outer and double spaces, in lower case; zeros in front stay.

    An empty value is null.
    """
    text = cell.str.normalize("NFKC").str.strip_chars().str.replace_all(r"\s+", " ").str.to_lowercase()
    return pl.when(text != "").then(text)


def normalise(value: str) -> str:
    """Return one value as `normalised` does; empty for an empty one."""
    return pl.select(normalised(pl.lit(value))).item() or ""


def digest(key: bytes, kind: str, value: str) -> str:
    """Return the digest of an entity.

    Args:
        key: of the installation; see `load_key`.
        kind: role of the column.
        value: normalised.
    """
    return hmac.new(key, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()


def load_key(store: Store) -> bytes:
    """Return the key of the digests of an installation, which is made once."""
    try:
        return store.get(KEY)
    except NotFound:
        with suppress(AlreadyThere):  # another process made it in the meantime
            store.put_if_absent(KEY, secrets.token_bytes(_KEY_BYTES))
        return store.get(KEY)
