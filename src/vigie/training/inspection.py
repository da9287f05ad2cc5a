"""Inspection of a labelled table before training: label, roles, domain, leaks and split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from vigie import matching
from vigie.errors import InputRefused, UnknownColumn
from vigie.extras import require
from vigie.i18n.messages import msg
from vigie.matching.domains import NEUTRAL_SCORE, domains
from vigie.roles import inference
from vigie.roles.inference import Roles
from vigie.table import Table
from vigie.training import leaks, splitting
from vigie.training.labels import Label, read_label
from vigie.training.leaks import Leak
from vigie.training.splitting import Split

MAX_ROWS = 200_000
"""Rows a model is trained on; of a larger table, whole customers are drawn."""


@dataclass(frozen=True)
class TrainingPlan:
    """A labelled table as training will use it.

    Attributes:
        label: which rows are fraud.
        frame: (rows, columns) typed, without the label; a sample of a very large table.
        roles: of its columns.
        domain: what it is about; empty where unknown.
        leaks: columns with a reason to exclude them.
        split: rows to train on and rows held out.
        rows: of the whole table.
        warnings: messages for the owner.
    """

    label: Label
    frame: pl.DataFrame
    roles: Roles
    domain: str
    leaks: tuple[Leak, ...]
    split: Split
    rows: int
    warnings: tuple[str, ...]

    @property
    def excluded_columns(self) -> frozenset[str]:
        """Columns that nothing is learned from."""
        return frozenset(leak.column for leak in self.leaks if not leak.kept)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON, without a cell of the table."""
        return {
            "rows": self.rows,
            "rows_used": self.frame.height,
            "labelled": int(self.label.known.sum()),
            "frauds": self.label.frauds,
            "share": round(self.label.share, 6),
            "domain": self.domain,
            "held_out": {"by": self.split.by, "rows": len(self.split.holdout)},
            "leaks": [
                {"column": leak.column, "reason": leak.reason, "kept": leak.kept} for leak in self.leaks
            ],
            "roles": self.roles.to_json(),
            "warnings": list(self.warnings),
        }


def inspect(
    table: Table,
    *,
    label: str,
    positive: str = "",
    unlabelled: Sequence[str] = (),
    domain: str = "",
    keep: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    seed: int = 0,
) -> TrainingPlan:
    """Read the label, find leaks, and split the rows.

    Args:
        table: with its label.
        label: name of the label column.
        positive: its value that means fraud; recognised by its word where empty.
        unlabelled: its values that mean unknown.
        domain: what the table is about; recognised by its words where empty.
        keep: columns to keep although they look like leaks.
        roles: column -> role, which overrides inference.
        seed: of everything drawn at random.

    Raises:
        UnknownColumn: `label` or a column of `keep` does not exist.
        InputRefused: the label or the columns do not suffice for training.
    """
    require("train", "training a model")
    found = read_label(table.typed, label, positive, unlabelled)
    for column in keep:
        if column not in table.typed.columns:
            raise UnknownColumn(column, table.typed.columns)
    frame = table.typed.drop(label)
    if not frame.width:
        raise InputRefused(
            msg("{source}: found no column beside the label, expected at least one", source=table.source)
        )
    inferred = inference.infer(frame, roles)
    sample = splitting.sample_customers(frame, inferred, MAX_ROWS, seed)
    if sample is not None:
        frame = frame[sample]
        found = replace(found, fraud=found.fraud[sample], known=found.known[sample])
    suspicious = leaks.find_leaks(frame, inferred, found, keep, seed)
    _require_columns(table, inferred, suspicious)
    warnings = _warnings(suspicious, leaks.ordered_by_label(found), sample is not None, frame.height)
    # A leak must not reach a feature either.
    overrides = {item.column: item.role for item in inferred.columns}
    overrides |= {leak.column: "none" for leak in suspicious if not leak.kept}
    overrides |= {
        leak.column: "number" for leak in suspicious if leak.kept and overrides[leak.column] == "leak"
    }
    final = inference.infer(frame, overrides)
    split = splitting.split(frame, final, found.fraud, found.known, seed)
    domain = domain or _recognise_domain(frame, final)
    return TrainingPlan(found, frame, final, domain, suspicious, split, table.typed.height, warnings)


def _require_columns(table: Table, roles: Roles, suspicious: Sequence[Leak]) -> None:
    unused = {leak.column for leak in suspicious if not leak.kept}
    unused |= {item.column for item in roles.columns if item.definition.ignored and item.role != "leak"}
    if unused >= {item.column for item in roles.columns}:
        raise InputRefused(
            msg(
                "{source}: no column is left to learn from once leaks are out, expected at least one",
                source=table.source,
            ),
            hint="keep a column that is known when a transaction is scored with --keep-column COLUMN",
        )


def _warnings(suspicious: Sequence[Leak], ordered: bool, sampled: bool, rows: int) -> tuple[str, ...]:
    kept = "column {column!r} looks like a leak but was kept: {reason}"
    out = [msg(kept, column=leak.column, reason=leak.reason) for leak in suspicious if leak.kept]
    if ordered:
        out.append(msg("the rows are ordered by the label, so their order was ignored"))
    if sampled:
        out.append(msg("trained on {rows:,} rows of whole customers, drawn from the table", rows=rows))
    return tuple(out)


def _recognise_domain(frame: pl.DataFrame, roles: Roles) -> str:
    scores = matching.describe(frame, roles).domain.scores
    best = max(scores, key=lambda name: scores[name], default="")
    return best if best in domains() and scores[best] > NEUTRAL_SCORE else ""
