"""Draw the table of a domain of events: legitimate events, hard negatives, frauds, then what its owner keeps of them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.simulator.domain import Domain, SimulatedTable
from vigie.simulator.events.balances import settle
from vigie.simulator.events.environment import Environment, FraudScheme
from vigie.simulator.events.event_rows import Events, concatenate
from vigie.simulator.events.event_types import EventSettings
from vigie.simulator.events.incidents import round_some
from vigie.simulator.events.table_writing import write_table
from vigie.simulator.sampling import loguniform

_MIN_FRAUDS = 8


@dataclass(frozen=True, kw_only=True)
class EventDomain(Domain, EventSettings):
    """A domain whose rows are events of customers.

    Attributes:
        typologies: name of each fraud typology -> (scheme, weight).
        hard_negatives: schemes of legitimate behaviour that looks like fraud, with their weights.
    """

    typologies: Mapping[str, tuple[FraudScheme, float]]
    hard_negatives: tuple[tuple[FraudScheme, float], ...]

    def simulate(self, seed: int, rows: int | None = None) -> SimulatedTable:
        """Simulate one table; of 1,000 to 8,000 rows, rarely up to 20,000, when `rows` is None."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        drawn = _draw_rows(rng)
        rows = drawn if rows is None else rows
        fraud_rate = _draw_fraud_rate(rng)
        env = Environment(self, rng, rows)
        negatives = _draw_hard_negatives(env, self.hard_negatives, rows)
        names, frauds = _inject_fraud(env, self.typologies, max(_MIN_FRAUDS, round(fraud_rate * rows)))
        events = _limit_rows(env, concatenate([env.events, *negatives, *frauds]), rows)
        ledger = settle(env, events)
        typology = _add_label_noise(env, np.array(["", *names], dtype=np.str_)[events.typology], names)
        label = typology != ""
        frame, roles, parameters = write_table(env, events, ledger, label)
        if rng.random() < (0.04 if "time" in roles.values() else 0.4):
            order = rng.permutation(len(frame))
            frame, label, typology = frame[order], label[order], typology[order]
        parameters |= {
            "fraud_rate": float(label.mean()),
            "typologies": "+".join(names),
            "days": float(env.calendar.days),
            "customers": float(env.customers.active),
            "merchants": float(len(env.merchants.level)),
        }
        return SimulatedTable(self.name, seed, frame, label, typology, roles, parameters)


def _draw_rows(rng: np.random.Generator) -> int:
    return int(loguniform(rng, 8000, 20000) if rng.random() < 0.04 else loguniform(rng, 1000, 8000))


def _draw_fraud_rate(rng: np.random.Generator) -> float:
    """Draw a prevalence: mostly 0.2 to 5 %, sometimes up to 20 %."""
    return loguniform(rng, 0.05, 0.2) if rng.random() < 0.12 else loguniform(rng, 0.002, 0.05)


def _draw_hard_negatives(
    env: Environment, schemes: tuple[tuple[FraudScheme, float], ...], rows: int
) -> list[Events]:
    """Draw up to six kinds of hard negatives, together up to a tenth of the rows."""
    rng = env.rng
    env.typology_code = 0
    weights = np.array([weight for _, weight in schemes])
    count = int(rng.integers(0, min(6, len(weights)) + 1))
    chosen = rng.choice(len(weights), count, replace=False, p=weights / weights.sum())
    return [schemes[i][0](env, max(2, int(rows * loguniform(rng, 0.001, 0.04)))) for i in sorted(chosen)]


def _inject_fraud(
    env: Environment, typologies: Mapping[str, tuple[FraudScheme, float]], budget: int
) -> tuple[list[str], list[Events]]:
    """Let one to three typologies share the budget of fraud rows."""
    rng, names = env.rng, list(typologies)
    weights = np.array([weight for _, weight in typologies.values()])
    count = min(int(rng.choice((1, 2, 3), p=(0.5, 0.3, 0.2))), len(names), max(1, budget // 5))
    drawn = rng.choice(len(names), count, replace=False, p=weights / weights.sum())
    chosen = [names[i] for i in sorted(drawn)]
    shares = rng.dirichlet(np.full(count, 2.0))
    parts = []
    for code, (name, share) in enumerate(zip(chosen, shares, strict=True), 1):
        env.typology_code = code
        parts.append(typologies[name][0](env, max(3, round(budget * share))))
    env.typology_code = 0
    return chosen, parts


def _limit_rows(env: Environment, events: Events, rows: int) -> Events:
    """Drop random legitimate events down to about `rows`, round amounts, sort by time."""
    legitimate = np.flatnonzero(events.typology == 0)
    surplus = len(events) - rows
    if 0 < surplus < len(legitimate):
        keep = np.ones(len(events), dtype=bool)
        keep[env.rng.choice(legitimate, surplus, replace=False)] = False
        events = events.take(keep)
    events.t = np.clip(events.t, 0, env.span - 1)
    amount = np.maximum(events.amount, 1e-9)
    events.amount = np.where(events.drain > 0, amount, round_some(env, amount))
    return events.take(np.argsort(events.t, kind="stable"))


def _add_label_noise(env: Environment, typology: NDArray[np.str_], names: list[str]) -> NDArray[np.str_]:
    """In half of the tables, leave some frauds unrecorded and record some legitimate rows as fraud."""
    rng = env.rng
    if rng.random() < 0.5:
        return typology
    frauds, legitimate = np.flatnonzero(typology != ""), np.flatnonzero(typology == "")
    missed = rng.random(len(frauds)) < rng.uniform(0, 0.12)
    blamed = rng.choice(legitimate, int(len(frauds) * rng.uniform(0, 0.06)), replace=False)
    noisy = typology.copy()
    noisy[frauds[missed]] = ""
    noisy[blamed] = names[int(rng.integers(len(names)))]
    return noisy
