"""When honest things happen: days with weekly, monthly and yearly rhythm, hours of people and of trades."""

import numpy as np

from vigie.simulator.engine.events import Floats, Ints

DAY = 86400.0

_HOURS = {
    "day": (14.0, 3.5),
    "evening": (19.5, 3.0),
    "night": (1.0, 3.0),
    "morning": (9.0, 2.5),
    "any": (12.0, 9.0),
}
_HORIZONS = (1, 2, 5, 10, 21, 31, 60, 92, 150, 183, 365, 730)


def draw_horizon(rng: np.random.Generator) -> int:
    """How many days the table covers."""
    p = np.array((4, 4, 5, 6, 8, 20, 14, 14, 8, 8, 12, 5), dtype=float)
    return int(rng.choice(_HORIZONS, p=p / p.sum()))


class Clock:
    """The calendar of one world.

    Args:
        rng: the world's randomness.
        days: how many days the world lasts.
        profiles: for each kind the part of the day it prefers, a key of the hours table.
    """

    def __init__(self, rng: np.random.Generator, days: int, profiles: tuple[str, ...]) -> None:
        self.days = days
        self._rng = rng
        self._flat = rng.random() < 0.1
        self._trade = rng.uniform(0.1, 0.8)
        self._mean = np.array([_HOURS[p][0] for p in profiles])
        self._sd = np.array([_HOURS[p][1] for p in profiles])
        self._weights = self._draw_days()

    def _draw_days(self) -> Floats:
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
        """Days for this many events, busy days more often."""
        return self._rng.choice(self.days, n, p=self._weights).astype(np.float64)

    def hours_of(self, peak: Floats, regularity: Floats, kind: Ints) -> Floats:
        """Hours in [0, 24): partly the person's, partly the trade's."""
        rng, n = self._rng, len(peak)
        if self._flat:
            return rng.random(n) * 24
        trade = rng.random(n) < self._trade
        hours: Floats = rng.normal(
            np.where(trade, self._mean[kind], peak), np.where(trade, self._sd[kind], regularity)
        )
        return hours % 24
