"""What the reference models look at: everything as ranks within the table, so that no scale tells tables apart.

Three kinds of input: the rank of each feature; the ranks of the detectors that need no labels; and what the
detectors say of *other* rows with the same customer, counterparty, device or ip, because fraud comes in series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.scoring import anomaly, features
from vigie.scoring.facts import Facts
from vigie.scoring.groups import Floats, Groups, mid_ranks
from vigie.scoring.roles import Roles

DETECTORS = ("tails_forest", "tails_energy", "tails_best", "raw_forest", "neighbours")
SHARES = np.array([0.1, 0.4, 0.25, 0.05, 0.2])
"""What each detector counts in the combined anomaly score: the backbone is meaning, the rest is insurance."""
NAMELESS_SHARES = np.array([0.1, 0.3, 0.1, 0.25, 0.25])
"""The same where most columns are anonymous: there is less meaning to stand on."""
NAMELESS = frozenset({"number", "flag"})
PEERS = tuple(
    f"peers_{who}_{span}"
    for who in ("actor", "counterpart", "shared")
    for span in ("day", "week", "all", "max")
)
CONTEXT = ("table_rows", "table_history", "table_repeat_counterparts", "table_signals", "table_numbers")
INPUTS: tuple[str, ...] = (
    *(f"rank_{name}" for name in features.NAMES),
    *(f"detector_{name}" for name in DETECTORS),
    *PEERS,
    *CONTEXT,
)


@dataclass(frozen=True)
class Evidence:
    """The inputs of the reference models for one table.

    Rows are in an order of their own, by their cells, so that samples and ties fall the same way however the
    upload was sorted: row i here is row `order[i]` of the table.

    Attributes:
        features: the raw unit-free features.
        known: (features,) which of them this table can tell.
        tails: (rows, features) one-sided tail evidence in nats.
        detectors: (rows, detectors) mid-ranks of the label-free detectors.
        anomaly: (rows,) their combination, in (0, 1).
        inputs: (rows, INPUTS) float32, ranks and context; NaN is unknown.
        columns: (rows, columns) the table's own columns as numbers, for who needs their units.
        order: (rows,) the table's row of each row here.
    """

    features: features.Features
    known: npt.NDArray[np.bool_]
    tails: npt.NDArray[np.float32]
    detectors: npt.NDArray[np.float64]
    anomaly: npt.NDArray[np.float64]
    inputs: npt.NDArray[np.float32]
    columns: npt.NDArray[np.float64]
    order: npt.NDArray[np.int64]


def gather(frame: pl.DataFrame, roles: Roles, *, seed: int = 0) -> Evidence:
    """Computes features, detectors and the evidence of related rows.

    Neither the order of the columns nor that of the rows changes anything, nor what the columns are called
    where their roles are the same.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        seed: of the forests and samples.
    """
    order, prints = _own_order(frame)
    ordered = Roles(tuple(sorted(roles.columns, key=lambda c: (c.role, prints[c.column], c.column))))
    sorted_frame = frame.select([c.column for c in ordered.columns])[order] if frame.height else frame
    return _gather(sorted_frame, ordered, seed, order)


def _own_order(frame: pl.DataFrame) -> tuple[npt.NDArray[np.int64], dict[str, int]]:
    """(rows,) an order of the rows that depends on their cells alone, and a fingerprint of each column's cells."""
    total = np.zeros(frame.height, dtype=np.uint64)
    prints = {}
    for name in frame.columns:
        cells: npt.NDArray[np.uint64] = frame[name].hash(seed=0).to_numpy()
        prints[name] = int(cells.sum(dtype=np.uint64))
        # Columns must not be interchangeable: each multiplies by an odd number of its own.
        total += cells * np.uint64(prints[name] | 1)
    return np.argsort(total, kind="stable"), prints


def _gather(frame: pl.DataFrame, roles: Roles, seed: int, order: npt.NDArray[np.int64]) -> Evidence:
    facts = Facts(frame, roles)
    built = features.build(frame, roles)
    known = built.known()
    ranks = np.full_like(built.values, np.nan)
    for j in range(len(built.names)):
        ranks[:, j] = mid_ranks(built.values[:, j])
    tails = anomaly.tails(ranks, known)
    columns = anomaly.raw_matrix(frame, roles)
    scores = {
        "tails_forest": anomaly.one_sided_forest(tails, known, seed),
        **anomaly.energy(tails, known),
        "raw_forest": anomaly.raw_forest(columns, seed),
        "neighbours": anomaly.neighbours(columns, seed),
    }
    detectors = np.stack([mid_ranks(scores[name]) for name in DETECTORS], axis=1)
    combined = together(detectors, nameless(roles))
    peers = related(facts, -np.log(1 - detectors[:, 1:3].mean(axis=1) + 1e-4))
    inputs = np.concatenate(
        [
            ranks,
            detectors.astype(np.float32),
            np.stack([mid_ranks(peers[name]) for name in PEERS], axis=1).astype(np.float32),
            _context(facts).astype(np.float32),
        ],
        axis=1,
    )
    return Evidence(built, known, tails, detectors, combined, inputs, columns, order)


def nameless(roles: Roles) -> float:
    """Share of the columns whose meaning nobody told, in [0, 1]."""
    seen = [item.role for item in roles.columns if item.role not in anomaly.IGNORED_ROLES]
    return sum(role in NAMELESS for role in seen) / len(seen) if seen else 0.0


def together(detectors: Floats, nameless: float) -> Floats:
    """(rows,) the detectors as one, in (0, 1): the mid-rank of their weighted tail energies.

    Energies rather than ranks: what one detector finds extreme must not drown in what another finds ordinary.

    Args:
        detectors: (rows, detectors) mid-ranks.
        nameless: share of the columns that are anonymous; from a third on they begin to count, from two thirds fully.
    """
    shift = float(np.clip(3 * nameless - 1, 0, 1))
    shares = (1 - shift) * SHARES + shift * NAMELESS_SHARES
    return mid_ranks(-np.log(1 - detectors + 0.5 / max(len(detectors), 1)) @ shares)


def related(facts: Facts, energy: Floats) -> dict[str, Floats]:
    """What the other rows of the same customer, counterparty, and device or ip say, for each row.

    Args:
        facts: the table.
        energy: (rows,) suspicion of each row, in nats.
    """
    nothing = np.full(facts.rows, np.nan)
    out = dict.fromkeys(PEERS, nothing)
    shared = next(
        (
            g
            for role in ("device", "ip", "email", "phone", "address")
            if (g := facts.groups(role)) is not None and g.repeats
        ),
        None,
    )
    for who, groups in (
        ("actor", facts.groups("actor")),
        ("counterpart", facts.groups("counterpart")),
        ("shared", shared),
    ):
        if groups is None or not groups.repeats:
            continue
        out |= {f"peers_{who}_{span}": values for span, values in _others(facts, groups, energy).items()}
    return out


def _others(facts: Facts, groups: Groups, energy: Floats) -> dict[str, Floats]:
    overall = float(energy.mean())
    out = {"all": groups.mean_of_others(energy, overall, 2.0), "max": groups.max_of_others(energy)}
    out["all"] = np.where(groups.count() > 1, out["all"], np.nan)
    if facts.time is not None:
        for span, width in (("day", facts.windows[1]), ("week", facts.windows[2])):
            total = groups.window(width, width, energy) - energy
            n = groups.window(width, width) - 1
            out[span] = np.where(n > 0, (total + overall) / (n + 1), np.nan)
    return out


def _context(facts: Facts) -> Floats:
    actor, counterpart = facts.groups("actor"), facts.groups("counterpart")
    values = (
        np.log10(max(facts.rows, 1)),
        float(np.log1p(np.nanmean(actor.count()))) if actor is not None else np.nan,
        float(np.log1p(np.nanmean(counterpart.count()))) if counterpart is not None else np.nan,
        float(
            len(facts.numbers("risk_signal"))
            + len(facts.numbers("trust_signal"))
            + len(facts.numbers("velocity"))
        ),
        float(len(facts.numbers("number"))),
    )
    return np.tile(np.array(values), (facts.rows, 1))
