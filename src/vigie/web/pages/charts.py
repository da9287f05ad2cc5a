"""Charts as SVG, drawn on the server so that they print, need no script and fit into the report.

The script of the results page moves the bars of class `alerts` when the budget moves. The style sheet sets the colours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from vigie.i18n.translator import Translator

WIDTH, HEIGHT = 440, 190
LEFT, RIGHT, TOP, BOTTOM = 6, 6, 8, 26
HISTOGRAM_LEFT = 44
"""Left end of the histogram, right of its axis labels."""
MIDDLE = 100
"""Axis between the halves of a chart of mirrored bars."""
_MAX_LABELS = 5
_GAP = 1.2


def histogram(
    edges: Sequence[float], counts: Sequence[int], threshold: float | None, t: Translator
) -> Markup:
    """Draw the histogram of the scores on a logarithmic scale, with the alerts right of the threshold.

    Args:
        edges: (bins + 1,) edges of the bins.
        counts: (bins,) rows in each bin.
        threshold: least score of the alerts; None without alerts.
        t: translator.
    """
    floor, top = HEIGHT - BOTTOM, TOP + 6
    low, high = _occupied_range(edges, counts)
    max_log = math.log10(1 + max(counts, default=1))

    def x(value: float) -> float:
        return HISTOGRAM_LEFT + (WIDTH - HISTOGRAM_LEFT - RIGHT) * (value - low) / ((high - low) or 1)

    def bin_bar(i: int) -> Markup:
        height = (floor - top) * math.log10(1 + counts[i]) / (max_log or 1)
        return _rect(x(edges[i]), floor - height, max(0.6, x(edges[i + 1]) - x(edges[i]) - _GAP), height)

    bars = Markup("").join(
        bin_bar(i) for i in range(len(counts)) if counts[i] and edges[i] < high and edges[i + 1] > low
    )
    cut = WIDTH - RIGHT if threshold is None else min(max(x(threshold), HISTOGRAM_LEFT), WIDTH - RIGHT)
    lines = [
        Markup('<line class="faint" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text x="{0}" dx="-6" y="{3:.1f}" text-anchor="end">{4}</text>').format(
            HISTOGRAM_LEFT, WIDTH - RIGHT, y, y + 4, t.whole(10**power)
        )
        for power in range(1, int(max_log) + 1)
        for y in (floor - (floor - top) * math.log10(1 + 10**power) / max_log,)
    ]  # fmt: skip
    last = _MAX_LABELS - 1
    ticks = [low + (high - low) * i / last for i in range(_MAX_LABELS)]
    labels = [_label(x(value), t.decimal(value, 2), i or -1, last) for i, value in enumerate(ticks)]
    body = Markup(
        '{lines}<g class="rows">{bars}</g>'
        '<clipPath id="right-of-cut"><rect data-cut="clip" x="{cut:.1f}" y="0" width="{width}" height="{height}"/></clipPath>'
        '<g class="alerts" clip-path="url(#right-of-cut)">{bars}</g>'
        '<line class="cut" data-cut="line" x1="{cut:.1f}" x2="{cut:.1f}" y1="{top}" y2="{floor}"/>{axis}{labels}'
    ).format(
        lines=Markup("").join(lines), bars=bars, cut=cut, width=WIDTH, height=HEIGHT, top=TOP, floor=floor,
        axis=_axis(floor, HISTOGRAM_LEFT), labels=Markup("").join(labels),
    )  # fmt: skip
    scale = {"low": low, "high": high, "left": HISTOGRAM_LEFT, "right": WIDTH - RIGHT}
    return _svg(body, t("results.scores_text"), scale)


def mirrored_bars(
    labels: Sequence[tuple[int, str]],
    rows: Sequence[float],
    alerts: Sequence[float],
    what: str,
    t: Translator,
    *,
    edges: bool = False,
    links: Sequence[tuple[str, str]] = (),
) -> Markup:
    """Draw all rows upwards and the alerts downwards, each half on its own scale.

    Args:
        labels: index of a bar and its text; with `edges`, index of an edge between two bars.
        rows: (bars,) all rows.
        alerts: (bars,) alerts.
        what: description for screen readers.
        t: translator.
        edges: whether the labels stand at the edges of the bars, the last one at the end.
        links: (bars,) address of the rows behind each bar, and its text; none for a drawing without links.
    """
    step = (WIDTH - LEFT - RIGHT) / max(1, len(rows))
    up, down = MIDDLE - TOP - 16, HEIGHT - BOTTOM - MIDDLE - 6
    max_rows, max_alerts = max(rows, default=1) or 1, max(alerts, default=1) or 1
    width = max(0.6, step - _GAP)
    above = [
        _rect(LEFT + i * step, MIDDLE - up * n / max_rows, width, up * n / max_rows)
        for i, n in enumerate(rows)
    ]
    below = [_rect(LEFT + i * step, MIDDLE + 2, width, down * n / max_alerts) for i, n in enumerate(alerts)]
    last = len(rows) if edges else max(1, len(rows) - 1)
    texts = [_label(LEFT + (i if edges else i + 0.5) * step, text, i, last) for i, text in labels]
    hits = [
        Markup('<a href="{}" tabindex="-1"><title>{}</title>{}</a>').format(
            address, text, _rect(LEFT + i * step, TOP, max(0.6, step), HEIGHT - BOTTOM - TOP)
        )
        for i, (address, text) in enumerate(links)
    ]
    body = Markup(
        '<text x="{x}" y="{y}">{most}</text><g class="rows">{above}</g><g class="alerts" data-bars="{down:.1f}">{below}</g>{axis}'
        '<text x="{x}" y="{low}" data-most></text>{texts}<g class="hits" aria-hidden="true">{hits}</g>'
    ).format(
        x=LEFT, y=TOP + 6, most=t("results.at_most", n=round(max_rows)), above=Markup("").join(above), down=down,
        below=Markup("").join(below), axis=_axis(MIDDLE + 1), low=HEIGHT - BOTTOM + 2, texts=Markup("").join(texts),
        hits=Markup("").join(hits),
    )  # fmt: skip
    return _svg(body, what, {}, role="group" if links else "img")


def time_labels(chart: Mapping[str, Any], t: Translator) -> list[tuple[int, str]]:
    """Return index and text of the labels of a time chart: hours within two days, else days or months."""
    labels: Sequence[str] = chart["labels"]
    try:
        moments = [datetime.fromisoformat(label) for label in labels]
    except ValueError:  # a time without a date: seconds since the first row, or steps
        return [(i, labels[i]) for i in _spread(len(labels))]
    if not moments:
        return []
    days = (moments[-1] - moments[0]).total_seconds() / 86_400
    months = t.catalogue.format.months

    def text(moment: datetime) -> str:
        if days <= 2:
            return f"{moment:%H:%M}"
        if days <= 400:
            return f"{moment.day} {months[moment.month - 1]}"
        return f"{months[moment.month - 1]} {moment.year}"

    return [(i, text(moments[i])) for i in _spread(len(moments))]


def amount_labels(chart: Mapping[str, Any], t: Translator) -> list[tuple[int, str]]:
    """Return index and text of the labels of an amount chart: edges of the buckets, with the least and the largest amount."""
    edges: Sequence[float] = chart["edges"]
    return [(i, short_amount(edges[i], t)) for i in _spread(len(edges))]


def short_amount(value: float, t: Translator) -> str:
    """Return an amount in few characters, such as 1,250 or 34 k."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scaled = value / (1e3 if unit == "k" else size)
            return f"{t.decimal(scaled, 0 if abs(scaled) >= 10 else 1)}\u00a0{unit}"
    return t.decimal(value, 0 if value == int(value) or abs(value) >= 100 else 2)


def bar(value: float, top: float) -> Markup:
    """Draw one horizontal bar; `top` is the value of a full one."""
    return Markup(
        '<svg class="chart" viewBox="0 0 100 6" height="10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rows" width="100" height="6" opacity=".35"/><rect class="alerts" width="{:.2f}" height="6"/></svg>'
    ).format(100 * value / top if top else 0)


def _spread(n: int) -> list[int]:
    """Return at most five evenly spread indices, including both ends."""
    count = min(n, _MAX_LABELS)
    return sorted({round(i * (n - 1) / max(1, count - 1)) for i in range(count)})


def _occupied_range(edges: Sequence[float], counts: Sequence[int]) -> tuple[float, float]:
    """Return the range of the non-empty bins with a margin of 2 %."""
    occupied = [i for i, count in enumerate(counts) if count]
    if not occupied:
        return 0.0, 1.0
    low, high = edges[occupied[0]], edges[occupied[-1] + 1]
    margin = 0.02 * (high - low)
    return max(edges[0], low - margin), min(edges[-1], high + margin)


def _rect(x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(x, y, width, height)


def _axis(y: float, left: float = LEFT) -> Markup:
    return Markup('<line class="axis" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>').format(left, WIDTH - RIGHT, y)


def _label(x: float, text: str, i: int, last: int) -> Markup:
    anchor = "start" if i <= 0 else "end" if i >= last else "middle"
    at = LEFT if i == 0 else WIDTH - RIGHT if i >= last else x
    return Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(at, HEIGHT - 6, anchor, text)


def _svg(body: Markup, what: str, data: dict[str, float], role: str = "img") -> Markup:
    attributes = Markup("").join(Markup(' data-{}="{}"').format(name, value) for name, value in data.items())
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="{}" aria-label="{}"{}>{}</svg>').format(
        WIDTH, HEIGHT, role, what, attributes, body
    )
