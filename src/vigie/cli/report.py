"""Reports of `predict` and `match`, drawn from the summary's plain JSON alone.

Never shows a cell of the table: columns by name, rows by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vigie.cli.console import columns
from vigie.i18n.messages import shorten
from vigie.i18n.precision import precision_sentence
from vigie.i18n.translator import Translator

_UNUSED = ("none", "leak")
_BAR = 10
_BRIEF = 3
_NARROW = 100
_NO_CEILING = 0.5
_UNMEASURED = 0.5
"""Skill of a model that was never measured: that of a coin; not reported."""
_SEVERITY = {"error": "bold red", "warning": "yellow", "note": "dim"}
Summary = Mapping[str, Any]
Parts = Iterator[RenderableType]


def report(
    summary: Summary, t: Translator, *, source: str, width: int, written: Written | None = None
) -> Parts:
    """Yield the parts of the report of a prediction.

    Args:
        summary: of the prediction.
        t: texts of the reader's language.
        source: name of the table.
        width: in characters.
        written: where the predictions were written.
    """
    yield _title(summary, t, source)
    yield from _reading(summary, t)
    yield _roles(summary["roles"], t, width)
    yield from _labels(summary, t, source)
    yield _models(summary["matches"], t, brief=True)
    for warning in summary.get("warnings", ()):
        yield Text(t("cli.warning", text=t.message(warning)), style="yellow")
    if summary["top"]:
        yield _top(summary["top"], t)
    yield _decision(summary, t)
    if written is not None:
        names = ", ".join(written.names)
        yield Text(t("cli.written", path=written.path, count=str(len(written.names)), names=names))
        if written.set_aside is not None:
            yield Text(t("cli.set_aside", path=str(written.set_aside)), style="yellow")


def matched(summary: Summary, t: Translator, *, source: str, width: int, minimum: float) -> Parts:
    """Yield the parts of the report of `match`: roles, and models with every point of their similarity."""
    yield _title(summary, t, source)
    yield from _reading(summary, t)
    yield _roles(summary["roles"], t, width)
    yield from _labels(summary, t, source)
    yield _models(summary["matches"], t, minimum=minimum)


class Written:
    """Where the predictions were written, the names of the added columns, and the file of lines that were set aside."""

    def __init__(self, path: str, names: Sequence[str], set_aside: Path | None = None) -> None:
        self.path, self.names, self.set_aside = path, tuple(names), set_aside


def _title(summary: Summary, t: Translator, source: str) -> Text:
    size = f"{t('check.rows', n=summary['rows'])} × {t('check.columns', n=summary['columns'])}"
    return Text.assemble((source, "bold"), "  ", (size, "dim"))


def _reading(summary: Summary, t: Translator) -> Parts:
    """Yield what of the table was not understood, the gravest first; nothing where all was."""
    lines: list[RenderableType] = []
    for warning in summary.get("read", {}).get("warnings", ()):
        lines.append(Text(t.message(warning["message"]), style=_SEVERITY[warning["severity"]]))
        if warning["hint"]:
            lines.append(Padding(Text(t.message(warning["hint"])), (0, 0, 0, 2)))
    if lines:
        yield _section(t("cli.not_understood"), *lines)


def _labels(summary: Summary, t: Translator, source: str) -> Parts:
    """Yield how a model is trained, where a column looks like labels."""
    for column in summary.get("read", {}).get("labels", ())[:1]:
        text = t("cli.labels", column=_short(column), file=source, option=_quoted(column))
        yield Padding(Text(text, style="green"), (0, 0, 0, 2))


def _section(title: str, *parts: RenderableType) -> Group:
    return Group(Text(title, style="bold cyan"), *(Padding(part, (0, 0, 0, 2)) for part in parts))


def _roles(found: Sequence[Mapping[str, Any]], t: Translator, width: int) -> Group:
    wide = width >= _NARROW
    table = columns(t("cli.column"), t("cli.role"), *([t("cli.why")] if wide else []))
    used = [column for column in found if column["role"] not in _UNUSED]
    for column in used:
        evidence = t.role_reasons(column["evidence"])
        cells = [Text(_short(column["column"])), Text(t.name("role", column["role"]), style="green")]
        table.add_row(*cells, *([Text(evidence, style="dim")] if wide else []))
    parts: list[RenderableType] = [table]
    for role, phrase in (("none", "cli.unused"), ("leak", "cli.leak")):
        names = [_short(column["column"]) for column in found if column["role"] == role]
        if names:
            parts.append(
                Text(t(phrase, columns=", ".join(names)), style="yellow" if role == "leak" else "dim")
            )
    doubtful = min(used, key=lambda column: float(column["confidence"]), default=None)
    if doubtful is not None:
        parts.append(Text(t("cli.fix_roles", column=_quoted(doubtful["column"])), style="dim"))
    return _section(t("cli.roles"), *parts)


def _models(
    matches: Sequence[Mapping[str, Any]], t: Translator, *, minimum: float = 0.5, brief: bool = False
) -> Group:
    if not matches:
        least = t.decimal(minimum)
        return _section(t("cli.models"), Text(t("cli.no_models", minimum=least), style="yellow"))
    parts: list[RenderableType] = []
    width = max(len(match["name"]) for match in matches)
    for match in matches:
        parts.append(_model(match, t, width))
        points = Table.grid(padding=(0, 2, 0, 0))
        points.add_column(justify="right", style="dim")
        points.add_column(style="dim", ratio=1, overflow="fold")
        reasons = match["evidence"]
        for reason in sorted(reasons, key=lambda one: -one["points"])[:_BRIEF] if brief else reasons:
            points.add_row(t.decimal(reason["points"]), Text(t.match_reason(reason)))
        parts.append(Padding(points, (0, 0, 0, 2)))
    return _section(t("cli.models"), *parts)


def _model(match: Mapping[str, Any], t: Translator, width: int) -> Group:
    filled = round(_BAR * float(match["similarity"]))
    text = Text.assemble(
        (match["name"].ljust(width), "bold"), "  ",
        ("▰" * filled, "green"), ("▱" * (_BAR - filled), "dim"), " ",
        t("cli.similarity", value=t.decimal(match["similarity"])),
    )  # fmt: skip
    notes = [t.name("domain", match["domain"])]
    if match.get("weight") is not None:
        notes.append(t("cli.weight", value=t.percent(match["weight"])))
    if match.get("skill") not in {None, _UNMEASURED}:
        notes.append(t(f"cli.skill_{match['skill_by']}", value=t.decimal(match["skill"])))
    return Group(text, Padding(Text(" · ".join(notes), style="dim"), (0, 0, 0, 2)))


def _top(rows: Sequence[Mapping[str, Any]], t: Translator) -> Group:
    known = any(row["fraud_probability"] is not None for row in rows)
    worded = any(row["reasons"] for row in rows)
    heads = [
        t("cli.row"),
        t("cli.score"),
        *([t("cli.probability")] if known else []),
        *([t("cli.reasons")] if worded else []),
    ]
    table = columns(*heads, right=range(2 + known), last=worded)
    for row in rows:
        cells: list[RenderableType] = [
            t.whole(row["row"]),
            Text(t.decimal(row["fraud_score"], 3), style="bold red"),
        ]
        if known:
            chance = row["fraud_probability"]
            cells.append("" if chance is None else t.percent(chance))
        table.add_row(*cells, *([Text(row["reasons"] or "")] if worded else []))
    return _section(t("cli.top"), table, Text(t("cli.row_note"), style="dim"))


def _decision(summary: Summary, t: Translator) -> Group:
    lines: list[RenderableType] = []
    count, rows = int(summary["alerts"]), int(summary["rows"])
    share = t.percent(count / max(rows, 1))
    alerts = t("cli.alerts", count=t("check.rows", n=count), share=share) if count else t("cli.no_alerts")
    lines.append(Text(alerts, style="bold"))
    if "false_alert_bound" in summary:
        lines.append(Text(_bound(summary["false_alert_bound"], t)))
    precision = summary["alert_precision"]
    if count and precision:
        lines.append(Text(precision_sentence(precision, t)))
    prevalence = summary["prevalence"]
    if prevalence:
        shares = {key: t.percent(value) for key, value in prevalence.items()}
        lines.append(Text(t(_share_phrase(prevalence), **shares)))
    if not summary["calibrated"]:
        why = t.message(summary["abstained_because"])
        lines.append(Text(t("cli.abstains", why=why), style="yellow"))
        lines.append(Text(t("cli.still_ranks")))
    if summary["agreement"] is not None:
        lines.append(Text(t("cli.agreement", value=t.percent(summary["agreement"])), style="dim"))
    levels = "  ".join(f"{level} {t.whole(number)}" for level, number in summary["risk_levels"].items())
    lines.append(Text(t("cli.levels", levels=levels), style="dim"))
    return _section(t("cli.verdict"), *lines)


def _bound(bound: Mapping[str, Any], t: Translator) -> str:
    """Return what bounds the share of false alerts, or what it takes."""
    share = t.percent(bound["max_share"])
    if bound["count"]:
        return t("cli.false_alerts", share=share, frauds=bound["frauds"], reference=bound["reference"])
    return t("cli.false_alerts_unknown", share=share, labelled=bound["labelled"])


def _share_phrase(prevalence: Mapping[str, float]) -> str:
    if prevalence["low"] == prevalence["high"]:
        return "cli.prevalence_given"
    return "cli.prevalence_least" if prevalence["high"] > _NO_CEILING else "cli.prevalence"


def _quoted(column: str) -> str:
    """Return a column name quoted for a shell."""
    column = _short(column)
    return column if column.replace("_", "").isalnum() and column.isascii() else f"'{column}'"


def _short(column: str) -> str:
    """Return a column name in at most 80 characters."""
    return shorten(column, 80)
