"""Search of boosting parameters within a time budget; equal seeds and numbers of trials give equal results.

Two kinds of boosters are searched side by side, since folds of a small table cannot tell which will be better next month: one
sees the table's own columns alone, one the features as well. The result blends both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vigie.arrays import Floats
from vigie.training.blending import blend_shares, blended_precision
from vigie.training.boosters import DEFAULT_PARAMETERS, CrossValidation, Rows, TrainingSet, cross_validate

if TYPE_CHECKING:
    import optuna

MAX_ROWS = 40_000
"""Rows parameters are tuned on: all frauds, and a weighted sample of the rest."""

MAX_SETS, SINGLE_SET_MIN_ROWS = 3, 10_000
"""Sets of parameters per kind in the result, up to so many rows; above, the best alone: more rows tell good from lucky, and
every booster costs time."""

TrialCallback = Callable[[int, float], None]
"""Called with the number of a trial, from 1, and the best average precision so far."""


@dataclass(frozen=True)
class TunedBooster:
    """Parameters of one booster.

    Attributes:
        parameters: as in `boosters.DEFAULT_PARAMETERS`.
        features: whether it sees all inputs, or only the first ones, which come from the table's own columns.
        rounds: of boosting.
        weight: of its margin; all weights sum to 1.
    """

    parameters: dict[str, Any]
    features: bool
    rounds: int
    weight: float


@dataclass(frozen=True)
class TuningResult:
    """What the search found.

    Attributes:
        boosters: to fit and blend.
        average_precision: of their blend on the validation rows, so slightly optimistic.
        trials: number of sets of parameters tried.
        seconds: duration.
    """

    boosters: tuple[TunedBooster, ...]
    average_precision: float
    trials: int
    seconds: float


@dataclass(frozen=True)
class _Trial:
    result: CrossValidation
    parameters: dict[str, Any]


def tune(
    rows: TrainingSet,
    folds: Sequence[tuple[Rows, Rows]],
    own: int,
    *,
    trials: int,
    seconds: float,
    seed: int,
    threads: int,
    sets: int = MAX_SETS,
    on_trial: TrialCallback = lambda trial, best: None,
) -> TuningResult:
    """Search parameters, beginning with the defaults.

    Args:
        rows: to train on; `sample_rows` draws few of many.
        folds: of them.
        own: how many of the inputs, the first ones, come from the table's own columns.
        trials: at most, at least 1; a kind that no trial is left for is not in the result.
        seconds: no trial starts that would probably end later.
        seed: of the search.
        threads: of XGBoost.
        sets: of parameters per kind in the result.
        on_trial: called after each trial.
    """
    kinds = (True, False) if 0 < own < rows.inputs.shape[1] else (True,)
    studies = {features: _study(seed) for features in kinds}
    done: dict[bool, list[_Trial]] = {features: [] for features in kinds}
    start, longest, best = time.perf_counter(), 0.0, 0.0
    for number in range(trials):
        trial_start = time.perf_counter()
        if number >= len(kinds) and trial_start - start + longest > seconds:
            break
        features = kinds[number % len(kinds)]
        trial = studies[features].ask()
        parameters = _suggest(trial)
        result = cross_validate(
            rows, folds, parameters, seed=seed, threads=threads, inputs=None if features else own
        )
        studies[features].tell(trial, result.average_precision)
        done[features].append(_Trial(result, parameters))
        longest, best = max(longest, time.perf_counter() - trial_start), max(best, result.average_precision)
        on_trial(number + 1, best)
    chosen = {features: _best(tried, sets) for features, tried in done.items() if tried}
    boosters, precision = _blend(chosen, rows, folds)
    return TuningResult(
        boosters, precision, sum(map(len, done.values())), round(time.perf_counter() - start, 1)
    )


def sample_rows(rows: TrainingSet, seed: int) -> Rows:
    """Draw positions of at most `MAX_ROWS` rows: every fraud up to half of them, and a sample of the rest."""
    fraud, rest = np.flatnonzero(rows.label), np.flatnonzero(~rows.label)
    rng = np.random.default_rng([seed, 37])
    if len(fraud) > MAX_ROWS // 2:
        fraud = rng.choice(fraud, MAX_ROWS // 2, replace=False)
    if len(fraud) + len(rest) > MAX_ROWS:
        rest = rng.choice(rest, MAX_ROWS - len(fraud), replace=False)
    return np.sort(np.r_[fraud, rest])


def sample_weights(rows: TrainingSet, sample: Rows) -> Floats:
    """Return (sample,) how many rows each sampled row stands for."""
    whole, part = rows.label, rows.label[sample]
    frauds = whole.sum() / max(part.sum(), 1)
    legitimate = (~whole).sum() / max((~part).sum(), 1)
    return np.asarray(np.where(part, frauds, legitimate), dtype=float)


def _best(tried: Sequence[_Trial], sets: int) -> list[_Trial]:
    """Return the best; of several, the defaults first, since no luck on the folds has chosen them."""
    first, *others = tried
    ranked = sorted(tried if sets == 1 else others, key=lambda one: -one.result.average_precision)
    return ranked[:1] if sets == 1 else [first, *ranked[: sets - 1]]


def _blend(
    best: Mapping[bool, list[_Trial]], rows: TrainingSet, folds: Sequence[tuple[Rows, Rows]]
) -> tuple[tuple[TunedBooster, ...], float]:
    """Return the boosters with their weights, and the average precision of the blend on the folds."""
    margins = [
        np.stack([np.mean([one.result.margins[fold] for one in tried], axis=0) for tried in best.values()])
        for fold in range(len(folds))
    ]
    shares = blend_shares(margins, rows, folds)
    boosters = [
        TunedBooster(one.parameters, features, one.result.rounds, round(float(share) / len(tried), 4))
        for share, (features, tried) in zip(shares, best.items(), strict=True)
        for one in tried
        if share > 0
    ]
    return tuple(boosters), blended_precision(margins, shares, rows, folds)


def _study(seed: int) -> optuna.Study:
    import optuna

    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=8)
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(verbosity)  # the user's own studies may log
    study.enqueue_trial(DEFAULT_PARAMETERS)
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
