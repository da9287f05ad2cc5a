"""Make one event-stream world from its domain's description: honest life, oddities, frauds, then what its owner kept of it."""

import zlib

import numpy as np

from vigie.simulator import SimulatedTable
from vigie.simulator.engine.balances import settle
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, join, loguniform
from vigie.simulator.engine.incidents import rounded
from vigie.simulator.engine.observe import observe
from vigie.simulator.engine.spec import Scheme, Spec

_FEWEST_FRAUDS = 8


def simulate(spec: Spec, seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of the domain; equal arguments give equal worlds.

    Args:
        spec: the domain.
        seed: non-negative.
        rows: about how many rows; drawn between 1,000 and 8,000, rarely up to 20,000, when not given.
    """
    rng = np.random.default_rng([seed, zlib.crc32(spec.domain.encode())])
    drawn = draw_rows(rng)
    rows = drawn if rows is None else rows
    wanted = draw_fraud_rate(rng)
    scene = Scene(spec, rng, rows)
    oddities = _oddities(scene, rows)
    names, frauds = _frauds(scene, max(_FEWEST_FRAUDS, round(wanted * rows)))
    events = _cut(scene, join([scene.events, *oddities, *frauds]), rows)
    ledger = settle(scene, events)
    typology = _label_noise(scene, np.array(["", *names], dtype=np.str_)[events.typology], names)
    label = typology != ""
    frame, roles, parameters = observe(scene, events, ledger, label)
    if rng.random() < (0.04 if "time" in roles.values() else 0.4):
        order = rng.permutation(len(frame))
        frame, label, typology = frame[order], label[order], typology[order]
    parameters |= {
        "fraud_rate": float(label.mean()),
        "typologies": "+".join(names),
        "days": float(scene.clock.days),
        "customers": float(scene.people.active),
        "merchants": float(len(scene.merchants.level)),
    }
    return SimulatedTable(spec.domain, seed, frame, label, typology, roles, parameters)


def draw_rows(rng: np.random.Generator) -> int:
    """A table's size: mostly 1,000 to 8,000 rows, rarely up to 20,000."""
    return int(loguniform(rng, 8000, 20000) if rng.random() < 0.04 else loguniform(rng, 1000, 8000))


def draw_fraud_rate(rng: np.random.Generator) -> float:
    """A prevalence: mostly 0.2 to 5 %, sometimes up to 20 %."""
    return loguniform(rng, 0.05, 0.2) if rng.random() < 0.12 else loguniform(rng, 0.002, 0.05)


def _oddities(scene: Scene, rows: int) -> list[Events]:
    """A few honest look-alikes, together up to a tenth of the rows."""
    rng, spec = scene.rng, scene.spec
    scene.code = 0
    weights = np.array([w for _, w in spec.lookalikes])
    count = int(rng.integers(0, min(6, len(weights)) + 1))
    chosen = rng.choice(len(weights), count, replace=False, p=weights / weights.sum())
    return [
        spec.lookalikes[i][0](scene, max(2, int(rows * loguniform(rng, 0.001, 0.04)))) for i in sorted(chosen)
    ]


def _frauds(scene: Scene, budget: int) -> tuple[list[str], list[Events]]:
    """One to three schemes sharing the budget of fraud rows."""
    rng, schemes = scene.rng, scene.spec.schemes
    names = list(schemes)
    weights = np.array([w for _, w in schemes.values()])
    count = min(int(rng.choice((1, 2, 3), p=(0.5, 0.3, 0.2))), len(names), max(1, budget // 5))
    chosen = [
        names[i] for i in sorted(rng.choice(len(names), count, replace=False, p=weights / weights.sum()))
    ]
    shares = rng.dirichlet(np.full(count, 2.0))
    parts = []
    for position, (name, share) in enumerate(zip(chosen, shares, strict=True), 1):
        scene.code = position
        scheme: Scheme = schemes[name][0]
        parts.append(scheme(scene, max(3, round(budget * share))))
    scene.code = 0
    return chosen, parts


def _cut(scene: Scene, events: Events, rows: int) -> Events:
    """About as many rows as wanted, dropping honest ones at random, in time order."""
    honest = np.flatnonzero(events.typology == 0)
    surplus = len(events) - rows
    if 0 < surplus < len(honest):
        keep = np.ones(len(events), dtype=bool)
        keep[scene.rng.choice(honest, surplus, replace=False)] = False
        events = events.take(keep)
    events.t = np.clip(events.t, 0, scene.span - 1)
    amount = np.maximum(events.amount, 1e-9)
    events.amount = np.where(events.drain > 0, amount, rounded(scene, amount))
    return events.take(np.argsort(events.t, kind="stable"))


def _label_noise(
    scene: Scene, typology: np.ndarray[tuple[int], np.dtype[np.str_]], names: list[str]
) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """In half of the worlds some frauds were never found, and some honest rows are blamed."""
    rng = scene.rng
    if rng.random() < 0.5:
        return typology
    frauds, honest = np.flatnonzero(typology != ""), np.flatnonzero(typology == "")
    missed = rng.random(len(frauds)) < rng.uniform(0, 0.12)
    blamed = rng.choice(honest, int(len(frauds) * rng.uniform(0, 0.06)), replace=False)
    noisy = typology.copy()
    noisy[frauds[missed]] = ""
    noisy[blamed] = names[int(rng.integers(len(names)))]
    return noisy
