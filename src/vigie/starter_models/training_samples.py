"""Training samples of the starter models: model inputs of a sample of each simulated table's rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from vigie import simulator
from vigie.matching import Column
from vigie.models import model_inputs
from vigie.roles import inference
from vigie.starter_models.specs import columns_of_view

MIN_ROWS = 150
"""A smaller table gives no sample."""

MAX_FRAUDS, MAX_LEGITIMATE = 120, 480
"""Rows in a sample: many small samples train a better model than a few large ones."""

QUANTILE_LEVELS = np.linspace(0, 1, 21)

EXTRACT_FRAUD_SHARE = (0.03, 0.3)
"""Range of the share of frauds in an extract made around known frauds."""


@dataclass(frozen=True)
class TrainingSample:
    """A sample of one simulated table.

    Attributes:
        domain: domain of the table.
        view: `full` or `bare`.
        seed: seed of the table.
        inputs: (rows, INPUTS) model inputs.
        anomaly: (rows,) anomaly score as mid-rank within the whole table, in (0, 1).
        label: (rows,) whether a row is fraud.
        share: share of frauds in the whole table, in [0, 1].
        rows: number of rows of the whole table.
        typologies: its kinds of fraud.
        columns: its columns, for the profile.
        quantiles: (features, 21) quantiles of the raw features; NaN where unknown.
    """

    domain: str
    view: str
    seed: int
    inputs: npt.NDArray[np.float32]
    anomaly: npt.NDArray[np.float64]
    label: npt.NDArray[np.bool_]
    share: float
    rows: int
    typologies: tuple[str, ...]
    columns: tuple[Column, ...]
    quantiles: npt.NDArray[np.float32]


def make_sample(domain: str, view: str, seed: int, extract: bool = False) -> TrainingSample | None:
    """Simulate one table and return a sample; None where the view has too few columns, rows or frauds.

    The roles of tables with an even seed are inferred, those of the others are the true ones.

    Args:
        domain: domain of the table.
        view: `full` or `bare`.
        seed: seed of the table.
        extract: leave out legitimate rows, as in an upload of known frauds and some other rows.
    """
    table = simulator.generate(domain, seed)
    names = columns_of_view(table.roles, domain, view)
    rows = _extract_rows(table.label, seed) if extract else np.arange(len(table.label))
    frame, labels = table.frame.select(names)[rows], table.label[rows]
    if frame.width < 2 or labels.sum() < 3 or len(rows) < MIN_ROWS:
        return None
    truth = {name: table.roles[name] for name in names}
    found = inference.infer(frame, truth if seed % 2 else None)
    gathered = model_inputs.build_inputs(frame, found, seed=seed)
    label = labels[gathered.order]
    keep = _sample(label, np.random.default_rng([seed, 7]))
    return TrainingSample(
        domain=domain,
        view=view,
        seed=seed,
        inputs=gathered.inputs[keep],
        anomaly=gathered.rank_anomaly[keep],
        label=label[keep],
        share=float(labels.mean()),
        rows=frame.height,
        typologies=tuple(sorted({str(name) for name in np.unique(table.typology)} - {"", "mislabelled"})),
        columns=tuple(
            Column(c.column, c.role, str(frame.schema[c.column].base_type())) for c in found.columns
        ),
        quantiles=_quantiles(gathered.features.values, gathered.varying),
    )


def make_samples(
    wanted: Sequence[tuple[str, str, int, bool]], *, processes: int = 2
) -> Iterator[TrainingSample]:
    """Yield the samples of many (domain, view, seed, extract) in their order, made by several processes."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for sample in pool.map(_make_sample, wanted, chunksize=4):
            if sample is not None:
                yield sample


def _make_sample(arguments: tuple[str, str, int, bool]) -> TrainingSample | None:
    return make_sample(*arguments)


def _extract_rows(label: npt.NDArray[np.bool_], seed: int) -> npt.NDArray[np.int64]:
    """Return the rows of an extract: all frauds, and legitimate rows up to a share of frauds in `EXTRACT_FRAUD_SHARE`."""
    rng = np.random.default_rng([seed, 13])
    share = float(np.exp(rng.uniform(*np.log(EXTRACT_FRAUD_SHARE))))
    frauds, legitimate = np.flatnonzero(label), np.flatnonzero(~label)
    wanted = min(len(legitimate), round(len(frauds) * (1 - share) / share))
    return np.sort(np.concatenate([frauds, rng.choice(legitimate, wanted, replace=False)]))


def _sample(label: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    frauds, legitimate = np.flatnonzero(label), np.flatnonzero(~label)
    if len(frauds) > MAX_FRAUDS:
        frauds = rng.choice(frauds, MAX_FRAUDS, replace=False)
    if len(legitimate) > MAX_LEGITIMATE:
        legitimate = rng.choice(legitimate, MAX_LEGITIMATE, replace=False)
    return np.sort(np.concatenate([frauds, legitimate]))


def _quantiles(values: npt.NDArray[np.float32], known: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    out = np.full((values.shape[1], len(QUANTILE_LEVELS)), np.nan, dtype=np.float32)
    for j in np.flatnonzero(known):
        column = values[:, j]
        out[j] = np.quantile(column[np.isfinite(column)], QUANTILE_LEVELS)
    return out
