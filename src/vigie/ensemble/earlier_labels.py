"""Labelled rows of an earlier table that teach the refinement of a later one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, mid_ranks
from vigie.ensemble.combination import tail_score


@dataclass(frozen=True)
class EarlierLabels:
    """Labelled rows of earlier tables, with the columns of the later one.

    Attributes:
        scaled: (labels, 1 + signals) ensemble and its parts, each with mean 0 and standard deviation 1 in its own table.
        inputs: (labels, inputs) columns and features, encoded as those of the later table.
        fraud: (labels,) true is fraud.
    """

    scaled: Floats
    inputs: npt.NDArray[np.float32]
    fraud: npt.NDArray[np.bool_]


def standardised(prior: Floats, signals: Floats) -> Floats:
    """Return (rows, 1 + signals) the ensemble and its parts, each with mean 0 and standard deviation 1.

    Args:
        prior: (rows,) score of the ensemble.
        signals: (rows, signals) its parts.
    """
    both = np.column_stack([prior, signals])
    spread = both.std(axis=0)
    return np.asarray((both - both.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def tail_scores_among(score: Floats, rows: int) -> Floats:
    """Return (all,) tail scores, in nats: those of the first rows among each other, those of later ones among the first.

    Args:
        score: (all,) the rows of a table, then labelled rows of earlier ones.
        rows: number of the rows of the table.
    """
    own = tail_score(mid_ranks(score[:rows]), rows)
    if rows == len(score):
        return own
    ordered = np.sort(score[:rows])
    places = np.searchsorted(ordered, score[rows:], "left") + np.searchsorted(ordered, score[rows:], "right")
    return np.concatenate([own, tail_score(np.clip(places / 2, 0.5, rows - 0.5) / rows, rows)])
