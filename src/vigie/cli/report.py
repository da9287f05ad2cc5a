"""What a person reads after `predict` and `match`; works from the summary's plain JSON alone.

Never shows a cell of the table: columns by name, rows by number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vigie.cli.console import columns
from vigie.cli.words import Words
from vigie.matching.domains import label
from vigie.roles.definitions import ROLES

_SILENT = ("none", "leak")
_BAR = 10
_BRIEF = 3
_NARROW = 100
_NO_CEILING = 0.5
_UNMEASURED = 0.5
"""What a model counts whose skill nobody has measured: a coin's, and nothing to report."""
Summary = Mapping[str, Any]
Parts = Iterator[RenderableType]


def report(
    summary: Summary, words: Words, *, source: str, width: int, written: Written | None = None
) -> Parts:
    """The whole report of a prediction, part by part.

    Args:
        summary: of the prediction.
        words: of the reader's language.
        source: what the user calls the table.
        width: of the page, in characters.
        written: where the predictions are.
    """
    yield _title(summary, words, source)
    yield _roles(summary["roles"], words, width)
    yield _models(summary["matches"], words, brief=True)
    if summary["top"]:
        yield _top(summary["top"], words)
    yield _verdict(summary, words)
    if written is not None:
        names = ", ".join(written.names)
        yield Text(words("written", path=written.path, count=str(len(written.names)), names=names))


def matched(summary: Summary, words: Words, *, source: str, width: int, minimum: float) -> Parts:
    """What `match` found: roles, and models with every point of their similarity."""
    yield _title(summary, words, source)
    yield _roles(summary["roles"], words, width)
    yield _models(summary["matches"], words, minimum=minimum)


class Written:
    """Where the predictions went, and the names of the columns that are new there."""

    def __init__(self, path: str, names: Sequence[str]) -> None:
        self.path, self.names = path, tuple(names)


def _title(summary: Summary, words: Words, source: str) -> Text:
    size = f"{words.count(summary['rows'], 'row')} × {words.count(summary['columns'], 'column')}"
    return Text.assemble((source, "bold"), "  ", (size, "dim"))


def _section(title: str, *parts: RenderableType) -> Group:
    return Group(Text(title, style="bold cyan"), *(Padding(part, (0, 0, 0, 2)) for part in parts))


def _roles(found: Sequence[Mapping[str, Any]], words: Words, width: int) -> Group:
    wide = width >= _NARROW
    table = columns(words("column"), words("role"), *([words("why")] if wide else []))
    used = [column for column in found if column["role"] not in _SILENT]
    for column in used:
        evidence = words.evidence(column["evidence"])
        cells = [Text(column["column"]), Text(_role(column["role"], words), style="green")]
        table.add_row(*cells, *([Text(evidence, style="dim")] if wide else []))
    parts: list[RenderableType] = [table]
    for role, phrase in (("none", "unused"), ("leak", "leak")):
        names = [column["column"] for column in found if column["role"] == role]
        if names:
            parts.append(
                Text(words(phrase, columns=", ".join(names)), style="yellow" if role == "leak" else "dim")
            )
    doubtful = min(used, key=lambda column: float(column["confidence"]), default=None)
    if doubtful is not None:
        parts.append(Text(words("fix_roles", column=_quoted(doubtful["column"])), style="dim"))
    return _section(words("roles"), *parts)


def _models(
    matches: Sequence[Mapping[str, Any]], words: Words, *, minimum: float = 0.5, brief: bool = False
) -> Group:
    if not matches:
        least = words.decimal(minimum)
        return _section(words("models"), Text(words("no_models", minimum=least), style="yellow"))
    parts: list[RenderableType] = []
    width = max(len(match["name"]) for match in matches)
    for match in matches:
        parts.append(_model(match, words, width))
        points = Table.grid(padding=(0, 2, 0, 0))
        points.add_column(justify="right", style="dim")
        points.add_column(style="dim", ratio=1, overflow="fold")
        told = match["evidence"]
        for reason in sorted(told, key=lambda one: -one["points"])[:_BRIEF] if brief else told:
            points.add_row(words.decimal(reason["points"]), Text(words.pick(reason["en"], reason["fr"])))
        parts.append(Padding(points, (0, 0, 0, 2)))
    return _section(words("models"), *parts)


def _model(match: Mapping[str, Any], words: Words, width: int) -> Group:
    filled = round(_BAR * float(match["similarity"]))
    text = Text.assemble(
        (match["name"].ljust(width), "bold"), "  ",
        ("▰" * filled, "green"), ("▱" * (_BAR - filled), "dim"), " ",
        words("similarity", value=words.decimal(match["similarity"])),
    )  # fmt: skip
    notes = [words.pick(*label(match["domain"]))]
    if match.get("weight") is not None:
        notes.append(words("weight", value=words.share(match["weight"])))
    if match.get("skill") not in {None, _UNMEASURED}:
        notes.append(words(f"skill_{match['skill_by']}", value=words.decimal(match["skill"])))
    return Group(text, Padding(Text(" · ".join(notes), style="dim"), (0, 0, 0, 2)))


def _top(rows: Sequence[Mapping[str, Any]], words: Words) -> Group:
    known = any(row["fraud_probability"] is not None for row in rows)
    worded = any(row["reasons"] for row in rows)
    heads = [
        words("row"),
        words("score"),
        *([words("probability")] if known else []),
        *([words("reasons")] if worded else []),
    ]
    table = columns(*heads, right=range(2 + known), last=worded)
    for row in rows:
        cells: list[RenderableType] = [
            words.whole(row["row"]),
            Text(words.decimal(row["fraud_score"], 3), style="bold red"),
        ]
        if known:
            chance = row["fraud_probability"]
            cells.append("" if chance is None else words.share(chance))
        table.add_row(*cells, *([Text(row["reasons"] or "")] if worded else []))
    return _section(words("top"), table, Text(words("row_note"), style="dim"))


def _verdict(summary: Summary, words: Words) -> Group:
    lines: list[RenderableType] = []
    count, rows = int(summary["alerts"]), int(summary["rows"])
    share = words.share(count / max(rows, 1))
    alerts = words("alerts", count=words.count(count, "row"), share=share) if count else words("no_alerts")
    lines.append(Text(alerts, style="bold"))
    precision = summary["alert_precision"]
    if count and precision:
        lines.append(
            Text(words("precision", **{key: words.of_ten(value) for key, value in precision.items()}))
        )
    prevalence = summary["prevalence"]
    if prevalence:
        shares = {key: words.share(value) for key, value in prevalence.items()}
        lines.append(Text(words(_share_phrase(prevalence), **shares)))
    if not summary["calibrated"]:
        why = words.pick(summary["abstained_because"], summary["abstained_because_fr"])
        lines.append(Text(words("abstains", why=why), style="yellow"))
        lines.append(Text(words("still_ranks")))
    if summary["agreement"] is not None:
        lines.append(Text(words("agreement", value=words.share(summary["agreement"])), style="dim"))
    levels = "  ".join(f"{level} {words.whole(number)}" for level, number in summary["risk_levels"].items())
    lines.append(Text(words("levels", levels=levels), style="dim"))
    return _section(words("verdict"), *lines)


def _share_phrase(prevalence: Mapping[str, float]) -> str:
    if prevalence["low"] == prevalence["high"]:
        return "prevalence_given"
    return "prevalence_least" if prevalence["high"] > _NO_CEILING else "prevalence"


def _role(name: str, words: Words) -> str:
    role = ROLES.get(name)
    return words.pick(role.text_en, role.text_fr) if role else name


def _quoted(column: str) -> str:
    """A column as a shell wants it."""
    return column if column.replace("_", "").isalnum() and column.isascii() else f"'{column}'"
