"""The two heads of a model: fitted on some rows, judged on rows held out, fitted again on all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.calibration import metrics
from vigie.calibration.calibrator import Calibrator
from vigie.models import model_inputs, transferable
from vigie.models.model_inputs import ModelInputs
from vigie.models.trained import encoders
from vigie.models.trained.model import TrainedModel
from vigie.models.trained.table_model import (
    Coverage,
    SubModel,
    TableEncoder,
    TableModel,
    fit_encoder,
    gain_shares,
    training_names,
)
from vigie.roles.inference import Roles
from vigie.train import fit_calibrator, split, trees, tune
from vigie.train.feature_dependencies import needs
from vigie.train.label import Label
from vigie.train.trees import Lesson
from vigie.train.tune import Heard, Tuned

BUDGETS = (0.001, 0.005, 0.01, 0.05)
SLICES = 4
FEWEST_TO_JUDGE = 3
FEW = 1500
"""Rows that show which features need which columns."""

Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """Some rows of the table as the heads see them, in the order of their evidence.

    Attributes:
        frame: (rows, columns) typed, in its own order.
        evidence: of these rows alone.
        fraud: (rows,) the label.
        known: (rows,) whether it is known.
        when: (rows,) moments; None without a time.
        groups: (rows,) customers; None without.
    """

    frame: pl.DataFrame
    evidence: ModelInputs
    fraud: Labels
    known: Labels
    when: Floats | None
    groups: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class Measured:
    """One head on the rows held out: its performance as JSON, and what its margins mean."""

    performance: dict[str, Any]
    calibrator: Calibrator


def part(frame: pl.DataFrame, roles: Roles, label: Label, rows: npt.NDArray[np.int64], seed: int) -> Part:
    """Rows of the table, looked at as if nothing else had been uploaded."""
    here = frame[rows]
    evidence = model_inputs.build_inputs(here, roles, seed=seed)
    when, groups = split.moments(here, roles), split.customers(here, roles)
    order = evidence.order
    return Part(
        here,
        evidence,
        label.fraud[rows][order],
        label.known[rows][order],
        None if when is None else when[order],
        None if groups is None else groups[order],
    )


def remember(one: Part, roles: Roles, leave: frozenset[str], salt: str) -> TableEncoder:
    """What the own head keeps of the rows."""
    back = np.argsort(one.evidence.order)
    fraud, known = one.fraud[back], one.known[back]
    return fit_encoder(one.frame, roles, one.evidence, fraud, known, leave=leave, salt=salt)


def lesson(one: Part, own: TableEncoder, seed: int) -> Lesson:
    """The rows with labels as the trees see them; a category is told by other rows than its own."""
    matrix = own.matrix(one.frame, training_names(own), one.evidence)
    back = np.argsort(one.evidence.order)
    fold = np.random.default_rng([seed, 41]).integers(0, encoders.FOLDS, len(matrix))
    told = encoders.out_of_fold(one.frame, own.encoders, one.fraud[back], one.known[back], fold)
    for column, values in told.items():
        matrix[:, column] = values[one.evidence.order]
    rows = one.known
    return Lesson(matrix[rows], one.fraud[rows], np.ones(int(rows.sum())))


def choose(
    one: Part,
    taught: Lesson,
    own: TableEncoder,
    *,
    trials: int,
    seconds: float,
    seed: int,
    threads: int,
    heard: Heard,
) -> Tuned:
    """Searches parameters on the rows to learn from."""
    kept = tune.thin(taught, seed)
    fewer = Lesson(taught.inputs[kept], taught.label[kept], tune.weights(taught, kept))
    rows = np.flatnonzero(one.known)[kept]
    parts = split.folds(
        None if one.when is None else one.when[rows],
        None if one.groups is None else one.groups[rows],
        fewer.label,
        seed,
    )
    sets = tune.SETS if len(kept) <= tune.SMALL else 1
    return tune.tune(
        fewer, parts, own.width, trials=trials, seconds=seconds, seed=seed, threads=threads, sets=sets, heard=heard
    )  # fmt: skip


def fit(
    one: Part, roles: Roles, own: TableEncoder, taught: Lesson, tuned: Tuned, *, seed: int, threads: int
) -> TrainedModel:
    """Both heads on some rows; the skill is not measured yet."""
    hide = needs(*_some(one, roles, seed), own)
    voices = []
    for number, chosen in enumerate(tuned.boosters):
        width = len(own.inputs) if chosen.features else own.width
        narrow = replace(taught, inputs=taught.inputs[:, :width])
        booster = trees.fit(
            narrow, chosen.parameters, chosen.rounds, seed=seed + number, threads=threads, needs=hide[:width]
        )
        voices.append(SubModel(booster, width, chosen.weight))
    head = TableModel(tuple(voices), own, gain_shares(voices, own.inputs))
    rows = one.known
    general = transferable.fit([one.evidence.inputs[rows]], [one.fraud[rows]], seed=seed, threads=threads)
    return TrainedModel(general, head, 0.5)


def measure(
    model: TrainedModel, held: Part, roles: Roles, seed: int
) -> tuple[Measured, Measured, Coverage, dict[str, Floats]]:
    """Both heads on rows held out, the own head's coverage there, and the curves that a card draws.

    Returns:
        Own head, transferable head, coverage, and `label`, `own`, `transferable` of the rows.
    """
    encoder = model.table_model.encoder
    matrix = encoder.matrix(held.frame, training_names(encoder), held.evidence)
    coverage = model.table_model.coverage(matrix, encoder.match(held.frame, roles), held.evidence)
    order = np.flatnonzero(held.known)
    if held.when is not None:
        order = order[np.argsort(held.when[order], kind="stable")]
    fraud = held.fraud[order]
    margins = {
        "own": model.table_model.margin(matrix)[order],
        "transferable": model.transferable.margin_of(held.evidence.inputs)[order],
    }
    timed = held.when is not None
    both = [_measured(fraud, margin, seed, timed) for margin in margins.values()]
    return both[0], both[1], coverage, {"label": fraud.astype(float), **margins}


def salt_of(label: Label, seed: int) -> str:
    """A salt of the model's own, the same for the same table and seed."""
    return sha256(label.fraud.tobytes() + str(seed).encode()).hexdigest()[:32]


def listener(progress: Callable[[str, float], None]) -> Heard:
    """Reports each trial with the best score so far."""

    def heard(trial: int, best: float) -> None:
        progress(f"tuning, trial {trial}, best AP {best:.3f}", 0.3 + 0.4 * (1 - 0.95**trial))

    return heard


def _some(one: Part, roles: Roles, seed: int) -> tuple[pl.DataFrame, Roles]:
    rows = split.whole_customers(one.frame, roles, FEW, seed)
    return (one.frame if rows is None else one.frame[rows]), roles


def _measured(fraud: Labels, margin: Floats, seed: int, timed: bool) -> Measured:
    area, precision, top = metrics.measure(fraud, margin)
    error = fit_calibrator.error(margin, fraud, seed)
    performance: dict[str, Any] = {
        "rows": len(fraud),
        "frauds": int(fraud.sum()),
        "roc_auc": round(area, 4),
        "average_precision": round(precision, 4),
        "precision_at_1_percent": round(top, 4),
        "calibration_error": round(error, 4) if np.isfinite(error) else None,
        "budgets": [
            {
                "share": budget,
                "precision": round(metrics.precision_at(fraud, margin, budget), 4),
                "recall": round(metrics.recall_at(fraud, margin, budget), 4),
            }
            for budget in BUDGETS
            if budget * len(fraud) >= 1
        ],
    }
    if timed:
        performance["time_slices"] = _slices(fraud, margin)
    return Measured(performance, fit_calibrator.fit(margin, fraud))


def _slices(fraud: Labels, margin: Floats) -> list[dict[str, Any]]:
    """The same, quarter by quarter of the time held out."""
    out = []
    for rows in np.array_split(np.arange(len(fraud)), SLICES):
        here = fraud[rows]
        if FEWEST_TO_JUDGE <= here.sum() < len(here):
            area, precision, _ = metrics.measure(here, margin[rows])
            out.append(
                {
                    "rows": len(rows),
                    "frauds": int(here.sum()),
                    "roc_auc": round(area, 4),
                    "average_precision": round(precision, 4),
                }
            )
    return out
