"""Model cards in a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigie.bundles.model_cards import get_card, put_card
from vigie.errors import DamagedBundle, NotFound
from vigie.stores.open import connect

PAGE = "<!doctype html><p>é</p>"


def test_a_card_round_trip(tmp_path: Path) -> None:
    """The same card twice is one object."""
    store = connect(tmp_path.as_uri())
    digest = put_card(store, PAGE)
    assert put_card(store, PAGE) == digest
    assert get_card(store, "ours 1", digest) == PAGE.encode()
    assert len(list(tmp_path.rglob("*.html"))) == 1


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    """Its digest is compared."""
    store = connect(tmp_path.as_uri())
    digest = put_card(store, PAGE)
    (tmp_path / "cards" / f"{digest}.html").write_text(PAGE.replace("p", "b"))
    with pytest.raises(DamagedBundle, match="card"):
        get_card(store, "ours 1", digest)


@pytest.mark.parametrize("digest", ["", "0" * 64], ids=["made elsewhere", "in another store"])
def test_a_missing_card_is_not_found(tmp_path: Path, digest: str) -> None:
    """The hint tells a model without a card from a card in another store."""
    with pytest.raises(NotFound, match="no card of the model 'ours 1'") as refused:
        get_card(connect(tmp_path.as_uri()), "ours 1", digest)
    assert refused.value.hint == (
        "it is in the store it was trained into" if digest else "only a model trained here has one"
    )
