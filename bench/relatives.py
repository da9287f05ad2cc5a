"""Several models of one owner on a table that none of them was trained on: who leads, and does their vote beat the best of them?

A family is four tables that resemble each other: three are labelled, and `vigie train` makes a model of each; the fourth is
scored without labels. Families are simulated (one domain with other parameters, columns, names and frauds; or four periods
of one simulated table), or slices of the labelled tables: by time, by chance, or by the values of a category. The slices of
the first three tables are renamed in three ways. It prints a line of JSON a family; arguments name families.

    python bench/relatives.py "kinds lending" "kinds p2p"     simulated tables of another kind, each in turn

scores each of the four simulated tables of a domain with the models of the other three, which know other columns, units and
frauds; VIGIE_BENCH_SEED chooses other tables than those of docs/training.md.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

import datasets
import train
from vigie import simulator, table, training
from vigie.bundles.verification import SignaturePolicy
from vigie.calibration import metrics
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.roles import inference
from vigie.starter_models import registry
from vigie.stores.open import connect
from vigie.training import splitting

FOLDER = Path(os.environ.get("VIGIE_BENCH_FOLDER", "/tmp/vigie-bench-relatives"))
SEED = int(os.environ.get("VIGIE_BENCH_SEED", "7000"))
"""First seed of simulated families; the starter models know lower ones only."""

SIMULATED = (
    "card_not_present", "mobile_money", "transfers", "insurance", "orders", "p2p", "card_present", "lending",
)  # fmt: skip
SLICED_SIMULATIONS = ("card_not_present", "mobile_money", "transfers", "orders", "p2p", "insurance")
MIN_FRAUDS = 34
"""Frauds in each part of a family: training wants 30."""

TRIALS, TABLE_ROWS = 4, 20_000


@dataclass(frozen=True)
class Part:
    """One table of a family; a label of -1 is unknown."""

    frame: pl.DataFrame
    label: np.ndarray


@dataclass(frozen=True)
class Family:
    """Tables that resemble each other; the last one is scored."""

    name: str
    kind: str
    parts: tuple[Part, ...]


def families() -> dict[str, Callable[[], Family | None]]:
    """Name -> a function that makes the family; it returns None where there are too few frauds."""
    out: dict[str, Callable[[], Family | None]] = {}
    for domain in SIMULATED:
        out[f"domain {domain}"] = partial(of_domain, domain)
        out[f"kinds {domain}"] = partial(of_domain, domain, "kinds")
    for domain in SLICED_SIMULATIONS:
        out[f"periods {domain}"] = partial(of_periods, domain)
    for folder in datasets.folders():
        for name in datasets.names(folder):
            out[f"slices {name}"] = partial(of_slices, name, folder)
            out[f"groups {name}"] = partial(of_groups, name, folder)
    return out


def of_domain(domain: str, kind: str = "domain") -> Family | None:
    """Four simulated tables of one domain: parameters, columns, names and frauds are drawn for each."""
    parts: list[Part] = []
    for seed in range(SEED, SEED + 400):
        made = simulator.generate(domain, seed, 4_000)
        if made.label.sum() >= MIN_FRAUDS and made.frame.width >= 6:
            parts.append(Part(made.frame, made.label.astype(int)))
        if len(parts) == 4:
            return Family(f"{kind} {domain}", kind, tuple(parts))
    return None


def of_periods(domain: str) -> Family | None:
    """Four periods of one simulated table."""
    for seed in range(SEED + 500, SEED + 900):
        made = simulator.generate(domain, seed, 16_000)
        if made.label.sum() >= 6 * MIN_FRAUDS and made.frame.width >= 6:
            return sliced(f"periods {domain}", "periods", made.frame, made.label.astype(int))
    return None


def of_slices(name: str, folder: Path) -> Family | None:
    """Four slices of a labelled table, by time where it has one."""
    data = datasets.load(name, rows=TABLE_ROWS, source=folder)
    label = np.where(data.labelled, data.label.astype(int), -1)
    return None if data.tier == "N" else sliced(f"slices {name}", "slices", data.frame, label)


def of_groups(name: str, folder: Path) -> Family | None:
    """Four slices of a labelled table by the values of a category: each has other habits."""
    data = datasets.load(name, rows=TABLE_ROWS, source=folder)
    label = np.where(data.labelled, data.label.astype(int), -1)
    if data.tier == "N":
        return None
    for column in data.frame.columns:
        cells = data.frame[column].cast(pl.String)
        if not 4 <= cells.n_unique() <= 40 or data.frame[column].dtype.is_float():
            continue
        codes = cells.rank("dense").fill_null(0).to_numpy()
        groups = balanced(codes.astype(np.int64), label)
        if groups is not None:
            return renamed(f"groups {name}", "groups", [Part(data.frame[g], label[g]) for g in groups])
    return None


def balanced(codes: np.ndarray, label: np.ndarray) -> list[np.ndarray] | None:
    """Four groups of whole values with enough frauds each; None where there are none."""
    values = sorted(set(codes.tolist()), key=lambda v: -int((codes == v).sum()))
    groups: list[list[int]] = [[], [], [], []]
    for value in values:
        least = min(range(4), key=lambda g: int(np.isin(codes, groups[g]).sum()))
        groups[least].append(value)
    rows = [np.flatnonzero(np.isin(codes, group)) for group in groups]
    enough = all((label[r] == 1).sum() >= MIN_FRAUDS and (label[r] == 0).sum() >= 200 for r in rows)
    return rows if enough else None


def sliced(name: str, kind: str, frame: pl.DataFrame, label: np.ndarray) -> Family | None:
    """Quarters of a table by time, or by chance."""
    typed = table.from_frame(frame, name).typed
    when = splitting.event_times(typed, inference.infer(typed))
    order = (
        np.random.default_rng(0).permutation(len(label)) if when is None else np.argsort(when, kind="stable")
    )
    parts = [Part(frame[rows], label[rows]) for rows in map(np.sort, np.array_split(order, 4))]
    if min(int((part.label == 1).sum()) for part in parts) < MIN_FRAUDS:
        return None
    return renamed(name, kind, parts)


def renamed(name: str, kind: str, parts: Sequence[Part]) -> Family:
    """The tables that are trained on under three other kinds of names; the last one keeps its own."""
    other = train.renamings(parts[-1].frame)
    names = [other["abbreviated"], other["camel case"], other["French"]]
    known = [Part(part.frame.rename(new), part.label) for part, new in zip(parts, names, strict=False)]
    return Family(name, kind, (*known, parts[-1]))


def trained(family: Family, folder: Path) -> list[ModelVersion]:
    """A model of each table, but of the last one only where each is scored in turn, published in a store of the folder."""
    catalog = Catalog(database.open(f"sqlite:///{folder}/training.sqlite"))
    entries = []
    for number, part in enumerate(family.parts if family.kind == "kinds" else family.parts[:-1]):
        labelled = part.frame.with_columns(pl.Series(train.LABEL, part.label))
        made = training.train(
            table.from_frame(labelled, family.name), label=train.LABEL, name=f"relative_{number}",
            positive="1", unlabelled=["-1"], keep=part.frame.columns, time_budget=1000, trials=TRIALS, threads=1,
        )  # fmt: skip
        store, policy = connect((folder / "models").as_uri()), SignaturePolicy(False, None, folder)
        entries.append(training.publish(catalog, made.bundle, store, policy, page=made.page))
    return entries


def fitted(frame: pl.DataFrame, entries: Sequence[ModelVersion]) -> pipeline.FittedTable:
    """The table scored by the starter models and those of the owner."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(database.open(f"sqlite:///{folder}/catalog.sqlite"))
        registry.register(catalog)
        catalog.register_all(entries)
        context = ScoringContext(catalog, train.open_bundle, Options(reasons=False))
        return pipeline.fit_table(table.from_frame(frame), context, keep=False)


def measured(done: pipeline.FittedTable, part: Part) -> dict[str, float]:
    """ROC AUC and AP of the scores on the labelled rows."""
    known, scores = part.label >= 0, done.prediction.additions["fraud_score"].to_numpy()
    auc, ap = metrics.measure(part.label[known] == 1, scores[known])[:2]
    return {"auc": round(float(auc), 4), "ap": round(float(ap), 4)}


def models(family: Family) -> list[ModelVersion]:
    """The trained models of a family, kept for the next run."""
    kept = FOLDER / f"{zlib.crc32(family.name.encode()):08x}-{SEED}"
    kept.mkdir(parents=True, exist_ok=True)
    if not (kept / "entries.pickle").exists():
        (kept / "entries.pickle").write_bytes(pickle.dumps(trained(family, kept)))
    return pickle.loads((kept / "entries.pickle").read_bytes())


def in_turn(family: Family) -> dict:
    """Each table with the models of the others."""
    entries, rows = models(family), []
    for number, part in enumerate(family.parts):
        others = [entry for place, entry in enumerate(entries) if place != number]
        rows.append(
            (measured(fitted(part.frame, []), part)["ap"], measured(fitted(part.frame, others), part)["ap"])
        )
    starters, now = np.mean(rows, axis=0).round(4).tolist()
    return {"family": family.name, "starters": starters, "now": now, "tables": rows}


def one(family: Family) -> dict:
    if family.kind == "kinds":
        return in_turn(family)
    target, entries = family.parts[-1], models(family)
    together = fitted(target.frame, entries)
    return {
        "family": family.name,
        "kind": family.kind,
        "rows": len(target.label),
        "frauds": int((target.label == 1).sum()),
        "starters": measured(fitted(target.frame, []), target),
        "single": [measured(fitted(target.frame, [entry]), target) for entry in entries],
        "shown": [entry.performance["own"]["average_precision"] for entry in entries],
        "vote": measured(together, target),
        "members": [
            {key: match[key] for key in ("name", "similarity", "weight", "skill")}
            for match in together.prediction.summary["matches"]
        ],
    }


def wanted(names: Sequence[str]) -> Iterator[Family]:
    made = families()
    for name in names or [name for name in made if not name.startswith("kinds")]:
        family = made[name]()
        if family is not None:
            yield family


def main() -> None:
    for family in wanted(sys.argv[1:]):
        print(json.dumps(one(family)), flush=True)


if __name__ == "__main__":
    main()
