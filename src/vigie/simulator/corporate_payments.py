"""Payments of firms: suppliers' invoices, payroll, expenses, taxes; approval levels, month ends, few payers and many payees."""

import numpy as np

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, Floats, loguniform
from vigie.simulator.engine.hard_negatives import (
    big_purchase,
    busy_point,
    popular_receiver,
    salary_day,
    shopping_day,
    subscription,
    tiny_payments,
)
from vigie.simulator.engine.incidents import incidents, moments, nice, nothing, sequence, style, sums
from vigie.simulator.engine.point_schemes import new_points
from vigie.simulator.engine.schemes import over_threshold, single_unusual, takeover_drain, under_threshold
from vigie.simulator.engine.spec import Kind, Spec


def _approval_level(scene: Scene) -> float:
    return float(nice(scene, np.quantile(scene.events.amount, [scene.rng.uniform(0.7, 0.98)]))[0])


def invoice_redirection(scene: Scene, budget: int) -> Events:
    """A known supplier's account is replaced by a stranger's: usual sums, sometimes just under the approval level, to a new account.

    Source: Europol and FBI on business e-mail compromise.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 1, 5)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.pick(scene.kinds("invoice", "services"), len(runs))
    amount: Floats = sums(scene, who, kind, style(scene, ordinary=3, large=2, absolute=1))
    if rng.random() < 0.4:
        amount = _approval_level(scene) * rng.uniform(rng.uniform(0.8, 0.97), 1.03, len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.1, 30) * DAY)
    other = new_points(scene, runs.count)[runs.of]
    return scene.make(who, t, kind=kind, other=other, amount=amount, known=False)


def urgent_executive(scene: Scene, budget: int) -> Events:
    """A false executive orders one urgent, large, often round transfer abroad, late in the day or before a weekend.

    Source: Europol on CEO fraud.
    """
    rng = scene.rng
    who = scene.victims(budget)
    kind = scene.pick(scene.kinds("invoice", "treasury"), budget)
    amount = sums(scene, who, kind, style(scene, huge=2, absolute=2, round=2, large=2))
    t = moments(scene, budget)
    t = t // DAY * DAY + rng.normal(17.5, 1.5, budget) * 3600
    rows = scene.make(who, t, kind=kind, other=new_points(scene, budget), amount=amount, known=False)
    rows.country = np.where(
        rng.random(budget) < 0.6, rng.integers(1, scene.places.countries, budget), rows.country
    )
    return rows


def duplicate_invoices(scene: Scene, budget: int) -> Events:
    """An invoice is paid a second time, to the same or a look-alike supplier, days or weeks later, the same sum or a cent apart.

    Source: ACFE reports on billing schemes.
    """
    rng, e = scene.rng, scene.events
    source = rng.integers(0, len(e), budget)
    again = e.take(source)
    again.t = np.minimum(
        again.t + rng.exponential(loguniform(rng, 0.05, 40) * DAY, budget), scene.span - rng.random(budget)
    )
    again.amount *= 1 + rng.choice((0.0, 0.0, 0.001)) * rng.normal(0, 1, budget)
    if rng.random() < 0.4:
        again.other = np.where(again.other >= len(scene.people), new_points(scene, budget), again.other)
    again.typology = np.full(budget, scene.code)
    return again


def ghost_employees(scene: Scene, budget: int) -> Events:
    """Payroll pays people who do not exist: regular sums, sent with everyone's wages, to a few accounts.

    Source: ACFE reports on payroll schemes.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 2, 15)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.kinds("payroll")[:1].repeat(len(runs))
    period = max(1.0, scene.clock.days / max(1, int(runs.size.max())))
    t = (runs.step * period % scene.clock.days) * DAY + 9.2 * 3600 + rng.exponential(900, len(runs))
    accounts = new_points(scene, max(1, runs.count // int(rng.choice((1, 3)))))
    payees = accounts[np.arange(runs.count) % len(accounts)]
    amount = sums(scene, who, kind, style(scene, typical=3, ordinary=2, round=2))[np.cumsum(runs.size) - 1][
        runs.of
    ]
    return scene.make(who, t, kind=kind, other=payees[runs.of], amount=amount, known=False)


def shell_supplier(scene: Scene, budget: int) -> Events:
    """A supplier that belongs to an insider bills vague services: round, rising sums under the approval level, often several a month.

    Source: ACFE reports on shell-company schemes.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 3, 20)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.pick(scene.kinds("services", "invoice"), runs.count)[runs.of]
    level = _approval_level(scene)
    amount = nice(scene, level * rng.uniform(0.3, 0.98, len(runs)) * (1 + 0.05 * runs.step))
    amount = (
        np.minimum(amount, level * 0.999) if rng.random() < 0.7 else amount * rng.lognormal(0, 0.1, len(runs))
    )
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 5, 200) * DAY)
    return scene.make(
        who, t, kind=kind, other=new_points(scene, runs.count)[runs.of], amount=amount, known=False
    )


def expense_padding(scene: Scene, budget: int) -> Events:
    """An employee's expenses: too many, round, at weekends, just under the level that needs a receipt.

    Source: ACFE reports on expense reimbursement schemes.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 3, 25)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.kinds("expenses")[:1].repeat(len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 5, 100) * DAY)
    amount = nice(scene, sums(scene, who, kind, style(scene, ordinary=2, large=2)))
    return scene.make(who, t, kind=kind, amount=amount, known=rng.random() < 0.5)


def payroll_diversion(scene: Scene, budget: int) -> Events:
    """Wages of real employees go to prepaid accounts after their bank details were changed: one or two pay days, usual sums.

    Source: FBI public warnings on payroll diversion.
    """
    rng, e = scene.rng, scene.events
    wages = np.flatnonzero(e.kind == scene.kinds("payroll")[0])
    if len(wages) < 2:
        return ghost_employees(scene, budget)
    hit = rng.choice(wages, min(budget, max(1, len(wages) // 3)), replace=False)
    few = new_points(scene, max(1, len(hit) // int(rng.integers(1, 5))))
    e.other[hit] = scene.pick(few, len(hit))
    e.known[hit] = False
    scene.mark(hit)
    return nothing(scene)


SPEC = Spec(
    domain="corporate_payments",
    kinds=(
        Kind("invoice", 4.0, 900, 0.9, hours="morning", shops=8),
        Kind("services", 1.2, 1500, 0.8, hours="day", shops=3),
        Kind("payroll", 2.0, 1800, 0.15, hours="morning", shops=12),
        Kind("expenses", 1.5, 80, 0.7, hours="day", shops=5),
        Kind("tax", 0.2, 4000, 0.8, hours="morning", shops=0.2),
        Kind("treasury", 0.15, 20000, 0.8, hours="morning", shops=0.3),
        Kind("utilities", 0.6, 300, 0.4, hours="any", shops=0.8),
    ),
    schemes={
        "invoice_redirection": (invoice_redirection, 3),
        "ceo_fraud": (urgent_executive, 2),
        "duplicate_invoices": (duplicate_invoices, 2),
        "ghost_employees": (ghost_employees, 2),
        "payroll_diversion": (payroll_diversion, 1.5),
        "shell_supplier": (shell_supplier, 2),
        "expense_padding": (expense_padding, 1.5),
        "split_approval": (under_threshold, 2),
        "account_takeover": (takeover_drain, 1),
        "single_unusual": (single_unusual, 1),
        "over_threshold": (over_threshold, 0.6),
    },
    lookalikes=(
        (big_purchase, 3.0),
        (salary_day, 2.0),
        (subscription, 2.0),
        (popular_receiver, 1.0),
        (shopping_day, 1.0),
        (tiny_payments, 1.0),
        (busy_point, 1.0),
    ),
    channels=("erp", "ebanking", "api", "manual"),
    per_customer=(5, 1500),
    merchants=(0.02, 0.6),
    show={
        "text": 0.25,
        "new_payee": 0.15,
        "currency": 0.2,
        "counter_country": 0.3,
        "segment": 0.1,
        "account": 0.12,
        "limit": 0.12,
        "home": 0.01,
        "there": 0.01,
        "distance": 0,
        "distance_last": 0,
        "birth": 0.01,
        "age": 0.01,
        "gender": 0.01,
        "job": 0.05,
        "device": 0.08,
        "brand": 0,
        "chip": 0,
        "cvv_match": 0,
        "strong": 0.02,
        "balances": 0.08,
        "person": 0.08,
    },
    concepts={
        "kind": ("type", "category", "payment_method"),
        "counterparty": ("supplier", "counterparty", "counter_account"),
        "customer": ("customer", "employee", "account"),
    },
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of corporate payments."""
    return engine.simulate(SPEC, seed, rows)
