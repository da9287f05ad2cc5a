"""Every column that a table of events may have: key -> usual probability, and the writer of its cells."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigie.simulator import cell_formats
from vigie.simulator.events.risk_signals import SIGNALS
from vigie.simulator.events.table_view import Cells, Column, ColumnWriter, TableView, one_column
from vigie.simulator.sampling import DAY, Floats

_COUNTRIES = ("FR", "SN", "US", "BR", "MX", "GB", "NG", "KE", "CI", "ES", "PT", "DE", "IN", "ZA", "CM", "CN", "RU", "TR", "MA", "PL",
              "CO", "AR", "GH", "TZ", "UG", "IT", "NL", "AE", "SG", "PH")  # fmt: skip
_JOBS = "teacher driver nurse engineer farmer clerk student retired trader cook none".split()  # noqa: SIM905
_BROWSERS = ("Chrome", "Safari", "Firefox", "Opera", "Edge", "SamsungBrowser")


def _time(v: TableView) -> list[Column]:
    values, counts = cell_formats.time_cells(v.rng, v.events.t, v.start)
    return [("time", "step" if counts else "time", values)]


def _hour(v: TableView) -> Cells:
    hour = v.events.t % DAY / 3600
    style = v.rng.choice(("int", "float", "second"))
    seconds = np.floor(hour * 3600).astype(np.int64)
    return {"int": np.floor(hour).astype(np.int64), "float": np.round(hour, 2), "second": seconds}[str(style)]


def _customer(v: TableView) -> Cells:
    if v.rng.random() < 0.03:
        return cell_formats.identifiers(v.rng, np.arange(len(v)))
    return cell_formats.identifiers(v.rng, v.events.customer, "C")


def _both_sides(v: TableView) -> list[Column]:
    """Write customer and counterparty with one kind of identifiers, as in tables of transfers."""
    both = cell_formats.identifiers(v.rng, np.concatenate((v.events.customer, v.events.counterparty)), "A")
    return [("customer", "", both[: len(v)]), ("counterparty", "", both[len(v) :])]


def _event_type(v: TableView) -> Cells:
    names = tuple(event_type.name for event_type in v.env.settings.event_types)
    if v.rng.random() < 0.1 and len(v.env.merchants.level):
        fine = v.events.event_type * 40 + v.events.counterparty % int(v.rng.integers(2, 25))
        index, n = cell_formats.renumber(fine)
        return cell_formats.texts_of(index, [f"T{100 + i}" for i in range(n)])
    return cell_formats.category_cells(v.rng, v.events.event_type, names)


def _balances(v: TableView) -> list[Column]:
    ledger = v.ledger
    columns: list[Column] = [("balance_before", "", v.money(ledger.before))]
    if v.rng.random() < 0.65:
        columns.append(("balance_after", "", v.money(ledger.after)))
    if v.rng.random() < 0.5:
        columns.append(("counter_balance_before", "", v.money(ledger.counter_before)))
        if v.rng.random() < 0.8:
            columns.append(("counter_balance_after", "", v.money(ledger.counter_after)))
    return columns


def _coordinates(v: TableView, prefix: str, lat: Floats, lon: Floats) -> list[Column]:
    digits = int(v.rng.choice((2, 4, 6)))
    return [
        (f"{prefix}latitude", "", np.round(lat, digits)),
        (f"{prefix}longitude", "", np.round(lon, digits)),
    ]


def _home(v: TableView) -> list[Column]:
    customers, customer = v.env.customers, v.events.customer
    return _coordinates(v, "", customers.lat[customer], customers.lon[customer])


def _countries(v: TableView) -> list[str]:
    shift = v.env.salt % len(_COUNTRIES)
    return [_COUNTRIES[(i + shift) % len(_COUNTRIES)] for i in range(max(v.env.places.countries, 2))]


def _cities(v: TableView) -> list[str]:
    rng = np.random.default_rng(v.env.salt)
    return [name.split()[0] for name in cell_formats.company_names(rng, len(v.env.places.lat))]


def _counter_city(v: TableView) -> Cells:
    places = v.env.places
    near = (v.events.lat[:, None] - places.lat) ** 2 + (v.events.lon[:, None] - places.lon) ** 2
    return cell_formats.texts_of(near.argmin(axis=1), _cities(v))


def _zip(v: TableView) -> Cells:
    code = v.home_city * 1000 + v.events.customer % int(v.rng.integers(2, 300))
    return pl.Series(code + 10000) if v.rng.random() < 0.6 else pl.Series(code).cast(pl.String).str.zfill(5)


def _account_age(v: TableView) -> Cells:
    unit = v.rng.choice((1, 30, 365))
    return np.asarray(np.round(v.account_days / unit, int(v.rng.choice((0, 2)))))


def _day_before(v: TableView, days: Floats) -> Cells:
    """Write the day that lies so many days before the beginning of the table."""
    return pl.Series(((v.start - np.floor(days) * DAY) * 1e6).astype(np.int64)).cast(pl.Datetime("us"))


def _customer_category(concept: str, *texts: str) -> ColumnWriter:
    def cells(v: TableView) -> Cells:
        codes = v.events.customer * 7919 % 104729 % len(texts)
        return cell_formats.category_cells(v.rng, codes, texts)

    return one_column("category", cells, concept)


def _segment(v: TableView) -> Cells:
    customers, customer = v.env.customers, v.events.customer
    code = np.where(customers.business[customer], 1, (customers.habit[customer] > 1) * 2)
    return cell_formats.category_cells(v.rng, code.astype(np.int64), ("retail", "business", "premium"))


def _currency(v: TableView) -> Cells:
    foreign = v.events.country % int(v.rng.integers(1, 4))
    return cell_formats.texts_of(foreign, ["EUR", "USD", "XOF", "GBP"])


def _user_agent(v: TableView) -> Cells:
    texts = [f"Mozilla/5.0 {browser}/{40 + i}.0" for i, browser in enumerate(_BROWSERS)]
    return cell_formats.texts_of(v.events.device % len(texts), texts)


def _address(v: TableView) -> Cells:
    index, n = cell_formats.renumber(v.events.customer)
    streets = [name.split()[0] for name in cell_formats.company_names(v.rng, n)]
    return cell_formats.texts_of(index, [f"{3 + i % 190} {street} St" for i, street in enumerate(streets)])


def _fee(v: TableView) -> Cells:
    return v.money(v.events.amount * v.rng.uniform(0.002, 0.03) + v.rng.choice((0, 0.3, 1)))


COLUMNS: dict[str, tuple[float, ColumnWriter]] = {
    "row_id": (0.35, one_column("row_id", lambda v: cell_formats.identifiers(v.rng, np.arange(len(v)), "T"))),
    "time": (0.97, _time),
    "both_sides": (0.0, _both_sides),
    "customer": (0.96, one_column("customer", _customer)),
    "counterparty": (0.9, one_column("counterparty", lambda v: cell_formats.identifiers(v.rng, v.events.counterparty, "M", named=not v.env.peer.any()))),
    "amount": (0.99, one_column("amount", lambda v: v.money(v.events.amount))),
    "event_type": (0.7, one_column("category", _event_type, "event_type")),
    "channel": (0.3, one_column("channel", lambda v: cell_formats.category_cells(v.rng, v.events.channel, v.env.settings.channels))),
    "balances": (0.1, _balances),
    "home": (0.15, _home),
    "there": (0.18, lambda v: _coordinates(v, "counter_", v.events.lat, v.events.lon)),
    "country": (0.12, one_column("country", lambda v: cell_formats.texts_of(v.events.customer % 97 // 93, _countries(v)))),
    "counter_country": (0.22, one_column("counter_country", lambda v: cell_formats.texts_of(v.events.country, _countries(v)))),
    "city": (0.18, one_column("city", lambda v: cell_formats.texts_of(v.home_city, _cities(v)))),
    "counter_city": (0.15, one_column("counter_city", _counter_city)),
    "region": (0.08, one_column("region", lambda v: cell_formats.texts_of(v.home_city % 9, list("ABCDEFGHI")))),
    "zip": (0.1, one_column("zip", _zip)),
    "city_population": (0.04, one_column("number", lambda v: v.env.places.size[v.home_city].astype(np.int64), "city_population")),
    "account_age": (0.18, one_column("account_age", _account_age)),
    "opened": (0.1, one_column("opened", lambda v: _day_before(v, v.env.customers.age_days[v.events.customer]))),
    "birth": (0.08, one_column("birth", lambda v: _day_before(v, v.years * 365.25))),
    "age": (0.1, one_column("age", lambda v: np.floor(v.years).astype(np.int64))),
    "gender": (0.1, _customer_category("gender", "F", "M")),
    "job": (0.08, _customer_category("job", *_JOBS)),
    "brand": (0.06, _customer_category("card_brand", "visa", "mastercard", "amex", "local")),
    "segment": (0.1, one_column("category", _segment, "segment")),
    "currency": (0.08, one_column("currency", _currency)),
    "device": (0.25, one_column("device", lambda v: cell_formats.identifiers(v.rng, v.events.device, "D"))),
    "card": (0.06, one_column("card", lambda v: cell_formats.identifiers(v.rng, v.events.customer, ""))),
    "account": (0.05, one_column("account", lambda v: cell_formats.identifiers(v.rng, v.events.customer, "IB"))),
    "ip": (0.2, one_column("ip", lambda v: cell_formats.addresses(v.rng, v.events.ip))),
    "email": (0.08, one_column("email", lambda v: cell_formats.emails(v.rng, v.events.customer))),
    "phone": (0.06, one_column("phone", lambda v: cell_formats.phones(v.rng, v.events.customer))),
    "person": (0.05, one_column("person_name", lambda v: cell_formats.person_names(v.rng, v.events.customer))),
    "address": (0.04, one_column("address", _address)),
    "user_agent": (0.06, one_column("user_agent", _user_agent)),
    "fee": (0.05, one_column("amount", _fee, "fee")),
    "hour": (0.1, one_column("hour", _hour)),
    "weekday": (0.07, one_column("weekday", lambda v: v.weekday)),
    "month": (0.04, one_column("month", lambda v: ((v.start + v.events.t) // (30.44 * DAY)).astype(np.int64) % 12 + 1)),
    **SIGNALS,
}  # fmt: skip
