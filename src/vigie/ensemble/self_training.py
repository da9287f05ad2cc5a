"""A student of the ensemble that sees the table's own columns, anonymous ones too.

The ensemble knows what fraud means but only through features; the student sees the columns themselves, in their own
units, and learns from the rows that the ensemble finds most suspicious what else they have in common. It is fitted on
one half of the rows and asked about the other, so that it cannot repeat what it was told of a row; and it never votes
alone, so that it cannot drift to something else. There are two: one sees the columns only, the other also what related
rows say within a day and a week, since fraud comes in series. Neither view serves all tables, so both are heard.

Source: co-training, A. Blum, T. Mitchell, COLT 1998; learning from positive and unlabelled rows, C. Elkan, K. Noto,
KDD 2008.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, mid_ranks
from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins
from vigie.fitted_state import FittedState
from vigie.parallel import MANY, in_threads

if TYPE_CHECKING:
    import xgboost

PSEUDO_POSITIVE_SHARES = (0.03, 0.1)
"""Shares of the rows taken for suspicious: nobody knows the true one, so there is a student for each."""

MIN_ROWS = 1000
"""Rows below which there is nothing to learn from: of fewer, half has not fifteen of the most suspicious."""

SAMPLE = 30_000
ROUNDS, DEPTH, BINS = 60, 3, 64


def self_training_scores(
    columns: Floats,
    suspicion: Floats,
    seed: int,
    *,
    half: npt.NDArray[np.int64] | None = None,
    company: Floats | None = None,
    state: FittedState | None = None,
) -> Floats | None:
    """(rows,) mean mid-rank of the students, or None where the table is too small or has no columns.

    Args:
        columns: (rows, columns) the table's own, as numbers.
        suspicion: (rows,) what the ensemble says, higher is more suspicious.
        seed: of the halves and trees.
        half: (rows,) 0 or 1, which half a row belongs to; drawn where it is not given.
        company: (rows, columns) what related rows say, NaN where nobody does; columns without any are not looked at.
        state: what is known of the table as a whole; with another table's, its students answer.
    """
    known = state or FittedState()
    rng = np.random.default_rng([seed, 11])
    if half is None:
        half = rng.integers(0, 2, len(columns))
    counts = np.bincount(half, minlength=2)
    # Where hardly any rows differ they may all be in one half: then nobody can be asked about the other.
    enough = len(columns) >= MIN_ROWS and columns.shape[1] > 0 and int(counts.min()) >= MIN_ROWS // 4
    if not known.now("taught", lambda: enough):
        return None
    views = {"": columns.astype(np.float32)}
    heard = known.now("company", lambda: [] if company is None else _known(company))
    if company is not None and heard:
        views[" in company"] = np.column_stack([views[""], company[:, heard].astype(np.float32)])
    taught = {} if known.frozen else _taught(views, suspicion, half, rng, seed)
    votes: dict[str, Floats] = {}

    def hear(asked: tuple[float, str]) -> None:
        share, view = asked
        x = views[view]
        out = np.zeros(len(x))
        for part in (0, 1):
            name = f"student{view} {share} {part}"
            model = known.now(name, partial(taught.__getitem__, name))
            mine = np.flatnonzero(half == part)
            out[mine] = margins(model, x, rows=mine)
        votes[f"{view} {share}"] = known.ranks(f"student{view} {share}", out)

    students = tuple(product(PSEUDO_POSITIVE_SHARES, views))
    in_threads(hear, students, worth=len(columns) >= MANY)
    return np.asarray(np.mean([votes[f"{view} {share}"] for share, view in students], axis=0))


def _known(company: Floats) -> list[int]:
    return [int(j) for j in np.flatnonzero(np.isfinite(company).any(axis=0))]


def _taught(
    views: Mapping[str, npt.NDArray[np.float32]],
    suspicion: Floats,
    half: npt.NDArray[np.int64],
    rng: np.random.Generator,
    seed: int,
) -> dict[str, xgboost.Booster]:
    """Students by name, two taught at a time: for each view, share and half of the rows one of the other half."""
    rank = mid_ranks(suspicion)
    lessons = []
    for part in (0, 1):
        learn = np.flatnonzero(half != part)
        if len(learn) > SAMPLE:
            learn = np.sort(rng.choice(learn, SAMPLE, replace=False))
        lessons += [(view, part, learn) for view in views]
    taught: dict[str, xgboost.Booster] = {}

    def teach(lesson: tuple[str, int, npt.NDArray[np.int64]]) -> None:
        view, part, learn = lesson
        for share, student in _pupils(views[view][learn], rank[learn], seed).items():
            taught[f"student{view} {share} {part}"] = student

    in_threads(teach, lessons)
    return taught


def _pupils(x: npt.NDArray[np.float32], rank: Floats, seed: int) -> dict[float, xgboost.Booster]:
    """A student of some rows for each share: what have the suspicious ones in common?"""
    vendor = xgboost_import.load()
    parameters = {
        "objective": "binary:logistic",
        "max_depth": DEPTH,
        "max_bin": BINS,
        "eta": 0.1,
        "subsample": 0.7,
        "colsample_bytree": 0.6,
        "lambda": 5.0,
        "min_child_weight": 5.0,
        "seed": seed,
        # The trees are too small to share: on a busy machine a second thread costs ten times what it saves.
        "nthread": 1,
    }
    # Where the columns are cut depends on the rows alone, so they are cut once.
    lesson = vendor.QuantileDMatrix(x, max_bin=BINS, nthread=1)
    students = {}
    for share in PSEUDO_POSITIVE_SHARES:
        y = (rank >= 1 - share).astype(np.float32)
        weight = np.where(y > 0, 0.5 / max(y.sum(), 1), 0.5 / max((1 - y).sum(), 1)) * len(y)
        lesson.set_info(label=y, weight=weight)
        students[share] = vendor.train(parameters, lesson, ROUNDS)
    return students
