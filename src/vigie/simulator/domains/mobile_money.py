"""Mobile money: wallets, agents, merchants; cash in and out, transfers, bills, airtime."""

from __future__ import annotations

import numpy as np

from vigie.simulator.events import (
    DAY,
    Environment,
    EventDomain,
    Events,
    EventType,
    concatenate,
    draw_amounts,
    draw_incidents,
    hard_negatives,
    incident_times,
    loguniform,
)
from vigie.simulator.events.typologies import customer_fraud, merchant_fraud, money_flows


def fake_deposit(env: Environment, budget: int) -> Events:
    """Fake deposit: an agent books deposits without cash; the wallet is emptied elsewhere within hours.

    Source: CGAP and GSMA publications on agent fraud.
    """
    rng = env.rng
    runs = draw_incidents(env, budget // 2 + 1, 2, 10)
    customer = env.fraud_accounts(runs.count, rng.choice((0.3, 1.0)))[runs.incident]
    event_type = env.pick(env.types_named("CASH_IN"), len(runs))
    agent = env.merchants_of(event_type[:1]).repeat(len(runs))
    t = incident_times(env, runs, seconds=(600, 3 * DAY))
    amount = draw_amounts(env, customer, event_type, large=2, round=2, ordinary=1)
    put_in = env.make(customer, t, event_type, counterparty=agent, amount=amount, known=False)
    out_type = env.pick(env.types_named("CASH_OUT", "TRANSFER"), len(runs))
    later = t + rng.exponential(loguniform(rng, 300, DAY), len(runs))
    return concatenate([put_in, env.make(customer, later, out_type, drain=0.97, known=False)])


def double_cash(env: Environment, budget: int) -> Events:
    """Circular cash: cash goes in and out repeatedly to earn commission.

    Source: CGAP on commission abuse ("direct deposits" and circular operations).
    """
    runs = draw_incidents(env, budget, 4, 20)
    customer = env.fraud_accounts(runs.count, 0.4)[runs.incident]
    inward, outward = env.types_named("CASH_IN")[0], env.types_named("CASH_OUT")[0]
    event_type = (runs.step % 2 == 0) * (inward - outward) + outward
    t = incident_times(env, runs, days=(0.05, 10))
    amount = draw_amounts(env, customer, event_type, ordinary=3, round=2)[
        np.arange(len(runs)) - runs.step % 2
    ]
    counterparty = env.merchants_of(event_type[:1]).repeat(len(runs))
    return env.make(customer, t, event_type, counterparty=counterparty, amount=amount)


_COLUMN_RATES = {
    "balances": 0.55, "event_type": 0.9, "device": 0.3, "both_sides": 0.15, "sim_change": 0.12,
    "home": 0.05, "there": 0.07, "phone": 0.12, "region": 0.15, "chip": 0, "cvv_match": 0, "brand": 0,
    "three_ds": 0,
}  # fmt: skip

DOMAIN = EventDomain(
    name="mobile_money",
    number=1,
    words="cash in, cash out, cashin, cashout, mobile money, momo, airtime, mpesa, orange money, ussd, agent code, code agent",
    hints="wallet, portefeuille, billetera, carteira, msisdn, depot, retrait, debit, cashier, bill, @counter_balance_after",
    related={"p2p": 0.6, "transfers": 0.5, "atm": 0.3},
    anonymisable=True,
    event_types=(
        EventType("CASH_IN", 2.2, 50, 0.6, to="merchant", flow=1, shops=3),
        EventType("CASH_OUT", 2.5, 60, 0.7, to="merchant", flow=-1, shops=3),
        EventType("TRANSFER", 1.5, 40, 1.0, hours="evening", to="peer"),
        EventType("PAYMENT", 3.0, 12, 0.6, shops=6),
        EventType("AIRTIME", 1.0, 2, 0.3, hours="any", shops=0.2, online=True),
        EventType("BILL", 0.5, 20, 0.4, hours="morning", shops=0.3, online=True),
        EventType("DEBIT", 0.2, 15, 0.5, shops=0.3),
    ),
    typologies={
        "account_takeover": (customer_fraud.takeover_drain, 3),
        "sim_swap": (money_flows.sim_swap, 2),
        "transfer_then_cash_out": (money_flows.pass_through, 3),
        "fake_deposit": (fake_deposit, 1.5),
        "commission_splitting": (merchant_fraud.split_operations, 1.5),
        "circular_cash": (double_cash, 1),
        "mule_collection": (money_flows.collect_and_pass_on, 1.5),
        "scam_collection": (money_flows.fan_in, 1),
        "social_engineering": (money_flows.authorised_push, 1.5),
        "smurfing": (money_flows.smurfing, 1),
        "structuring": (customer_fraud.under_threshold, 0.7),
        "device_farm": (customer_fraud.device_farm, 1),
    },
    hard_negatives=hard_negatives.ACCOUNT_TRANSFERS,
    channels=("ussd", "app", "agent", "api"),
    round_share=(0.0, 0.8),
    rows_per_customer=(1, 60),
    column_rates=_COLUMN_RATES,
    column_concepts={"event_type": ("type",), "counterparty": ("counterparty", "agent", "counter_account")},
)
