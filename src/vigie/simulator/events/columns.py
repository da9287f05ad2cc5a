"""Every column that a table of events may have: key -> usual probability, and the writer of its cells."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigie.simulator import cell_formats
from vigie.simulator.events.risk_signals import SIGNALS
from vigie.simulator.events.table_view import Column, ColumnWriter, TableView
from vigie.simulator.sampling import DAY

_COUNTRIES = ("FR", "SN", "US", "BR", "MX", "GB", "NG", "KE", "CI", "ES", "PT", "DE", "IN", "ZA", "CM", "CN", "RU", "TR", "MA", "PL",
              "CO", "AR", "GH", "TZ", "UG", "IT", "NL", "AE", "SG", "PH")  # fmt: skip
_JOBS = tuple("teacher driver nurse engineer farmer clerk student retired trader cook none".split())  # noqa: SIM905


def _time(v: TableView) -> list[Column]:
    values, counts = cell_formats.time_cells(v.rng, v.events.t, v.start)
    return [("time", "step" if counts else "time", values)]


def _hour(v: TableView) -> list[Column]:
    hour = v.events.t % DAY / 3600
    style = v.rng.choice(("int", "float", "second"))
    seconds = np.floor(hour * 3600).astype(np.int64)
    values = {"int": np.floor(hour).astype(np.int64), "float": np.round(hour, 2), "second": seconds}
    return [("hour", "hour", values[str(style)])]


def _weekday(v: TableView) -> list[Column]:
    return [("weekday", "weekday", ((v.start + v.events.t) // DAY).astype(np.int64) % 7)]


def _month(v: TableView) -> list[Column]:
    return [("month", "month", ((v.start + v.events.t) // (30.44 * DAY)).astype(np.int64) % 12 + 1)]


def _customer(v: TableView) -> list[Column]:
    if v.rng.random() < 0.03:
        return [("customer", "", cell_formats.identifiers(v.rng, np.arange(len(v))))]
    return [("customer", "", cell_formats.identifiers(v.rng, v.events.customer, "C"))]


def _both_sides(v: TableView) -> list[Column]:
    """Write customer and counterparty with one kind of identifiers, as in tables of transfers."""
    both = cell_formats.identifiers(v.rng, np.concatenate((v.events.customer, v.events.counterparty)), "A")
    n = len(v)
    return [("customer", "", both[:n]), ("counterparty", "", both[n:])]


def _counterparty(v: TableView) -> list[Column]:
    named = not v.env.peer.any()
    return [("counterparty", "", cell_formats.identifiers(v.rng, v.events.counterparty, "M", named=named))]


def _amount(v: TableView) -> list[Column]:
    return [("amount", "amount", v.money(v.events.amount))]


def _fee(v: TableView) -> list[Column]:
    return [
        ("amount", "fee", v.money(v.events.amount * v.rng.uniform(0.002, 0.03) + v.rng.choice((0, 0.3, 1))))
    ]


def _kind(v: TableView) -> list[Column]:
    names = tuple(k.name for k in v.env.settings.event_types)
    if v.rng.random() < 0.1 and len(v.env.merchants.level):
        fine = v.events.event_type * 40 + v.events.counterparty % int(v.rng.integers(2, 25))
        index, n = cell_formats.renumber(fine)
        return [("category", "event_type", cell_formats.texts_of(index, [f"T{100 + i}" for i in range(n)]))]
    return [("category", "event_type", cell_formats.category_cells(v.rng, v.events.event_type, names))]


def _balances(v: TableView) -> list[Column]:
    ledger = v.ledger
    columns: list[Column] = [("balance_before", "balance_before", v.money(ledger.before))]
    if v.rng.random() < 0.65:
        columns.append(("balance_after", "balance_after", v.money(ledger.after)))
    if v.rng.random() < 0.5:
        columns.append(("counter_balance_before", "counter_balance_before", v.money(ledger.counter_before)))
        if v.rng.random() < 0.8:
            columns.append(("counter_balance_after", "counter_balance_after", v.money(ledger.counter_after)))
    return columns


def _home(v: TableView) -> list[Column]:
    customers, customer = v.env.customers, v.events.customer
    digits = int(v.rng.choice((2, 4, 6)))
    return [
        ("latitude", "latitude", np.round(customers.lat[customer], digits)),
        ("longitude", "longitude", np.round(customers.lon[customer], digits)),
    ]


def _there(v: TableView) -> list[Column]:
    digits = int(v.rng.choice((2, 4, 6)))
    return [
        ("counter_latitude", "counter_latitude", np.round(v.events.lat, digits)),
        ("counter_longitude", "counter_longitude", np.round(v.events.lon, digits)),
    ]


def _country(v: TableView) -> list[Column]:
    return [("country", "country", cell_formats.texts_of(v.events.customer % 97 // 93, _nations(v)))]


def _counter_country(v: TableView) -> list[Column]:
    return [("counter_country", "counter_country", cell_formats.texts_of(v.events.country, _nations(v)))]


def _nations(v: TableView) -> list[str]:
    shift = v.env.salt % len(_COUNTRIES)
    return [_COUNTRIES[(i + shift) % len(_COUNTRIES)] for i in range(max(v.env.places.countries, 2))]


def _cities(v: TableView) -> list[str]:
    rng = np.random.default_rng(v.env.salt)
    return [name.split()[0] for name in cell_formats.company_names(rng, len(v.env.places.lat))]


def _city(v: TableView) -> list[Column]:
    return [("city", "city", cell_formats.texts_of(v.env.customers.city[v.events.customer], _cities(v)))]


def _counter_city(v: TableView) -> list[Column]:
    places = v.env.places
    near = (v.events.lat[:, None] - places.lat) ** 2 + (v.events.lon[:, None] - places.lon) ** 2
    return [("counter_city", "counter_city", cell_formats.texts_of(near.argmin(axis=1), _cities(v)))]


def _region(v: TableView) -> list[Column]:
    return [
        (
            "region",
            "region",
            cell_formats.texts_of(v.env.customers.city[v.events.customer] % 9, list("ABCDEFGHI")),
        )
    ]


def _zip(v: TableView) -> list[Column]:
    code = v.env.customers.city[v.events.customer] * 1000 + v.events.customer % int(v.rng.integers(2, 300))
    values = pl.Series(code + 10000) if v.rng.random() < 0.6 else pl.Series(code).cast(pl.String).str.zfill(5)
    return [("zip", "zip", values)]


def _city_population(v: TableView) -> list[Column]:
    size = v.env.places.size[v.env.customers.city[v.events.customer]]
    return [("number", "city_population", size.astype(np.int64))]


def _account_age(v: TableView) -> list[Column]:
    days = v.env.customers.age_days[v.events.customer] + v.events.t / DAY
    unit = v.rng.choice((1, 30, 365))
    return [("account_age", "account_age", np.round(days / unit, int(v.rng.choice((0, 2)))))]


def _opened(v: TableView) -> list[Column]:
    micro = ((v.start - np.floor(v.env.customers.age_days[v.events.customer]) * DAY) * 1e6).astype(np.int64)
    return [("opened", "opened", pl.Series(micro).cast(pl.Datetime("us")))]


def _birth(v: TableView) -> list[Column]:
    micro = ((v.start - np.floor(v.env.customers.years[v.events.customer] * 365.25) * DAY) * 1e6).astype(
        np.int64
    )
    return [("birth", "birth", pl.Series(micro).cast(pl.Datetime("us")))]


def _age(v: TableView) -> list[Column]:
    return [("age", "age", np.floor(v.env.customers.years[v.events.customer]).astype(np.int64))]


def _person_category(concept: str, texts: tuple[str, ...]) -> ColumnWriter:
    def write(v: TableView) -> list[Column]:
        return [
            (
                "category",
                concept,
                cell_formats.category_cells(v.rng, v.events.customer * 7919 % 104729 % len(texts), texts),
            )
        ]

    return write


def _segment(v: TableView) -> list[Column]:
    texts = ("retail", "business", "premium")
    code = np.where(
        v.env.customers.business[v.events.customer], 1, (v.env.customers.habit[v.events.customer] > 1) * 2
    )
    return [("category", "segment", cell_formats.category_cells(v.rng, code.astype(np.int64), texts))]


def _channel(v: TableView) -> list[Column]:
    return [
        ("channel", "channel", cell_formats.category_cells(v.rng, v.events.channel, v.env.settings.channels))
    ]


def _currency(v: TableView) -> list[Column]:
    foreign = v.events.country % int(v.rng.integers(1, 4))
    return [("currency", "currency", cell_formats.texts_of(foreign, ["EUR", "USD", "XOF", "GBP"]))]


def _identity(role: str, prefix: str) -> ColumnWriter:
    def write(v: TableView) -> list[Column]:
        codes = v.events.device if role == "device" else v.events.customer
        return [(role, role, cell_formats.identifiers(v.rng, codes, prefix))]

    return write


def _agent(v: TableView) -> list[Column]:
    browsers = ["Chrome", "Safari", "Firefox", "Opera", "Edge", "SamsungBrowser"]
    index = v.events.device % len(browsers)
    return [("user_agent", "user_agent", cell_formats.texts_of(index, [f"Mozilla/5.0 {b}/{40 + i}.0" for i, b in enumerate(browsers)]))]  # fmt: skip


def _address(v: TableView) -> list[Column]:
    index, n = cell_formats.renumber(v.events.customer)
    names = cell_formats.company_names(v.rng, n)
    return [("address", "address", cell_formats.texts_of(index, [f"{3 + i % 190} {s.split()[0]} St" for i, s in enumerate(names)]))]  # fmt: skip


COLUMNS: dict[str, tuple[float, ColumnWriter]] = {
    "row_id": (
        0.35,
        lambda v: [("row_id", "row_id", cell_formats.identifiers(v.rng, np.arange(len(v)), "T"))],
    ),
    "time": (0.97, _time),
    "both_sides": (0.0, _both_sides),
    "customer": (0.96, _customer),
    "counterparty": (0.9, _counterparty),
    "amount": (0.99, _amount),
    "event_type": (0.7, _kind),
    "channel": (0.3, _channel),
    "balances": (0.1, _balances),
    "home": (0.15, _home),
    "there": (0.18, _there),
    "country": (0.12, _country),
    "counter_country": (0.22, _counter_country),
    "city": (0.18, _city),
    "counter_city": (0.15, _counter_city),
    "region": (0.08, _region),
    "zip": (0.1, _zip),
    "city_population": (0.04, _city_population),
    "account_age": (0.18, _account_age),
    "opened": (0.1, _opened),
    "birth": (0.08, _birth),
    "age": (0.1, _age),
    "gender": (0.1, _person_category("gender", ("F", "M"))),
    "job": (0.08, _person_category("job", _JOBS)),
    "brand": (0.06, _person_category("card_brand", ("visa", "mastercard", "amex", "local"))),
    "segment": (0.1, _segment),
    "currency": (0.08, _currency),
    "device": (0.25, _identity("device", "D")),
    "card": (0.06, _identity("card", "")),
    "account": (0.05, _identity("account", "IB")),
    "ip": (0.2, lambda v: [("ip", "ip", cell_formats.addresses(v.rng, v.events.ip))]),
    "email": (0.08, lambda v: [("email", "email", cell_formats.emails(v.rng, v.events.customer))]),
    "phone": (0.06, lambda v: [("phone", "phone", cell_formats.phones(v.rng, v.events.customer))]),
    "person": (
        0.05,
        lambda v: [("person_name", "person_name", cell_formats.person_names(v.rng, v.events.customer))],
    ),
    "address": (0.04, _address),
    "user_agent": (0.06, _agent),
    "fee": (0.05, _fee),
    "hour": (0.1, _hour),
    "weekday": (0.07, _weekday),
    "month": (0.04, _month),
    **SIGNALS,
}
