"""Who sends to whom around the entities of a case, and who shares their devices: a small graph, in layers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from vigie.app.currency_sums import CurrencySum, one_sum
from vigie.cases.entities import normalised

MAX_NODES = 60
"""Nodes that are shown; the others are counted."""
_SWEEPS = 4
_NAMED = ("customer", "counterparty", "device")


@dataclass(frozen=True)
class Node:
    """A party or a device.

    Attributes:
        key: normalised value, behind `device:` for a device.
        name: as a file writes it.
        device: whether it is a device.
        centre: whether it is an entity of the case.
        alerts: alerts in which it takes part.
        rows: rows in which it takes part.
        amounts: their sum in each currency.
    """

    key: str
    name: str
    device: bool
    centre: bool
    alerts: int
    rows: int
    amounts: tuple[CurrencySum, ...]

    @property
    def amount(self) -> float | None:
        """Their sum; 0 without amounts, None for several currencies."""
        return one_sum(self.amounts) if self.amounts else 0.0


@dataclass(frozen=True)
class Edge:
    """Payments from one party to another, or the use of a device by a customer.

    Attributes:
        source: key of the sender, or of the device.
        target: key of the receiver, or of the customer.
        uses: whether it is the use of a device.
        amounts: sum of the rows in each currency.
    """

    source: str
    target: str
    uses: bool
    rows: int
    alerts: int
    amounts: tuple[CurrencySum, ...]

    @property
    def amount(self) -> float | None:
        """Their sum; 0 without amounts, None for several currencies."""
        return one_sum(self.amounts) if self.amounts else 0.0


@dataclass(frozen=True)
class Network:
    """A graph in layers.

    Attributes:
        layers: nodes from left to right, and from top to bottom.
        edges: between these nodes.
        hidden: number of nodes that are not shown.
    """

    layers: list[list[Node]]
    edges: list[Edge]
    hidden: int

    @property
    def nodes(self) -> list[Node]:
        """All nodes that are shown."""
        return [node for layer in self.layers for node in layer]


def build(rows: pl.DataFrame, centres: Mapping[str, Collection[str]]) -> Network:
    """Build the network of some rows.

    The result is the same for the same rows in any order.

    Args:
        rows: columns of `vigie.cases.entity_rows.SCHEMA`, and `alert`.
        centres: kind -> normalised values of the entities of the case.
    """
    wanted = {_key(value, kind == "device") for kind, values in centres.items() for value in values}
    edges = _edges(rows, wanted)
    nodes = _nodes(rows, edges, wanted)
    shown = {node.key: node for node in nodes[:MAX_NODES]}
    kept = [edge for edge in edges if edge.source in shown and edge.target in shown]
    linked = {key for edge in kept for key in (edge.source, edge.target)} | (wanted & shown.keys())
    layers = _order(_layers([node for key, node in shown.items() if key in linked], kept), kept)
    return Network(layers, kept, max(0, len(nodes) - MAX_NODES))


def _key(value: str, device: bool) -> str:
    return f"device:{value}" if device else value


def _edges(rows: pl.DataFrame, centres: Collection[str]) -> list[Edge]:
    """Return all edges; of the devices, only those of the case and those that several customers use."""
    keyed = _keyed(rows)
    pays = _grouped(keyed, "customer", "counterparty")
    uses = _grouped(keyed, "device", "customer")
    shared = uses.group_by("device").len().filter(pl.col("len") > 1)["device"]
    of_case = pl.Series(sorted(centres), dtype=pl.String)
    uses = uses.filter(pl.col("device").is_in(pl.concat([shared, of_case]).implode()))
    return [Edge(a, b, False, n, alerts, _sums(amounts)) for a, b, n, alerts, amounts in pays.rows()] + [
        Edge(a, b, True, n, alerts, _sums(amounts)) for a, b, n, alerts, amounts in uses.rows()
    ]


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with keys in place of names."""
    keyed = rows.with_columns(normalised(pl.col(name)) for name in _NAMED)
    return keyed.with_columns(pl.format("device:{}", "device").alias("device"))


def _sums(amounts: Sequence[Mapping[str, Any]]) -> tuple[CurrencySum, ...]:
    return tuple(CurrencySum(**one) for one in amounts)


def _grouped(rows: pl.DataFrame, source: str, target: str) -> pl.DataFrame:
    known = pl.col(source).is_not_null() & pl.col(target).is_not_null() & (pl.col(source) != pl.col(target))
    found = rows.filter(known)
    sums = (
        found.drop_nulls("amount")
        .group_by(source, target, pl.col("currency").fill_null(""))
        .agg(pl.col("amount").sum().round(2))
        .sort("currency")
        .group_by(source, target, maintain_order=True)
        .agg(pl.struct("currency", "amount").alias("amounts"))
    )
    pairs = found.group_by(source, target).agg(pl.len(), pl.col("alert").sum())
    joined = pairs.join(sums, on=(source, target), how="left").with_columns(pl.col("amounts").fill_null([]))
    return joined.sort(source, target)


def _nodes(rows: pl.DataFrame, edges: Sequence[Edge], centres: Collection[str]) -> list[Node]:
    """Return the nodes of all edges, those that are shown first at the beginning."""
    names = _names(rows)
    totals: dict[str, list[int]] = {key: [0, 0] for key in names if key in centres}
    amounts: dict[str, dict[str, float]] = {}
    for edge in edges:
        for key in (edge.source, edge.target):
            total = totals.setdefault(key, [0, 0])
            if edge.uses and key == edge.target:
                continue  # counted by the payments of the customer
            total[0] += edge.alerts
            total[1] += edge.rows
            for one in edge.amounts:
                sums = amounts.setdefault(key, {})
                sums[one.currency] = sums.get(one.currency, 0.0) + one.amount
    near = {
        key
        for edge in edges
        if edge.source in centres or edge.target in centres
        for key in (edge.source, edge.target)
    }
    nodes = [
        Node(key, names[key], key.startswith("device:"), key in centres, alerts, n, _by_currency(amounts.get(key, {})))
        for key, (alerts, n) in totals.items()
    ]  # fmt: skip
    # Amounts of several currencies do not compare: rows are counted instead.
    compares = len({one.currency for edge in edges for one in edge.amounts}) <= 1

    def order(one: Node) -> tuple[Any, ...]:
        amount = one.amount or 0.0 if compares else 0.0
        return not one.centre, -one.alerts, one.key not in near, -amount, -one.rows, one.key

    return sorted(nodes, key=order)


def _by_currency(sums: Mapping[str, float]) -> tuple[CurrencySum, ...]:
    return tuple(CurrencySum(currency, round(sums[currency], 2)) for currency in sorted(sums))


def _names(rows: pl.DataFrame) -> dict[str, str]:
    """Return key -> name; of several spellings the first in the order of the alphabet."""
    keyed = _keyed(rows)
    pairs = [pl.DataFrame({"key": keyed[name], "name": rows[name]}) for name in _NAMED]
    found = pl.concat(pairs).drop_nulls().group_by("key").agg(pl.col("name").min())
    return dict(found.sort("key").rows())


def _layers(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[list[Node]]:
    """Put the nodes into layers: other customers and devices, senders, the case, receivers."""
    place = {node.key: 0 for node in nodes if node.centre}
    by_key = {node.key: node for node in nodes}
    # Breadth first, along payments to the right and against them to the left.
    frontier = sorted(place)
    while frontier:
        found: dict[str, int] = {}
        for edge in edges:
            for here, there, step in ((edge.source, edge.target, 1), (edge.target, edge.source, -1)):
                if here in frontier and there in by_key and there not in place:
                    found.setdefault(there, place[here] + step)
        place |= found
        frontier = sorted(found)
    layers: dict[int, list[Node]] = {}
    for node in nodes:
        layers.setdefault(place.get(node.key, 0), []).append(node)
    return [sorted(layers[n], key=lambda node: node.key) for n in sorted(layers)]


def _order(layers: list[list[Node]], edges: Sequence[Edge]) -> list[list[Node]]:
    """Order the nodes of each layer by the mean place of their neighbours, so that fewer edges cross.

    Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures", 1981.
    """
    neighbours: dict[str, list[str]] = {}
    for edge in edges:
        neighbours.setdefault(edge.source, []).append(edge.target)
        neighbours.setdefault(edge.target, []).append(edge.source)
    for sweep in range(_SWEEPS):
        pairs: Iterable[tuple[int, int]] = pairwise(range(len(layers)))
        if sweep % 2:
            pairs = pairwise(range(len(layers) - 1, -1, -1))
        for fixed, moved in pairs:
            # In the middle of its layer, so that a short layer stands beside the middle of a long one.
            middle = (len(layers[fixed]) - 1) / 2
            at = {node.key: n - middle for n, node in enumerate(layers[fixed])}

            def mean(node: Node, at: dict[str, float] = at) -> float:
                places = [at[key] for key in neighbours.get(node.key, ()) if key in at]
                return sum(places) / len(places) if places else 0.0

            layers[moved] = sorted(layers[moved], key=lambda node: (round(mean(node), 6), node.key))
    return layers
