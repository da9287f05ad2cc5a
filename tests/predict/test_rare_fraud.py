"""Tables of which three rows in a thousand are fraud, as cards and mobile money have them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.predict.conftest import Score

from vigie.calibration import metrics
from vigie.engine.decision import review_count
from vigie.simulator import generate

SHARE, ROWS, SEED = 0.003, 9_000, 11


@pytest.mark.parametrize("domain", ["p2p", "account_opening", "lending", "acquiring", "anonymised"])
def test_models_and_self_training_do_not_bury_what_detectors_found(score: Score, domain: str) -> None:
    """On no table is the average precision more than 0.02 below that of the anomaly score alone."""
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
    assert ours > 2 * SHARE
    assert ours > alone - 0.02
    assert found["alert"].sum() == review_count(len(label))
