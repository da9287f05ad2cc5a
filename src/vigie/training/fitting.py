"""Fitting of a trained model: the table-specific and the transferable one, evaluated on rows held out, refitted on all rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vigie.bundles.bundle import Bundle
from vigie.models import transferable
from vigie.models.trained.model import TrainedModel
from vigie.models.trained.table_model import SubModel, TableEncoder, TableModel, gain_shares
from vigie.roles.inference import Roles
from vigie.table import Table
from vigie.training import boosters, splitting, tuning
from vigie.training.boosters import TrainingSet
from vigie.training.card import html, markdown
from vigie.training.evaluation import evaluate
from vigie.training.feature_dependencies import Dependencies, input_dependencies
from vigie.training.inspection import TrainingPlan, inspect
from vigie.training.packaging import make_bundle, summarise
from vigie.training.subsets import Subset, fit_table_encoder, take_subset, training_set
from vigie.training.tuning import TrialCallback, TuningResult

DEFAULT_TRIALS, DEFAULT_SECONDS = 40, 120.0
SINGLE_THREAD_MAX_ROWS = 20_000
"""Rows up to which one thread is used: on a busy machine, two wait for each other ten times longer than they save."""

DEPENDENCY_ROWS = 1500
"""Rows on which the dependencies of inputs on columns are found."""

ProgressCallback = Callable[[str, float], None]
"""Called with the name of a stage and the share done, 0 to 1."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained model that is not stored yet.

    Attributes:
        bundle: its files, with its performance on rows held out.
        plan: that it was trained by.
        summary: plain JSON.
        card: the model card, Markdown.
        page: the same with plots, HTML.
    """

    bundle: Bundle
    plan: TrainingPlan
    summary: dict[str, Any]
    card: str
    page: str = field(repr=False)


def no_progress(stage: str, share: float) -> None:
    """No-op progress callback."""


def train(
    table: Table,
    *,
    label: str,
    name: str,
    positive: str = "",
    unlabelled: Sequence[str] = (),
    domain: str = "",
    keep: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    time_budget: float = DEFAULT_SECONDS,
    trials: int = DEFAULT_TRIALS,
    threads: int = 2,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> TrainingResult:
    """Inspect a table and train a model on it; see `inspect` and `fit` for the arguments and what is refused."""
    progress("looking for leaks", 0.02)
    plan = inspect(
        table, label=label, positive=positive, unlabelled=unlabelled, domain=domain, keep=keep, roles=roles, seed=seed
    )  # fmt: skip
    return fit(
        plan, name=name, time_budget=time_budget, trials=trials, threads=threads, seed=seed, progress=progress
    )


def fit(
    plan: TrainingPlan,
    *,
    name: str,
    time_budget: float = DEFAULT_SECONDS,
    trials: int = DEFAULT_TRIALS,
    threads: int = 2,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> TrainingResult:
    """Fit and evaluate a model.

    Delete the table before calling this to save memory: of a large one, the plan holds a sample.

    Args:
        plan: of the table, made with the same seed.
        name: of the model.
        time_budget: seconds for tuning.
        trials: sets of parameters tried at most.
        threads: of XGBoost, on all but small tables; the result does not depend on it.
        seed: of everything drawn at random.
        progress: called at each stage.
    """
    threads = threads if plan.frame.height > SINGLE_THREAD_MAX_ROWS else 1
    progress("gathering evidence", 0.1)
    subset = take_subset(plan, plan.split.train, seed)
    encoder = fit_table_encoder(subset, plan, seed)
    rows = training_set(subset, encoder, seed)
    on_trial = _report_trials(progress)
    tuned = _tune(
        subset,
        rows,
        encoder,
        trials=trials,
        seconds=time_budget,
        seed=seed,
        threads=threads,
        on_trial=on_trial,
    )
    progress("measuring on the rows held out", 0.75)
    model = _fit_models(subset, plan.roles, encoder, rows, tuned, seed=seed, threads=threads)
    del subset, rows
    evaluations = evaluate(model, take_subset(plan, plan.split.holdout, seed), plan.roles, seed)
    progress("fitting on all rows", 0.85)
    whole = take_subset(plan, np.arange(plan.frame.height), seed)
    encoder = fit_table_encoder(whole, plan, seed)
    rows = training_set(whole, encoder, seed)
    model = _fit_models(whole, plan.roles, encoder, rows, tuned, seed=seed, threads=threads)
    model = replace(model, skill=evaluations.own.performance["roc_auc"])
    progress("writing the card", 0.97)
    bundle = make_bundle(name, plan, model, tuned, evaluations, whole)
    summary = summarise(plan, bundle)
    card = markdown(summary, model)
    return TrainingResult(bundle, plan, summary, card, html(summary, card, evaluations.curves))


def _tune(
    subset: Subset, rows: TrainingSet, encoder: TableEncoder, *, trials: int, seconds: float, seed: int, threads: int, on_trial: TrialCallback
) -> TuningResult:  # fmt: skip
    """Search parameters on a sample of the rows to train on."""
    sample = tuning.sample_rows(rows, seed)
    fewer = TrainingSet(rows.inputs[sample], rows.label[sample], tuning.sample_weights(rows, sample))
    positions = np.flatnonzero(subset.known)[sample]
    folds = splitting.folds(
        None if subset.times is None else subset.times[positions],
        None if subset.customers is None else subset.customers[positions],
        fewer.label,
        seed,
    )
    sets = tuning.MAX_SETS if len(sample) <= tuning.SINGLE_SET_MIN_ROWS else 1
    return tuning.tune(
        fewer, folds, encoder.width, trials=trials, seconds=seconds, seed=seed, threads=threads, sets=sets, on_trial=on_trial
    )  # fmt: skip


def _fit_models(
    subset: Subset,
    roles: Roles,
    encoder: TableEncoder,
    rows: TrainingSet,
    tuned: TuningResult,
    *,
    seed: int,
    threads: int,
) -> TrainedModel:
    """Fit both models on some rows; the skill is not measured yet."""
    dependencies = _dependencies(subset, roles, encoder, seed)
    models = []
    for number, chosen in enumerate(tuned.boosters):
        width = len(encoder.inputs) if chosen.features else encoder.width
        booster = boosters.fit_booster(
            replace(rows, inputs=rows.inputs[:, :width]),
            chosen.parameters,
            chosen.rounds,
            seed=seed + number,
            threads=threads,
            dependencies=dependencies[:width],
        )
        models.append(SubModel(booster, width, chosen.weight))
    table_model = TableModel(tuple(models), encoder, gain_shares(models, encoder.inputs))
    known = subset.known
    general = transferable.fit(
        [subset.evidence.inputs[known]], [subset.fraud[known]], seed=seed, threads=threads
    )
    return TrainedModel(general, table_model, 0.5)


def _dependencies(subset: Subset, roles: Roles, encoder: TableEncoder, seed: int) -> Dependencies:
    sample = splitting.sample_customers(subset.frame, roles, DEPENDENCY_ROWS, seed)
    frame = subset.frame if sample is None else subset.frame[sample]
    return input_dependencies(frame, roles, encoder)


def _report_trials(progress: ProgressCallback) -> TrialCallback:
    """Return a callback that reports each trial with the best score so far."""

    def on_trial(trial: int, best: float) -> None:
        progress(f"tuning, trial {trial}, best AP {best:.3f}", 0.3 + 0.4 * (1 - 0.95**trial))

    return on_trial
