"""What the labels of an earlier file are worth: average precision on a later one with the same columns, on rows without a label.

Simulated tables are cut into an earlier and a later half by time. Suggested rows of the earlier half are labelled with the
truth; the later half is refined without them, with them, and with labels of its own. Arguments name simulated domains.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from train import open_bundle
from vigie import table
from vigie.calibration import metrics
from vigie.catalog import Catalog
from vigie.db import database
from vigie.engine import pipeline, refine
from vigie.engine.options import Options, ScoringContext
from vigie.engine.refine import EarlierTable
from vigie.simulator import generate
from vigie.starter_models import registry

ROWS, SEEDS, LABELS, OWN = 8000, (1, 2, 3), 60, 10
DOMAINS = ("mobile_money", "card_not_present", "transfers", "acquiring")


def measure(domain: str, seed: int, context: ScoringContext) -> list[float]:
    """Return AP of the later half: scored, with earlier labels, with own labels, with both."""
    simulated = generate(domain, seed, ROWS)
    halves = np.array_split(np.arange(ROWS), 2)
    tables = [table.from_frame(simulated.frame[rows]) for rows in halves]
    truth = [simulated.label[rows] for rows in halves]

    def labelled(number: int, count: int) -> dict[int, bool]:
        labels: dict[int, bool] = {}
        found = pipeline.predict(tables[number], context)
        while len(labels) < count:
            for row in refine.suggest(found, labels, min(10, count - len(labels)), seed):
                labels[row] = bool(truth[number][row])
            if len(labels) < count:
                found = refine.refine(tables[number], context, labels)
        return labels

    earlier, own = EarlierTable(tables[0], labelled(0, LABELS)), labelled(1, OWN)
    rest = np.setdiff1d(np.arange(len(truth[1])), list(own))

    def precision(found: pipeline.Prediction) -> float:
        return metrics.measure(truth[1][rest], found.additions["fraud_score"].to_numpy()[rest])[1]

    return [
        precision(pipeline.predict(tables[1], context)),
        precision(refine.refine(tables[1], context, {}, earlier)),
        precision(refine.refine(tables[1], context, own)),
        precision(refine.refine(tables[1], context, own, earlier)),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(database.open(f"sqlite:///{Path(folder)}/catalog.sqlite"))
        registry.register(catalog)
        context = ScoringContext(catalog, open_bundle, Options(reasons=False))
        every = []
        for domain in sys.argv[1:] or DOMAINS:
            for seed in SEEDS:
                every.append(measure(domain, seed, context))
                print(domain, seed, *(f"{one:.3f}" for one in every[-1]), flush=True)
        print(
            "mean: scored, earlier labels, own labels, both:",
            *(f"{one:.3f}" for one in np.mean(every, axis=0)),
        )


if __name__ == "__main__":
    main()
