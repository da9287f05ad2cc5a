"""Refinement of the scores by a handful of labels, and the choice of rows to label next.

Three scores are blended: that of the ensemble; a logistic regression on it and its parts, regularised towards the ensemble
the more the fewer labels there are; and trees fitted to the labelled rows alone, for tables on which the ensemble is wrong.
Their weights follow from how well each ranks labelled rows that it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, mid_ranks
from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins
from vigie.ensemble.combination import tail_score
from vigie.ensemble.earlier_labels import EarlierLabels, standardised, tail_scores_among

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

PRIOR_STRENGTH = 4.0
"""Strength of the regularisation towards the ensemble: that of so many labels."""

MIN_FRAUDS, MIN_LEGITIMATE = 3, 5
"""Labels of each kind below which no trees are fitted."""

FOLDS = 4

TREES, ROUNDS, DEPTH, RATE = 80, 4, 6, 0.5
"""Rounds of boosting, each a small forest: on so few rows, many different trees beat many successive corrections."""

HALF_LIVES = (10.0, 30.0)
"""Labels at which the ensemble, and the regression, have lost half of their advantage over the trees."""

MIN_ADVANTAGE = 0.15
"""Share of that advantage that is kept however many labels there are."""


@dataclass(frozen=True)
class RefinedScores:
    """Scores refined by labels.

    Attributes:
        score: (rows,) higher is more suspicious.
        weights: of the ensemble, the regression and the trees; they sum to 1.
        pair_accuracy: share of pairs of a labelled fraud and a labelled legitimate row in the right order, before and after,
            on labels held out; NaN with too few labels.
    """

    score: Floats
    weights: tuple[float, float, float]
    pair_accuracy: tuple[float, float]


def refine_scores(
    prior: Floats,
    signals: Floats,
    inputs: Matrix,
    rows: Rows,
    fraud: Labels,
    seed: int,
    earlier: EarlierLabels | None = None,
) -> RefinedScores:
    """Refine the scores of a table by labels of some of its rows.

    Args:
        prior: (rows,) score of the ensemble, in nats.
        signals: (rows, signals) tail scores of the detectors and members it is made of.
        inputs: (rows, inputs) the table's own columns and features; NaN where unknown.
        rows: (labels,) which rows are labelled.
        fraud: (labels,) true is fraud.
        seed: of folds and trees.
        earlier: labelled rows of earlier tables; they count as much as those of this one.
    """
    scaled, height = standardised(prior, signals), len(prior)
    if earlier is not None:
        scaled, inputs = np.vstack([scaled, earlier.scaled]), np.vstack([inputs, earlier.inputs])
        rows, fraud = np.r_[rows, height + np.arange(len(earlier.fraud))], np.r_[fraud, earlier.fraud]
    with_trees = fraud.sum() >= MIN_FRAUDS and (~fraud).sum() >= MIN_LEGITIMATE
    scores = [scaled[:, 0], _regression(scaled, rows, fraud)]
    if with_trees:
        scores.append(_trees(inputs, rows, fraud, seed))
    held_out = _held_out(scaled, inputs, rows, fraud, with_trees, seed, height)
    weights = _weights(held_out, fraud)
    score = np.array(weights[: len(scores)]) @ np.stack([_tail_score(one[:height]) for one in scores])
    after = np.array(weights[: len(held_out)]) @ np.stack(held_out)
    return RefinedScores(score, weights, (_pair_accuracy(held_out[0], fraud), _pair_accuracy(after, fraud)))


def rows_to_label(score: Floats, labelled: Rows, fraud: Labels, n: int, seed: int) -> list[int]:
    """Return rows to label next, both to find frauds and to learn from.

    Every other row is the most suspicious one without a label or, once both kinds of label are known, is drawn from where
    labels turn from one kind to the other. Between them are rows drawn uniformly over the logarithm of the rank, so that all
    depths of the ranking are covered, the top more densely.

    Args:
        score: (rows,) higher is more suspicious.
        labelled: (labels,) rows that have a label.
        fraud: (labels,) true is fraud.
        n: how many.
        seed: of what is drawn.
    """
    tail = _tail_score(score)
    order = np.argsort(-score, kind="stable")
    free = order[~np.isin(order, labelled)]
    rng = np.random.default_rng([seed, len(labelled), 43])
    uncertainty = _uncertainty(tail, labelled, fraud)[free]
    chosen: dict[int, None] = {}
    top = iter(free.tolist())
    while len(chosen) < min(n, len(free)):
        if len(chosen) % 2 == 1:
            row = int(free[min(int(np.exp(rng.random() * np.log(len(free) + 1))) - 1, len(free) - 1)])
        elif uncertainty.any():
            row = int(free[rng.choice(len(free), p=uncertainty / uncertainty.sum())])
        else:
            row = next(top)
        chosen.setdefault(row)
    return list(chosen)


def _uncertainty(tail: Floats, labelled: Rows, fraud: Labels) -> Floats:
    """Return (rows,) variance of the label by a logistic regression on the score; 0 while only one kind of label is known."""
    if not 0 < fraud.sum() < len(fraud):
        return np.zeros(len(tail))
    design = np.column_stack([np.ones(len(tail)), tail])
    weights = _logistic(design[labelled], fraud.astype(float), np.zeros(2), np.array([0.05, 1.0]))
    chance = _expit(design @ weights)
    return np.asarray(chance * (1 - chance))


def _regression(scaled: Floats, rows: Rows, fraud: Labels) -> Floats:
    """Return (rows,) log-odds by a logistic regression that is regularised towards the ensemble."""
    x, y = scaled[rows], fraud.astype(float)
    start = np.r_[_intercept(x[:, 0], y), 1.0, np.zeros(x.shape[1] - 1)]
    strength = np.r_[0.05, np.full(x.shape[1], PRIOR_STRENGTH)]
    weights = _logistic(np.column_stack([np.ones(len(x)), x]), y, start, strength)
    return np.asarray(np.column_stack([np.ones(len(scaled)), scaled]) @ weights)


def _logistic(design: Floats, y: Floats, start: Floats, strength: Floats) -> Floats:
    """Return (inputs,) weights by Newton's method, each regularised towards its start."""
    weights = start.copy()
    for _ in range(30):
        chance = _expit(design @ weights)
        gradient = design.T @ (chance - y) + strength * (weights - start)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(strength)
        step = np.linalg.solve(curve, gradient)
        weights -= np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _trees(inputs: Matrix, rows: Rows, fraud: Labels, seed: int) -> Floats:
    """Return (rows,) log-odds by trees fitted to the labelled rows alone, both kinds with the same total weight."""
    vendor = xgboost_import.load()
    weight = np.where(fraud, 0.5 / max(fraud.sum(), 1), 0.5 / max((~fraud).sum(), 1)) * len(fraud)
    matrix = vendor.DMatrix(inputs[rows], fraud.astype(np.float32), weight=weight, nthread=1)
    parameters = {
        "objective": "binary:logistic",
        "base_score": 0.5,
        "num_parallel_tree": TREES,
        "max_depth": DEPTH,
        "eta": RATE,
        "subsample": 0.63,
        "colsample_bynode": 0.3,
        "lambda": 0.1,
        "min_child_weight": 0.01,
        "seed": seed,
        "nthread": 1,
    }
    return margins(vendor.train(parameters, matrix, ROUNDS), inputs)


def _held_out(
    scaled: Floats, inputs: Matrix, rows: Rows, fraud: Labels, with_trees: bool, seed: int, height: int
) -> list[Floats]:
    """Return out-of-fold tail scores of the labelled rows for each way of learning."""
    count = 3 if with_trees else 2
    out = [np.zeros(len(rows)) for _ in range(count)]
    fold = _folds(fraud, seed)
    for part in range(FOLDS):
        away, here = fold != part, fold == part
        if not here.any() or not away.any():
            continue
        scores = [scaled[:, 0], _regression(scaled, rows[away], fraud[away])]
        if with_trees:
            scores.append(_trees(inputs, rows[away], fraud[away], seed))
        for position, one in enumerate(scores):
            out[position][here] = tail_scores_among(one, height)[rows[here]]
    return out


def _weights(held: Sequence[Floats], fraud: Labels) -> tuple[float, float, float]:
    """Return weights by the accuracy on held-out labels.

    Whatever that is, the ensemble keeps the more the fewer labels of the rarer kind there are: two fifths with one, a
    twelfth with ten.
    """
    few = float(min(fraud.sum(), (~fraud).sum()))
    count = len(fraud)
    if few < 2:
        regression = min(1.0, count / 20) * 0.5
        share = np.array([1 - regression, regression])
    else:
        accuracy = np.array([_pair_accuracy(one, fraud) for one in held])
        raw = np.exp((accuracy - accuracy.max()) * min(few, 30.0))
        raw[:2] *= [max(MIN_ADVANTAGE, half / (half + count)) for half in HALF_LIVES]
        share = raw / raw.sum()
    share *= (few + 0.5) / (few + 1.5)
    share[0] += 1 / (few + 1.5)
    return (float(share[0]), float(share[1]), float(share[2]) if len(share) > 2 else 0.0)


def _pair_accuracy(score: Floats, fraud: Labels) -> float:
    """Return the share of pairs in the right order (ROC AUC)."""
    frauds = int(fraud.sum())
    if not 0 < frauds < len(fraud):
        return float("nan")
    ranks = mid_ranks(score) * len(score) + 0.5
    return float((ranks[fraud].sum() - frauds * (frauds + 1) / 2) / (frauds * (len(fraud) - frauds)))


def _folds(fraud: Labels, seed: int) -> Rows:
    rng = np.random.default_rng([seed, 53])
    fold = np.zeros(len(fraud), dtype=np.int64)
    for kind in (fraud, ~fraud):
        rows = np.flatnonzero(kind)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return fold


def _tail_score(score: Floats) -> Floats:
    return tail_score(mid_ranks(score), len(score))


def _intercept(prior: Floats, label: Floats) -> float:
    """Return the intercept at which the ensemble expects as many frauds among the labelled rows as there are."""
    low, high = -15.0, 15.0
    for _ in range(50):
        middle = (low + high) / 2
        if float(_expit(prior + middle).mean()) < float(np.clip(label.mean(), 0.02, 0.98)):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _expit(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))
