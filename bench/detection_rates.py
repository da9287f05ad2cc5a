"""Measures detection at three shares of frauds, beside label-free rivals on the same rows.

    python bench/detection_rates.py OUT.json        # measure; detection.py writes the page from the same figures

Each table is measured as it is and, where it has enough frauds, with these drawn to 1 % and 0.3 % of the rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

import datasets
import outlier_rivals
from vigie import table
from vigie.bundles.fetch import load
from vigie.calibration import metrics
from vigie.catalog import Catalog
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.starter_models import registry
from vigie.stores.open import open_location

ROWS = 60_000
"""First rows of a longer table that are measured."""
RATES, DRAWS = (0.0, 0.01, 0.003), 3
"""Shares of frauds, 0 for a table as it is; tables drawn at each share."""
CEILING, MARGIN = 0.6, 0.02
"""Supervised ROC AUC from which a table is counted among those with a ceiling; difference that counts as worse."""
OWN = ("Vigie", "its anomaly score alone")
METHODS = (*OWN, *outlier_rivals.NAMES)


@dataclass(frozen=True)
class Measured:
    """One table at one share of frauds, means over the draws.

    Attributes:
        folder: of the table.
        name: of the table.
        rate: share of frauds, 0 for the table as it is.
        roc_auc: by method.
        average_precision: by method.
        alerts: default alerts.
        precision: share of frauds among these.
        oracle_alerts: alerts with the best F1, by the labels.
        oracle_precision: share of frauds among these.
    """

    folder: str
    name: str
    rate: float
    roc_auc: dict[str, float]
    average_precision: dict[str, float]
    alerts: float
    precision: float
    oracle_alerts: float
    oracle_precision: float


def measure_all(catalog: Catalog) -> Iterator[Measured]:
    """Measure every table of both folders at every share."""
    for source in datasets.folders():
        for name in datasets.names(source):
            data = datasets.load(name, rows=ROWS, source=source)
            for rate in RATES:
                drawn = [data] if not rate else [datasets.thin(data, rate, draw) for draw in range(DRAWS)]
                found = [measure(one, catalog) for one in drawn if one is not None]
                if found:
                    yield _mean(source.name, name, rate, found)


def measure(data: datasets.Dataset, catalog: Catalog) -> dict[str, float]:
    """Score one table by every method."""
    fitted = pipeline.fit_table(
        table.from_frame(data.frame, data.name), ScoringContext(catalog, lambda e: load(open_location(e.store), e.bundle), Options()), keep=False
    )  # fmt: skip
    additions = fitted.prediction.additions
    scores = dict(zip(OWN, (additions[c].to_numpy() for c in ("fraud_score", "anomaly_score")), strict=True))
    scores |= outlier_rivals.scores(outlier_rivals.encode(data.frame))
    keep, out = data.labelled, {}
    label = data.label[keep]
    for method, values in scores.items():
        out[f"auc {method}"], out[f"ap {method}"] = metrics.measure(label, values[keep])[:2]
    alert = additions["alert"].to_numpy()[keep] == 1
    best = _best_f1_count(label, scores["Vigie"][keep])
    top = np.argsort(-scores["Vigie"][keep], kind="stable")[:best]
    return out | {
        "alerts": float(alert.sum()), "precision": float(label[alert].mean()) if alert.any() else 0.0,
        "oracle_alerts": float(best), "oracle_precision": float(label[top].mean()),
    }  # fmt: skip


def section(results: list[Measured]) -> str:
    """Return the tables for docs/detection.md."""
    lines = [
        "## Three shares of frauds, beside other label-free methods\n",
        f"Mean average precision over tables; a table counts once, whatever its draws ({DRAWS} each), and only its first "
        f"{ROWS:,} rows. *Best* is on how many tables the method has the highest average precision of all but the anomaly score alone. "
        "The rivals use a generic numeric encoding.\n",
        "| tables | share of frauds | n | " + " | ".join(METHODS) + " |",
        "|---|---|---:|" + "---:|" * len(METHODS),
    ]
    for folder, rate, group in _groups(results):
        averages = [np.mean([r.average_precision[m] for r in group]) for m in METHODS]
        wins = _wins(group)
        cells = [f"{mean:.3f}" + ("" if m == OWN[1] else f" ({wins[m]} best)") for m, mean in zip(METHODS, averages, strict=True)]  # fmt: skip
        lines.append(f"| {folder} | {_rate(rate)} | {len(group)} | " + " | ".join(cells) + " |")
    lines += ["", "The same as ROC AUC:", "", "| tables | share of frauds | " + " | ".join(METHODS) + " |", "|---|---|" + "---:|" * len(METHODS)]  # fmt: skip
    for folder, rate, group in _groups(results):
        cells = [f"{np.mean([r.roc_auc[m] for r in group]):.3f}" for m in METHODS]
        lines.append(f"| {folder} | {_rate(rate)} | " + " | ".join(cells) + " |")
    lines += ["", *(line for folder in datasets.folders() if (line := _with_ceiling(folder, results)))]
    lines += ["", "### Default alerts\n", "*Oracle* is the number of alerts with the best F1 on the same ranking, chosen with the labels.\n",
              "| tables | share of frauds | median alerts | median precision | median oracle alerts | median oracle precision | median share of the oracle's precision |",
              "|---|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for folder, rate, group in _groups(results):
        cells = [np.median([getattr(r, f) for r in group]) for f in ("alerts", "precision", "oracle_alerts", "oracle_precision")]  # fmt: skip
        share = np.median([r.precision / max(r.oracle_precision, 1e-9) for r in group])
        lines.append(f"| {folder} | {_rate(rate)} | {cells[0]:.0f} | {100 * cells[1]:.0f} % | {cells[2]:.0f} | {100 * cells[3]:.0f} % | {100 * share:.0f} % |")  # fmt: skip
    lines += ["", "### Every table at 0.3 %\n", "| table | " + " | ".join(METHODS) + " |", "|---|" + "---:|" * len(METHODS)]  # fmt: skip
    for r in results:
        if r.rate == min(rate for rate in RATES if rate):
            cells = [f"{r.average_precision[m]:.3f}" for m in METHODS]
            lines.append(f"| {r.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _with_ceiling(folder: Path, results: list[Measured]) -> str:
    """Return Vigie beside IsolationForest on the tables of a folder that a supervised model can rank."""
    baselines = pl.read_csv(folder / "baselines.csv").filter(
        (pl.col("method") == "supervised_ceiling") & (pl.col("auroc") >= CEILING)
    )
    known = set(baselines["dataset"])
    judged = [r for r in results if r.folder == folder.name and not r.rate and r.name in known]
    if not judged:
        return ""
    averages = [
        f"{m} {np.mean([r.roc_auc[m] for r in judged]):.3f} / {np.mean([r.average_precision[m] for r in judged]):.3f}"
        for m in METHODS
    ]
    behind = [r.name for r in judged if r.roc_auc[OWN[0]] < r.roc_auc["IsolationForest"] - MARGIN]
    return (
        f"- *{folder.name}* as they are, the {len(judged)} tables whose supervised ceiling is at least {CEILING}, ROC AUC / average precision: "
        f"{', '.join(averages)}. More than {MARGIN} of ROC AUC below IsolationForest: {len(behind)} ({', '.join(behind) or 'none'})."
    )


def _groups(results: list[Measured]) -> Iterator[tuple[str, float, list[Measured]]]:
    for folder in dict.fromkeys(r.folder for r in results):
        for rate in RATES:
            group = [r for r in results if r.folder == folder and r.rate == rate]
            if group:
                yield folder, rate, group


def _wins(group: list[Measured]) -> dict[str, int]:
    judged = [m for m in METHODS if m != OWN[1]]
    best = [max(judged, key=lambda m: r.average_precision[m]) for r in group]
    return {m: best.count(m) for m in judged}


def _rate(rate: float) -> str:
    return f"{100 * rate:g} %" if rate else "as they are"


def _mean(folder: str, name: str, rate: float, found: list[dict[str, float]]) -> Measured:
    mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
    by: Callable[[str], dict[str, float]] = lambda kind: {m: mean[f"{kind} {m}"] for m in METHODS}  # noqa: E731
    alerts = (mean[key] for key in ("alerts", "precision", "oracle_alerts", "oracle_precision"))
    return Measured(folder, name, rate, by("auc"), by("ap"), *alerts)


def _best_f1_count(label: np.ndarray, score: np.ndarray) -> int:
    found = np.cumsum(label[np.argsort(-score, kind="stable")])
    return int(np.argmax(2 * found / (np.arange(1, len(found) + 1) + label.sum()))) + 1


def read(path: Path) -> list[Measured]:
    """Return what `main` wrote."""
    return [Measured(**one) for one in json.loads(path.read_text())]


def main() -> None:
    """Measure, print each table, write all figures."""
    if not datasets.folders():
        print(f"no labelled tables at {datasets.folder()}: nothing measured", file=sys.stderr)
        return
    start, results = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as place:
        catalog = Catalog(database.open(f"sqlite:///{place}/catalog.sqlite"))
        registry.register(catalog)
        for one in measure_all(catalog):
            results.append(one)
            print(f"{one.name:24} {_rate(one.rate):12}", {m: round(v, 3) for m, v in one.average_precision.items()}, f"{one.alerts:.0f} alerts {100 * one.precision:.0f} %", flush=True)  # fmt: skip
    Path(sys.argv[1]).write_text(json.dumps([asdict(r) for r in results]))
    print(section(results), f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
