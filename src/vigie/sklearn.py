"""`FraudDetector`: Vigie as an outlier detector of scikit-learn.

    from vigie.sklearn import FraudDetector
    FraudDetector(contamination=0.01).fit(payments).predict(payments)    # -1 for fraud, 1 for the rest

The signs are those of scikit-learn: `score_samples` and `decision_function` are lower for more suspicious rows, and `predict`
returns -1 for outliers. Everywhere else in Vigie higher is more suspicious.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from vigie.api import Scorer
from vigie.engine.options import Options
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.table.interchange import to_polars


class FraudDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Fraud detection without labels, as an outlier detector.

    Pass a frame with its own column names (pandas, polars, pyarrow …): Vigie infers from them what the columns mean. Columns
    of an array have no known meaning, which detects less.

    Args:
        contamination: share of outliers, in (0, 0.5]; `auto` takes the alerts of `vigie.predict`.
        roles: column -> role, chosen by you where inference is wrong.
        expected_fraud_rate: share of fraud in (0, 1), if you know it.
        top: number of reference models that vote, at most.
        minimum: similarity that a model must exceed to vote, from 0 to 1.
        random_state: seed of everything drawn at random.

    Attributes:
        scorer_: the fitted `vigie.Scorer`.
        offset_: score below which a row is an outlier: `decision_function` is `score_samples` minus it.
        n_features_in_: number of columns of the fitted table.
        feature_names_in_: their names, if it was a frame.
    """

    def __init__(
        self,
        *,
        contamination: float | Literal["auto"] = "auto",
        roles: Mapping[str, str] | None = None,
        expected_fraud_rate: float | None = None,
        top: int = 3,
        minimum: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.contamination = contamination
        self.roles = roles
        self.expected_fraud_rate = expected_fraud_rate
        self.top = top
        self.minimum = minimum
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> Self:
        """Fit the detector to a table of at most 200,000 rows.

        Args:
            X: (rows, columns) frame or array.
            y: ignored.

        Raises:
            InputRefused: the table has nothing to compare or no useful column.
            UsageRefused: a parameter has an invalid value.
        """
        self._check_contamination()
        options = Options(
            top=self.top, minimum=self.minimum, roles=dict(self.roles or {}), reasons=False,
            expected_fraud_rate=self.expected_fraud_rate, seed=int(self.random_state),
        )  # fmt: skip
        self.scorer_ = Scorer(options=options).fit(self._frame(X, reset=True))
        self.offset_ = self._offset(self.scorer_.fitted.results)
        return self

    def score_samples(self, X: Any) -> npt.NDArray[np.float64]:
        """Return (rows,) the negative fraud score, in [-1, 0]: lower is more suspicious.

        Args:
            X: (rows, columns) with the columns of the fitted table. History counts only if it is in X.

        Raises:
            ValueError: X has other columns.
        """
        check_is_fitted(self)
        results: pl.DataFrame = self.scorer_.score(self._frame(X, reset=False))
        return np.asarray(-results["fraud_score"].to_numpy())

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Return (rows,) `score_samples` minus `offset_`: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """Return (rows,) -1 for outliers and 1 for the rest."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _check_contamination(self) -> None:
        share = self.contamination
        if share != "auto" and not 0 < share <= 0.5:
            raise UsageRefused(
                msg("contamination: found {found}, expected auto or a share in (0, 0.5]", found=str(share))
            )

    def _offset(self, results: pl.DataFrame) -> float:
        """Return the score below which a row is an outlier."""
        scores = -results["fraud_score"].to_numpy()
        if self.contamination != "auto":
            return float(np.percentile(scores, 100 * self.contamination))
        alerts = results["alert"].to_numpy() == 1
        # Just above the least suspicious alert; without alerts below every score.
        return float(np.nextafter(scores[alerts].max(), 1)) if alerts.any() else -1.0

    def _frame(self, X: Any, *, reset: bool) -> pl.DataFrame:
        """Return X as a polars frame, with its names and number of columns checked by scikit-learn."""
        if hasattr(X, "columns") or hasattr(X, "__arrow_c_stream__"):
            frame = to_polars(X)
            validate_data(self, frame, reset=reset, skip_check_array=True)
            return frame
        array = validate_data(
            self,
            X,
            reset=reset,
            dtype=None,
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
        )
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(array.shape[1])])
        return pl.DataFrame([_column(str(name), array[:, i]) for i, name in enumerate(names)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags


def _column(name: str, cells: npt.NDArray[Any]) -> pl.Series:
    """Return a column of an array; one of Python objects must hold numbers and texts only."""
    if cells.dtype.kind != "O":
        return pl.Series(name, cells)
    for cell in cells:
        if not isinstance(cell, str | float | int | np.generic | None):
            raise TypeError(f"argument must be a string or a number, found {type(cell).__name__}")
    return pl.Series(name, cells.tolist(), strict=False)
