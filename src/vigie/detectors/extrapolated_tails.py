"""Tail scores of the features that keep their size: beyond the last decile they are extrapolated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.detectors.base import Arrays, DetectorInputs, sum_families
from vigie.detectors.pareto import FIT_ROWS, NO_TAIL, fit_pareto_tail, pareto_tail_scores
from vigie.features import VOCABULARY
from vigie.parallel import ROWS_PER_THREAD, in_threads

_TWO_SIDED = float(np.log(2))


@dataclass(frozen=True)
class ExtrapolatedTailScores:
    """Sum of the tail scores of all features, each by a Pareto tail beyond its last decile in the direction of risk.

    Ranks make the largest value of every feature equal. Here an amount a hundred times the habit counts for more than the
    largest of an ordinary day.
    """

    name: str = "extrapolated_tails"
    weight: float = 0.2
    anonymous_weight: float = 0.2

    def fit(self, x: DetectorInputs, seed: int) -> Arrays:
        """Return `tails` (features, 2, 4): the parameters of the upper and of the lower tail."""
        tails = np.tile(np.array(NO_TAIL), (len(VOCABULARY), 2, 1))

        features = _values(x)

        def fit(j: int) -> None:
            values = features[:FIT_ROWS, j]
            values = values[np.isfinite(values)].astype(float)
            for side, sign in enumerate((1.0, -1.0)):
                if VOCABULARY[j].direction != -sign:
                    tails[j, side] = fit_pareto_tail(sign * values)

        in_threads(fit, _used(x), enough=x.rows >= ROWS_PER_THREAD)
        return {"tails": tails}

    def score(self, x: DetectorInputs, state: Arrays) -> Floats:
        """Return (rows,) sums in nats, in single precision, which is what is kept of a row between two passes."""
        used, tails, features = _used(x), state["tails"], _values(x)

        def scores(members: list[int], rows: slice) -> Floats:
            out = x.tails[rows, members].astype(float)
            for column, j in enumerate(members):
                values = features[rows, j].astype(float)
                for side, sign in enumerate((1.0, -1.0)):
                    beyond = sign * values > tails[j, side, 0]
                    if beyond.any():
                        far = pareto_tail_scores(sign * values[beyond], tails[j, side])
                        out[beyond, column] = far - (0.0 if VOCABULARY[j].direction else _TWO_SIDED)
            return out

        return sum_families(x.rows, used, scores)[0].astype(np.float32).astype(float)


def _used(x: DetectorInputs) -> list[int]:
    return [int(j) for j in np.flatnonzero(x.varying) if VOCABULARY[j].weight > 0]


def _values(x: DetectorInputs) -> npt.NDArray[np.float32]:
    return np.full(x.tails.shape, np.nan, dtype=np.float32) if x.values is None else x.values
