"""The way to XGBoost: without scikit-learn, and the same margins whoever asks in whatever pieces."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from vigie.scoring import boosting


def test_a_prediction_does_not_load_scikit_learn() -> None:
    """It would cost three times what XGBoost itself costs, at every start; who loads it later still can."""
    code = (
        "import sys; from vigie import predict; from vigie.scoring import boosting; boosting.load(); "
        "assert not [name for name in ('sklearn', 'scipy.stats', 'pandas') if name in sys.modules]; "
        "import sklearn.isotonic; assert boosting.load().Booster"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


def test_margins_do_not_depend_on_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One chunk, many chunks on threads, columns chosen chunk by chunk: the same bits."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 6)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    xgboost = boosting.load()
    lesson = xgboost.DMatrix(x[:, [4, 1]], (np.nan_to_num(x[:, 1]) > 0).astype(np.float32), nthread=1)
    model = boosting.open_trees(
        bytes(xgboost.train({"nthread": 1, "max_depth": 3}, lesson, 8).save_raw("ubj"))
    )
    whole = boosting.margins(model, x[:, [4, 1]])
    monkeypatch.setattr(boosting, "CHUNK", 170)
    np.testing.assert_array_equal(boosting.margins(model, x[:, [4, 1]]), whole)
    np.testing.assert_array_equal(boosting.margins(model, np.asfortranarray(x), [4, 1]), whole)
    assert boosting.margins(model, x[:0, [4, 1]]).shape == (0,)
