"""The network of a case as SVG, drawn on the server; the style sheet sets the colours."""

from __future__ import annotations

import math
from collections.abc import Mapping

from markupsafe import Markup

from vigie.cases.network import Edge, Network, Node
from vigie.i18n.translator import Translator
from vigie.web.pages.amounts import currency_sums

BOX_WIDTH, BOX_HEIGHT = 150, 26
COLUMN, LINE = 210, 34
MARGIN = 6
_MAX_NAME = 20
_FITTING = 13
"""Characters that surely fit into a box; longer names are set narrower."""
_MAX_WIDTH = 4.0
_COLUMNS = ((1, 14), (2, 30), (3, 10_000))
"""Number of columns of a layer, and the nodes up to which it has so many."""


def draw(network: Network, t: Translator) -> Markup:
    """Draw a network: layers from left to right, payments as arrows, the use of a device as a dashed line."""
    places, width, height = _places(network)
    edges = sorted(network.edges, key=lambda edge: edge.alerts)  # those of alerts lie above the others
    names = {node.key: node.name for node in network.nodes}
    body = Markup("").join(
        [
            *(_line(edge, places, names, t) for edge in edges),
            *(_box(node, *places[node.key], t) for node in network.nodes),
        ]
    )
    arrows = Markup("").join(
        Markup('<marker id="arrow{}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="{}" d="M0 0 8 4 0 8Z"/></marker>').format(name, kind)
        for name, kind in (("", "arrow"), ("-alert", "arrow alert"))
    )  # fmt: skip
    return Markup(
        '<svg class="network" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}"><defs>{3}</defs>{4}</svg>'
    ).format(
        width,
        round(height),
        t("cases.network_text", nodes=len(network.nodes), n=_payments(network)),
        arrows,
        body,
    )


def _places(network: Network) -> tuple[dict[str, tuple[float, float]], float, float]:
    """Return the left end and middle of each box, width and height; a long layer takes several columns."""
    parts = [next(k for k, most in _COLUMNS if len(layer) <= most) for layer in network.layers]
    lines = max((len(layer) / k for layer, k in zip(network.layers, parts, strict=True)), default=0)
    height = LINE * (lines + 1) + 2 * MARGIN
    places: dict[str, tuple[float, float]] = {}
    first = 0
    for layer, k in zip(network.layers, parts, strict=True):
        for n, node in enumerate(layer):
            # The columns of a layer are staggered, so that arrows pass between its boxes.
            y = height / 2 + (n - (len(layer) - 1) / 2) * LINE / k
            places[node.key] = (MARGIN + (first + n % k) * COLUMN, y)
        first += k
    return places, COLUMN * (first - 1) + BOX_WIDTH + 2 * MARGIN, height


def _payments(network: Network) -> int:
    return sum(edge.rows for edge in network.edges if not edge.uses)


def _line(
    edge: Edge, places: Mapping[str, tuple[float, float]], names: Mapping[str, str], t: Translator
) -> Markup:
    (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
    if x1 < x2:
        start, end, bend = x1 + BOX_WIDTH, x2, (x2 - x1 - BOX_WIDTH) / 2
    elif x1 > x2:
        start, end, bend = x1, x2 + BOX_WIDTH, -(x1 - x2 - BOX_WIDTH) / 2
    else:  # within a layer: around the right side
        start, end, bend = x1 + BOX_WIDTH, x2 + BOX_WIDTH, 40.0
    turn = end - bend if x1 != x2 else end + bend
    path = f"M{start:.1f} {y1:.1f}C{start + bend:.1f} {y1:.1f} {turn:.1f} {y2:.1f} {end:.1f} {y2:.1f}"
    title = t("cases.network_use" if edge.uses else "cases.network_edge", source=names[edge.source], target=names[edge.target],
              n=edge.rows, amount=currency_sums(edge.amounts, t) or t.whole(0), alerts=edge.alerts)  # fmt: skip
    kind = f"line{' alert' if edge.alerts else ''}{' use' if edge.uses else ''}"
    arrow = (
        Markup("")
        if edge.uses
        else Markup(' marker-end="url(#arrow{})"').format("-alert" if edge.alerts else "")
    )
    thick = min(_MAX_WIDTH, 1 + math.log2(edge.rows) / 2)
    return Markup('<path class="{}" d="{}" stroke-width="{:.1f}"{}><title>{}</title></path>').format(
        kind, path, thick, arrow, title
    )


def _box(node: Node, x: float, y: float, t: Translator) -> Markup:
    name = node.name if len(node.name) <= _MAX_NAME else node.name[: _MAX_NAME - 1] + "…"
    kind = f"box{' centre' if node.centre else ''}{' device' if node.device else ''}{' alert' if node.alerts else ''}"
    title = t("cases.network_node", name=node.name, n=node.rows, alerts=node.alerts)
    squeezed = Markup(' textLength="{}" lengthAdjust="spacingAndGlyphs"').format(BOX_WIDTH - 24)
    return Markup(
        '<g class="{}"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="{}"/><text x="{:.1f}" y="{:.1f}"{}>{}</text></g>'
    ).format(
        kind,
        title,
        x,
        y - BOX_HEIGHT / 2,
        BOX_WIDTH,
        BOX_HEIGHT,
        3 if node.device else 13,
        x + 12,
        y + 4.5,
        squeezed if len(name) > _FITTING else "",
        name,
    )
