"""What the reference models learn from: simulated worlds turned into evidence, a sample of rows each."""

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
from vigie.starter_models.specs import kept

FEWEST = 150
"""Rows below which a world teaches nothing."""

FRAUDS, HONEST = 120, 480
"""Rows kept of each world: many small worlds teach more than few large ones."""

LEVELS = np.linspace(0, 1, 21)

RICHEST = (0.03, 0.3)
"""Shares of frauds an extract made around frauds may have."""


@dataclass(frozen=True)
class Lesson:
    """One world as the models see it.

    Attributes:
        domain: the world's.
        view: `full` or `bare`.
        seed: the world's.
        inputs: (rows, INPUTS) evidence of a sample of its rows.
        anomaly: (rows,) the combined anomaly score, as mid-ranks within the whole world.
        label: (rows,) true is fraud.
        share: frauds in the whole world, 0 to 1.
        rows: rows of the whole world.
        typologies: the frauds it holds.
        columns: its columns as a profile names them.
        quantiles: (features, 21) of the raw features; NaN where unknown.
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


def lesson(domain: str, view: str, seed: int, extract: bool = False) -> Lesson | None:
    """Simulates one world and gathers its evidence; None where the view leaves too little of it.

    Every other world is read as a stranger would, roles inferred; the rest with the true roles.

    Args:
        domain: of the world.
        view: `full` or `bare`.
        seed: of the world.
        extract: leave out honest rows as people do who hand on the frauds and some of the rest.
    """
    world = simulator.generate(domain, seed)
    names = kept(world.roles, domain, view)
    rows = _extract(world.label, seed) if extract else np.arange(len(world.label))
    frame, whole = world.frame.select(names)[rows], world.label[rows]
    if frame.width < 2 or whole.sum() < 3 or len(rows) < FEWEST:
        return None
    truth = {name: world.roles[name] for name in names}
    found = inference.infer(frame, truth if seed % 2 else None)
    gathered = model_inputs.build_inputs(frame, found, seed=seed)
    label = whole[gathered.order]
    keep = _sample(label, np.random.default_rng([seed, 7]))
    return Lesson(
        domain=domain,
        view=view,
        seed=seed,
        inputs=gathered.inputs[keep],
        anomaly=gathered.anomaly[keep],
        label=label[keep],
        share=float(whole.mean()),
        rows=frame.height,
        typologies=tuple(sorted({str(name) for name in np.unique(world.typology)} - {"", "mislabelled"})),
        columns=tuple(
            Column(c.column, c.role, str(frame.schema[c.column].base_type())) for c in found.columns
        ),
        quantiles=_quantiles(gathered.features.values, gathered.known),
    )


def lessons(wanted: Sequence[tuple[str, str, int, bool]], *, processes: int = 2) -> Iterator[Lesson]:
    """The lessons of many (domain, view, seed, extract), in order, on several processes."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in pool.map(_unpacked, wanted, chunksize=4):
            if done is not None:
                yield done


def _unpacked(arguments: tuple[str, str, int, bool]) -> Lesson | None:
    return lesson(*arguments)


def _extract(label: npt.NDArray[np.bool_], seed: int) -> npt.NDArray[np.int64]:
    """Rows of an extract: all frauds and so many honest rows that the share of frauds is one of `RICHEST`."""
    rng = np.random.default_rng([seed, 13])
    share = float(np.exp(rng.uniform(*np.log(RICHEST))))
    frauds, honest = np.flatnonzero(label), np.flatnonzero(~label)
    wanted = min(len(honest), round(len(frauds) * (1 - share) / share))
    return np.sort(np.concatenate([frauds, rng.choice(honest, wanted, replace=False)]))


def _sample(label: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    frauds, honest = np.flatnonzero(label), np.flatnonzero(~label)
    if len(frauds) > FRAUDS:
        frauds = rng.choice(frauds, FRAUDS, replace=False)
    if len(honest) > HONEST:
        honest = rng.choice(honest, HONEST, replace=False)
    return np.sort(np.concatenate([frauds, honest]))


def _quantiles(values: npt.NDArray[np.float32], known: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    out = np.full((values.shape[1], len(LEVELS)), np.nan, dtype=np.float32)
    for j in np.flatnonzero(known):
        column = values[:, j]
        out[j] = np.quantile(column[np.isfinite(column)], LEVELS)
    return out
