"""The case that matters most: trained on the first half of a labelled table, scoring the second half without labels.

The second half comes as it is, with its columns renamed in four ways, and with a fifth of them missing. Beside it stands
XGBoost, tuned for as long on the raw columns; and, for what is left where columns are missing, the same taught without
those very columns. It prints a line of JSON a table, from which docs/training.md is written by hand; arguments name tables.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

import datasets
from vigie import table, training
from vigie.boosting.xgboost_predict import margins
from vigie.bundles.fetch import load
from vigie.bundles.verification import SignaturePolicy
from vigie.calibration import metrics
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.roles import inference
from vigie.starter_models import registry
from vigie.stores.open import connect, open_location
from vigie.training import boosters, splitting, tuning
from vigie.training.boosters import TrainingSet

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.predict.renamings import VARIANTS, renamed

SECONDS = float(os.environ.get("VIGIE_BENCH_SECONDS", "60"))
ROWS = int(os.environ.get("VIGIE_BENCH_ROWS", str(datasets.ROWS)))
MISSING = 0.2
DRAWS = 3
LABEL = "is_it_fraud"
RESULTS = Path(os.environ.get("VIGIE_BENCH_OUT", "/tmp/vigie-bench-train.json"))


def halves(data: datasets.Dataset) -> tuple[np.ndarray, np.ndarray, str]:
    """First and second half by time; by chance where the table has none."""
    typed = table.from_frame(data.frame, data.name).typed
    found = inference.infer(typed)
    when = splitting.event_times(typed, found)
    if when is not None:
        order = np.argsort(when, kind="stable")
        how = "time"
    else:
        order, how = np.random.default_rng(0).permutation(typed.height), "chance"
    cut = len(order) // 2
    return np.sort(order[:cut]), np.sort(order[cut:]), how


def renamings(frame: pl.DataFrame) -> dict[str, dict[str, str]]:
    """Column -> its name in French, abbreviated, in camel case, and no name at all."""
    typed = table.from_frame(frame).typed
    meant = {item.column: item.role for item in inference.infer(typed).columns}
    french = renamed(typed, meant, VARIANTS[2])
    numbered = {name: f"champ_{i}" for i, name in enumerate(sorted(frame.columns), 1)}
    return {
        "French": {name: new if new != name else numbered[name] for name, new in french.items()},
        "abbreviated": unique({name: "_".join(map(short, words(name))) for name in frame.columns}),
        "camel case": unique({name: camel(words(name)) for name in frame.columns}),
        "nameless": numbered,
    }


def words(name: str) -> list[str]:
    return re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name) or [name]


def short(word: str) -> str:
    return word[0].lower() + re.sub("[aeiouy]", "", word[1:].lower())[:3]


def camel(parts: list[str]) -> str:
    return parts[0].lower() + "".join(part.capitalize() for part in parts[1:])


def unique(names: dict[str, str]) -> dict[str, str]:
    seen: dict[str, int] = {}
    out = {}
    for old, new in names.items():
        seen[new] = seen.get(new, 0) + 1
        out[old] = new if seen[new] == 1 else f"{new}{seen[new]}"
    return out


def raw(frame: pl.DataFrame) -> np.ndarray:
    """(rows, columns) the columns as anybody would hand them to XGBoost: texts as codes, dates as seconds."""
    columns = []
    for series in table.from_frame(frame).typed.iter_columns():
        if series.dtype.is_temporal() and series.dtype != pl.Time:
            series = series.cast(pl.Datetime("us")).dt.epoch("s")
        elif not (series.dtype.is_numeric() or series.dtype == pl.Boolean):
            series = series.cast(pl.String).rank("dense")
        columns.append(series.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    return np.stack(columns, axis=1).astype(np.float32)


def plain(
    data: datasets.Dataset, first: np.ndarray, second: np.ndarray, how: str, without: Sequence[str] = ()
) -> tuple[float, float]:
    """AP of XGBoost on raw columns, tuned as long by the same search, and the seconds it took.

    With columns left out it has never seen them: what it reaches then is what the others can tell.
    """
    start = time.perf_counter()
    x = raw(data.frame.drop(without))
    known = first[data.labelled[first]]
    training_set = TrainingSet(x[known], data.label[known], np.ones(len(known)))
    kept = tuning.sample_rows(training_set, 0)
    fewer = TrainingSet(
        training_set.inputs[kept], training_set.label[kept], tuning.sample_weights(training_set, kept)
    )
    when = None
    if how == "time":
        typed = table.from_frame(data.frame).typed
        when = splitting.event_times(typed, inference.infer(typed))[known[kept]]
    folds = splitting.folds(when, None, fewer.label, 0)
    found = tuning.tune(
        fewer, folds, 0, trials=training.DEFAULT_TRIALS, seconds=SECONDS, seed=0, threads=1, sets=1
    )
    (best,) = found.boosters
    booster = boosters.fit_booster(training_set, best.parameters, best.rounds, seed=0, threads=1)
    margin = margins(booster, x[second])
    keep = data.labelled[second]
    return metrics.measure(data.label[second][keep], margin[keep])[1], time.perf_counter() - start


def score(frame: pl.DataFrame, catalog: Catalog) -> tuple[np.ndarray, dict]:
    done = pipeline.predict(
        table.from_frame(frame), ScoringContext(catalog, open_bundle, Options(reasons=False))
    )
    return done.additions["fraud_score"].to_numpy(), done.summary


def trust_of(summary: dict, name: str) -> float:
    return next((match["weight"] for match in summary["matches"] if match["name"] == name), 0.0)


def open_bundle(entry: ModelVersion):
    return load(open_location(entry.store), entry.bundle)


def one(data: datasets.Dataset, stated: Callable[[str], None]) -> dict:
    first, second, how = halves(data)
    keep, fraud = data.labelled[second], data.label[second]
    ap = lambda values: float(metrics.measure(fraud[keep], values[keep])[1])  # noqa: E731
    frame, later = data.frame[first], data.frame[second]
    answer = np.where(data.labelled[first], data.label[first].astype(int), -1)
    labelled = frame.with_columns(pl.Series(LABEL, answer))
    out: dict = {
        "name": data.name,
        "family": data.family,
        "by": how,
        "rows": len(frame),
        "frauds": int(data.label[first].sum()),
    }
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(database.open(f"sqlite:///{folder}/catalog.sqlite"))
        registry.register(catalog)
        out["before"] = ap(score(later, catalog)[0])
        start = time.perf_counter()
        made = training.train(
            table.from_frame(labelled, data.name), label=LABEL, name=data.name, positive="1", unlabelled=["-1"],
            keep=data.frame.columns, time_budget=SECONDS, threads=1,
        )  # fmt: skip
        out["train_seconds"] = round(time.perf_counter() - start, 1)
        out["leaks"] = [leak.column for leak in made.plan.leaks]
        out["promised"] = made.bundle.performance["own"]["average_precision"]
        out["tuning"] = made.bundle.performance["tuning"]
        training.publish(
            catalog,
            made.bundle,
            connect(Path(folder, "models").as_uri()),
            SignaturePolicy(False, None, Path(folder)),
            page=made.page,
        )
        values, summary = score(later, catalog)
        out["same"], out["trust"] = ap(values), trust_of(summary, data.name)
        for what, names in renamings(later).items():
            shuffled = later.rename(names)
            shuffled = shuffled.select(sorted(shuffled.columns))
            values, summary = score(shuffled, catalog)
            out[what] = ap(values)
            out[f"{what} trust"] = trust_of(summary, data.name)
        lost, left, trusts = [], [], []
        for draw in range(DRAWS):
            rng = np.random.default_rng([draw, 1])
            gone = rng.choice(later.columns, max(1, round(MISSING * later.width)), replace=False)
            values, summary = score(later.drop(list(gone)), catalog)
            lost.append(ap(values))
            left.append(plain(data, first, second, how, list(gone))[0])
            trusts.append(trust_of(summary, data.name))
        out["missing"], out["missing each"], out["missing trust"] = float(np.mean(lost)), lost, trusts
        out["left"], out["left each"] = float(np.mean(left)), left
    out["plain"], out["plain_seconds"] = plain(data, first, second, how)
    stated(json.dumps(out))
    return out


def main() -> None:
    if not datasets.names():
        print(f"no labelled tables at {datasets.folder()}: nothing measured", file=sys.stderr)
        return
    wanted = (datasets.load(name, rows=ROWS) for name in sys.argv[1:] or datasets.names())
    results = [one(data, lambda line: print(line, flush=True)) for data in wanted]
    RESULTS.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
