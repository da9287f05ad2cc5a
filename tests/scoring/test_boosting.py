"""The way to XGBoost: without scikit-learn."""

from __future__ import annotations

import subprocess
import sys

from tests.waiting import LIMIT


def test_a_prediction_does_not_load_scikit_learn() -> None:
    """It would cost three times what XGBoost itself costs, at every start; who loads it later still can."""
    code = (
        "import sys; from vigie import predict; from vigie.scoring import boosting; boosting.load(); "
        "assert not [name for name in ('sklearn', 'scipy.special', 'scipy.stats', 'pandas') if name in sys.modules]; "
        "import sklearn.isotonic; assert boosting.load().Booster; "
        "import scipy.special, xgboost.sklearn; assert xgboost.sklearn.softmax([0.0]) == scipy.special.softmax([0.0])"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=LIMIT)
