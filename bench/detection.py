"""Measures detection on labelled tables with the label hidden, and rewrites docs/detection.md.

Nothing here is trained on these tables: the starter library knows simulated worlds only. Run it with
`make bench-detection`; without the tables it says so and leaves the page alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

import datasets
import detection_rates
from vigie import table
from vigie.bundles.fetch import load
from vigie.calibration import metrics
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.engine.scorer import FittedScorer
from vigie.ensemble import size_score
from vigie.models.model_inputs import DETECTORS
from vigie.starter_models import registry
from vigie.stores.open import open_location

DOCS = Path(__file__).resolve().parents[1] / "docs"
CEILING = 0.6
RIVALS = ("iforest", "ecod", "copod", "hbos", "lof", "knn", "first_implementation_combined")
MEMBER_FEATURES, SELF_TRAINING_FEATURES = (0.0, 0.2, 0.4, 0.8), (0.0, 0.2, 0.4, 0.8)
BUDGETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Result:
    """One table, measured."""

    name: str
    family: str
    label: np.ndarray
    scores: dict[str, np.ndarray]
    probability: np.ndarray
    alert: np.ndarray
    mixes: dict[tuple[float, float], tuple[float, float]]
    summary: dict
    seconds: float

    def measure(self, what: str) -> tuple[float, float, float, float]:
        """ROC AUC, average precision, precision and recall at the top 1 %."""
        score = self.scores[what]
        return (*metrics.measure(self.label, score), metrics.recall_at(self.label, score, 0.01))


@dataclass(frozen=True)
class Parts:
    """The terms of a score, (rows,) each, in the order of the model inputs."""

    excess: np.ndarray
    members: np.ndarray
    self_trained: np.ndarray
    rank_score: np.ndarray
    column_risk: np.ndarray
    column_risk_weight: float

    @classmethod
    def of(cls, fitted: FittedScorer) -> Parts:
        """The terms of a table on which no trained model leads."""
        score, excess = fitted.score, fitted.inputs.excess
        members = np.zeros(len(excess)) if score.members is None else score.members
        self_trained = np.zeros(len(excess)) if score.self_trained is None else score.self_trained
        column_risk, weight = np.zeros(len(excess)), score.column_risk_weight
        if fitted.inputs.column_risk is not None:
            column_risk = weight * fitted.inputs.column_risk.scores
        return cls(excess, members, self_trained, score.rank_score, column_risk, weight)

    def score(self, members: float, self_trained: float, *, columns: bool = True) -> np.ndarray:
        """The score by size with other factors of the two terms, with or without the column risk."""
        total = members * self.members + self_trained * self.self_trained
        by_size = self.excess + size_score.MAX_SUPPORT * np.tanh(total / size_score.MAX_SUPPORT)
        return (1 - self.column_risk_weight) * by_size + self.column_risk if columns else by_size


def open_bundle(entry: ModelVersion):
    return load(open_location(entry.store), entry.bundle)


def score(data: datasets.Dataset, catalog: Catalog) -> Result:
    """Scores one table with every variant of the ablation."""
    start = time.perf_counter()
    uploaded = table.from_frame(data.frame, data.name)
    fitted = pipeline.fit_table(uploaded, ScoringContext(catalog, open_bundle, Options()), keep=False)
    done, inputs = fitted.prediction, fitted.fitted.inputs
    seconds = time.perf_counter() - start
    order = inputs.order
    back = np.empty(len(order), dtype=int)
    back[order] = np.arange(len(order))
    parts = Parts.of(fitted.fitted)
    variants = {
        "vigie": done.additions["fraud_score"].to_numpy(),
        "without self-training": parts.score(size_score.MEMBERS_TERM, 0)[back],
        "without the reference models": parts.score(0, size_score.SELF_TRAINING_TERM)[back],
        "without the column risk": parts.score(
            size_score.MEMBERS_TERM, size_score.SELF_TRAINING_TERM, columns=False
        )[back],
        "anomaly score alone": parts.excess[back],
        "the score by ranks, of which probabilities are made": parts.rank_score[back],
        "reference models alone": parts.members[back],
        **{f"detector {name}, by rank": inputs.detectors[back, j] for j, name in enumerate(DETECTORS)},
    }
    keep = data.labelled
    return Result(
        data.name,
        data.family,
        data.label[keep],
        {name: values[keep] for name, values in variants.items()},
        done.additions["fraud_probability"].fill_null(float("nan")).to_numpy()[keep],
        done.additions["alert"].to_numpy()[keep] == 1,
        mixes(data, parts, back),
        done.summary,
        seconds,
    )


def mixes(
    data: datasets.Dataset, parts: Parts, back: np.ndarray
) -> dict[tuple[float, float], tuple[float, float]]:
    """ROC AUC and AP of the whole with other terms of the reference models and of self-training."""
    label, keep = data.label[data.labelled], data.labelled
    return {
        (a, b): metrics.measure(label, parts.score(a, b)[back][keep])[:2]
        for a in MEMBER_FEATURES
        for b in SELF_TRAINING_FEATURES
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--rates", type=Path, help="figures that detection_rates.py wrote; measured again without"
    )
    parser.add_argument("tables", nargs="*", help="only these, without writing the page")
    chosen = parser.parse_args()
    if not datasets.names():
        print(
            f"no labelled tables at {datasets.folder()}: nothing measured, docs/detection.md left as it is",
            file=sys.stderr,
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(database.open(f"sqlite:///{folder}/catalog.sqlite"))
        registry.register(catalog)
        rates: list[detection_rates.Measured] = []
        if not chosen.tables:
            known = chosen.rates and detection_rates.read(chosen.rates)
            rates = known or list(detection_rates.measure_all(catalog))
        results, beside = [], []
        for whole, first in datasets.load_all(chosen.tables):
            results.append(measured(whole, catalog))
            beside.append(results[-1] if first is whole else measured(first, catalog))
    if chosen.tables:
        return
    baselines = pl.read_csv(datasets.folder() / "baselines.csv")
    (DOCS / "detection.md").write_text(page(results, beside, baselines, rates))
    plot(results)


def measured(data: datasets.Dataset, catalog: Catalog) -> Result:
    """Scores one table and prints how well."""
    result = score(data, catalog)
    auc, ap, *_ = result.measure("vigie")
    print(
        f"{data.name:24} {data.frame.height:8,} rows {result.seconds:6.1f} s  ROC AUC {auc:.3f}  AP {ap:.3f}",
        flush=True,
    )
    return result


def rival(baselines: pl.DataFrame, name: str, method: str) -> tuple[float, float] | None:
    """ROC AUC and AP of another method on a table."""
    row = baselines.filter((pl.col("dataset") == name) & (pl.col("method") == method))
    return (row["auroc"][0], row["ap"][0]) if row.height else None


def page(
    results: list[Result],
    beside: list[Result],
    baselines: pl.DataFrame,
    rates: list[detection_rates.Measured],
) -> str:
    """docs/detection.md.

    Args:
        results: of all rows of each table.
        beside: of the rows that the other methods saw.
        baselines: the figures of the other methods.
        rates: of both folders at three shares of frauds.
    """
    known = [(rival(baselines, r.name, "supervised_ceiling") or (0, 0))[0] >= CEILING for r in results]
    judged = [r for r, good in zip(results, known, strict=True) if good]
    parts = [
        (DOCS / "detection.head.md").read_text(),
        detection_rates.section(rates),
        aims(judged, [r for r, good in zip(beside, known, strict=True) if good], baselines),
        tables(results, beside, baselines),
        ablation(judged),
        calibration(results),
    ]
    return "\n".join(parts)


def aims(judged: list[Result], beside: list[Result], baselines: pl.DataFrame) -> str:
    """The aims and how far each is: of all rows, and against the others on the rows that they saw."""
    whole = np.array([r.measure("vigie")[:2] for r in judged])
    same = np.array([r.measure("vigie")[:2] for r in beside])
    forest = np.array([rival(baselines, r.name, "iforest") for r in judged])
    ceiling = np.array([rival(baselines, r.name, "supervised_ceiling") for r in judged])
    best = np.array(
        [np.max([v for m in RIVALS if (v := rival(baselines, r.name, m))], axis=0) for r in judged]
    )
    way = np.clip((same[:, 0] - forest[:, 0]) / np.maximum(ceiling[:, 0] - forest[:, 0], 1e-3), -1, 1)
    worst = (same[:, 0] - forest[:, 0]).min()
    rows = [
        (f"mean {name}", wanted, f"{whole[:, i].mean():.3f}", f"{same[:, i].mean():.3f}", f"{forest[:, i].mean():.3f}", f"{ceiling[:, i].mean():.3f}")
        for i, (name, wanted) in enumerate((("ROC AUC", "0.90"), ("average precision", "0.55")))
    ]  # fmt: skip
    rows += [
        ("mean share of the way from IsolationForest to the ceiling (ROC AUC)", "60 %", "", f"{100 * way.mean():.0f} %", "0 %", "100 %"),
        ("better ROC AUC than the best of the seven label-free rivals", "9 of 10", "", f"{(same[:, 0] > best[:, 0]).sum()} of {len(judged)}", "", ""),
        ("better AP than the best of the seven", "", "", f"{(same[:, 1] > best[:, 1]).sum()} of {len(judged)}", "", ""),
        ("least ROC AUC above IsolationForest", "−0.02", "", f"{worst:+.3f}", "", ""),
    ]  # fmt: skip
    lines = [
        "## Aims\n",
        f"Over the {len(judged)} tables whose supervised ceiling is at least {CEILING}. The other methods saw the first "
        f"{datasets.ROWS:,} rows of a table; Vigie is compared with them on the same rows.\n",
        "| aim | wanted | Vigie, all rows | Vigie, the rows the others saw | IsolationForest on raw columns | supervised ceiling |",
        "|---|---:|---:|---:|---:|---:|",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def tables(results: list[Result], beside: list[Result], baselines: pl.DataFrame) -> str:
    """A row a table: ours of all rows and of the first, the rivals', the ceiling."""
    head = [
        "table",
        "rows",
        "Vigie",
        "Vigie, first rows",
        "P@1 %",
        "R@1 %",
        *("seed's first" if m.startswith("first") else m for m in RIVALS),
        "ceiling",
        "matched models",
        "s",
    ]
    lines = [
        "## Every table: ROC AUC / average precision\n",
        f"*First rows* are the first {datasets.ROWS:,} of a longer table; the other methods and the ceiling are of these. *Rows* are those with a known label.\n",
        "| " + " | ".join(head) + " |",
        "|---|" + "---:|" * (len(head) - 3) + "---|---:|",
    ]
    for r, first in zip(results, beside, strict=True):
        auc, ap, precision, recall = r.measure("vigie")
        few = "" if first is r else "{:.3f} / {:.3f}".format(*first.measure("vigie")[:2])
        others = [rival(baselines, r.name, m) for m in (*RIVALS, "supervised_ceiling")]
        cells = [f"{v[0]:.3f} / {v[1]:.3f}" if v else "" for v in others]
        matched = ", ".join(f"{m['name']} {m['similarity']:.2f}" for m in r.summary["matches"]) or "none"
        lines.append(
            f"| {r.name} | {len(r.alert):,} | **{auc:.3f} / {ap:.3f}** | {few} | {precision:.2f} | {recall:.2f} | "
            + " | ".join(cells)
            + f" | {matched} | {r.seconds:.0f} |"
        )
    return "\n".join(lines) + "\n"


def ablation(judged: list[Result]) -> str:
    """What each part adds, and on families left out one at a time."""
    lines = [
        "## What each part adds\n",
        "Means over the same tables.\n",
        "| variant | ROC AUC | AP |",
        "|---|---:|---:|",
    ]
    for what in judged[0].scores:
        values = np.array([r.measure(what)[:2] for r in judged])
        lines.append(f"| {what} | {values[:, 0].mean():.3f} | {values[:, 1].mean():.3f} |")
    lines.append(left_out(judged))
    return "\n".join(lines) + "\n"


def left_out(judged: list[Result]) -> str:
    """The shares chosen anew for each family on all the other families: what choosing them on these tables is worth."""
    chosen, scores = [], []
    for family in sorted({r.family for r in judged}):
        others = [r for r in judged if r.family != family]
        best = max(others[0].mixes, key=lambda mix: float(np.mean([np.sum(r.mixes[mix]) for r in others])))
        mine = [r.mixes[best] for r in judged if r.family == family]
        chosen += [best] * len(mine)
        scores += mine
    auc, ap = np.mean(scores, axis=0)
    seen = sorted({f"{a:g} and {b:g}" for a, b in chosen})
    return (
        f"\nThe reference models and self-training are added with the factors {size_score.MEMBERS_TERM} and {size_score.SELF_TRAINING_TERM}. Chosen anew for each "
        f"family of these tables on all *other* families ({len(MEMBER_FEATURES) * len(SELF_TRAINING_FEATURES)} pairs; {', '.join(seen)} were chosen), they give "
        f"{auc:.3f} / {ap:.3f} on the families left out. At these high shares of frauds larger factors are better, at 0.3 % smaller ones."
    )


def calibration(results: list[Result]) -> str:
    """Probabilities: how far off, and where Vigie abstains."""
    lines = [
        "## Probabilities without labels\n",
        "| table | true share | estimated share (90 % interval) | covered | calibration error | alerts | expected precision | true precision |",
        "|---|---:|---|---|---:|---:|---|---:|",
    ]
    covered, held = [], []
    for r in results:
        true = float(r.label.mean())
        share, why = r.summary["prevalence"], r.summary["abstained_because"]
        if share is None:
            lines.append(f"| {r.name} | {true:.4f} | abstains: {why} | | | | | |")
            continue
        covered.append(share["low"] <= true <= share["high"])
        alert = r.alert
        expected = r.summary["alert_precision"]
        if expected and alert.any():
            held.append(expected["low"] <= r.label[alert].mean() <= expected["high"])
        stated = (
            f"{expected['estimate']:.2f} ({expected['low']:.2f} to {expected['high']:.2f})"
            if expected
            else ""
        )
        lines.append(
            f"| {r.name} | {true:.4f} | {share['estimate']:.4f} ({share['low']:.4f} to {share['high']:.4f}) | {'yes' if covered[-1] else 'no'} | "
            f"{metrics.calibration_error(r.label, r.probability):.3f} | {int(alert.sum())} | {stated} | {r.label[alert].mean() if alert.any() else float('nan'):.2f} |"
        )
    lines.append(
        f"\nThe interval held the truth on {sum(covered)} of the {len(covered)} tables where Vigie did not abstain, "
        f"that of the precision of alerts on {sum(held)} of {len(held)}; the aim is 90 %."
    )
    return "\n".join(lines) + "\n\n![Precision against alert budget](img/precision.svg)\n"


def plot(results: list[Result]) -> None:
    """Precision against alert budget, a panel a table."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update(
        {"svg.hashsalt": "vigie", "font.size": 8, "axes.spines.top": False, "axes.spines.right": False}
    )
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 5, figsize=(12, 6.5), sharex=True)
    for axis in axes.flat[len(results) :]:
        axis.axis("off")
    for axis, r in zip(axes.flat, results, strict=False):
        for what, colour in (("vigie", "#0b6e6e"), ("detector raw_forest, by rank", "#b0b0b0")):
            precision = [metrics.precision_at(r.label, r.scores[what], b) for b in BUDGETS]
            axis.plot(
                BUDGETS,
                precision,
                color=colour,
                lw=2 if what == "vigie" else 1.2,
                label="Vigie" if what == "vigie" else "IsolationForest",
            )
        axis.axhline(r.label.mean(), color="#d08770", lw=0.8, ls=":", label="chance")
        axis.set(xscale="log", ylim=(0, 1.02), title=r.name)
    axes.flat[0].legend(frameon=False)
    figure.supxlabel("alert budget, share of rows")
    figure.supylabel("precision")
    figure.tight_layout()
    figure.savefig(DOCS / "img" / "precision.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
