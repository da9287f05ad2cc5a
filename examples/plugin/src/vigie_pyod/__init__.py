"""HBOS of PyOD as a detector of Vigie.

Source: M. Goldstein, A. Dengel, "Histogram-Based Outlier Score (HBOS)", KI 2012.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from vigie.detectors.base import DetectorInputs

BINS = 20


class Hbos:
    """Sum over the columns of the log inverse density of a histogram."""

    name = "hbos"
    weight = 0.1
    anonymous_weight = 0.2

    def fit(self, x: DetectorInputs, seed: int) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return the histograms, which is all that scoring takes; nothing where there are no columns."""
        from pyod.models.hbos import HBOS

        if not x.columns.shape[1]:
            return {}
        model = HBOS(n_bins=BINS).fit(x.columns)
        return {"density": model.hist_, "bin_edges": model.bin_edges_}

    def score(
        self, x: DetectorInputs, state: Mapping[str, npt.NDArray[np.float64]]
    ) -> npt.NDArray[np.float64]:
        """Return (rows,) scores, higher is more unusual."""
        from pyod.models.hbos import HBOS

        if not state:
            return np.zeros(x.rows)
        model = HBOS(n_bins=BINS)
        model.hist_, model.bin_edges_ = state["density"], state["bin_edges"]
        return np.asarray(model.decision_function(x.columns))
