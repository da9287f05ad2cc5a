"""A finished world as the people who write columns see it: events in time order, the truth, and what follows from them."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.simulator.engine.balances import Ledger
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Bools, Events, Floats, Ints


class View:
    """Events, their truth, and derived quantities computed once, when a column asks for them.

    Args:
        scene: the world.
        events: sorted by time.
        ledger: balances of both sides.
        label: the recorded truth.
        trusting: risk signals see most of the frauds, as where the owner keeps nothing else.
    """

    def __init__(
        self, scene: Scene, events: Events, ledger: Ledger, label: Bools, *, trusting: bool = False
    ) -> None:
        self.scene, self.events, self.ledger, self.label = scene, events, ledger, label
        self.rng = scene.rng
        self.scale = scene.scale
        coarse = scene.rng.choice((2, 0, 4, 1), p=(0.8, 0.12, 0.04, 0.04))
        self.decimals = int(coarse) if scene.scale > 20 else max(int(coarse), 2)
        self.start = float(scene.rng.integers(1_400_000_000, 1_780_000_000)) // DAY * DAY
        # one draw per scheme: how much of it each risk signal sees
        self.seen_by_signals = 0.85 if trusting else float(scene.rng.choice((0.1, 0.4, 0.8)))

    def __len__(self) -> int:
        return len(self.events)

    @cached_property
    def order(self) -> Ints:
        """Positions sorted by customer, then time."""
        return np.argsort(self.events.who, kind="stable")

    @cached_property
    def first_of_customer(self) -> Bools:
        """In the order by customer: True at each customer's first event."""
        who = self.events.who[self.order]
        changes: Bools = np.r_[True, who[1:] != who[:-1]]
        return changes

    def unsort(self, values: NDArray[Any]) -> NDArray[Any]:
        """From the order by customer back to the order of the events."""
        result = np.empty_like(values)
        result[self.order] = values
        return result

    def recent(self, seconds: float) -> Ints:
        """How many events the customer had in this time before, itself included."""
        return self.unsort(np.arange(len(self)) - self._left(seconds) + 1)

    def recent_sum(self, seconds: float) -> Floats:
        """How much the customer moved in this time before, itself included."""
        total = np.r_[0.0, np.cumsum(self.events.amount[self.order])]
        return self.unsort(total[1:] - total[self._left(seconds)])

    def _left(self, seconds: float) -> Ints:
        group = np.cumsum(self.first_of_customer) * (4.0 * self.scene.span + 4 * 730 * DAY)
        key = group + self.events.t[self.order]
        return np.searchsorted(key, key - seconds)

    @cached_property
    def earlier_mean(self) -> Floats:
        """Mean of the customer's earlier amounts; the habit where there is none."""
        e, people = self.events, self.scene.people
        amount = e.amount[self.order]
        begin = np.flatnonzero(self.first_of_customer)
        group = np.cumsum(self.first_of_customer) - 1
        before = np.cumsum(amount) - amount
        position = np.arange(len(self)) - begin[group]
        habit = np.exp(self.scene.price.mean() + people.habit[e.who[self.order]])
        mean = np.where(position > 0, (before - before[begin[group]]) / np.maximum(position, 1), habit)
        return self.unsort(np.maximum(mean, 1e-9))

    @cached_property
    def habitual(self) -> Floats:
        """What the customer usually spends, known to the owner from long before the table."""
        habit: Floats = np.exp(self.scene.price.mean() + self.scene.people.habit[self.events.who])
        return habit * self.rng.lognormal(0, 0.2, len(self))

    @cached_property
    def pair_seen(self) -> Bools:
        """Whether the customer dealt with this other side earlier in the table, or habitually before it."""
        key = self.events.who * (1 << 32) + self.events.other
        _, first = np.unique(key, return_index=True)
        seen = np.ones(len(self), dtype=bool)
        seen[first] = False
        return seen | self.events.known

    @cached_property
    def device_new(self) -> Bools:
        """Whether the device is not the customer's usual one."""
        other: Bools = self.events.device != self.scene.people.device[self.events.who]
        return other

    @cached_property
    def from_home(self) -> Floats:
        """Kilometres from the customer's home; thousands abroad."""
        e, people = self.events, self.scene.people
        km = _kilometres(people.lat[e.who], people.lon[e.who], e.lat, e.lon)
        return km + (e.country > 0) * self.rng.uniform(300, 9000, len(e))

    @cached_property
    def from_last(self) -> Floats:
        """Kilometres from the customer's previous event, 0 for the first."""
        e, order = self.events, self.order
        lat, lon = e.lat[order], e.lon[order]
        km = _kilometres(lat, lon, np.r_[lat[:1], lat[:-1]], np.r_[lon[:1], lon[:-1]])
        return self.unsort(np.where(self.first_of_customer, 0.0, km))

    def money(self, amount: Floats) -> Floats:
        """An amount in the world's own currency."""
        return np.round(amount * self.scale, self.decimals)

    def hint(self) -> Floats:
        """How strongly each row shows to one risk signal: noise everywhere, a random lift on some of the frauds."""
        lifted = self.label & (
            self.rng.random(len(self)) < self.rng.uniform(0, 1) * self.seen_by_signals * 1.2
        )
        return self.rng.normal(0, 1, len(self)) + lifted * self.rng.uniform(0.5, 3.5)

    def flagged(self, honest: float, hint: Floats | None = None) -> Bools:
        """A flag that about this share of honest rows has, and hinted rows more often."""
        hint = self.hint() if hint is None else hint
        return hint > np.quantile(hint[~self.label], 1 - honest) if (~self.label).any() else hint > 0


def _kilometres(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    dlat, dlon = np.radians(lat2 - lat1), np.radians(lon2 - lon1)
    a = np.sin(dlat / 2) ** 2 + np.cos(np.radians(lat1)) * np.cos(np.radians(lat2)) * np.sin(dlon / 2) ** 2
    km: Floats = 12742 * np.arcsin(np.sqrt(np.clip(a, 0, 1)))
    return km
