"""Rows of a labelled table with their model inputs, and the same as a training set of the table-specific model."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.models import model_inputs
from vigie.models.model_inputs import ModelInputs
from vigie.models.trained import encoders
from vigie.models.trained.table_model import TableEncoder, fit_encoder, training_names
from vigie.training import splitting
from vigie.training.boosters import Labels, TrainingSet
from vigie.training.inspection import TrainingPlan


@dataclass(frozen=True)
class Subset:
    """Some rows of the table as if they were a table; all but `frame` in the order of the model inputs.

    Attributes:
        frame: (rows, columns) typed, in the order of the table.
        evidence: model inputs of these rows alone.
        fraud: (rows,) the label.
        known: (rows,) whether it is known.
        times: (rows,) seconds; None without a time.
        customers: (rows,) customer numbers; None without.
    """

    frame: pl.DataFrame
    evidence: ModelInputs
    fraud: Labels
    known: Labels
    times: Floats | None
    customers: npt.NDArray[np.int64] | None


def take_subset(plan: TrainingPlan, rows: npt.NDArray[np.int64], seed: int) -> Subset:
    """Compute the model inputs of some rows of the plan's table, from these rows alone."""
    frame = plan.frame[rows]
    evidence = model_inputs.build_inputs(frame, plan.roles, seed=seed)
    order = evidence.order
    times, customers = splitting.event_times(frame, plan.roles), splitting.customer_ids(frame, plan.roles)
    return Subset(
        frame,
        evidence,
        plan.label.fraud[rows][order],
        plan.label.known[rows][order],
        None if times is None else times[order],
        None if customers is None else customers[order],
    )


def fit_table_encoder(subset: Subset, plan: TrainingPlan, seed: int) -> TableEncoder:
    """Fit what the table-specific model needs to know of the table; the salt is the same for equal labels and seeds."""
    salt = sha256(plan.label.fraud.tobytes() + str(seed).encode()).hexdigest()[:32]
    back = np.argsort(subset.evidence.order)
    fraud, known = subset.fraud[back], subset.known[back]
    return fit_encoder(
        subset.frame, plan.roles, subset.evidence, fraud, known, leave=plan.excluded_columns, salt=salt
    )


def training_set(subset: Subset, encoder: TableEncoder, seed: int) -> TrainingSet:
    """Return the labelled rows as inputs of the trees; categories are encoded out of fold."""
    matrix = encoder.matrix(subset.frame, training_names(encoder), subset.evidence)
    back = np.argsort(subset.evidence.order)
    fold = np.random.default_rng([seed, 41]).integers(0, encoders.FOLDS, len(matrix))
    encoded = encoders.out_of_fold(
        subset.frame, encoder.encoders, subset.fraud[back], subset.known[back], fold
    )
    for column, values in encoded.items():
        matrix[:, column] = values[subset.evidence.order]
    rows = subset.known
    return TrainingSet(matrix[rows], subset.fraud[rows], np.ones(int(rows.sum())))
