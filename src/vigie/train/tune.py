"""Parameters of the trees, searched within a time budget; the same seed and number of trials give the same choice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vigie.scoring.own.trees import BY_DEFAULT, Judged, Lesson, Rows, judge

if TYPE_CHECKING:
    import optuna

MOST_ROWS = 40_000
"""Rows parameters are chosen on: frauds all of them, the rest a sample that stands for the whole."""

SIMPLER = 0.005
"""What looking at more inputs must add in average precision; below it the fewer inputs win."""

Heard = Callable[[int, float], None]


@dataclass(frozen=True)
class Tuned:
    """The best parameters.

    Attributes:
        chosen: as `trees.BY_DEFAULT` has them.
        features: whether the features are looked at beside the table's own columns.
        rounds: of boosting.
        average_precision: on the rows that chose, so a little too good.
        trials: how many were tried.
        seconds: it took.
    """

    chosen: dict[str, Any]
    features: bool
    rounds: int
    average_precision: float
    trials: int
    seconds: float


def tune(
    lesson: Lesson,
    folds: Sequence[tuple[Rows, Rows]],
    own: int,
    *,
    trials: int,
    seconds: float,
    seed: int,
    threads: int,
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
        heard: told the number of each trial and the best average precision so far.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8)
    )
    for features in (True, False):
        if own or features:
            study.enqueue_trial({**BY_DEFAULT, "features": features})
    start, longest = time.perf_counter(), 0.0
    done: list[tuple[float, Judged, dict[str, Any], bool]] = []
    for number in range(trials):
        begun = time.perf_counter()
        if number >= 2 and begun - start + longest > seconds:
            break
        trial = study.ask()
        chosen, features = _suggest(trial, own)
        found = judge(lesson, folds, chosen, seed=seed, threads=threads, inputs=None if features else own)
        study.tell(trial, found.average_precision)
        done.append((found.average_precision - SIMPLER * features, found, chosen, features))
        longest = max(longest, time.perf_counter() - begun)
        heard(number + 1, max(one[1].average_precision for one in done))
    _, found, chosen, features = max(done, key=lambda one: one[0])
    spent = time.perf_counter() - start
    return Tuned(chosen, features, found.rounds, found.average_precision, len(done), round(spent, 1))


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


def _suggest(trial: optuna.Trial, own: int) -> tuple[dict[str, Any], bool]:
    chosen = {
        "eta": trial.suggest_float("eta", 0.03, 0.2, log=True),
        "max_depth": trial.suggest_int("max_depth", 2, 9),
        "min_child_weight": trial.suggest_float("min_child_weight", 0.5, 30.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.25, 1.0),
        "lambda": trial.suggest_float("lambda", 0.3, 30.0, log=True),
        "gamma": trial.suggest_float("gamma", 0.0, 3.0),
        "balance": trial.suggest_float("balance", 0.0, 1.0),
    }
    features = trial.suggest_categorical("features", [True, False])
    return chosen, bool(features) or not own
