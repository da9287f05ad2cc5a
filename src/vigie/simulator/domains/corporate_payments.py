"""Corporate payments: invoices, payroll, expenses and taxes, with few payers, many payees and approval limits."""

from __future__ import annotations

import numpy as np

from vigie.simulator.events import (
    DAY,
    Environment,
    EventDomain,
    Events,
    EventType,
    draw_amounts,
    draw_incidents,
    hard_negatives,
    incident_times,
    loguniform,
    no_new_events,
    round_to_one_digit,
    start_times,
)
from vigie.simulator.events.typologies import customer_fraud
from vigie.simulator.sampling import Floats


def _approval_level(env: Environment) -> float:
    return float(round_to_one_digit(env, np.quantile(env.events.amount, [env.rng.uniform(0.7, 0.98)]))[0])


def invoice_redirection(env: Environment, budget: int) -> Events:
    """Invoice redirection: payments of a usual amount, sometimes just below the approval limit, to a new account.

    Source: Europol and FBI on business e-mail compromise.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 1, 5)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.pick(env.types_named("invoice", "services"), len(runs))
    amount: Floats = draw_amounts(env, customer, event_type, ordinary=3, large=2, absolute=1)
    if rng.random() < 0.4:
        amount = _approval_level(env) * rng.uniform(rng.uniform(0.8, 0.97), 1.03, len(runs))
    t = incident_times(env, runs, days=(0.1, 30))
    counterparty = env.new_merchants(runs.count)[runs.incident]
    return env.make(customer, t, event_type, counterparty=counterparty, amount=amount, known=False)


def urgent_executive(env: Environment, budget: int) -> Events:
    """CEO fraud: one large, often round transfer, usually abroad and late in the day.

    Source: Europol on CEO fraud.
    """
    rng = env.rng
    customer = env.victims(budget)
    event_type = env.pick(env.types_named("invoice", "treasury"), budget)
    amount = draw_amounts(env, customer, event_type, huge=2, absolute=2, round=2, large=2)
    t = start_times(env, budget)
    t = t // DAY * DAY + rng.normal(17.5, 1.5, budget) * 3600
    rows = env.make(
        customer, t, event_type, counterparty=env.new_merchants(budget), amount=amount, known=False
    )
    rows.country = np.where(
        rng.random(budget) < 0.6, rng.integers(1, env.places.countries, budget), rows.country
    )
    return rows


def duplicate_invoices(env: Environment, budget: int) -> Events:
    """Duplicate invoices: paid again days or weeks later, to the same or another supplier, with the same or nearly the same amount.

    Source: ACFE reports on billing schemes.
    """
    rng, e = env.rng, env.events
    source = rng.integers(0, len(e), budget)
    again = e.take(source)
    again.t = np.minimum(
        again.t + rng.exponential(loguniform(rng, 0.05, 40) * DAY, budget), env.span - rng.random(budget)
    )
    again.amount *= 1 + rng.choice((0.0, 0.0, 0.001)) * rng.normal(0, 1, budget)
    if rng.random() < 0.4:
        again.counterparty = np.where(
            again.counterparty >= len(env.customers), env.new_merchants(budget), again.counterparty
        )
    again.typology = np.full(budget, env.typology_code)
    return again


def ghost_employees(env: Environment, budget: int) -> Events:
    """Ghost employees: regular wages, paid with all others, to a few accounts.

    Source: ACFE reports on payroll schemes.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 2, 15)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.types_named("payroll")[:1].repeat(len(runs))
    period = max(1.0, env.calendar.days / max(1, int(runs.size.max())))
    t = (runs.step * period % env.calendar.days) * DAY + 9.2 * 3600 + rng.exponential(900, len(runs))
    accounts = env.new_merchants(max(1, runs.count // int(rng.choice((1, 3)))))
    payees = accounts[np.arange(runs.count) % len(accounts)]
    amount = draw_amounts(env, customer, event_type, typical=3, ordinary=2, round=2)[runs.last][runs.incident]
    return env.make(customer, t, event_type, counterparty=payees[runs.incident], amount=amount, known=False)


def shell_supplier(env: Environment, budget: int) -> Events:
    """Shell supplier: an insider's firm bills round, rising amounts below the approval limit.

    Source: ACFE reports on shell-company schemes.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 20)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.pick(env.types_named("services", "invoice"), runs.count)[runs.incident]
    level = _approval_level(env)
    amount = round_to_one_digit(env, level * rng.uniform(0.3, 0.98, len(runs)) * (1 + 0.05 * runs.step))
    amount = (
        np.minimum(amount, level * 0.999) if rng.random() < 0.7 else amount * rng.lognormal(0, 0.1, len(runs))
    )
    t = incident_times(env, runs, days=(5, 200))
    return env.make(
        customer,
        t,
        event_type=event_type,
        counterparty=env.new_merchants(runs.count)[runs.incident],
        amount=amount,
        known=False,
    )


def expense_padding(env: Environment, budget: int) -> Events:
    """Expense fraud: too many expenses of one employee, of round amounts.

    Source: ACFE reports on expense reimbursement schemes.
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 3, 25)
    customer = env.victims(runs.count)[runs.incident]
    event_type = env.types_named("expenses")[:1].repeat(len(runs))
    t = incident_times(env, runs, days=(5, 100))
    amount = round_to_one_digit(env, draw_amounts(env, customer, event_type, ordinary=2, large=2))
    return env.make(customer, t, event_type, amount=amount, known=rng.random() < 0.5)


def payroll_diversion(env: Environment, budget: int) -> Events:
    """Payroll diversion: wages of real employees go to other accounts after a change of bank details.

    Source: FBI public warnings on payroll diversion.
    """
    rng, e = env.rng, env.events
    wages = np.flatnonzero(e.event_type == env.types_named("payroll")[0])
    if len(wages) < 2:
        return ghost_employees(env, budget)
    hit = rng.choice(wages, min(budget, max(1, len(wages) // 3)), replace=False)
    few = env.new_merchants(max(1, len(hit) // int(rng.integers(1, 5))))
    e.counterparty[hit] = env.pick(few, len(hit))
    e.known[hit] = False
    env.mark_existing(hit)
    return no_new_events(env)


_COLUMN_RATES = {
    "text": 0.25, "new_payee": 0.15, "currency": 0.2, "counter_country": 0.3, "segment": 0.1,
    "account": 0.12, "limit": 0.12, "home": 0.01, "there": 0.01, "distance": 0, "distance_last": 0,
    "birth": 0.01, "age": 0.01, "gender": 0.01, "job": 0.05, "device": 0.08, "brand": 0, "chip": 0,
    "cvv_match": 0, "strong": 0.02, "balances": 0.08, "person": 0.08,
}  # fmt: skip

DOMAIN = EventDomain(
    name="corporate_payments",
    number=10,
    words="invoice, facture, factura, fatura, supplier, fournisseur, proveedor, fornecedor, payroll, paie, nomina, treasury, erp, purchase order, approver, cost center, gl account, ebanking",
    hints="vendor, employee, empleado, funcionario, matricule, salary, salaire, tax, expense, utility, approval, service",
    mixed_model=False,
    anonymisable=True,
    event_types=(
        EventType("invoice", 4.0, 900, 0.9, hours="morning", shops=8),
        EventType("services", 1.2, 1500, 0.8, hours="day", shops=3),
        EventType("payroll", 2.0, 1800, 0.15, hours="morning", shops=12),
        EventType("expenses", 1.5, 80, 0.7, hours="day", shops=5),
        EventType("tax", 0.2, 4000, 0.8, hours="morning", shops=0.2),
        EventType("treasury", 0.15, 20000, 0.8, hours="morning", shops=0.3),
        EventType("utilities", 0.6, 300, 0.4, hours="any", shops=0.8),
    ),
    typologies={
        "invoice_redirection": (invoice_redirection, 3),
        "ceo_fraud": (urgent_executive, 2),
        "duplicate_invoices": (duplicate_invoices, 2),
        "ghost_employees": (ghost_employees, 2),
        "payroll_diversion": (payroll_diversion, 1.5),
        "shell_supplier": (shell_supplier, 2),
        "expense_padding": (expense_padding, 1.5),
        "split_approval": (customer_fraud.under_threshold, 2),
        "account_takeover": (customer_fraud.takeover_drain, 1),
        "single_unusual": (customer_fraud.single_unusual, 1),
        "over_threshold": (customer_fraud.over_threshold, 0.6),
    },
    hard_negatives=(
        (hard_negatives.big_purchase, 3.0),
        (hard_negatives.salary_day, 2.0),
        (hard_negatives.subscription, 2.0),
        (hard_negatives.popular_receiver, 1.0),
        (hard_negatives.shopping_day, 1.0),
        (hard_negatives.tiny_payments, 1.0),
        (hard_negatives.busy_point, 1.0),
    ),
    channels=("erp", "ebanking", "api", "manual"),
    rows_per_customer=(5, 1500),
    merchants_per_row=(0.02, 0.6),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("type", "category", "payment_method"),
        "counterparty": ("supplier", "counterparty", "counter_account"),
        "customer": ("customer", "employee", "account"),
    },
)
