"""Crypto-assets: transfers, deposits, swaps and withdrawals, with heavy tails and at all hours."""

from __future__ import annotations

from vigie.simulator.events import (
    Environment,
    EventDomain,
    Events,
    EventType,
    concatenate,
    draw_incidents,
    hard_negatives,
    incident_times,
    loguniform,
)
from vigie.simulator.events.typologies import customer_fraud, merchant_fraud, money_flows


def peeling_chain(env: Environment, budget: int) -> Events:
    """Peeling chain: a large amount passes through new wallets; at each step a small part is split off.

    Source: Meiklejohn et al., "A fistful of bitcoins" (2013).
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 4, 25)
    wallet = env.fraud_accounts(len(runs), 0.95)
    slice_ = rng.uniform(0.02, 0.25)
    start = env.pick(env.events.amount, runs.count) * loguniform(rng, 2, 60)
    left = start[runs.incident] * (1 - slice_) ** runs.step
    peel = runs.step % 2 == 1
    following = env.fraud_accounts(len(runs), 0.95)
    following[:-1] = wallet[1:]
    counterparty = following
    counterparty[peel] = env.fraud_accounts(len(runs), 0.3)[peel]
    t = incident_times(env, runs, days=(0.02, 5))
    event_type = env.pick(env.peer_types, runs.count)[runs.incident]
    amount = left * (peel * slice_ + ~peel)
    return env.make(wallet, t, event_type, counterparty=counterparty, amount=amount, known=False)


def mixer(env: Environment, budget: int) -> Events:
    """Mixing: many wallets pay equal amounts into one service, which pays them out to others.

    Source: FATF, virtual assets red flag indicators (2020).
    """
    rng = env.rng
    runs = draw_incidents(env, budget, 6, 50)
    customer = env.fraud_accounts(len(runs), 0.6)
    hub = env.fraud_accounts(runs.count, 0.5)[runs.incident]
    into = rng.random(len(runs)) < 0.55
    units = (1.0, 10.0, 100.0) if rng.random() < 0.5 else (1.0,)
    amount = env.pick(env.events.amount, 1) * rng.choice(units, len(runs))
    t = incident_times(env, runs, days=(0.2, 10))
    event_type = env.pick(env.peer_types, runs.count)[runs.incident]
    payer, payee = customer * into + hub * ~into, hub * into + customer * ~into
    return env.make(payer, t, event_type, counterparty=payee, amount=amount, known=False)


def rug_pull(env: Environment, budget: int) -> Events:
    """Rug pull: deposits of many in a new token, all of which one wallet withdraws.

    Source: FATF and public money_flows.chain-analysis reports on exit scams.
    """
    rng = env.rng
    gathered = money_flows.fan_in(env, max(3, budget - 2))
    owner = gathered.counterparty[:1].repeat(int(rng.integers(1, 4)))
    t = gathered.t.max() + rng.exponential(6 * 3600, len(owner))
    share = gathered.amount.sum() / len(owner)
    event_type = env.pick(env.peer_types, len(owner))
    exits = env.make(owner, t, event_type, amount=share, known=False)
    return concatenate([gathered, exits])


_COLUMN_RATES = {
    "both_sides": 0.5, "fee": 0.35, "balances": 0.25, "currency": 0.3, "account_age": 0.2, "home": 0.01,
    "there": 0.01, "distance": 0.01, "distance_last": 0.01, "city": 0.02, "zip": 0.01, "ip": 0.25,
    "device": 0.2, "proxy": 0.12, "brand": 0, "chip": 0, "cvv_match": 0, "gender": 0.02, "job": 0.01,
    "items": 0,
}  # fmt: skip

DOMAIN = EventDomain(
    name="crypto",
    number=8,
    words="crypto, bitcoin, btc, eth, ethereum, usdt, token, blockchain, gas price, tx hash, swap, mixer, utxo, wallet from, wallet to, withdrawal address, erc20, coin",
    hints="wallet, portefeuille, billetera, carteira, contract, exchange, hash, withdrawal, deposit, fee, api",
    mixed_model=False,
    anonymisable=True,
    event_types=(
        EventType("transfer", 3.0, 150, 1.4, hours="any", to="peer"),
        EventType("deposit", 1.5, 200, 1.1, hours="any", flow=1, shops=0.3, online=True),
        EventType("withdrawal", 1.2, 250, 1.2, hours="any", shops=0.5, online=True),
        EventType("swap", 2.0, 120, 1.2, hours="night", shops=1, online=True),
        EventType("contract", 1.0, 40, 1.5, hours="any", shops=2, online=True),
    ),
    typologies={
        "peeling_chain": (peeling_chain, 2),
        "mixing": (mixer, 2),
        "rug_pull": (rug_pull, 1.5),
        "wallet_drained": (customer_fraud.takeover_drain, 2.5),
        "exchange_sim_swap": (money_flows.sim_swap, 1.5),
        "layering": (money_flows.chain, 1.5),
        "round_trip": (money_flows.cycle, 1),
        "wash_trading": (money_flows.wash_pair, 2),
        "mule_wallets": (money_flows.collect_and_pass_on, 1.5),
        "dispersal": (money_flows.fan_out, 1),
        "pass_through": (money_flows.pass_through, 1.5),
        "investment_scam": (money_flows.authorised_push, 1.5),
        "fake_platform": (merchant_fraud.fake_merchant, 1),
        "airdrop_farm": (customer_fraud.device_farm, 1),
        "structuring": (customer_fraud.under_threshold, 0.7),
    },
    hard_negatives=hard_negatives.ACCOUNT_TRANSFERS,
    channels=("web", "app", "api", "contract"),
    rows_per_customer=(1, 80),
    column_rates=_COLUMN_RATES,
    column_concepts={
        "event_type": ("type",),
        "customer": ("wallet", "customer"),
        "counterparty": ("counter_wallet", "counterparty"),
    },
)
