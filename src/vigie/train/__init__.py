"""The story of training: a labelled table in, a model out that knows how good it is.

    label     which value says fraud
    leaks     columns that are known only afterwards, found first
    split     rows to learn from, rows that judge once
    tune      parameters within a time budget
    heads     the transferable head and the own head, measured and fitted
    card      what to tell the owner
    shelve    to the store and the catalog

`examine` looks and decides, `teach` does the work, `train` is both. Nothing here reads a file or a setting.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl

from vigie import matching
from vigie.bundles.bundle import Bundle
from vigie.errors import InputRefused, UnknownColumn
from vigie.extras import require
from vigie.i18n.messages import msg
from vigie.matching.distributions import measure as spread
from vigie.matching.domains import UNSAID, domains
from vigie.models.trained.model import TrainedModel
from vigie.models.trained.table_model import Coverage
from vigie.models.trained.table_recognition import fingerprint
from vigie.roles import inference
from vigie.roles.definitions import role_of
from vigie.roles.inference import Roles
from vigie.table import Table
from vigie.train import heads, leaks, split
from vigie.train.card import html, markdown
from vigie.train.label import Label, read
from vigie.train.leaks import Leak
from vigie.train.publish import shelve
from vigie.train.split import Split

__all__ = ["Examined", "Trained", "examine", "shelve", "teach", "train"]

MOST_ROWS = 200_000
"""Rows a model is trained on; of a larger table whole customers are drawn."""

TRIALS, SECONDS = 40, 120.0
ALONE = 20_000
"""Rows up to which one thread does it: on a busy machine two wait for each other ten times longer than they save."""

DOUBT = 0.995
"""A measured ROC AUC from which the model's card asks for a second look."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Examined:
    """A labelled table, looked at before anything is learned.

    Attributes:
        label: which rows are fraud.
        frame: (rows, columns) typed, without the label; a sample of a very large table.
        roles: of its columns.
        domain: what it is about; empty where nothing says.
        leaks: columns with a reason to leave them out.
        split: which rows judge.
        rows: of the whole table.
        warnings: what the owner should know; phrases.
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
    def left_out(self) -> frozenset[str]:
        """Columns that nothing is learned from."""
        return frozenset(leak.column for leak in self.leaks if not leak.kept)

    def to_json(self) -> dict[str, Any]:
        """The plan, as plain JSON without a cell of the table."""
        return {
            "rows": self.rows,
            "rows_used": self.frame.height,
            "labelled": int(self.label.known.sum()),
            "frauds": self.label.frauds,
            "share": round(self.label.share, 6),
            "domain": self.domain,
            "held_out": {"by": self.split.how, "rows": len(self.split.judge)},
            "leaks": [
                {"column": leak.column, "reason": leak.reason, "kept": leak.kept} for leak in self.leaks
            ],
            "roles": self.roles.to_json(),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Trained:
    """A model that is not stored yet.

    Attributes:
        bundle: its files; its performance says what it reached on rows held out.
        examined: what was found before.
        summary: plain JSON.
        card: the model card, Markdown.
        page: the same with plots, HTML.
    """

    bundle: Bundle
    examined: Examined
    summary: dict[str, Any]
    card: str
    page: str = field(repr=False)


def quiet(stage: str, share: float) -> None:
    """Progress nobody watches."""


def examine(
    table: Table,
    *,
    label: str,
    positive: str = "",
    unlabelled: Sequence[str] = (),
    domain: str = "",
    keep: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Examined:
    """Reads the label, finds leaks, and decides which rows judge.

    Args:
        table: with its label.
        label: the column that says fraud or not.
        positive: its value that says fraud; found by its word where empty.
        unlabelled: its values that say nobody has decided.
        domain: what the table is about; found by its words where empty.
        keep: columns to keep although they look like leaks.
        roles: column -> role, where the owner knows better.
        seed: of everything drawn at random.
    """
    require("train", "training a model")
    found = read(table.typed, label, positive, unlabelled)
    for column in keep:
        if column not in table.typed.columns:
            raise UnknownColumn(column, table.typed.columns)
    frame = table.typed.drop(label)
    if not frame.width:
        raise InputRefused(
            msg("{source}: found no column beside the label, expected at least one", source=table.source)
        )
    meant = inference.infer(frame, roles)
    sample = split.whole_customers(frame, meant, MOST_ROWS, seed)
    if sample is not None:
        frame = frame[sample]
        found = replace(found, fraud=found.fraud[sample], known=found.known[sample])
    suspicious = leaks.find(frame, meant, found, keep, seed)
    _require_columns(table, meant, suspicious)
    ordered = leaks.ordered_by_label(found)
    warnings = _warnings(suspicious, ordered, sample is not None, frame.height)
    # Left out of everything: a feature made of a leak would leak as well.
    overrides = {item.column: item.role for item in meant.columns}
    overrides |= {leak.column: "none" for leak in suspicious if not leak.kept}
    overrides |= {
        leak.column: "number" for leak in suspicious if leak.kept and overrides[leak.column] == "leak"
    }
    final = inference.infer(frame, overrides)
    held = split.split(frame, final, found.fraud, found.known, seed)
    said = domain or _domain(frame, final)
    return Examined(found, frame, final, said, suspicious, held, table.typed.height, warnings)


def train(
    table: Table,
    *,
    label: str,
    name: str,
    positive: str = "",
    unlabelled: Sequence[str] = (),
    domain: str = "",
    keep: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    time_budget: float = SECONDS,
    trials: int = TRIALS,
    threads: int = 2,
    seed: int = 0,
    progress: Progress = quiet,
) -> Trained:
    """Examines a table, and makes a model of what was found.

    Args:
        table: with its label.
        label: the column that says fraud or not.
        name: of the model.
        positive: the label's value that says fraud; found by its word where empty.
        unlabelled: the label's values that say nobody has decided.
        domain: what the table is about; found by its words where empty.
        keep: columns to keep although they look like leaks.
        roles: column -> role, where the owner knows better.
        time_budget: seconds of searching parameters.
        trials: sets of parameters tried at most.
        threads: of XGBoost; the result does not depend on it.
        seed: of everything drawn at random.
        progress: told each stage and the share done.
    """
    progress("looking for leaks", 0.02)
    seen = examine(
        table, label=label, positive=positive, unlabelled=unlabelled, domain=domain, keep=keep, roles=roles, seed=seed
    )  # fmt: skip
    return teach(
        seen, name=name, time_budget=time_budget, trials=trials, threads=threads, seed=seed, progress=progress
    )


def teach(
    seen: Examined,
    *,
    name: str,
    time_budget: float = SECONDS,
    trials: int = TRIALS,
    threads: int = 2,
    seed: int = 0,
    progress: Progress = quiet,
) -> Trained:
    """Trains both heads of a model and measures them on rows held out.

    Whoever has let go of the table by now needs that much less memory: of a large one only the sample is held.

    Args:
        seen: the table, examined with the same seed.
        name: of the model.
        time_budget: seconds of searching parameters.
        trials: sets of parameters tried at most.
        threads: of XGBoost, on all but small tables; the result does not depend on it.
        seed: of everything drawn at random.
        progress: told each stage and the share done.
    """
    threads = threads if seen.frame.height > ALONE else 1
    salt = heads.salt_of(seen.label, seed)
    progress("gathering evidence", 0.1)
    first = heads.part(seen.frame, seen.roles, seen.label, seen.split.learn, seed)
    own = heads.remember(first, seen.roles, seen.left_out, salt)
    taught = heads.lesson(first, own, seed)
    tuned = heads.choose(
        first, taught, own, trials=trials, seconds=time_budget, seed=seed, threads=threads,
        heard=heads.listener(progress),
    )  # fmt: skip
    progress("measuring on the rows held out", 0.75)
    model = heads.fit(first, seen.roles, own, taught, tuned, seed=seed, threads=threads)
    del first, taught
    held = heads.part(seen.frame, seen.roles, seen.label, seen.split.judge, seed)
    mine, transferable, coverage, curves = heads.measure(model, held, seen.roles, seed)
    del held
    progress("fitting on all rows", 0.85)
    whole = heads.part(seen.frame, seen.roles, seen.label, np.arange(seen.frame.height), seed)
    own = heads.remember(whole, seen.roles, seen.left_out, salt)
    model = heads.fit(
        whole, seen.roles, own, heads.lesson(whole, own, seed), tuned, seed=seed, threads=threads
    )
    model = replace(model, skill=mine.performance["roc_auc"])
    performance = _performance(seen, mine, transferable, coverage, tuned)
    calibration = {"format": 1, "kind": "trained", "own": mine.calibrator.to_json(),
                   "transferable": transferable.calibrator.to_json()}  # fmt: skip
    progress("writing the card", 0.97)
    profile = _profile(seen, model, whole)
    recipe = model.recipe()
    bundle = Bundle(
        name, _version(model, recipe), model.to_bytes(), recipe, calibration, performance, profile
    )
    summary = {**seen.to_json(), "name": name, "version": bundle.version, "performance": performance}
    summary["warnings"] = [*seen.warnings, *_too_good(mine.performance)]
    card = markdown(summary, model)
    return Trained(bundle, seen, summary, card, html(summary, card, curves))


def _require_columns(table: Table, roles: Roles, suspicious: Sequence[Leak]) -> None:
    out = {leak.column for leak in suspicious if not leak.kept}
    useless = {item.column for item in roles.columns if item.definition.ignored and item.role != "leak"}
    if all(item.column in out | useless for item in roles.columns):
        raise InputRefused(
            msg(
                "{source}: no column is left to learn from once leaks are out, expected at least one",
                source=table.source,
            ),
            hint="keep a column that is known when a transaction is scored with --keep-column COLUMN",
        )


def _warnings(suspicious: Sequence[Leak], ordered: bool, sampled: bool, rows: int) -> tuple[str, ...]:
    out = [
        msg(
            "column {column!r} looks like a leak but was kept: {reason}",
            column=leak.column,
            reason=leak.reason,
        )
        for leak in suspicious
        if leak.kept
    ]
    if ordered:
        out.append(msg("the rows are ordered by the label, so their order was ignored"))
    if sampled:
        out.append(msg("trained on {rows:,} rows of whole customers, drawn from the table", rows=rows))
    return tuple(out)


def _too_good(measured: Mapping[str, Any]) -> list[str]:
    if measured["roc_auc"] < DOUBT:
        return []
    return [
        msg(
            "a ROC AUC of {auc:.3f} is nearly perfect: ask for every column whether it is known at the moment of scoring",
            auc=measured["roc_auc"],
        )
    ]


def _domain(frame: pl.DataFrame, roles: Roles) -> str:
    scores = matching.describe(frame, roles).domain.scores
    best = max(scores, key=lambda name: scores[name], default="")
    return best if best in domains() and scores[best] > UNSAID else ""


def _performance(
    seen: Examined, mine: heads.Measured, transferable: heads.Measured, coverage: Coverage, tuned: Any
) -> dict[str, Any]:
    by = {
        "time": "the last fifth of the time",
        "customer": "a fifth of the customers",
        "chance": "a fifth of the rows",
    }
    return {
        "format": 1,
        "measured_on": f"{by[seen.split.how]}, held out and looked at once; the stored trees then learned from all rows",
        "own": mine.performance,
        "transferable": transferable.performance,
        "held_out": {"by": seen.split.how, "there": round(coverage.there, 4), "alike": round(coverage.alike, 4),
                     "columns": round(coverage.columns, 4)},
        "tuning": {"trials": tuned.trials, "seconds": tuned.seconds, "average_precision": round(tuned.average_precision, 4),
                   "boosters": [asdict(chosen) for chosen in tuned.boosters]},
    }  # fmt: skip


def _profile(seen: Examined, model: TrainedModel, whole: heads.Part) -> dict[str, Any]:
    """What the catalog matches on, and what the table is known again by; no value of the table is in it."""
    own = model.own.own
    counted = Counter(item.role for item in seen.roles.columns)
    types = {item.column: str(seen.frame.schema[item.column].base_type()) for item in seen.roles.columns}
    return {
        "format": 1,
        "domain": seen.domain,
        "view": "own",
        "typologies": [],
        "columns": [{"name": c.column, "role": c.role, "type": types[c.column]} for c in seen.roles.columns],
        "roles": dict.fromkeys(sorted(counted), 1.0),
        "quantiles": spread(whole.evidence.features).to_json(),
        "rows": seen.rows,
        "prevalence": round(seen.label.share, 6),
        "trained_on": {
            "rows": seen.frame.height,
            "labelled": int(seen.label.known.sum()),
            "frauds": seen.label.frauds,
        },
        "own": fingerprint(own.sketches, own.salt, _worth(model)),
    }


def _worth(model: TrainedModel) -> dict[str, float]:
    """Column -> what it is worth: half by what the trees gain from it, half the same for all, since features need columns too."""
    gain: dict[str, float] = {}
    at = 0
    for encoder in model.own.own.encoders:
        size = len(encoder.outputs)
        gain[encoder.column] = gain.get(encoder.column, 0.0) + sum(model.own.gain[at : at + size])
        at += size
    used = [item.name for item in model.own.own.sketches if not role_of(item.role).excluded]
    total = max(sum(gain.values()), 1e-9)
    share = {name: 0.5 / len(used) + 0.5 * gain.get(name, 0.0) / total for name in used}
    return {name: float(f"{value / sum(share.values()):.4g}") for name, value in share.items()}


def _version(model: TrainedModel, recipe: Mapping[str, Any]) -> str:
    whole = sha256(model.to_bytes() + json.dumps(recipe, sort_keys=True).encode())
    return f"1-{whole.hexdigest()[:8]}"
