"""Learning from a handful of labels, and choosing which rows to ask about next.

Three voices. The ensemble as it was; its detectors and members weighed anew, held to their weights the more the fewer
labels there are; and trees that know nothing but the marked rows, for where the ensemble started from the wrong idea.
What each is allowed to say is decided by how well it tells labels that it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, mid_ranks
from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

HELD = 4.0
"""How hard weights are held to what they were: as hard as so many labels pull."""

FEWEST_FRAUDS, FEWEST_FINE = 3, 5
"""Marks of each kind below which no trees are grown."""

FOLDS = 4

TREES, ROUNDS, DEPTH, RATE = 80, 4, 6, 0.5
"""Rounds of boosting, each a small forest: on so few rows, trees that differ say more than trees that correct each other."""

FADES = (10.0, 30.0)
"""Marks from which the ensemble, and the same weighed anew, have lost half of their advantage over the trees."""

LEAST = 0.15
"""What they keep of it however many marks there are."""


@dataclass(frozen=True)
class Relearned:
    """What the labels changed.

    Attributes:
        evidence: (rows,) as the ensemble's: higher is more suspicious.
        weights: of the ensemble as it was, of the detectors and members weighed anew, and of the trees; sums to 1.
        told: share of pairs of a marked fraud and a marked fine row in the right order, judged on marks held out: before
            and after; NaN with too few marks.
    """

    evidence: Floats
    weights: tuple[float, float, float]
    told: tuple[float, float]


def relearn(
    prior: Floats, signals: Floats, inputs: Matrix, rows: Rows, fraud: Labels, seed: int
) -> Relearned:
    """Learns from marked rows.

    Args:
        prior: (rows,) evidence of the ensemble, in nats.
        signals: (rows, signals) energies of the detectors and members it is made of.
        inputs: (rows, inputs) the table's own columns and features; NaN where unknown.
        rows: (marks,) which rows are marked.
        fraud: (marks,) true where somebody says fraud.
        seed: of folds and trees.
    """
    scaled = _scaled(prior, signals)
    enough = fraud.sum() >= FEWEST_FRAUDS and (~fraud).sum() >= FEWEST_FINE
    says = [scaled[:, 0], _weighed(scaled, rows, fraud)]
    if enough:
        says.append(_grown(inputs, rows, fraud, seed))
    held = _held_out(scaled, inputs, rows, fraud, enough, seed)
    weights = _weights(held, fraud)
    energies = np.stack([_energy(one) for one in says])
    evidence = np.array(weights[: len(says)]) @ energies
    after = np.array(weights[: len(held)]) @ np.stack(held)
    return Relearned(evidence, weights, (_told(held[0], fraud), _told(after, fraud)))


def next_rows(score: Floats, marked: Rows, fraud: Labels, n: int, seed: int) -> list[int]:
    """Rows worth a look, for whoever marks and for what is learned from it.

    Every other one is the most suspicious that nobody has marked or, once frauds and fine rows are known, is drawn from
    where the marks turn from one to the other. Between them come rows drawn evenly over the logarithm of the rank, so
    that every depth of the list is looked at, the top more closely.

    Args:
        score: (rows,) higher is more suspicious.
        marked: (marks,) rows that are marked already.
        fraud: (marks,) true where somebody says fraud.
        n: how many.
        seed: of what is drawn.
    """
    energy = _energy(score)
    order = np.argsort(-score, kind="stable")
    free = order[~np.isin(order, marked)]
    rng = np.random.default_rng([seed, len(marked), 43])
    turn = _turn(energy, marked, fraud)[free]
    chosen: dict[int, None] = {}
    top = iter(free.tolist())
    while len(chosen) < min(n, len(free)):
        if len(chosen) % 2 == 1:
            row = int(free[min(int(np.exp(rng.random() * np.log(len(free) + 1))) - 1, len(free) - 1)])
        elif turn.any():
            row = int(free[rng.choice(len(free), p=turn / turn.sum())])
        else:
            row = next(top)
        chosen.setdefault(row)
    return list(chosen)


def _turn(energy: Floats, marked: Rows, fraud: Labels) -> Floats:
    """(rows,) how open it is what somebody would say, 0 to 1/4; 0 everywhere while only one kind of mark is known."""
    if not 0 < fraud.sum() < len(fraud):
        return np.zeros(len(energy))
    design = np.column_stack([np.ones(len(energy)), energy])
    weights = _logistic(design[marked], fraud.astype(float), np.zeros(2), np.array([0.05, 1.0]))
    chance = _expit(design @ weights)
    return np.asarray(chance * (1 - chance))


def _scaled(prior: Floats, signals: Floats) -> Floats:
    """(rows, 1 + signals) the ensemble and its parts, each in units of its own spread."""
    both = np.column_stack([prior, signals])
    spread = both.std(axis=0)
    return np.asarray((both - both.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _weighed(scaled: Floats, rows: Rows, fraud: Labels) -> Floats:
    """(rows,) log-odds by a logistic regression that is held to the ensemble as it was."""
    x, y = scaled[rows], fraud.astype(float)
    start = np.r_[_first_guess(x[:, 0], y), 1.0, np.zeros(x.shape[1] - 1)]
    held = np.r_[0.05, np.full(x.shape[1], HELD)]
    weights = _logistic(np.column_stack([np.ones(len(x)), x]), y, start, held)
    return np.asarray(np.column_stack([np.ones(len(scaled)), scaled]) @ weights)


def _logistic(design: Floats, y: Floats, start: Floats, held: Floats) -> Floats:
    """(inputs,) weights by Newton's method, each held to where it starts."""
    weights = start.copy()
    for _ in range(30):
        chance = _expit(design @ weights)
        gradient = design.T @ (chance - y) + held * (weights - start)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(held)
        step = np.linalg.solve(curve, gradient)
        weights -= np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _grown(inputs: Matrix, rows: Rows, fraud: Labels, seed: int) -> Floats:
    """(rows,) log-odds by trees that have seen the marked rows only, both kinds counting the same."""
    vendor = xgboost_import.load()
    weight = np.where(fraud, 0.5 / max(fraud.sum(), 1), 0.5 / max((~fraud).sum(), 1)) * len(fraud)
    lesson = vendor.DMatrix(inputs[rows], fraud.astype(np.float32), weight=weight, nthread=1)
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
    return margins(vendor.train(parameters, lesson, ROUNDS), inputs)


def _held_out(
    scaled: Floats, inputs: Matrix, rows: Rows, fraud: Labels, enough: bool, seed: int
) -> list[Floats]:
    """What each way of learning says of marks it has not seen, as energies."""
    count = 3 if enough else 2
    out = [np.zeros(len(rows)) for _ in range(count)]
    fold = _folds(fraud, seed)
    for part in range(FOLDS):
        away, here = fold != part, fold == part
        if not here.any() or not away.any():
            continue
        weighed = _weighed(scaled, rows[away], fraud[away])
        says = [scaled[:, 0], weighed]
        if enough:
            says.append(_grown(inputs, rows[away], fraud[away], seed))
        for position, one in enumerate(says):
            out[position][here] = _energy(one)[rows[here]]
    return out


def _weights(held: Sequence[Floats], fraud: Labels) -> tuple[float, float, float]:
    """What each may say: by how well it tells marks it has not seen.

    Whatever they tell, the ensemble keeps the more the fewer marks of the rarer kind there are: two fifths with one, a
    twelfth with ten.
    """
    few = float(min(fraud.sum(), (~fraud).sum()))
    count = len(fraud)
    if few < 2:
        learned = min(1.0, count / 20) * 0.5
        share = np.array([1 - learned, learned])
    else:
        told = np.array([_told(one, fraud) for one in held])
        raw = np.exp((told - told.max()) * min(few, 30.0))
        raw[:2] *= [max(LEAST, marks / (marks + count)) for marks in FADES]
        share = raw / raw.sum()
    share *= (few + 0.5) / (few + 1.5)
    share[0] += 1 / (few + 1.5)
    return (float(share[0]), float(share[1]), float(share[2]) if len(share) > 2 else 0.0)


def _told(score: Floats, fraud: Labels) -> float:
    """Share of pairs in the right order (ROC AUC)."""
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


def _energy(score: Floats) -> Floats:
    return np.asarray(-np.log(1 - mid_ranks(score) + 0.5 / max(len(score), 1)))


def _first_guess(prior: Floats, label: Floats) -> float:
    """The shift that makes the ensemble expect as many frauds among the marks as there are."""
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
