"""A prediction as HTML for a notebook: what to look at, one chart, the reasons.

Shows no cell of the table: a notebook is saved with its output. Columns by name, rows by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import polars as pl

from vigie.i18n.precision import precision_sentence
from vigie.i18n.translator import Translator

ROWS = 5
"""Rows that are shown."""
BINS = 20
_WIDTH, _HEIGHT, _LABEL = 600, 110, 16


def prediction_html(summary: Mapping[str, Any], results: pl.DataFrame, language: str) -> str:
    """Return a prediction as HTML, without scripts or links.

    Args:
        summary: of the prediction.
        results: (rows, 7) the result columns.
        language: of the texts.
    """
    t = Translator(language)
    parts = [
        f"<p><strong>{escape(_alerts(summary, t))}</strong></p>",
        *(f"<p>{escape(line)}</p>" for line in _estimates(summary, t)),
        _chart(results, t),
        _table(summary["top"][:ROWS], t),
    ]
    return f'<div class="vigie" lang="{escape(t.language)}">{"".join(parts)}</div>'


def _alerts(summary: Mapping[str, Any], t: Translator) -> str:
    count, rows = summary["alerts"], summary["rows"]
    if not count:
        return t("cli.no_alerts")
    return t("cli.alerts", count=t("check.rows", n=count), share=t.percent(count / max(rows, 1)))


def _estimates(summary: Mapping[str, Any], t: Translator) -> list[str]:
    if not summary["calibrated"]:
        return [t("cli.abstains", why=t.message(summary["abstained_because"])), t("cli.still_ranks")]
    precision = summary["alert_precision"]
    if not precision or not summary["alerts"]:
        return []
    return [precision_sentence(precision, t)]


def _table(top: Sequence[Mapping[str, Any]], t: Translator) -> str:
    if not top:
        return ""
    known = any(row["fraud_probability"] is not None for row in top)
    names = ["row", "score", *(["probability"] if known else []), "reasons"]
    heads = "".join(f"<th>{escape(t(f'cli.{name}'))}</th>" for name in names)
    lines = []
    for row in top:
        chance = row["fraud_probability"]
        cells = [t.whole(row["row"]), t.decimal(row["fraud_score"], 3)]
        cells += ["" if chance is None else t.percent(chance)] if known else []
        texts = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f'<tr>{texts}<td style="text-align:left">{escape(row["reasons"] or "")}</td></tr>')
    return (
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        f"<p>{escape(t('notebook.row_note'))}</p>"
    )


def _chart(results: pl.DataFrame, t: Translator) -> str:
    """Return a histogram of the scores, on a square-root scale so that few alerts are visible beside many rows."""
    score, alert = results["fraud_score"].to_numpy(), results["alert"].to_numpy() == 1
    edges = np.linspace(0, 1, BINS + 1)
    counts, alerts = np.histogram(score, edges)[0], np.histogram(score[alert], edges)[0]
    top = np.sqrt(max(int(counts.max()), 1))
    width, bars = _WIDTH / BINS, []
    for number, (count, alerted) in enumerate(zip(counts.tolist(), alerts.tolist(), strict=True)):
        if not count:
            continue
        height = _HEIGHT * np.sqrt(count) / top
        red = height * alerted / count
        title = f"{t.decimal(edges[number])}–{t.decimal(edges[number + 1])}: {t('check.rows', n=count)}"
        bars.append(
            f"<g><title>{escape(title)}</title>{_bar(number, width, height, 'currentColor', 0.35)}"
            f"{_bar(number, width, red, '#c62828', 1)}</g>"
        )
    label = escape(t("notebook.chart"))
    ends = "".join(
        f'<text x="{x}" y="{_HEIGHT + _LABEL - 3}" text-anchor="{anchor}">{t.whole(x / _WIDTH)}</text>'
        for x, anchor in ((0, "start"), (_WIDTH, "end"))
    )
    return (
        f'<figure style="margin:0.5em 0"><svg viewBox="0 0 {_WIDTH} {_HEIGHT + _LABEL}" width="{_WIDTH}" role="img" '
        f'aria-label="{label}" style="max-width:100%;font-size:12px" fill="currentColor">{"".join(bars)}{ends}</svg>'
        f"<figcaption>{label}</figcaption></figure>"
    )


def _bar(number: int, width: float, height: float, colour: str, opacity: float) -> str:
    """Return one bar, from the bottom."""
    return (
        f'<rect x="{number * width + 1:.1f}" y="{_HEIGHT - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}" '
        f'fill="{colour}" fill-opacity="{opacity}"/>'
    )
