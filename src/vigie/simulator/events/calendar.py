"""When legitimate events happen: days with a weekly and monthly rhythm, hours of customers and of event types."""

from __future__ import annotations

import numpy as np

from vigie.simulator.sampling import Floats, Ints

_HOURS = {
    "day": (14.0, 3.5),
    "evening": (19.5, 3.0),
    "night": (1.0, 3.0),
    "morning": (9.0, 2.5),
    "any": (12.0, 9.0),
}
_HORIZONS = (1, 2, 5, 10, 21, 31, 60, 92, 150, 183, 365, 730)


def draw_horizon(rng: np.random.Generator) -> int:
    """Draw the number of days that the table covers."""
    p = np.array((4, 4, 5, 6, 8, 20, 14, 14, 8, 8, 12, 5), dtype=float)
    return int(rng.choice(_HORIZONS, p=p / p.sum()))


class Calendar:
    """The calendar of one table.

    Args:
        rng: source of randomness.
        days: how many days the table covers.
        profiles: (event types,) the part of the day each prefers: day, evening, night, morning or any.
    """

    def __init__(self, rng: np.random.Generator, days: int, profiles: tuple[str, ...]) -> None:
        self.days = days
        self._rng = rng
        self._uniform_hours = rng.random() < 0.1
        self._type_share = rng.uniform(0.1, 0.8)
        self._mean = np.array([_HOURS[p][0] for p in profiles])
        self._sd = np.array([_HOURS[p][1] for p in profiles])
        self._weights = self._day_weights()

    def _day_weights(self) -> Floats:
        rng, day = self._rng, np.arange(self.days)
        weekly = np.exp(rng.normal(0, rng.choice((0.02, 0.25, 0.6)), 7))
        weights: Floats = weekly[day % 7] * np.exp(rng.normal(0, 0.1, self.days))
        weights *= 1 + rng.uniform(-0.6, 1.5) * day / max(self.days, 1)
        if rng.random() < 0.4:
            weights[day % 30 >= 27] *= rng.uniform(1.2, 3)
        if self.days > 20 and rng.random() < 0.4:
            peak = int(rng.integers(0, self.days - 3))
            weights[peak : peak + int(rng.integers(1, 5))] *= rng.uniform(2, 6)
        weights = np.maximum(weights, 0.05)
        shares: Floats = weights / weights.sum()
        return shares

    def days_of(self, n: int) -> Floats:
        """Draw the days of n events, busy days more often."""
        return self._rng.choice(self.days, n, p=self._weights).astype(np.float64)

    def hours_of(self, peak: Floats, regularity: Floats, event_type: Ints) -> Floats:
        """Draw hours in [0, 24): some by the customer's preference, the others by that of the event type."""
        rng, n = self._rng, len(peak)
        if self._uniform_hours:
            return rng.random(n) * 24
        by_type = rng.random(n) < self._type_share
        hours: Floats = rng.normal(
            np.where(by_type, self._mean[event_type], peak),
            np.where(by_type, self._sd[event_type], regularity),
        )
        return hours % 24
