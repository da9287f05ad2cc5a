"""Tables of which three rows in a thousand are fraud, as cards and mobile money have them."""

from __future__ import annotations

import numpy as np
from tests.predict.conftest import Score

from vigie.calibration import metrics
from vigie.engine.decision import review_count
from vigie.simulator import generate

SHARE, ROWS, SEED = 0.003, 9_000, 11


def test_models_and_self_training_do_not_bury_what_detectors_found(score: Score) -> None:
    """On average over tables, the average precision is not more than 0.02 below that of the anomaly score alone."""
    losses = []
    for domain in ("p2p", "account_opening", "lending", "acquiring"):
        table = generate(domain, SEED, ROWS)
        frauds = np.flatnonzero(table.label)
        wanted = round(SHARE / (1 - SHARE) * int((~table.label).sum()))
        keep = ~table.label
        keep[np.random.default_rng(0).choice(frauds, wanted, replace=False)] = True
        found = score(table.frame.filter(keep), reasons=False).additions
        label = table.label[keep]
        ours, alone = (
            metrics.measure(label, found[name].to_numpy())[1] for name in ("fraud_score", "anomaly_score")
        )
        assert ours > 2 * SHARE, domain
        assert found["alert"].sum() == review_count(len(label))
        losses.append(alone - ours)
    assert np.mean(losses) < 0.02
