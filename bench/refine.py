"""What a handful of labels is worth: average precision against the number of marks, on rows without a label.

A third of each table is never suggested and never marked; all figures are measured there, mean over seeds. Beside what
`vigie refine` learns stand (a) plain XGBoost on the raw columns of as many rows drawn at random, and the same
learning as ours from (b) the rows with the highest anomaly score, (c) rows drawn at random. Arguments name tables.
VIGIE_BENCH_RATE=0.003 draws the frauds of each table to that share of its rows first, VIGIE_BENCH_MARKS=50 ends there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

import datasets
from train import open_bundle, raw
from vigie import table
from vigie.boosting.xgboost_predict import margins
from vigie.calibration import metrics
from vigie.catalog import Catalog
from vigie.db import database
from vigie.engine import pipeline, refine
from vigie.engine.options import ScoringContext
from vigie.ensemble import active_learning
from vigie.starter_models import registry
from vigie.training import boosters
from vigie.training.boosters import TrainingSet

MARKS = int(os.environ.get("VIGIE_BENCH_MARKS", "200"))
RATE = float(os.environ.get("VIGIE_BENCH_RATE", "0"))
BUDGETS = tuple(n for n in (10, 20, 50, 100, 200) if n <= MARKS)
SEEDS = int(os.environ.get("VIGIE_BENCH_SEEDS", "5"))
ROWS = int(os.environ.get("VIGIE_BENCH_ROWS", "30000"))
STEP = 10
LEARN_AT = tuple(n for n in (10, 20, 30, 40, 50, 75, 100, 150, 200) if n <= MARKS)
METHODS = ("ours", "plain", "top anomalies", "random marks")


class Reviewer:
    """One table with everything that does not change while marks come in."""

    def __init__(self, data: datasets.Dataset, catalog: Catalog) -> None:
        self.data, self.table = data, table.from_frame(data.frame)
        done = pipeline.fit_table(self.table, ScoringContext(catalog, open_bundle), keep=False)
        inputs = done.fitted.inputs
        self.order = inputs.order
        self.prior, self.anomaly = done.fitted.score.score, inputs.anomaly
        self.signals = refine.signals(inputs, done.fitted.votes)
        self.inputs = refine.row_matrix(done.profile, inputs)
        self.raw = raw(data.frame)[self.order]
        self.label, self.known = data.label[self.order], data.labelled[self.order]

    def ap(self, score: np.ndarray, rows: np.ndarray) -> float:
        return metrics.measure(self.label[rows], score[rows])[1]

    def ours(
        self, pool: np.ndarray, judged: np.ndarray, seed: int, first: np.ndarray | None
    ) -> tuple[list[float], int]:
        """AP at 0 marks and at each budget, and the frauds among all marks; `first` is what rows are chosen by, ours where it is None."""
        found, marked, out = self.prior, np.zeros(0, dtype=np.int64), [self.ap(self.prior, judged)]
        for count in LEARN_AT:
            while len(marked) < count:
                taken = np.flatnonzero(np.isin(pool, marked))
                wanted = min(STEP, count - len(marked))
                if first is None:
                    chosen = active_learning.rows_to_label(
                        found[pool], taken, self.label[pool[taken]], wanted, seed
                    )
                else:
                    free = np.setdiff1d(np.arange(len(pool)), taken)
                    chosen = free[np.argsort(-first[pool][free], kind="stable")[:wanted]].tolist()
                marked = np.r_[marked, pool[chosen]]
            found = active_learning.refine_scores(
                self.prior, self.signals, self.inputs, marked, self.label[marked], seed
            ).score
            if count in BUDGETS:
                out.append(self.ap(found, judged))
        return out, int(self.label[marked].sum())

    def plain(self, pool: np.ndarray, judged: np.ndarray, seed: int) -> list[float]:
        """AP of XGBoost on raw columns and random marks; 0.5 everywhere while it has seen one class only."""
        order, out = np.random.default_rng([seed, 3]).permutation(pool), [float(self.label[judged].mean())]
        for count in BUDGETS:
            rows = order[:count]
            if not 0 < self.label[rows].sum() < count:
                out.append(float(self.label[judged].mean()))
                continue
            training_set = TrainingSet(self.raw[rows], self.label[rows], np.ones(count))
            booster = boosters.fit_booster(
                training_set,
                {**boosters.DEFAULT_PARAMETERS, "max_depth": 3, "min_child_weight": 0.1},
                60,
                seed=seed,
                threads=1,
            )
            out.append(self.ap(margins(booster, self.raw), judged))
        return out

    def ceiling(self, pool: np.ndarray, judged: np.ndarray) -> float:
        """AP of XGBoost on raw columns that has seen the label of every row of the pool."""
        training_set = TrainingSet(self.raw[pool], self.label[pool], np.ones(len(pool)))
        booster = boosters.fit_booster(training_set, boosters.DEFAULT_PARAMETERS, 150, seed=0, threads=1)
        return self.ap(margins(booster, self.raw), judged)


def one(data: datasets.Dataset, catalog: Catalog) -> dict:
    reviewer = Reviewer(data, catalog)
    runs: dict[str, list] = {name: [] for name in (*METHODS, "ceiling", "frauds marked")}
    for seed in range(SEEDS):
        judged = np.flatnonzero(
            (np.random.default_rng(seed).random(len(reviewer.label)) < 1 / 3) & reviewer.known
        )
        pool = np.setdiff1d(np.flatnonzero(reviewer.known), judged)
        drawn = np.random.default_rng([seed, 5]).random(len(reviewer.label))
        marked = []
        for name, first in (("ours", None), ("top anomalies", reviewer.anomaly), ("random marks", drawn)):
            found, frauds = reviewer.ours(pool, judged, seed, first)
            runs[name].append(found)
            marked.append(frauds)
        runs["frauds marked"].append(marked)
        runs["plain"].append(reviewer.plain(pool, judged, seed))
        runs["ceiling"].append(reviewer.ceiling(pool, judged))
    averages = {name: np.mean(values, axis=0).round(4).tolist() for name, values in runs.items()}
    return {"name": data.name, "seeds": SEEDS, "budgets": [0, *BUDGETS], **averages}


def tables(only: list[str]) -> Iterator[datasets.Dataset]:
    """The tables, of both folders where frauds are drawn to a share; those with too few are left out."""
    for source in datasets.folders() if RATE else [datasets.folder()]:
        for name in datasets.names(source):
            if only and name not in only:
                continue
            data = datasets.load(name, rows=ROWS, source=source)
            chosen = datasets.thin(data, RATE, 0) if RATE else data
            if chosen is not None:
                yield chosen


def main() -> None:
    if not datasets.names():
        print(f"no labelled tables at {datasets.folder()}: nothing measured", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(database.open(f"sqlite:///{Path(folder)}/catalog.sqlite"))
        registry.register(catalog)
        results = []
        for data in tables(sys.argv[1:]):
            results.append(one(data, catalog))
            print(json.dumps(results[-1]), flush=True)
    mean = {k: np.mean([r[k] for r in results], axis=0) for k in (*METHODS, "ceiling", "frauds marked")}
    with pl.Config(tbl_rows=-1):
        print(pl.DataFrame({"marks": [0, *BUDGETS]} | {k: mean[k] for k in METHODS}))
    print(
        f"frauds among {BUDGETS[-1]} marks, ours, top anomalies, random: {mean['frauds marked'].round(1).tolist()}"
    )
    at = sum(n <= 50 for n in BUDGETS)
    closed = (mean["ours"][at] - mean["ours"][0]) / (mean["ceiling"] - mean["ours"][0])
    print(
        f"ceiling {mean['ceiling']:.3f}; of the way to it after {BUDGETS[at - 1]} marks: {100 * closed:.0f} %"
    )


if __name__ == "__main__":
    main()
