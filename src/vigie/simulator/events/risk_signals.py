"""Columns computed by the owner: counts, distances, ratios, risk and trust signals, anonymous components.

Risk and trust signals see a random part of the frauds, from none to most, and always have false positives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator import cell_formats
from vigie.simulator.events.table_view import Column, ColumnWriter, TableView
from vigie.simulator.sampling import DAY, Floats, loguniform

_METHODS = ("credit_card", "debit_card", "paypal", "store_credit", "bank_transfer", "wallet")
_WORDS = "payment invoice gift thanks rent order ref family monthly loan help stock".split()  # noqa: SIM905


def _recent(concept: str, seconds: float, *, money: bool = False) -> ColumnWriter:
    def write(v: TableView) -> list[Column]:
        values = v.money(v.recent_sum(seconds)) if money else v.recent(seconds)
        return [("velocity", concept, values)]

    return write


def _distance(v: TableView) -> list[Column]:
    return [("distance", "distance", np.round(v.km_from_home * v.rng.choice((1, 0.62)), 3))]


def _distance_last(v: TableView) -> list[Column]:
    return [("distance", "distance_from_last_transaction", np.round(v.km_from_last, 3))]


def _usual(v: TableView) -> list[Column]:
    return [
        ("amount_usual", "amount_usual", v.money(v.earlier_mean if v.rng.random() < 0.6 else v.usual_amount))
    ]


def _ratio(v: TableView) -> list[Column]:
    usual = v.earlier_mean if v.rng.random() < 0.5 else v.usual_amount
    return [("amount_ratio", "amount_ratio", np.round(v.events.amount / usual, 4))]


def _limit(v: TableView) -> list[Column]:
    customers, customer = v.env.customers, v.events.customer
    limit = np.exp(v.env.log_amount.mean() + customers.habit * 0.7 + 3)[customer]
    power = 10.0 ** np.floor(np.log10(limit * v.currency_scale))
    return [("limit", "limit", np.round(limit * v.currency_scale / power * 2) / 2 * power)]


def _income(v: TableView) -> list[Column]:
    customers, customer = v.env.customers, v.events.customer
    noise = np.random.default_rng(v.env.salt).lognormal(0, 0.5, len(customers))
    return [
        (
            "income",
            "income",
            np.round((np.exp(4 + customers.habit * 0.5) * noise)[customer] * v.currency_scale),
        )
    ]


def _risk_flag(concept: str, low: float = 0.003, high: float = 0.2) -> ColumnWriter:
    def write(v: TableView) -> list[Column]:
        flagged = v.flagged(loguniform(v.rng, low, high))
        return [("risk_signal", concept, cell_formats.flags(v.rng, flagged))]

    return write


def _risk_count(concept: str) -> ColumnWriter:
    def write(v: TableView) -> list[Column]:
        rate = np.exp(0.8 * v.signal_strength() + np.log(loguniform(v.rng, 0.02, 1)))
        return [("risk_signal", concept, v.rng.poisson(np.minimum(rate, 50)))]

    return write


def _risk_money(concept: str) -> ColumnWriter:
    """Write a sum of past chargebacks or the like: 0 for most rows."""

    def write(v: TableView) -> list[Column]:
        signal = v.signal_strength()
        any_trouble = v.flagged(v.rng.uniform(0.02, 0.4), signal)
        level = np.median(v.events.amount) * v.currency_scale * loguniform(v.rng, 0.3, 5)
        return [("risk_signal", concept, np.round(any_trouble * level * np.exp(0.5 * signal), 1))]

    return write


def _method(v: TableView) -> list[Column]:
    """Write the payment method: the customer's usual one, another on flagged rows."""
    usual = v.events.customer * 7919 % len(_METHODS)
    counterparty = v.flagged(v.rng.uniform(0.02, 0.3))
    index = np.where(counterparty, v.rng.integers(0, len(_METHODS), len(v)), usual)
    return [("category", "payment_method", cell_formats.category_cells(v.rng, index, _METHODS))]


def _method_age(v: TableView) -> list[Column]:
    """Write how long the payment method has been known: 0 for a new one, at most the age of the account."""
    account = v.env.customers.age_days[v.events.customer] + v.events.t / DAY
    new = v.flagged(v.rng.uniform(0.05, 0.6))
    part = v.rng.beta(1, v.rng.uniform(0.5, 3), len(v))
    return [("account_age", "payment_method_age", np.round(np.where(new, 0.0, account * part), 4))]


def _risk_score(v: TableView) -> list[Column]:
    top = v.rng.choice((1, 100, 1000))
    score = top / (1 + np.exp(-(v.signal_strength() - v.rng.uniform(0, 3))))
    return [("risk_signal", "risk_score", np.round(score, 4 if top == 1 else 0))]


def _fact(concept: str, of: Callable[[TableView], NDArray[np.bool_]]) -> ColumnWriter:
    """Write a flag that states a property of the event, sometimes wrongly."""

    def write(v: TableView) -> list[Column]:
        wrong = v.rng.random(len(v)) < v.rng.uniform(0, 0.1)
        return [("risk_signal", concept, cell_formats.flags(v.rng, of(v) ^ wrong))]

    return write


def _trust_flag(concept: str) -> ColumnWriter:
    def write(v: TableView) -> list[Column]:
        doubtful = v.flagged(1 - v.rng.uniform(0.2, 0.98))
        return [("trust_signal", concept, cell_formats.flags(v.rng, ~doubtful))]

    return write


def _strong(concept: str) -> ColumnWriter:
    def write(v: TableView) -> list[Column]:
        return [("trust_signal", concept, cell_formats.flags(v.rng, v.events.strong))]

    return write


def _reputation(v: TableView) -> list[Column]:
    level = np.clip(4.2 - 0.5 * v.signal_strength() + v.rng.normal(0, 0.3, len(v)), 0, 5)
    return [("trust_signal", "reputation", np.round(level, int(v.rng.choice((0, 1, 2)))))]


def _device_kind(v: TableView) -> list[Column]:
    texts = ("mobile", "desktop", "tablet", "pos")
    return [
        ("category", "device_kind", cell_formats.category_cells(v.rng, v.events.device % len(texts), texts))
    ]


def _weekend(v: TableView) -> NDArray[np.bool_]:
    return ((v.start + v.events.t) // DAY).astype(np.int64) % 7 >= 5


def _items(v: TableView) -> list[Column]:
    mean = np.clip(v.events.amount / np.median(v.events.amount), 0.1, 30) ** 0.5
    return [("velocity", "items", 1 + v.rng.poisson(mean))]


def _number(v: TableView) -> list[Column]:
    rng, n = v.rng, len(v)
    columns: list[Column] = []
    for _ in range(int(rng.integers(1, 4))):
        style = rng.choice(("normal", "integer", "heavy", "customer"))
        values: NDArray[Any] = {
            "normal": rng.normal(rng.uniform(-5, 50), loguniform(rng, 0.1, 20), n),
            "integer": rng.integers(0, int(loguniform(rng, 3, 1000)), n),
            "heavy": rng.lognormal(0, 1.5, n),
            "customer": v.env.customers.years[v.events.customer] * 3 % 11,
        }[str(style)]
        columns.append(("number", "number", np.round(values, 3)))
    return columns


def _flag(v: TableView) -> list[Column]:
    return [("flag", "flag", pl.Series(v.rng.random(len(v)) < v.rng.uniform(0.05, 0.95)))]


def _text(v: TableView) -> list[Column]:
    a, b = v.rng.integers(0, len(_WORDS), (2, len(v))).tolist()
    return [("text", "text", pl.Series([f"{_WORDS[i]} {_WORDS[j]}" for i, j in zip(a, b, strict=True)]))]


def _components(v: TableView) -> list[Column]:
    """Write anonymous components: mixtures of hidden signals with falling variance, frauds shifted along some directions.

    Source: the common practice of publishing card data as principal components.
    """
    rng, n = v.rng, len(v)
    k = int(rng.integers(3, 28))
    hidden = rng.standard_t(rng.uniform(3, 12), (n, k))
    facts: list[Floats] = [
        np.log(v.events.amount),
        v.recent(DAY).astype(np.float64),
        v.pair_seen.astype(np.float64),
        np.log1p(v.km_from_home),
    ]
    for j, fact in enumerate(facts[: k - 1]):
        hidden[:, j] += rng.uniform(0, 2) * (fact - fact.mean()) / (fact.std() + 1e-9)
    seen = v.label & (rng.random(n) < rng.uniform(0.3, 1))
    shift = rng.normal(0, rng.uniform(0, 3.5), k) * (rng.random(k) < rng.uniform(0.1, 0.7))
    hidden += seen[:, None] * (shift + rng.normal(0, rng.uniform(0.3, 2.5), (n, k)))
    mixed = hidden + hidden @ rng.normal(0, rng.uniform(0, 0.4), (k, k)) / np.sqrt(k)
    mixed *= np.sort(rng.lognormal(0, 0.5, k))[::-1]
    return [("number", f"v{j + 1}", np.round(mixed[:, j], 5)) for j in range(k)]


SIGNALS: dict[str, tuple[float, ColumnWriter]] = {
    "count_day": (0.14, _recent("velocity_count", DAY)),
    "count_week": (0.07, _recent("velocity_week", 7 * DAY)),
    "sum_day": (0.07, _recent("velocity_sum", DAY, money=True)),
    "distance": (0.1, _distance),
    "distance_last": (0.05, _distance_last),
    "usual": (0.07, _usual),
    "ratio": (0.07, _ratio),
    "limit": (0.07, _limit),
    "income": (0.05, _income),
    "foreign": (0.1, _fact("foreign", lambda v: v.events.country > 0)),
    "new_device": (0.07, _fact("new_device", lambda v: v.new_device)),
    "new_payee": (0.07, _fact("new_payee", lambda v: ~v.pair_seen)),
    "online": (0.06, _fact("online", lambda v: v.env.online[v.events.event_type])),
    "night": (0.05, _fact("night", lambda v: v.events.t % DAY < 6 * 3600)),
    "declined": (0.08, _risk_count("declined")),
    "chargebacks": (0.06, _risk_count("chargeback_history")),
    "distinct_cards": (0.04, _risk_count("distinct_cards")),
    "distinct_emails": (0.03, _risk_count("distinct_emails")),
    "high_risk_country": (0.06, _risk_flag("high_risk_country")),
    "proxy": (0.05, _risk_flag("proxy")),
    "sim_change": (0.02, _risk_flag("sim_change", 0.001, 0.05)),
    "password_reset": (0.03, _risk_flag("password_reset", 0.001, 0.05)),
    "address_mismatch": (0.04, _risk_flag("address_mismatch")),
    "risk_score": (0.06, _risk_score),
    "strong": (0.06, _strong("pin")),
    "three_ds": (0.03, _strong("three_ds")),
    "chip": (0.04, _trust_flag("chip")),
    "cvv_match": (0.04, _trust_flag("cvv_match")),
    "repeat_retailer": (
        0.05,
        lambda v: [("trust_signal", "repeat_retailer", cell_formats.flags(v.rng, v.pair_seen))],
    ),
    "verified": (0.05, _trust_flag("verified")),
    "reputation": (0.03, _reputation),
    "items": (0.04, _items),
    "method": (0.1, _method),
    "method_age": (0.03, _method_age),
    "device_kind": (0.06, _device_kind),
    "virtual_card": (0.02, _risk_flag("virtual_card", 0.05, 0.5)),
    "declined_flag": (0.04, _risk_flag("is_declined", 0.005, 0.1)),
    "past_fraud": (0.03, _risk_count("past_fraud")),
    "chargeback_sum": (0.03, _risk_money("chargeback_amount")),
    "weekend": (0.03, lambda v: [("weekday", "weekend", cell_formats.flags(v.rng, _weekend(v)))]),
    "count_month": (0.04, _recent("velocity_month", 30 * DAY)),
    "number": (0.12, _number),
    "flag": (0.1, _flag),
    "text": (0.08, _text),
    "mixtures": (0.06, _components),
}
