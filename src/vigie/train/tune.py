"""Parameters of the trees, searched within a time budget; the same seed and number of trials give the same choice.

Two kinds of trees are searched side by side, since folds of a small table cannot say which will be better next month:
those that look at the table's own columns alone, and those that look at the features as well. Both speak in the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vigie.train import blending
from vigie.train.trees import BY_DEFAULT, Judged, Lesson, Rows, judge

if TYPE_CHECKING:
    import optuna

MOST_ROWS = 40_000
"""Rows parameters are chosen on: frauds all of them, the rest a sample that stands for the whole."""

SETS, SMALL = 3, 10_000
"""Sets of parameters of each kind that speak in the end, up to so many rows; above, the best alone: there the folds tell
good from lucky, and trees cost time."""

Heard = Callable[[int, float], None]


@dataclass(frozen=True)
class Chosen:
    """Parameters of one booster.

    Attributes:
        parameters: as `trees.BY_DEFAULT` has them.
        features: whether all inputs are looked at, or only the first ones, which come from the table's own columns.
        rounds: of boosting.
        weight: of its margin; all together sum to 1.
    """

    parameters: dict[str, Any]
    features: bool
    rounds: int
    weight: float


@dataclass(frozen=True)
class Tuned:
    """What the search found.

    Attributes:
        boosters: what speaks in the end.
        average_precision: of all of them together on the rows that chose, so a little too good.
        trials: how many sets of parameters were tried.
        seconds: it took.
    """

    boosters: tuple[Chosen, ...]
    average_precision: float
    trials: int
    seconds: float


@dataclass(frozen=True)
class _Tried:
    found: Judged
    parameters: dict[str, Any]


def tune(
    lesson: Lesson,
    folds: Sequence[tuple[Rows, Rows]],
    own: int,
    *,
    trials: int,
    seconds: float,
    seed: int,
    threads: int,
    sets: int = SETS,
    heard: Heard = lambda trial, best: None,
) -> Tuned:
    """Searches, beginning with the parameters that do well nearly everywhere.

    Args:
        lesson: rows to learn from; `thin` makes them few.
        folds: of them.
        own: how many of the inputs, the first ones, come from the columns themselves.
        trials: at most.
        seconds: no trial is begun that would probably end later.
        seed: of the search.
        threads: of XGBoost.
        sets: of parameters of each kind that speak in the end.
        heard: told the number of each trial and the best average precision so far.
    """
    kinds = (True, False) if 0 < own < lesson.inputs.shape[1] else (True,)
    studies = {features: _study(seed) for features in kinds}
    done: dict[bool, list[_Tried]] = {features: [] for features in kinds}
    start, longest, best = time.perf_counter(), 0.0, 0.0
    for number in range(trials):
        begun = time.perf_counter()
        if number >= len(kinds) and begun - start + longest > seconds:
            break
        features = kinds[number % len(kinds)]
        trial = studies[features].ask()
        parameters = _suggest(trial)
        found = judge(lesson, folds, parameters, seed=seed, threads=threads, inputs=None if features else own)
        studies[features].tell(trial, found.average_precision)
        done[features].append(_Tried(found, parameters))
        longest, best = max(longest, time.perf_counter() - begun), max(best, found.average_precision)
        heard(number + 1, best)
    chosen, reached = _mixed({kind: _best(tried, sets) for kind, tried in done.items()}, lesson, folds)
    tried = sum(map(len, done.values()))
    return Tuned(chosen, reached, tried, round(time.perf_counter() - start, 1))


def thin(lesson: Lesson, seed: int, most: int = MOST_ROWS) -> Rows:
    """Positions of at most `most` rows: every fraud up to half of them, and a sample of the rest."""
    fraud, rest = np.flatnonzero(lesson.label), np.flatnonzero(~lesson.label)
    rng = np.random.default_rng([seed, 37])
    if len(fraud) > most // 2:
        fraud = rng.choice(fraud, most // 2, replace=False)
    if len(fraud) + len(rest) > most:
        rest = rng.choice(rest, most - len(fraud), replace=False)
    return np.sort(np.r_[fraud, rest])


def weights(lesson: Lesson, kept: Rows) -> np.ndarray:
    """(kept,) how many rows each kept row stands for."""
    whole, part = lesson.label, lesson.label[kept]
    frauds = whole.sum() / max(part.sum(), 1)
    honest = (~whole).sum() / max((~part).sum(), 1)
    return np.asarray(np.where(part, frauds, honest), dtype=float)


def _best(tried: Sequence[_Tried], sets: int) -> list[_Tried]:
    """The best, and beside several the one by default, which no luck on the folds has chosen."""
    first, *others = tried
    ranked = sorted(tried if sets == 1 else others, key=lambda one: -one.found.average_precision)
    return ranked[:1] if sets == 1 else [first, *ranked[: sets - 1]]


def _mixed(
    best: dict[bool, list[_Tried]], lesson: Lesson, folds: Sequence[tuple[Rows, Rows]]
) -> tuple[tuple[Chosen, ...], float]:
    """What speaks, with its weights, and the average precision of it on the folds."""
    held = [
        np.stack([np.mean([one.found.margins[fold] for one in tried], axis=0) for tried in best.values()])
        for fold in range(len(folds))
    ]
    say = blending.shares(held, lesson, folds)
    chosen = [
        Chosen(one.parameters, features, one.found.rounds, round(float(share) / len(tried), 4))
        for share, (features, tried) in zip(say, best.items(), strict=True)
        for one in tried
        if share > 0
    ]
    return tuple(chosen), blending.precision(held, say, lesson, folds)


def _study(seed: int) -> optuna.Study:
    import optuna

    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=8)
    chosen = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(chosen)  # the user's own studies may log
    study.enqueue_trial(BY_DEFAULT)
    return study


def _suggest(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "eta": trial.suggest_float("eta", 0.03, 0.2, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 9),
        "min_child_weight": trial.suggest_float("min_child_weight", 0.5, 30.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.25, 1.0),
        "lambda": trial.suggest_float("lambda", 0.3, 30.0, log=True),
        "gamma": trial.suggest_float("gamma", 0.0, 3.0),
        "balance": trial.suggest_float("balance", 0.0, 1.0),
    }
