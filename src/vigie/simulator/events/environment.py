"""The environment of one table: customers, merchants, a calendar, the legitimate events, and the making of more events.

A scheme (fraud or hard negative) states only what is special about its rows. Everything else is filled in as that customer
usually does it, so a fraud differs from legitimate events only where its typology says so.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vigie.simulator.events.calendar import Calendar, draw_horizon
from vigie.simulator.events.event_rows import Events
from vigie.simulator.events.event_types import EventSettings
from vigie.simulator.events.population import draw_customers, draw_merchants, draw_places
from vigie.simulator.sampling import DAY, Bools, Floats, Ints, hash_uniform, loguniform


class FraudScheme(Protocol):
    """Makes the rows of a fraud typology or of a hard negative."""

    def __call__(self, env: Environment, budget: int, /) -> Events:
        """Return about `budget` new events; may also change events that exist and mark them (`mark_existing`)."""


class Environment:
    """Everything one table is drawn from.

    Args:
        settings: of the domain.
        rng: the only source of randomness of the table.
        rows: about how many events there will be.

    Attributes:
        typology_code: number of the typology whose rows are being made; 0 is legitimate.
        log_amount: (event types,) log of the median amount.
        type_shares: (event types,) how common each is.
        peer: (event types,) whether the counterparty is another customer.
        flow: (event types,) -1 where money leaves the customer, +1 where it comes in.
        outgoing_types: positions of the event types by which money leaves a customer; all where there is none.
        peer_types: of these, between customers; all outgoing ones where there is none.
        exit_types: of these, to a merchant; `peer_types` where there is none.
        span: duration of the table, in seconds.
        currency_scale: amounts are multiplied by it when they are written.
        events: the legitimate events.
    """

    def __init__(self, settings: EventSettings, rng: np.random.Generator, rows: int) -> None:
        self.settings, self.rng = settings, rng
        self.typology_code = 0
        types = settings.event_types
        self.online = np.array([k.online for k in types])
        self.peer = np.array([k.to == "peer" for k in types])
        self.flow = np.array([k.flow for k in types])
        out = self.flow < 0
        self.outgoing_types = _positions(out, otherwise=np.arange(len(types)))
        self.peer_types = _positions(out & self.peer, otherwise=self.outgoing_types)
        self.exit_types = _positions(out & ~self.peer, otherwise=self.peer_types)
        self.log_amount = np.log([k.median_amount for k in types]) + rng.normal(0, 0.35, len(types))
        self.extra_spread = np.array([k.spread for k in types]) * rng.uniform(0.4, 1.6)
        weights = np.array([k.weight for k in types]) * rng.lognormal(0, 0.6, len(types))
        weights[rng.random(len(types)) < 0.1] *= 0.05
        self.type_shares = weights / weights.sum()
        self.places = draw_places(rng)
        self.calendar = Calendar(rng, draw_horizon(rng), tuple(k.hours for k in types))
        self.customers = draw_customers(rng, self._active_customers(rows), self.places)
        shops = np.where(self.peer, 0.0, np.array([k.shops for k in types]))
        total = int(np.clip(rows * loguniform(rng, *settings.merchants_per_row), 4, rows))
        self.merchants = draw_merchants(rng, shops, total, self.places)
        self.span = self.calendar.days * DAY
        self.strong = rng.uniform(*settings.strong_share)
        self.abroad_rate = rng.choice((0.0, 0.005, 0.03))
        self.local_spread = loguniform(rng, 0.005, 1.0)
        self.salt = int(rng.integers(1 << 40))
        self.currency_scale = loguniform(rng, 0.5, 700) if rng.random() < 0.65 else 1.0
        self.round_share = float(rng.uniform(*settings.round_share) * rng.choice((0.2, 1.0)))
        self._devices = len(self.customers)
        self._carrier_share = float(rng.choice((0.0, 0.2, 0.6)))
        self._carrier_ips = rng.integers(1 << 40, 1 << 41, 50)
        self._uniform_victims = bool(rng.random() < 0.5)
        self.events = self._legitimate_events(rows)

    # ---- legitimate events --------------------------------------------------------------------------------------

    def _active_customers(self, rows: int) -> int:
        """Return their number, from the rows per customer and a realistic pace; rarely hardly two rows per customer."""
        rng = self.rng
        each = min(
            loguniform(rng, *self.settings.rows_per_customer), self.calendar.days * loguniform(rng, 2, 40)
        )
        if rng.random() < 0.12:
            return int(rows * rng.uniform(0.7, 3))
        return int(np.clip(rows / each, 6, 3 * rows))

    def _legitimate_events(self, n: int) -> Events:
        rng, customers = self.rng, self.customers
        customer = rng.choice(customers.active, n, p=customers.rate)
        event_type = rng.choice(len(self.type_shares), n, p=self.type_shares)
        preferred = (hash_uniform(customer, np.full(n, self.salt)) * len(self.type_shares)).astype(np.int64)
        event_type = np.where(rng.random(n) < 0.2, preferred, event_type)
        day = self.calendar.days_of(n)
        hour = self.calendar.hours_of(customers.peak[customer], customers.regularity[customer], event_type)
        t = day * DAY + hour * 3600
        in_session = rng.random(n) < rng.choice((0.0, 0.1, 0.3))
        previous = np.maximum(np.arange(n) - 1, 0)
        order = np.argsort(customer, kind="stable")
        customer, event_type, t = customer[order], event_type[order], t[order]
        in_session &= customer == customer[previous]
        t = np.where(in_session, t[previous] + rng.exponential(1500, n), t)
        return self.make(customer, t % self.span, event_type)

    def make(
        self, customer: NDArray[Any], t: NDArray[Any], event_type: NDArray[Any] | None = None, **fields: Any
    ) -> Events:
        """Make events of these customers; every field not given is what they usually do.

        Args:
            customer: (events,) customer indices.
            t: (events,) seconds since the beginning of the table, clipped to its duration.
            event_type: (events,) drawn where None.
            fields: any other field of `Events`, an array or one value for all.
        """
        rng, n, customers = self.rng, len(customer), self.customers
        customer = np.asarray(customer, dtype=np.int64)
        full: dict[str, Any] = {name: np.broadcast_to(value, (n,)) for name, value in fields.items()}
        event_type = np.asarray(self.draw_types(n) if event_type is None else event_type, dtype=np.int64)
        # Drawn even where it is given, so that giving it changes nothing else.
        known = np.asarray(full.pop("known", rng.random(n) < customers.loyalty[customer]), dtype=bool)
        counterparty = (
            full.pop("counterparty")
            if "counterparty" in full
            else self.counterparties(customer, event_type, known)
        )
        counterparty = np.asarray(counterparty, dtype=np.int64)
        values = self._usual_behaviour(customer, event_type, counterparty)
        if "amount" not in full:
            values["amount"] = self.usual_amounts(customer, event_type, counterparty)
        values |= {"t": np.clip(full.pop("t", t), 0, self.span - 1), "known": known}
        for name, value in full.items():
            values[name] = np.array(value, dtype=values[name].dtype if name in values else np.float64)
        return Events(**values)

    def draw_types(self, n: int) -> Ints:
        """Draw (n,) event types as common as in legitimate events."""
        return self.rng.choice(len(self.type_shares), n, p=self.type_shares)

    def choose_types(self, n: int, options: Ints | None = None) -> Ints:
        """Draw (n,) event types of fraud rows among the options: a few that fraudsters prefer, or as legitimate ones."""
        rng = self.rng
        options = np.arange(len(self.type_shares)) if options is None else options
        few = rng.choice(options, int(rng.integers(1, 4)))
        preferred = rng.random(n) < rng.choice((0.0, 0.5, 0.9, 1.0))
        p = self.type_shares[options] + 1e-9
        usual = rng.choice(options, n, p=p / p.sum())
        return np.where(preferred, self.pick(few, n), usual)

    def _usual_behaviour(self, customer: Ints, event_type: Ints, counterparty: Ints) -> dict[str, Any]:
        """Draw every field but time and amount as these customers usually have it."""
        rng, n, customers = self.rng, len(customer), self.customers
        lat, lon, country = self.locations(customer, event_type, counterparty)
        by_carrier = rng.random(n) < self._carrier_share
        borrowed = rng.random(n) < 0.03
        own_device = customers.device[customer]
        return {
            "customer": customer,
            "counterparty": counterparty,
            "event_type": event_type,
            "drain": np.zeros(n),
            "device": np.where(borrowed, customers.device[np.maximum(customer - 1, 0)], own_device),
            "ip": np.where(by_carrier, self._carrier_ips[rng.integers(0, 50, n)], customers.ip[customer]),
            "lat": lat,
            "lon": lon,
            "country": country,
            "channel": self.usual_channels(customer),
            "strong": rng.random(n) < self.strong,
            "typology": np.full(n, self.typology_code),
        }

    def counterparties(self, customer: Ints, event_type: Ints, known: Bools) -> Ints:
        """Draw the other sides: favourites where known, otherwise any of the event type, popular ones more often."""
        rng, merchants, n = self.rng, self.merchants, len(customer)
        favourite = np.minimum(rng.geometric(0.5, n), 6)
        of_favourite = hash_uniform(customer, event_type, favourite, np.full(n, self.salt))
        u = np.where(known, of_favourite, rng.random(n)) ** merchants.skew
        if len(merchants.level):
            count = np.maximum(merchants.count[event_type], 1)
            shop = (u * count).astype(np.int64)
            if merchants.fixed:
                shop = self._nearest(customer, event_type, shop)
            shop = len(self.customers) + merchants.first[event_type] + np.minimum(shop, count - 1)
        else:
            shop = np.zeros(n, np.int64)
        other = (u * self.customers.active).astype(np.int64)
        other = np.where(other == customer, (other + 1) % self.customers.active, other)
        return np.where(self.peer[event_type], other, shop)

    def _nearest(self, customer: Ints, event_type: Ints, shop: Ints) -> Ints:
        """Move most choices to a shop of the same event type in the customer's own city."""
        merchants = self.merchants
        first, last = merchants.first[event_type], len(merchants.city) - 1
        position = first + shop
        home = self.customers.city[customer]
        for step in (1, 2, 3):
            candidate = first + (shop + step) % np.maximum(merchants.count[event_type], 1)
            candidate = np.minimum(candidate, last)
            away = merchants.city[np.minimum(position, last)] != home
            position = np.where(away & (merchants.city[candidate] == home), candidate, position)
        return position - first

    def locations(self, customer: Ints, event_type: Ints, counterparty: Ints) -> tuple[Floats, Floats, Ints]:
        """Draw latitude, longitude and country of events."""
        rng, customers, m, n = self.rng, self.customers, self.merchants, len(customer)
        lat = customers.lat[customer] + rng.normal(0, self.local_spread, n)
        lon = customers.lon[customer] + rng.normal(0, self.local_spread, n)
        if m.fixed and len(m.level):
            shop = np.clip(counterparty - len(customers), 0, len(m.level) - 1)
            there = (counterparty >= len(customers)) & ~self.online[event_type]
            lat, lon = np.where(there, m.lat[shop], lat), np.where(there, m.lon[shop], lon)
        away = rng.random(n) < self.abroad_rate * np.where(self.online[event_type], 4, 1)
        country = np.where(away, rng.integers(1, self.places.countries, n), 0)
        return lat, lon, country

    def usual_amounts(self, customer: Ints, event_type: Ints, counterparty: Ints) -> Floats:
        """Draw amounts from the level of the event type, of the customer and of the merchant."""
        rng, customers, level = self.rng, self.customers, self.merchants.level
        shop = counterparty - len(customers)
        of_shop = level[np.clip(shop, 0, len(level) - 1)] if len(level) else np.zeros(len(customer))
        centre = self.log_amount[event_type] + customers.habit[customer] + np.where(shop >= 0, of_shop, 0.0)
        spread = customers.spread[customer] + self.extra_spread[event_type]
        return np.exp(centre + rng.normal(0, 1, len(customer)) * spread)

    def usual_channels(self, customer: Ints) -> Ints:
        """Draw channels; each customer has a preferred one."""
        n = len(self.settings.channels)
        usual = (hash_uniform(customer, np.full(len(customer), 7)) ** 1.7 * n).astype(np.int64)
        return np.where(self.rng.random(len(customer)) < 0.15, self.rng.integers(0, n, len(customer)), usual)

    # ---- what schemes ask for -----------------------------------------------------------------------------------

    def victims(self, n: int, business: bool | None = None) -> Ints:
        """Draw active customers, each at most once while there are enough; in half of the tables, busy ones more often.

        Args:
            n: how many.
            business: only firms, or only persons, where there are enough.
        """
        customers = self.customers
        pool = np.arange(customers.active)
        if business is not None and (customers.business[pool] == business).sum() >= max(3, n // 4):
            pool = pool[customers.business[pool] == business]
        p = None if self._uniform_victims else customers.rate[pool] / customers.rate[pool].sum()
        picked: Ints = self.rng.choice(pool, n, replace=n > len(pool), p=p)
        return picked

    def fraud_accounts(self, n: int, new_share: float = 0.6) -> Ints:
        """Draw accounts used by fraudsters: this share of new ones, the rest taken over or lent by customers."""
        customers = self.customers
        reserve = self.rng.integers(customers.active, len(customers), n)
        return np.where(self.rng.random(n) < new_share, reserve, self.victims(n))

    def new_devices(self, n: int) -> Ints:
        """Return (n,) devices that no event has used."""
        self._devices += n
        return np.arange(self._devices - n, self._devices)

    def new_ips(self, n: int) -> Ints:
        """Draw (n,) network addresses outside those of customers."""
        return self.rng.integers(1 << 32, 1 << 39, n)

    def new_merchants(self, n: int) -> Ints:
        """Draw (n,) counterparties that no legitimate event has, numbered after all merchants."""
        base = len(self.customers) + len(self.merchants.level)
        return base + self.rng.integers(0, 1 << 20, n)

    def types_named(self, *names: str) -> Ints:
        """Return the positions of the event types with these names; of all types where none has."""
        types = self.settings.event_types
        found = [i for i, event_type in enumerate(types) if event_type.name in names]
        return np.array(found or range(len(types)), dtype=np.int64)

    def pick(self, options: NDArray[Any], n: int) -> NDArray[Any]:
        """Draw one of the options for each of n rows."""
        return options[self.rng.integers(0, len(options), n)]

    def merchants_of(self, event_type: Ints) -> Ints:
        """Draw a merchant of each event type, all equally often; a fraud account where it is between customers."""
        m, n = self.merchants, len(event_type)
        count = np.maximum(m.count[event_type], 1)
        shop = len(self.customers) + m.first[event_type] + (self.rng.random(n) * count).astype(np.int64)
        return np.where(self.peer[event_type], self.fraud_accounts(n), shop)

    def mark_existing(self, index: NDArray[Any]) -> None:
        """Make the existing events at these positions part of the current typology."""
        self.events.typology[index] = self.typology_code


def _positions(mask: Bools, *, otherwise: Ints) -> Ints:
    found = np.flatnonzero(mask)
    return found if len(found) else otherwise
