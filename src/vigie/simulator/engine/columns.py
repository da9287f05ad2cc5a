"""Every column an event stream may show: key -> the columns written from a view, each with its role and concept."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.engine import cell_formats
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.derived_columns import View
from vigie.simulator.engine.signals import SIGNALS

# (role, concept, values)
Column = tuple[str, str, pl.Series | NDArray[Any]]
Writer = Callable[[View], list[Column]]

_COUNTRIES = ("FR", "SN", "US", "BR", "MX", "GB", "NG", "KE", "CI", "ES", "PT", "DE", "IN", "ZA", "CM", "CN", "RU", "TR", "MA", "PL",
              "CO", "AR", "GH", "TZ", "UG", "IT", "NL", "AE", "SG", "PH")  # fmt: skip
_JOBS = (
    "teacher",
    "driver",
    "nurse",
    "engineer",
    "farmer",
    "clerk",
    "student",
    "retired",
    "trader",
    "cook",
    "none",
)


def _time(v: View) -> list[Column]:
    values, steps = cell_formats.moment(v.rng, v.events.t, v.start)
    return [("time", "step" if steps else "time", values)]


def _hour(v: View) -> list[Column]:
    hour = v.events.t % DAY / 3600
    style = v.rng.choice(("int", "float", "second"))
    seconds = np.floor(hour * 3600).astype(np.int64)
    values = {"int": np.floor(hour).astype(np.int64), "float": np.round(hour, 2), "second": seconds}
    return [("hour", "hour", values[str(style)])]


def _weekday(v: View) -> list[Column]:
    return [("weekday", "weekday", ((v.start + v.events.t) // DAY).astype(np.int64) % 7)]


def _month(v: View) -> list[Column]:
    return [("month", "month", ((v.start + v.events.t) // (30.44 * DAY)).astype(np.int64) % 12 + 1)]


def _customer(v: View) -> list[Column]:
    if v.rng.random() < 0.03:
        return [("customer", "", cell_formats.identify(v.rng, np.arange(len(v))))]
    return [("customer", "", cell_formats.identify(v.rng, v.events.who, "C"))]


def _both_sides(v: View) -> list[Column]:
    """Customer and other side in one space of identifiers, as in tables of transfers."""
    both = cell_formats.identify(v.rng, np.concatenate((v.events.who, v.events.other)), "A")
    n = len(v)
    return [("customer", "", both[:n]), ("counterparty", "", both[n:])]


def _counterparty(v: View) -> list[Column]:
    named = not v.scene.peer.any()
    return [("counterparty", "", cell_formats.identify(v.rng, v.events.other, "M", named=named))]


def _amount(v: View) -> list[Column]:
    return [("amount", "amount", v.money(v.events.amount))]


def _fee(v: View) -> list[Column]:
    return [
        ("amount", "fee", v.money(v.events.amount * v.rng.uniform(0.002, 0.03) + v.rng.choice((0, 0.3, 1))))
    ]


def _kind(v: View) -> list[Column]:
    names = tuple(k.name for k in v.scene.spec.kinds)
    if v.rng.random() < 0.1 and len(v.scene.merchants.level):
        fine = v.events.kind * 40 + v.events.other % int(v.rng.integers(2, 25))
        index, n = cell_formats.compact(fine)
        return [("category", "kind", cell_formats.spell(index, [f"T{100 + i}" for i in range(n)]))]
    return [("category", "kind", cell_formats.codes_of(v.rng, v.events.kind, names))]


def _balances(v: View) -> list[Column]:
    ledger = v.ledger
    columns: list[Column] = [("balance_before", "balance_before", v.money(ledger.before))]
    if v.rng.random() < 0.65:
        columns.append(("balance_after", "balance_after", v.money(ledger.after)))
    if v.rng.random() < 0.5:
        columns.append(("counter_balance_before", "counter_balance_before", v.money(ledger.counter_before)))
        if v.rng.random() < 0.8:
            columns.append(("counter_balance_after", "counter_balance_after", v.money(ledger.counter_after)))
    return columns


def _home(v: View) -> list[Column]:
    people, who = v.scene.people, v.events.who
    digits = int(v.rng.choice((2, 4, 6)))
    return [
        ("latitude", "latitude", np.round(people.lat[who], digits)),
        ("longitude", "longitude", np.round(people.lon[who], digits)),
    ]


def _there(v: View) -> list[Column]:
    digits = int(v.rng.choice((2, 4, 6)))
    return [
        ("counter_latitude", "counter_latitude", np.round(v.events.lat, digits)),
        ("counter_longitude", "counter_longitude", np.round(v.events.lon, digits)),
    ]


def _country(v: View) -> list[Column]:
    return [("country", "country", cell_formats.spell(v.events.who % 97 // 93, _nations(v)))]


def _counter_country(v: View) -> list[Column]:
    return [("counter_country", "counter_country", cell_formats.spell(v.events.country, _nations(v)))]


def _nations(v: View) -> list[str]:
    shift = v.scene.salt % len(_COUNTRIES)
    return [_COUNTRIES[(i + shift) % len(_COUNTRIES)] for i in range(max(v.scene.places.countries, 2))]


def _cities(v: View) -> list[str]:
    rng = np.random.default_rng(v.scene.salt)
    return [name.split()[0] for name in cell_formats.company_names(rng, len(v.scene.places.lat))]


def _city(v: View) -> list[Column]:
    return [("city", "city", cell_formats.spell(v.scene.people.city[v.events.who], _cities(v)))]


def _counter_city(v: View) -> list[Column]:
    places = v.scene.places
    near = (v.events.lat[:, None] - places.lat) ** 2 + (v.events.lon[:, None] - places.lon) ** 2
    return [("counter_city", "counter_city", cell_formats.spell(near.argmin(axis=1), _cities(v)))]


def _region(v: View) -> list[Column]:
    return [
        ("region", "region", cell_formats.spell(v.scene.people.city[v.events.who] % 9, list("ABCDEFGHI")))
    ]


def _zip(v: View) -> list[Column]:
    code = v.scene.people.city[v.events.who] * 1000 + v.events.who % int(v.rng.integers(2, 300))
    values = pl.Series(code + 10000) if v.rng.random() < 0.6 else pl.Series(code).cast(pl.String).str.zfill(5)
    return [("zip", "zip", values)]


def _city_population(v: View) -> list[Column]:
    size = v.scene.places.size[v.scene.people.city[v.events.who]]
    return [("number", "city_population", size.astype(np.int64))]


def _account_age(v: View) -> list[Column]:
    days = v.scene.people.age_days[v.events.who] + v.events.t / DAY
    unit = v.rng.choice((1, 30, 365))
    return [("account_age", "account_age", np.round(days / unit, int(v.rng.choice((0, 2)))))]


def _opened(v: View) -> list[Column]:
    micro = ((v.start - np.floor(v.scene.people.age_days[v.events.who]) * DAY) * 1e6).astype(np.int64)
    return [("opened", "opened", pl.Series(micro).cast(pl.Datetime("us")))]


def _birth(v: View) -> list[Column]:
    micro = ((v.start - np.floor(v.scene.people.years[v.events.who] * 365.25) * DAY) * 1e6).astype(np.int64)
    return [("birth", "birth", pl.Series(micro).cast(pl.Datetime("us")))]


def _age(v: View) -> list[Column]:
    return [("age", "age", np.floor(v.scene.people.years[v.events.who]).astype(np.int64))]


def _person_category(concept: str, texts: tuple[str, ...]) -> Writer:
    def write(v: View) -> list[Column]:
        return [
            (
                "category",
                concept,
                cell_formats.codes_of(v.rng, v.events.who * 7919 % 104729 % len(texts), texts),
            )
        ]

    return write


def _segment(v: View) -> list[Column]:
    texts = ("retail", "business", "premium")
    code = np.where(v.scene.people.business[v.events.who], 1, (v.scene.people.habit[v.events.who] > 1) * 2)
    return [("category", "segment", cell_formats.codes_of(v.rng, code.astype(np.int64), texts))]


def _channel(v: View) -> list[Column]:
    return [("channel", "channel", cell_formats.codes_of(v.rng, v.events.channel, v.scene.spec.channels))]


def _currency(v: View) -> list[Column]:
    foreign = v.events.country % int(v.rng.integers(1, 4))
    return [("currency", "currency", cell_formats.spell(foreign, ["EUR", "USD", "XOF", "GBP"]))]


def _identity(role: str, prefix: str) -> Writer:
    def write(v: View) -> list[Column]:
        codes = v.events.device if role == "device" else v.events.who
        return [(role, role, cell_formats.identify(v.rng, codes, prefix))]

    return write


def _agent(v: View) -> list[Column]:
    browsers = ["Chrome", "Safari", "Firefox", "Opera", "Edge", "SamsungBrowser"]
    index = v.events.device % len(browsers)
    return [("user_agent", "user_agent", cell_formats.spell(index, [f"Mozilla/5.0 {b}/{40 + i}.0" for i, b in enumerate(browsers)]))]  # fmt: skip


def _address(v: View) -> list[Column]:
    index, n = cell_formats.compact(v.events.who)
    names = cell_formats.company_names(v.rng, n)
    return [("address", "address", cell_formats.spell(index, [f"{3 + i % 190} {s.split()[0]} St" for i, s in enumerate(names)]))]  # fmt: skip


COLUMNS: dict[str, tuple[float, Writer]] = {
    "row_id": (0.35, lambda v: [("row_id", "row_id", cell_formats.identify(v.rng, np.arange(len(v)), "T"))]),
    "time": (0.97, _time),
    "both_sides": (0.0, _both_sides),
    "customer": (0.96, _customer),
    "counterparty": (0.9, _counterparty),
    "amount": (0.99, _amount),
    "kind": (0.7, _kind),
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
    "email": (0.08, lambda v: [("email", "email", cell_formats.emails(v.rng, v.events.who))]),
    "phone": (0.06, lambda v: [("phone", "phone", cell_formats.phones(v.rng, v.events.who))]),
    "person": (
        0.05,
        lambda v: [("person_name", "person_name", cell_formats.person_names(v.rng, v.events.who))],
    ),
    "address": (0.04, _address),
    "user_agent": (0.06, _agent),
    "fee": (0.05, _fee),
    "hour": (0.1, _hour),
    "weekday": (0.07, _weekday),
    "month": (0.04, _month),
    **SIGNALS,
}
