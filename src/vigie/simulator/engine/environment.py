"""The stage schemes play on: people, merchants, a calendar, the honest events, and ways to make more events.

Whatever a scheme does not say about a row is filled in as that customer would honestly do it, so a fraud differs
from honest life only where its typology says so.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.simulator.engine.clock import DAY, Clock, draw_horizon
from vigie.simulator.engine.events import Bools, Events, Floats, Ints, loguniform, scatter
from vigie.simulator.engine.population import draw_customers, draw_merchants, draw_places
from vigie.simulator.engine.spec import Spec


class Scene:
    """One world being made.

    Args:
        spec: the domain.
        rng: the world's only randomness.
        rows: about how many events there will be.
    """

    def __init__(self, spec: Spec, rng: np.random.Generator, rows: int) -> None:
        self.spec, self.rng, self.rows_wanted = spec, rng, rows
        self.code = 0
        kinds = spec.kinds
        self.online = np.array([k.online for k in kinds])
        self.peer = np.array([k.to == "peer" for k in kinds])
        self.flow = np.array([k.flow for k in kinds])
        self.price = np.log([k.price for k in kinds]) + rng.normal(0, 0.35, len(kinds))
        self.extra = np.array([k.spread for k in kinds]) * rng.uniform(0.4, 1.6)
        weights = np.array([k.weight for k in kinds]) * rng.lognormal(0, 0.6, len(kinds))
        weights[rng.random(len(kinds)) < 0.1] *= 0.05
        self.mix = weights / weights.sum()
        self.places = draw_places(rng)
        self.clock = Clock(rng, draw_horizon(rng), tuple(k.hours for k in kinds))
        active = self._how_many(rows)
        self.people = draw_customers(rng, active, self.places)
        shops = np.where(self.peer, 0.0, np.array([k.shops for k in kinds]))
        total = int(np.clip(rows * loguniform(rng, *spec.merchants), 4, rows))
        self.merchants = draw_merchants(rng, shops, total, self.places)
        self.span = self.clock.days * DAY
        self.strong = rng.uniform(*spec.strong)
        self.abroad = rng.choice((0.0, 0.005, 0.03))
        self.scatter_km = loguniform(rng, 0.005, 1.0)
        self.salt = int(rng.integers(1 << 40))
        self.scale = loguniform(rng, 0.5, 700) if rng.random() < 0.65 else 1.0
        self.roundness = float(rng.uniform(*spec.round_share) * rng.choice((0.2, 1.0)))
        self._devices = len(self.people)
        self._carrier = float(rng.choice((0.0, 0.2, 0.6)))
        self._mobile = rng.integers(1 << 40, 1 << 41, 50)
        self.uniform_victims = bool(rng.random() < 0.5)
        self.events = self._honest(rows)

    # ---- honest life -------------------------------------------------------------------------------------------

    def _how_many(self, rows: int) -> int:
        """Active customers: so many rows each, at a pace people keep; in some worlds hardly two rows a customer."""
        rng = self.rng
        each = min(loguniform(rng, *self.spec.per_customer), self.clock.days * loguniform(rng, 2, 40))
        if rng.random() < 0.12:
            return int(rows * rng.uniform(0.7, 3))
        return int(np.clip(rows / each, 6, 3 * rows))

    def _honest(self, n: int) -> Events:
        rng, people = self.rng, self.people
        who = rng.choice(people.active, n, p=people.rate)
        kind = rng.choice(len(self.mix), n, p=self.mix)
        taste = (scatter(who, np.full(n, self.salt)) * len(self.mix)).astype(np.int64)
        kind = np.where(rng.random(n) < 0.2, taste, kind)
        day = self.clock.days_of(n)
        hour = self.clock.hours_of(people.peak[who], people.regularity[who], kind)
        t = day * DAY + hour * 3600
        session = rng.random(n) < rng.choice((0.0, 0.1, 0.3))
        previous = np.maximum(np.arange(n) - 1, 0)
        order = np.argsort(who, kind="stable")
        who, kind, t = who[order], kind[order], t[order]
        same = session & (who == who[previous])
        t = np.where(same, t[previous] + rng.exponential(1500, n), t)
        return self.make(who, t % self.span, kind=kind)

    def make(self, who: NDArray[Any], t: NDArray[Any], **given: Any) -> Events:
        """Events of these customers at these seconds; anything not given is honest habit.

        Args:
            who: customer indices.
            t: seconds since the world began, taken into its span.
            given: any other field of ``Events``, an array or one value for all.
        """
        rng, n, people = self.rng, len(who), self.people
        who = np.asarray(who, dtype=np.int64)
        full: dict[str, Any] = {name: np.broadcast_to(value, (n,)) for name, value in given.items()}
        kind = np.asarray(full.pop("kind", None) if "kind" in full else self.some_kinds(n), dtype=np.int64)
        known = np.asarray(full.pop("known", rng.random(n) < people.loyalty[who]), dtype=bool)
        other = np.asarray(
            full.pop("other") if "other" in full else self.others(who, kind, known), dtype=np.int64
        )
        values = self._habits(who, kind, other)
        if "amount" not in full:
            values["amount"] = self.amounts(who, kind, other)
        values |= {"t": np.clip(full.pop("t", t), 0, self.span - 1), "known": known}
        for name, value in full.items():
            values[name] = np.array(value, dtype=values[name].dtype if name in values else np.float64)
        return Events(**values)

    def some_kinds(self, n: int) -> Ints:
        """Kinds as common as they honestly are."""
        return self.rng.choice(len(self.mix), n, p=self.mix)

    def _habits(self, who: Ints, kind: Ints, other: Ints) -> dict[str, Any]:
        """Everything about events but when and how much, as these customers honestly do them."""
        rng, n, people = self.rng, len(who), self.people
        lat, lon, country = self.where(who, kind, other)
        carrier = rng.random(n) < self._carrier
        lent = rng.random(n) < 0.03
        return {
            "who": who,
            "other": other,
            "kind": kind,
            "drain": np.zeros(n),
            "device": np.where(lent, people.device[np.maximum(who - 1, 0)], people.device[who]),
            "ip": np.where(carrier, self._mobile[rng.integers(0, 50, n)], people.ip[who]),
            "lat": lat,
            "lon": lon,
            "country": country,
            "channel": self.channels(who),
            "strong": rng.random(n) < self.strong,
            "typology": np.full(n, self.code),
        }

    def others(self, who: Ints, kind: Ints, known: Bools) -> Ints:
        """The other sides: favourites where known, otherwise anyone of the kind, popular ones more often."""
        rng, m, n = self.rng, self.merchants, len(who)
        slot = np.minimum(rng.geometric(0.5, n), 6)
        u = np.where(known, scatter(who, kind, slot, np.full(n, self.salt)), rng.random(n)) ** m.skew
        if len(m.level):
            count = np.maximum(m.count[kind], 1)
            shop = (u * count).astype(np.int64)
            if m.fixed:
                shop = self._nearest(who, kind, shop)
            shop = len(self.people) + m.first[kind] + np.minimum(shop, count - 1)
        else:
            shop = np.zeros(n, np.int64)
        peer = (u * self.people.active).astype(np.int64)
        peer = np.where(peer == who, (peer + 1) % self.people.active, peer)
        return np.where(self.peer[kind], peer, shop)

    def _nearest(self, who: Ints, kind: Ints, shop: Ints) -> Ints:
        """Move most choices to a shop of the same kind in the customer's own city, when it is within reach."""
        m = self.merchants
        position = m.first[kind] + shop
        home = self.people.city[who]
        for step in (1, 2, 3):
            candidate = m.first[kind] + (shop + step) % np.maximum(m.count[kind], 1)
            candidate = np.minimum(candidate, len(m.city) - 1)
            better = (m.city[np.minimum(position, len(m.city) - 1)] != home) & (m.city[candidate] == home)
            position = np.where(better, candidate, position)
        return position - m.first[kind]

    def where(self, who: Ints, kind: Ints, other: Ints) -> tuple[Floats, Floats, Ints]:
        """Latitude, longitude and country where such events happen."""
        rng, people, m, n = self.rng, self.people, self.merchants, len(who)
        lat = people.lat[who] + rng.normal(0, self.scatter_km, n)
        lon = people.lon[who] + rng.normal(0, self.scatter_km, n)
        if m.fixed and len(m.level):
            shop = np.clip(other - len(people), 0, len(m.level) - 1)
            there = (other >= len(people)) & ~self.online[kind]
            lat, lon = np.where(there, m.lat[shop], lat), np.where(there, m.lon[shop], lon)
        away = rng.random(n) < self.abroad * np.where(self.online[kind], 4, 1)
        country = np.where(away, rng.integers(1, self.places.countries, n), 0)
        return lat, lon, country

    def amounts(self, who: Ints, kind: Ints, other: Ints) -> Floats:
        """Honest amounts: the kind's price, the person's habit, the shop's level, and chance."""
        rng, people = self.rng, self.people
        level = self.merchants.level
        shop = other - len(people)
        known = level[np.clip(shop, 0, len(level) - 1)] if len(level) else np.zeros(len(who))
        centre = self.price[kind] + people.habit[who] + np.where(shop >= 0, known, 0.0)
        return np.exp(centre + rng.normal(0, 1, len(who)) * (people.spread[who] + self.extra[kind]))

    def channels(self, who: Ints) -> Ints:
        """Channels: each customer has a preferred one."""
        n = len(self.spec.channels)
        usual = (scatter(who, np.full(len(who), 7)) ** 1.7 * n).astype(np.int64)
        return np.where(self.rng.random(len(who)) < 0.15, self.rng.integers(0, n, len(who)), usual)

    # ---- what schemes ask for ----------------------------------------------------------------------------------

    def victims(self, n: int, business: bool | None = None) -> Ints:
        """Active customers, each at most once while there are enough; busy ones more often in half of the worlds."""
        pool = np.arange(self.people.active)
        if business is not None and (self.people.business[pool] == business).sum() >= max(3, n // 4):
            pool = pool[self.people.business[pool] == business]
        p = None if self.uniform_victims else self.people.rate[pool] / self.people.rate[pool].sum()
        picked: Ints = self.rng.choice(pool, n, replace=n > len(pool), p=p)
        return picked

    def strangers(self, n: int, fresh: float = 0.6) -> Ints:
        """Accounts for criminals: new ones from the reserve, the rest taken over or lent by ordinary customers."""
        people = self.people
        reserve = self.rng.integers(people.active, len(people), n)
        return np.where(self.rng.random(n) < fresh, reserve, self.victims(n))

    def new_devices(self, n: int) -> Ints:
        """Devices nobody has used."""
        self._devices += n
        return np.arange(self._devices - n, self._devices)

    def new_ips(self, n: int) -> Ints:
        """Addresses nobody has used."""
        return self.rng.integers(1 << 32, 1 << 39, n)

    def kinds(self, *names: str) -> Ints:
        """Positions of the kinds with these names; all of them when none is known."""
        found = [i for i, k in enumerate(self.spec.kinds) if k.name in names]
        return np.array(found or range(len(self.spec.kinds)), dtype=np.int64)

    def pick(self, options: NDArray[Any], n: int) -> NDArray[Any]:
        """One of the options for each of n rows."""
        return options[self.rng.integers(0, len(options), n)]

    def merchant_of(self, kind: Ints) -> Ints:
        """A merchant of each kind, unpopular ones as often as popular ones; a customer where the kind is between peers."""
        m, n = self.merchants, len(kind)
        count = np.maximum(m.count[kind], 1)
        shop = len(self.people) + m.first[kind] + (self.rng.random(n) * count).astype(np.int64)
        return np.where(self.peer[kind], self.strangers(n), shop)

    def mark(self, index: NDArray[Any]) -> None:
        """Existing events at these positions belong to the current scheme."""
        self.events.typology[index] = self.code
