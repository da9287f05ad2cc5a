"""The model card: training data, performance, inputs and caveats of a model, as Markdown and as HTML with plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.models.trained.model import TrainedModel

_MODELS = (("own", "on tables with its own columns"), ("transferable", "on any other table"))
_TOP_INPUTS = 15


def markdown(summary: Mapping[str, Any], model: TrainedModel) -> str:
    """Return the model card.

    Args:
        summary: of the training.
        model: the model.
    """
    performance = summary["performance"]
    parts = [
        f"# {summary['name']} {summary['version']}",
        _about(summary),
        "## How good it is",
        f"Measured on {performance['measured_on']}.",
        _table(
            ["", *(title for _, title in _MODELS)],
            [[what, *(_cell(performance[head], key) for head, _ in _MODELS)] for what, key in _FIGURES],
        ),
        _budgets(performance["own"]),
        _slices(performance["own"]),
        "## Most important inputs",
        _inputs(model),
        "## Columns left out",
        _leaks(summary["leaks"]),
    ]
    if summary["warnings"]:
        parts += ["## Warnings", "\n".join(f"- {text}" for text in summary["warnings"])]
    parts += ["## What the bundle holds of the table", _HOLDS]
    return "\n\n".join(part for part in parts if part) + "\n"


_FIGURES = (
    ("ROC AUC", "roc_auc"),
    ("average precision", "average_precision"),
    ("precision in the top 1 %", "precision_at_1_percent"),
    ("calibration error", "calibration_error"),
    ("rows held out", "rows"),
    ("frauds among them", "frauds"),
)
_HOLDS = (
    "Names and roles of columns; rounded inner quantiles of numbers and lengths of texts; salted hashes of values that occur "
    "ten times or more in columns of at most 300 values, with how often they go with fraud. Of columns that name a person or "
    "a thing (customer, card, account, device, address …) no value in any form. The salt lies in the bundle: who holds the "
    "bundle and a guess of a category can check the guess."
)


def _about(summary: Mapping[str, Any]) -> str:
    share = 100 * summary["share"]
    domain = summary["domain"].replace("_", " ") or "unknown"
    tuning = summary["performance"]["tuning"]
    features = sum(one["weight"] for one in tuning["boosters"] if one["features"])
    return (
        f"Domain: {domain}. Learned from {summary['labelled']:,} labelled rows of {summary['rows']:,}, "
        f"{summary['frauds']:,} of them fraud ({share:.2f} %). Parameters: {len(tuning['boosters'])} of {tuning['trials']} "
        f"sets; trees that use features beside the table's own columns have {100 * features:.0f} % of the weight."
    )


def _cell(performance: Mapping[str, Any], key: str) -> str:
    value = performance.get(key)
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _budgets(performance: Mapping[str, Any]) -> str:
    rows = [
        [f"{100 * b['share']:g} %", f"{100 * b['precision']:.0f} %", f"{100 * b['recall']:.0f} %"]
        for b in performance["budgets"]
    ]
    return _table(["rows reviewed", "of them fraud", "of all frauds found"], rows) if rows else ""


def _slices(performance: Mapping[str, Any]) -> str:
    rows = [
        [
            str(number),
            f"{s['rows']:,}",
            f"{s['frauds']:,}",
            f"{s['roc_auc']:.3f}",
            f"{s['average_precision']:.3f}",
        ]
        for number, s in enumerate(performance.get("time_slices", []), start=1)
    ]
    head = ["slice of the time held out", "rows", "frauds", "ROC AUC", "average precision"]
    return _table(head, rows) if rows else ""


def _inputs(model: TrainedModel) -> str:
    order = np.argsort(-np.array(model.table_model.gain), kind="stable")[:_TOP_INPUTS]
    names = model.table_model.encoder.inputs
    rows = [
        [names[i].replace("_", " "), f"{100 * model.table_model.gain[i]:.0f} %"]
        for i in order.tolist()
        if model.table_model.gain[i] >= 0.005
    ]
    return _table(["input", "share of the gain"], rows)


def _leaks(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return "None: no column tells the label alone, and none is known only afterwards by its name."
    return "\n".join(
        f"- `{leak['column']}`{' (kept by the owner)' if leak['kept'] else ''}: {leak['reason']}"
        for leak in found
    )


def html(summary: Mapping[str, Any], card: str, curves: Mapping[str, Floats]) -> str:
    """Return the card as an HTML page.

    Args:
        summary: of the training.
        card: the same as Markdown.
        curves: (rows held out,) `label`, and the margins `own` and `transferable`.
    """
    body = "\n".join(_blocks(card))
    plots = "".join(_plot(*one) for one in _curves(curves))
    title = escape(f"{summary['name']} {summary['version']}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
        f'<main>{body}<h2>Curves on the rows held out</h2><div class="plots">{plots}</div></main></html>\n'
    )


_STYLE = (
    ":root{color-scheme:light dark;--text:#1d2b2b;--page:#fff;--line:#d7dfdf;--own:#0b6e6e;--transferable:#b35f3c}"
    "@media(prefers-color-scheme:dark){:root{--text:#e6eded;--page:#0f1516;--line:#2c3839;--own:#6fc9c2;--transferable:#f0a37f}}"
    "body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);margin:0}"
    "main{max-width:52rem;margin:2rem auto;padding:0 1rem}h1,h2{color:var(--own);overflow-wrap:anywhere}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;max-width:100%;overflow-x:auto}"
    "td,th{border-bottom:1px solid var(--line);padding:.3rem .8rem;text-align:left;font-variant-numeric:tabular-nums}"
    ".plots{display:flex;flex-wrap:wrap;gap:1.5rem}svg{max-width:100%}svg text{font-size:11px;fill:var(--text)}"
    "polyline{fill:none;stroke-width:2}path{fill:none;stroke:#8a9a9a}"
    "polyline.own{stroke:var(--own)}text.own{fill:var(--own)}"
    "polyline.transferable{stroke:var(--transferable)}text.transferable{fill:var(--transferable)}"
    "@media(max-width:30rem){td,th{padding:.3rem .4rem}}"
)
_SIZE, _EDGE = 260, 36

Points = list[tuple[float, float]]


def _curves(curves: Mapping[str, Floats]) -> list[tuple[str, str, str, dict[str, Points]]]:
    fraud = curves["label"] > 0
    both = {name: curves[name] for name, _ in _MODELS}
    return [
        ("Precision and recall", "share of all frauds found", "precision", {n: _precision(fraud, m) for n, m in both.items()}),
        ("Frauds found by effort", "share of rows reviewed", "share of all frauds found", {n: _gain(fraud, m) for n, m in both.items()}),
    ]  # fmt: skip


def _precision(fraud: npt.NDArray[np.bool_], margin: Floats) -> Points:
    hits = np.cumsum(fraud[np.argsort(-margin, kind="stable")])
    at = np.arange(1, len(hits) + 1)
    return _thin(hits / max(hits[-1], 1), hits / at)


def _gain(fraud: npt.NDArray[np.bool_], margin: Floats) -> Points:
    hits = np.cumsum(fraud[np.argsort(-margin, kind="stable")])
    return _thin(np.arange(1, len(hits) + 1) / len(hits), hits / max(hits[-1], 1))


def _thin(x: Floats, y: Floats) -> Points:
    """Return at most eighty points, evenly along x: the shape of the curve, not the rows."""
    at = np.unique(np.searchsorted(x, np.linspace(x[0], 1, 80)).clip(0, len(x) - 1))
    return [(float(x[i]), float(y[i])) for i in at]


def _plot(title: str, x: str, y: str, lines: Mapping[str, Points]) -> str:
    def place(point: tuple[float, float]) -> str:
        return f"{_EDGE + point[0] * (_SIZE - 2 * _EDGE):.1f},{_SIZE - _EDGE - point[1] * (_SIZE - 2 * _EDGE):.1f}"

    drawn = "".join(
        f'<polyline class="{name}" points="{" ".join(map(place, points))}"/>'
        f'<text x="{_EDGE + 70 * number}" y="{_EDGE - 7}" class="{name}">{name} model</text>'
        for number, (name, points) in enumerate(lines.items())
    )
    far = _SIZE - _EDGE
    return (
        f'<svg role="img" aria-label="{escape(title)}" width="{_SIZE}" height="{_SIZE}" viewBox="0 0 {_SIZE} {_SIZE}">'
        f'<text x="{_EDGE}" y="14" font-weight="bold">{escape(title)}</text>'
        f'<path d="M{_EDGE},{_EDGE}V{far}H{far}"/>{drawn}'
        f'<text x="{_EDGE}" y="{_SIZE - 10}">{escape(x)}</text>'
        f'<text x="12" y="{far}" transform="rotate(-90 12 {far})">{escape(y)}</text></svg>'
    )


def _blocks(card: str) -> list[str]:
    """Convert the few kinds of Markdown blocks that the card uses to HTML."""
    out = []
    for block in card.strip().split("\n\n"):
        lines = block.split("\n")
        if block.startswith("#"):
            level = len(block) - len(block.lstrip("#"))
            out.append(f"<h{level}>{escape(block.lstrip('# '))}</h{level}>")
        elif block.startswith("|"):
            rows = [
                [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
            ]
            head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
            body = "".join(
                "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows[1:]
            )
            out.append(f"<table><tr>{head}</tr>{body}</table>")
        elif block.startswith("- "):
            out.append("<ul>" + "".join(f"<li>{_code(line[2:])}</li>" for line in lines) + "</ul>")
        else:
            out.append(f"<p>{_code(' '.join(lines))}</p>")
    return out


def _code(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
