"""The network around a case: the same for the same rows, at most so many nodes, senders left of receivers."""

from __future__ import annotations

import polars as pl
import pytest

from vigie.cases.entities import digest, normalise
from vigie.cases.entity_rows import AROUND
from vigie.cases.network import MAX_NODES, Network, build

SENDERS = 80


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """Eighty customers pay a mule, the last three from one device and as alerts; the mule pays a cashier."""
    payments = [
        {
            "row": n,
            "customer": f"C{n:02d}",
            "counterparty": " Mule ",
            "amount": 10.0,
            "alert": n >= SENDERS - 3,
        }
        | {"device": "D" if n >= SENDERS - 3 else f"D{n}"}
        for n in range(SENDERS)
    ]
    payments.append(
        {"row": SENDERS, "customer": "MULE", "counterparty": "cash", "amount": 500.0, "alert": False}
    )
    payments.append(
        {"row": SENDERS + 1, "customer": "other", "counterparty": "shop", "device": "D", "alert": False}
    )
    return pl.DataFrame(payments, schema=AROUND)


def names(network: Network) -> list[list[str]]:
    return [[node.key for node in layer] for layer in network.layers]


def test_a_network_is_layered_limited_and_the_same_in_any_order(rows: pl.DataFrame) -> None:
    """Alerts and amounts come first, the rest is counted; a device that only one customer uses is left out."""
    network = build(rows, {"counterparty": {"mule"}})
    assert len(network.nodes) == MAX_NODES
    others = ("the mule", "its cashier", "the device", "another customer", "a shop")
    assert network.hidden == SENDERS + len(others) - MAX_NODES
    layer = {key: n for n, keys in enumerate(names(network)) for key in keys}
    assert layer["device:d"] < layer["c79"] < layer["mule"] < layer["cash"]
    assert {"c77", "c78"} <= layer.keys()
    assert [node.key for node in network.nodes if node.centre] == ["mule"]
    mule = next(node for node in network.nodes if node.centre)
    assert (mule.rows, mule.alerts, mule.amount) == (SENDERS + 1, 3, 10.0 * SENDERS + 500)
    for seed in range(3):
        assert build(rows.sample(fraction=1, shuffle=True, seed=seed), {"counterparty": {"mule"}}) == network


def test_a_case_without_rows_has_an_empty_network() -> None:
    """Nothing is drawn."""
    assert build(pl.DataFrame(schema=AROUND), {}) == Network([], [], 0)


def test_entities_are_compared_without_spaces_and_case_and_with_their_zeros() -> None:
    """The same value in another kind of column is another entity."""
    assert normalise("  00 12\u00a0 Ab ") == "00 12 ab" != normalise("12 ab")
    assert normalise("  ") == ""
    assert digest(b"k", "customer", "c1") == digest(b"k", "customer", "c1") != digest(b"k", "card", "c1")
    assert digest(b"k", "customer", "c1") != digest(b"l", "customer", "c1")
