"""`vigie train` beside FLAML and plain XGBoost, in one run: same rows, same columns, same seconds of search, one thread.

Taught on the first half of each table, judged on the second under its own names, as in bench/train.py. FLAML has a
Python of its own (`make bench-rivals` makes it), since Vigie does not need it. Arguments name tables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

import datasets
import train as bench
from vigie import table, training
from vigie.bundles.verification import SignaturePolicy
from vigie.calibration import metrics
from vigie.catalog import Catalog
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.roles import inference
from vigie.stores.open import connect
from vigie.training import splitting

PYTHON = Path(os.environ.get("VIGIE_BENCH_FLAML", "build/flaml/bin/python")).absolute()


def ours(data: datasets.Dataset, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """AP of the own model, without any other in the catalog, and the seconds it took to train and score."""
    answer = np.where(data.labelled[first], data.label[first].astype(int), -1)
    labelled = data.frame[first].with_columns(pl.Series(bench.LABEL, answer))
    start = time.perf_counter()
    made = training.train(
        table.from_frame(labelled, data.name), label=bench.LABEL, name=data.name, positive="1",
        unlabelled=["-1"], keep=data.frame.columns, time_budget=bench.SECONDS, threads=1,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(database.open(f"sqlite:///{folder}/catalog.sqlite"))
        threshold = SignaturePolicy(False, None, Path(folder))
        folder_of_wheels = connect(Path(folder, "models").as_uri())
        training.publish(catalog, made.bundle, folder_of_wheels, threshold, page=made.page)
        done = pipeline.predict(
            table.from_frame(data.frame[second]),
            ScoringContext(catalog, bench.open_bundle, Options(reasons=False)),
        )
    spent = time.perf_counter() - start
    return judged(data, second, done.additions["fraud_score"].to_numpy()), spent


def flaml(
    data: datasets.Dataset, first: np.ndarray, second: np.ndarray, how: str
) -> tuple[float, float, str]:
    """AP of what FLAML found, the seconds it took, and what it found."""
    typed = table.from_frame(data.frame).typed
    known = first[data.labelled[first]]
    if how == "time":
        known = known[np.argsort(splitting.event_times(typed, inference.infer(typed))[known], kind="stable")]
    with tempfile.TemporaryDirectory() as folder:
        learn, score, out = (
            str(Path(folder, name)) for name in ("learn.parquet", "score.parquet", "out.npy")
        )
        trained = pl.Series(bench.LABEL, data.label[known].astype(np.int8))
        typed[known].with_columns(trained).write_parquet(learn)
        typed[second].write_parquet(score)
        script = Path(__file__).with_name("train_flaml.py")
        start = time.perf_counter()
        stated = subprocess.run(
            [PYTHON, script, learn, bench.LABEL, score, out, str(bench.SECONDS), how],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        spent = time.perf_counter() - start
        return judged(data, second, np.load(out)), spent, stated.stdout.split()[-2]


def judged(data: datasets.Dataset, rows: np.ndarray, values: np.ndarray) -> float:
    keep = data.labelled[rows]
    return float(metrics.measure(data.label[rows][keep], values[keep])[1])


def one(data: datasets.Dataset) -> dict:
    first, second, how = bench.halves(data)
    mine, plain, theirs = (
        ours(data, first, second),
        bench.plain(data, first, second, how),
        flaml(data, first, second, how),
    )
    return {
        "name": data.name, "by": how,
        "vigie": round(mine[0], 3), "xgboost": round(plain[0], 3), "flaml": round(theirs[0], 3),
        "vigie_seconds": round(mine[1], 1), "xgboost_seconds": round(plain[1], 1), "flaml_seconds": round(theirs[1], 1),
        "flaml_chose": theirs[2],
    }  # fmt: skip


def main() -> None:
    if not datasets.names():
        print(f"no labelled tables at {datasets.folder()}: nothing measured", file=sys.stderr)
        return
    if not PYTHON.exists():
        sys.exit(f"no Python with FLAML at {PYTHON}: run `make bench-rivals`, which makes it")
    for name in sys.argv[1:] or datasets.names():
        print(json.dumps(one(datasets.load(name, rows=bench.ROWS))), flush=True)


if __name__ == "__main__":
    main()
