"""Small charts as SVG, drawn here so that they print, need no script and can stand in the report.

Pure: numbers and texts in, markup out. The bars of the rows to look at carry the class `alerts`; `charts.js` moves them when
the budget moves, by the same rules. Colours are the style sheet's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup

from vigie.i18n.translator import Translator

WIDTH, HEIGHT = 440, 190
LEFT, RIGHT, TOP, BOTTOM = 6, 6, 8, 26
MARGIN = 44
"""Where the histogram begins, right of its numbers."""
MIDDLE = 100
"""Where the two halves of a double chart meet."""
_LABELS = 4
_GAP = 1.2


def scores(
    edges: Sequence[float], counts: Sequence[int], threshold: float | None, said: Translator
) -> Markup:
    """Histogram of the scores, heights in powers of ten; right of the threshold the rows to look at."""
    floor, top = HEIGHT - BOTTOM, TOP + 6
    low, high = _span(edges, counts)
    most = math.log10(1 + max(counts, default=1))

    def x(value: float) -> float:
        return MARGIN + (WIDTH - MARGIN - RIGHT) * (value - low) / ((high - low) or 1)

    def bar(i: int) -> Markup:
        height = (floor - top) * math.log10(1 + counts[i]) / (most or 1)
        return _rect(x(edges[i]), floor - height, max(0.6, x(edges[i + 1]) - x(edges[i]) - _GAP), height)

    bars = Markup("").join(
        bar(i) for i in range(len(counts)) if counts[i] and edges[i] < high and edges[i + 1] > low
    )
    cut = WIDTH - RIGHT if threshold is None else min(max(x(threshold), MARGIN), WIDTH - RIGHT)
    lines = [
        Markup('<line class="faint" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text x="{0}" dx="-6" y="{3:.1f}" text-anchor="end">{4}</text>').format(
            MARGIN, WIDTH - RIGHT, y, y + 4, said.whole(10**power)
        )
        for power in range(1, int(most) + 1)
        for y in (floor - (floor - top) * math.log10(1 + 10**power) / most,)
    ]  # fmt: skip
    marks = [low + (high - low) * i / _LABELS for i in range(_LABELS + 1)]
    labels = [_label(x(value), said.decimal(value, 2), i or -1, _LABELS) for i, value in enumerate(marks)]
    body = Markup(
        '{lines}<g class="rows">{bars}</g>'
        '<clipPath id="right-of-cut"><rect data-cut="clip" x="{cut:.1f}" y="0" width="{width}" height="{height}"/></clipPath>'
        '<g class="alerts" clip-path="url(#right-of-cut)">{bars}</g>'
        '<line class="cut" data-cut="line" x1="{cut:.1f}" x2="{cut:.1f}" y1="{top}" y2="{floor}"/>{axis}{labels}'
    ).format(
        lines=Markup("").join(lines), bars=bars, cut=cut, width=WIDTH, height=HEIGHT, top=TOP, floor=floor,
        axis=_axis(floor, MARGIN), labels=Markup("").join(labels),
    )  # fmt: skip
    return _svg(
        body, said("results.scores_text"), {"low": low, "high": high, "left": MARGIN, "right": WIDTH - RIGHT}
    )


def double(
    labels: Sequence[tuple[int, str]],
    rows: Sequence[float],
    alerts: Sequence[float],
    what: str,
    said: Translator,
) -> Markup:
    """All rows upwards, the rows to look at downwards, each half on a scale of its own.

    Args:
        labels: position among the bars, and text.
        rows: (n,) all rows.
        alerts: (n,) rows to look at.
        what: says what the chart shows, for who cannot see it.
        said: texts.
    """
    step = (WIDTH - LEFT - RIGHT) / max(1, len(rows))
    up, down = MIDDLE - TOP - 16, HEIGHT - BOTTOM - MIDDLE - 6
    most, most_alerts = max(rows, default=1) or 1, max(alerts, default=1) or 1
    above = [
        _rect(LEFT + i * step, MIDDLE - up * value / most, max(0.6, step - _GAP), up * value / most)
        for i, value in enumerate(rows)
    ]
    below = [
        _rect(LEFT + i * step, MIDDLE + 2, max(0.6, step - _GAP), down * value / most_alerts)
        for i, value in enumerate(alerts)
    ]
    texts = [_label(LEFT + (i + 0.5) * step, text, i, max(1, len(rows) - 1)) for i, text in labels]
    body = Markup(
        '<text x="{x}" y="{y}">{most}</text><g class="rows">{above}</g><g class="alerts" data-bars="{down:.1f}">{below}</g>{axis}'
        '<text x="{x}" y="{low}" data-most>{most_alerts}</text>{texts}'
    ).format(
        x=LEFT, y=TOP + 6, most=said("results.at_most", n=round(most)), above=Markup("").join(above), down=down,
        below=Markup("").join(below), axis=_axis(MIDDLE + 1), low=HEIGHT - BOTTOM + 2,
        most_alerts="", texts=Markup("").join(texts),
    )  # fmt: skip
    return _svg(body, what, {})


def times(labels: Sequence[str], said: Translator) -> list[tuple[int, str]]:
    """Which bars of a time chart are named, and how: by hour within a day or two, else by day or month."""
    try:
        moments = [datetime.fromisoformat(label) for label in labels]
    except ValueError:  # a time that only counts: seconds since the first row, or steps
        return [(i, labels[i]) for i in _spread(len(labels))]
    if not moments:
        return []
    days = (moments[-1] - moments[0]).total_seconds() / 86_400
    months = said.catalogue.format.months

    def text(moment: datetime) -> str:
        if days <= 2:
            return f"{moment:%H:%M}"
        if days <= 400:
            return f"{moment.day} {months[moment.month - 1]}"
        return f"{months[moment.month - 1]} {moment.year}"

    return [(i, text(moments[i])) for i in _spread(len(moments))]


def amounts(edges: Sequence[float], said: Translator) -> list[tuple[int, str]]:
    """Which bars of an amount chart are named: by where they begin."""
    return [(i, short(edges[i], said)) for i in _spread(len(edges) - 1)]


def short(value: float, said: Translator) -> str:
    """An amount in little room: 1,250 or 34 k."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scaled = value / (1e3 if unit == "k" else size)
            return f"{said.decimal(scaled, 0 if abs(scaled) >= 10 else 1)}\u00a0{unit}"
    return said.decimal(value, 0 if value == int(value) or abs(value) >= 100 else 2)


def share_bar(value: float, most: float) -> Markup:
    """One bar of a list of kinds; `value` may be moved by the script."""
    width = 100 * value / most if most else 0
    return Markup(
        '<svg class="chart" viewBox="0 0 100 6" height="10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rows" width="100" height="6" opacity=".35"/><rect class="alerts" width="{:.2f}" height="6"/></svg>'
    ).format(width)


def _spread(n: int) -> list[int]:
    """At most five positions, evenly spread, the ends among them."""
    count = min(n, _LABELS + 1)
    return sorted({round(i * (n - 1) / max(1, count - 1)) for i in range(count)})


def _span(edges: Sequence[float], counts: Sequence[int]) -> tuple[float, float]:
    """The part of the scores that has rows, with a little air."""
    full = [i for i, count in enumerate(counts) if count]
    if not full:
        return 0.0, 1.0
    low, high = edges[full[0]], edges[full[-1] + 1]
    air = 0.02 * (high - low)
    return max(edges[0], low - air), min(edges[-1], high + air)


def _rect(x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(x, y, width, height)


def _axis(y: float, left: float = LEFT) -> Markup:
    return Markup('<line class="axis" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>').format(left, WIDTH - RIGHT, y)


def _label(x: float, text: str, i: int, last: int) -> Markup:
    anchor = "start" if i <= 0 else "end" if i >= last else "middle"
    at = LEFT if i == 0 else WIDTH - RIGHT if i >= last else x
    return Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(at, HEIGHT - 6, anchor, text)


def _svg(body: Markup, what: str, data: dict[str, float]) -> Markup:
    kept = Markup("").join(Markup(' data-{}="{}"').format(name, value) for name, value in data.items())
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"{}>{}</svg>').format(
        WIDTH, HEIGHT, what, kept, body
    )
