"""The customers, merchants and places of one table, drawn before any event; nothing here concerns fraud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.simulator.sampling import Bools, Floats, Ints, loguniform


@dataclass
class Customers:
    """(customers,) arrays: the active customers first, then a reserve of accounts without an event (new accounts, mules).

    Attributes:
        active: how many have legitimate events; the rest is the reserve.
        rate: (active,) relative activity, sums to one.
        habit: log of the customer's level of amounts.
        spread: standard deviation of the log amount around the habit.
        peak: preferred hour of the day.
        regularity: standard deviation in hours around the preferred hour.
        city: index of the home city.
        lat: degrees.
        lon: degrees.
        device: index of the usual device; families share one.
        ip: index of the usual address; households share one.
        age_days: age of the account at the beginning of the table, in days.
        years: age of the person.
        loyalty: probability of dealing with a favourite.
        business: whether the customer is a firm: larger amounts, more events.
        wealth: log of the balance relative to the level of amounts.
    """

    active: int
    rate: Floats
    habit: Floats
    spread: Floats
    peak: Floats
    regularity: Floats
    city: Ints
    lat: Floats
    lon: Floats
    device: Ints
    ip: Ints
    age_days: Floats
    years: Floats
    loyalty: Floats
    business: Bools
    wealth: Floats

    def __len__(self) -> int:
        """Return the number of customers, the reserve included."""
        return len(self.habit)


@dataclass
class Merchants:
    """Counterparties that are not customers, grouped by event type.

    Attributes:
        first: (event types,) position of the first merchant.
        count: (event types,) number of merchants, 0 where the counterparty is a customer.
        level: log of the price level.
        city: index of the city.
        lat: degrees.
        lon: degrees.
        skew: how unequal their popularity is: 1 is equal, 4 very unequal.
        fixed: whether a merchant has one place; otherwise it is near the home of each customer.
    """

    first: Ints
    count: Ints
    level: Floats
    city: Ints
    lat: Floats
    lon: Floats
    skew: float
    fixed: bool


@dataclass
class Places:
    """Cities of the home country, and the number of countries.

    Attributes:
        lat: degrees, of each city.
        lon: degrees, of each city.
        weight: relative population, sums to one.
        size: inhabitants.
        countries: how many countries exist; 0 is home.
    """

    lat: Floats
    lon: Floats
    weight: Floats
    size: Floats
    countries: int


def draw_places(rng: np.random.Generator) -> Places:
    """Draw cities scattered over one country."""
    n = int(rng.integers(3, 40))
    reach = loguniform(rng, 0.5, 12)
    weight = rng.pareto(1.1, n) + 0.2
    weight /= weight.sum()
    lat = rng.uniform(-25, 50) + rng.normal(0, reach, n)
    lon = rng.uniform(-100, 100) + rng.normal(0, reach * 1.3, n)
    size = np.round(weight * loguniform(rng, 2e5, 5e7))
    return Places(lat, lon, weight, size, int(rng.integers(3, 30)))


def draw_customers(rng: np.random.Generator, active: int, places: Places) -> Customers:
    """Draw customers with heavy-tailed activity and amounts, families, firms and night workers."""
    n = active + max(30, active // 10)
    rate = rng.lognormal(0, rng.uniform(0.05, 1.3), active)
    business = rng.random(n) < rng.choice((0.0, 0.02, 0.1))
    rate[business[:active]] *= rng.uniform(1, 8)
    habit = rng.normal(0, rng.uniform(0.05, 1.1), n) + business * rng.uniform(0.5, 3)
    peak = rng.normal(rng.uniform(11, 17), rng.uniform(0.5, 4), n)
    night = rng.random(n) < rng.choice((0.0, 0.02, 0.06))
    peak = np.where(night, rng.normal(2, 2, n), peak) % 24
    city = rng.choice(len(places.lat), n, p=places.weight)
    family = np.arange(n) - (rng.random(n) < rng.choice((0.0, 0.05, 0.25))) * rng.integers(0, 4, n)
    household = np.arange(n) - (rng.random(n) < rng.choice((0.0, 0.1, 0.3))) * rng.integers(0, 4, n)
    near = loguniform(rng, 0.01, 0.3)
    age_days = rng.gamma(rng.uniform(0.8, 3), loguniform(rng, 100, 900), n) + 1
    age_days[active:] = rng.exponential(loguniform(rng, 3, 400), n - active)
    return Customers(
        active=active,
        rate=rate / rate.sum(),
        habit=habit,
        spread=np.abs(rng.normal(rng.uniform(0.2, 1.1), 0.15, n)) + 0.05,
        peak=peak,
        regularity=np.abs(rng.normal(rng.uniform(1.5, 6), 1, n)) + 0.3,
        city=city,
        lat=places.lat[city] + rng.normal(0, near, n),
        lon=places.lon[city] + rng.normal(0, near, n),
        device=np.maximum(family, 0),
        ip=np.maximum(household, 0),
        age_days=age_days,
        years=np.clip(rng.normal(rng.uniform(28, 48), rng.uniform(8, 16), n), 16, 95),
        loyalty=np.clip(rng.normal(rng.uniform(0.1, 0.95), 0.15, n), 0, 1),
        business=business,
        wealth=rng.normal(rng.uniform(-0.5, 3), rng.uniform(0.4, 2), n),
    )


def draw_merchants(rng: np.random.Generator, shares: Floats, total: int, places: Places) -> Merchants:
    """Draw the merchants of each event type.

    Args:
        rng: source of randomness.
        shares: (event types,) relative number of merchants; 0 where the counterparty is a customer.
        total: about how many merchants in all.
        places: the cities.
    """
    count = np.where(shares > 0, np.maximum(1, np.round(shares / max(shares.sum(), 1e-9) * total)), 0)
    count = count.astype(np.int64)
    n = int(count.sum())
    city = rng.choice(len(places.lat), n, p=places.weight) if n else np.zeros(0, np.int64)
    return Merchants(
        first=np.concatenate(([0], np.cumsum(count)[:-1])),
        count=count,
        level=rng.normal(0, rng.uniform(0, 0.8), n),
        city=city,
        lat=places.lat[city] + rng.normal(0, 0.05, n),
        lon=places.lon[city] + rng.normal(0, 0.05, n),
        skew=float(rng.uniform(1, 3.5)),
        fixed=bool(rng.random() < 0.6),
    )
