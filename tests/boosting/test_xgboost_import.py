"""Loading XGBoost: whole in a user's process, without its wrappers for scikit-learn in the command line's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.waiting import LIMIT

EXAMPLE = Path(__file__).parents[2] / "examples" / "mobile_money_fr.csv"

USERS_OWN = """
import sys
import numpy as np
import polars as pl
import vigie

vigie.predict(pl.read_csv(sys.argv[1], separator=";").head(200))
import xgboost
from sklearn.model_selection import cross_val_score

rng = np.random.default_rng(0)
x = rng.normal(size=(60, 3))
y = np.arange(60) % 2
assert xgboost.XGBClassifier(n_estimators=2).fit(x, y).predict(x).shape == (60,)
assert cross_val_score(xgboost.XGBClassifier(n_estimators=2), x, y, cv=2).shape == (2,)
folds = xgboost.cv(
    {"objective": "binary:logistic"}, xgboost.DMatrix(x, y), 2, nfold=3, stratified=True, as_pandas=False
)
assert len(folds["test-logloss-mean"]) == 2
"""

COMMAND_LINE = """
import sys
from vigie import cli

sys.argv = ["vigie", "predict", sys.argv[1], "-o", sys.argv[2]]
try:
    cli.main()
except SystemExit as end:
    assert not end.code, end.code
loaded = {"sklearn", "scipy.special", "scipy.sparse", "scipy.stats", "pandas"} & set(sys.modules)
assert "xgboost" in sys.modules and not loaded, loaded

import scipy.sparse
import scipy.special
import sklearn.isotonic
import xgboost.sklearn

assert xgboost.sklearn.softmax([0.0]) == scipy.special.softmax([0.0])
sparse = scipy.sparse.csr_matrix([[0.0, 1.0], [2.0, 0.0]])
matrix = xgboost.DMatrix(sparse, [0.0, 1.0])
assert matrix.num_nonmissing() == 2 and (matrix.get_data() != sparse).nnz == 0
assert xgboost.train({}, matrix, 1).inplace_predict(sparse).shape == (2,)
assert xgboost.compat.concat([sparse, sparse]).shape == (4, 2)
"""


WITH_PLUGINS = """
from vigie.boosting.xgboost_import import load, skip_estimators

skip_estimators(unless=lambda: {"ecod": "a detector of another distribution"})
load().XGBClassifier(n_estimators=2).fit([[0.0], [1.0]], [0, 1])
"""


def run(code: str, *arguments: str | Path) -> None:
    """Runs the code in a process of its own; a warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_after_a_prediction_a_users_own_xgboost_is_whole() -> None:
    """Its classifier is made, fitted and cross-validated, and stratified folds are cut."""
    run(USERS_OWN, EXAMPLE)


@pytest.mark.slow
def test_the_command_line_does_not_load_scikit_learn(tmp_path: Path) -> None:
    """It would cost three times what XGBoost itself costs, at every start; what loads it later still can."""
    run(COMMAND_LINE, EXAMPLE, tmp_path / "predictions.csv")


@pytest.mark.slow
def test_a_plugin_in_our_own_process_has_xgboost_whole() -> None:
    """What another distribution adds may use any part of it."""
    run(WITH_PLUGINS)
