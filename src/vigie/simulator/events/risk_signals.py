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
from vigie.simulator.events.table_view import Cells, Column, ColumnWriter, TableView, one_column
from vigie.simulator.sampling import DAY, Bools, Floats, loguniform

_METHODS = ("credit_card", "debit_card", "paypal", "store_credit", "bank_transfer", "wallet")
_DEVICE_TYPES = ("mobile", "desktop", "tablet", "pos")
_WORDS = "payment invoice gift thanks rent order ref family monthly loan help stock".split()  # noqa: SIM905


def _recent_count(concept: str, days: int) -> ColumnWriter:
    return one_column("velocity", lambda v: v.recent(days * DAY), concept)


def _usual(v: TableView) -> Cells:
    return v.money(v.earlier_mean if v.rng.random() < 0.6 else v.usual_amount)


def _ratio(v: TableView) -> Cells:
    usual = v.earlier_mean if v.rng.random() < 0.5 else v.usual_amount
    return np.round(v.events.amount / usual, 4)


def _limit(v: TableView) -> Cells:
    limit = np.exp(v.env.log_amount.mean() + v.env.customers.habit * 0.7 + 3)[v.events.customer]
    power = 10.0 ** np.floor(np.log10(limit * v.currency_scale))
    return np.asarray(np.round(limit * v.currency_scale / power * 2) / 2 * power)


def _income(v: TableView) -> Cells:
    habit = v.env.customers.habit
    noise = np.random.default_rng(v.env.salt).lognormal(0, 0.5, len(habit))
    return np.round((np.exp(4 + habit * 0.5) * noise)[v.events.customer] * v.currency_scale)


def _fact(concept: str, of: Callable[[TableView], Bools]) -> ColumnWriter:
    """Return the writer of a flag that states a property of the event, sometimes wrongly."""

    def cells(v: TableView) -> Cells:
        wrong = v.rng.random(len(v)) < v.rng.uniform(0, 0.1)
        return cell_formats.flags(v.rng, of(v) ^ wrong)

    return one_column("risk_signal", cells, concept)


def _risk_flag(concept: str, low: float = 0.003, high: float = 0.2) -> ColumnWriter:
    def cells(v: TableView) -> Cells:
        return cell_formats.flags(v.rng, v.flagged(loguniform(v.rng, low, high)))

    return one_column("risk_signal", cells, concept)


def _risk_count(concept: str) -> ColumnWriter:
    def cells(v: TableView) -> Cells:
        rate = np.exp(0.8 * v.signal_strength() + np.log(loguniform(v.rng, 0.02, 1)))
        return np.asarray(v.rng.poisson(np.minimum(rate, 50)))

    return one_column("risk_signal", cells, concept)


def _chargeback_sum(v: TableView) -> Cells:
    """Write a sum of past chargebacks: 0 for most rows."""
    signal = v.signal_strength()
    any_chargeback = v.flagged(v.rng.uniform(0.02, 0.4), signal)
    level = np.median(v.events.amount) * v.currency_scale * loguniform(v.rng, 0.3, 5)
    return np.asarray(np.round(any_chargeback * level * np.exp(0.5 * signal), 1))


def _risk_score(v: TableView) -> Cells:
    top = v.rng.choice((1, 100, 1000))
    score = top / (1 + np.exp(-(v.signal_strength() - v.rng.uniform(0, 3))))
    return np.asarray(np.round(score, 4 if top == 1 else 0))


def _trust_flag(concept: str) -> ColumnWriter:
    def cells(v: TableView) -> Cells:
        return cell_formats.flags(v.rng, ~v.flagged(1 - v.rng.uniform(0.2, 0.98)))

    return one_column("trust_signal", cells, concept)


def _strong(concept: str) -> ColumnWriter:
    return one_column("trust_signal", lambda v: cell_formats.flags(v.rng, v.events.strong), concept)


def _reputation(v: TableView) -> Cells:
    level = np.clip(4.2 - 0.5 * v.signal_strength() + v.rng.normal(0, 0.3, len(v)), 0, 5)
    return np.round(level, int(v.rng.choice((0, 1, 2))))


def _method(v: TableView) -> Cells:
    """Write the payment method: the customer's usual one, another on flagged rows."""
    usual = v.events.customer * 7919 % len(_METHODS)
    flagged = v.flagged(v.rng.uniform(0.02, 0.3))
    index = np.where(flagged, v.rng.integers(0, len(_METHODS), len(v)), usual)
    return cell_formats.category_cells(v.rng, index, _METHODS)


def _method_age(v: TableView) -> Cells:
    """Write how long the payment method has been known: 0 for a new one, at most the age of the account."""
    new = v.flagged(v.rng.uniform(0.05, 0.6))
    part = v.rng.beta(1, v.rng.uniform(0.5, 3), len(v))
    return np.round(np.where(new, 0.0, v.account_days * part), 4)


def _device_kind(v: TableView) -> Cells:
    return cell_formats.category_cells(v.rng, v.events.device % len(_DEVICE_TYPES), _DEVICE_TYPES)


def _items(v: TableView) -> Cells:
    mean = np.clip(v.events.amount / np.median(v.events.amount), 0.1, 30) ** 0.5
    return 1 + v.rng.poisson(mean)


def _number(v: TableView) -> list[Column]:
    rng, n = v.rng, len(v)
    columns: list[Column] = []
    for _ in range(int(rng.integers(1, 4))):
        style = rng.choice(("normal", "integer", "heavy", "customer"))
        values: NDArray[Any] = {
            "normal": rng.normal(rng.uniform(-5, 50), loguniform(rng, 0.1, 20), n),
            "integer": rng.integers(0, int(loguniform(rng, 3, 1000)), n),
            "heavy": rng.lognormal(0, 1.5, n),
            "customer": v.years * 3 % 11,
        }[str(style)]
        columns.append(("number", "number", np.round(values, 3)))
    return columns


def _text(v: TableView) -> Cells:
    a, b = v.rng.integers(0, len(_WORDS), (2, len(v))).tolist()
    return pl.Series([f"{_WORDS[i]} {_WORDS[j]}" for i, j in zip(a, b, strict=True)])


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
    "count_day": (0.14, _recent_count("velocity_count", 1)),
    "count_week": (0.07, _recent_count("velocity_week", 7)),
    "sum_day": (0.07, one_column("velocity", lambda v: v.money(v.recent_sum(DAY)), "velocity_sum")),
    "distance": (0.1, one_column("distance", lambda v: np.round(v.km_from_home * v.rng.choice((1, 0.62)), 3))),
    "distance_last": (0.05, one_column("distance", lambda v: np.round(v.km_from_last, 3), "distance_from_last_transaction")),
    "usual": (0.07, one_column("amount_usual", _usual)),
    "ratio": (0.07, one_column("amount_ratio", _ratio)),
    "limit": (0.07, one_column("limit", _limit)),
    "income": (0.05, one_column("income", _income)),
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
    "risk_score": (0.06, one_column("risk_signal", _risk_score, "risk_score")),
    "strong": (0.06, _strong("pin")),
    "three_ds": (0.03, _strong("three_ds")),
    "chip": (0.04, _trust_flag("chip")),
    "cvv_match": (0.04, _trust_flag("cvv_match")),
    "repeat_retailer": (0.05, one_column("trust_signal", lambda v: cell_formats.flags(v.rng, v.pair_seen), "repeat_retailer")),
    "verified": (0.05, _trust_flag("verified")),
    "reputation": (0.03, one_column("trust_signal", _reputation, "reputation")),
    "items": (0.04, one_column("velocity", _items, "items")),
    "method": (0.1, one_column("category", _method, "payment_method")),
    "method_age": (0.03, one_column("account_age", _method_age, "payment_method_age")),
    "device_kind": (0.06, one_column("category", _device_kind, "device_kind")),
    "virtual_card": (0.02, _risk_flag("virtual_card", 0.05, 0.5)),
    "declined_flag": (0.04, _risk_flag("is_declined", 0.005, 0.1)),
    "past_fraud": (0.03, _risk_count("past_fraud")),
    "chargeback_sum": (0.03, one_column("risk_signal", _chargeback_sum, "chargeback_amount")),
    "weekend": (0.03, one_column("weekday", lambda v: cell_formats.flags(v.rng, v.weekday >= 5), "weekend")),
    "count_month": (0.04, _recent_count("velocity_month", 30)),
    "number": (0.12, _number),
    "flag": (0.1, one_column("flag", lambda v: pl.Series(v.rng.random(len(v)) < v.rng.uniform(0.05, 0.95)))),
    "text": (0.08, one_column("text", _text)),
    "mixtures": (0.06, _components),
}  # fmt: skip
