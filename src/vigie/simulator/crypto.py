"""Crypto: wallets and exchanges; deposits, swaps, withdrawals; heavy tails and no office hours."""

from vigie.simulator import SimulatedTable, engine
from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, join, loguniform
from vigie.simulator.engine.flow_schemes import (
    authorised_push,
    chain,
    collect_and_pass_on,
    cycle,
    fan_in,
    fan_out,
    pass_through,
    peer_kinds,
    sim_swap,
    wash_pair,
)
from vigie.simulator.engine.hard_negatives import MONEY
from vigie.simulator.engine.incidents import incidents, moments, sequence
from vigie.simulator.engine.point_schemes import fake_merchant
from vigie.simulator.engine.schemes import device_farm, takeover_drain, under_threshold
from vigie.simulator.engine.spec import Kind, Spec


def peeling_chain(scene: Scene, budget: int) -> Events:
    """A large sum walks through fresh wallets; at each step a small slice is peeled off and the rest goes on.

    Source: Meiklejohn et al., "A fistful of bitcoins" (2013).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 25)
    wallet = scene.strangers(len(runs), 0.95)
    slice_ = rng.uniform(0.02, 0.25)
    start = scene.pick(scene.events.amount, runs.count) * loguniform(rng, 2, 60)
    left = start[runs.of] * (1 - slice_) ** runs.step
    peel = runs.step % 2 == 1
    following = scene.strangers(len(runs), 0.95)
    following[:-1] = wallet[1:]
    other = following
    other[peel] = scene.strangers(len(runs), 0.3)[peel]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.02, 5) * DAY)
    kind = scene.pick(peer_kinds(scene), runs.count)[runs.of]
    amount = left * (peel * slice_ + ~peel)
    return scene.make(wallet, t, kind=kind, other=other, amount=amount, known=False)


def mixer(scene: Scene, budget: int) -> Events:
    """Equal denominations go into one service from many wallets and come out to fresh wallets hours later.

    Source: FATF, virtual assets red flag indicators (2020).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 6, 50)
    who = scene.strangers(len(runs), 0.6)
    hub = scene.strangers(runs.count, 0.5)[runs.of]
    into = rng.random(len(runs)) < 0.55
    units = (1.0, 10.0, 100.0) if rng.random() < 0.5 else (1.0,)
    amount = scene.pick(scene.events.amount, 1) * rng.choice(units, len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.2, 10) * DAY)
    kind = scene.pick(peer_kinds(scene), runs.count)[runs.of]
    payer, payee = who * into + hub * ~into, hub * into + who * ~into
    return scene.make(payer, t, kind=kind, other=payee, amount=amount, known=False)


def rug_pull(scene: Scene, budget: int) -> Events:
    """A new token gathers deposits of many in a few days, then one wallet takes everything.

    Source: FATF and public chain-analysis reports on exit scams.
    """
    rng = scene.rng
    gathered = fan_in(scene, max(3, budget - 2))
    owner = gathered.other[:1].repeat(int(rng.integers(1, 4)))
    t = gathered.t.max() + rng.exponential(6 * 3600, len(owner))
    share = gathered.amount.sum() / len(owner)
    kind = scene.pick(peer_kinds(scene), len(owner))
    exits = scene.make(owner, t, kind=kind, amount=share, known=False)
    return join([gathered, exits])


SPEC = Spec(
    domain="crypto",
    kinds=(
        Kind("transfer", 3.0, 150, 1.4, hours="any", to="peer"),
        Kind("deposit", 1.5, 200, 1.1, hours="any", flow=1, shops=0.3, online=True),
        Kind("withdrawal", 1.2, 250, 1.2, hours="any", shops=0.5, online=True),
        Kind("swap", 2.0, 120, 1.2, hours="night", shops=1, online=True),
        Kind("contract", 1.0, 40, 1.5, hours="any", shops=2, online=True),
    ),
    schemes={
        "peeling_chain": (peeling_chain, 2),
        "mixing": (mixer, 2),
        "rug_pull": (rug_pull, 1.5),
        "wallet_drained": (takeover_drain, 2.5),
        "exchange_sim_swap": (sim_swap, 1.5),
        "layering": (chain, 1.5),
        "round_trip": (cycle, 1),
        "wash_trading": (wash_pair, 2),
        "mule_wallets": (collect_and_pass_on, 1.5),
        "dispersal": (fan_out, 1),
        "pass_through": (pass_through, 1.5),
        "investment_scam": (authorised_push, 1.5),
        "fake_platform": (fake_merchant, 1),
        "airdrop_farm": (device_farm, 1),
        "structuring": (under_threshold, 0.7),
    },
    lookalikes=MONEY,
    channels=("web", "app", "api", "contract"),
    per_customer=(1, 80),
    show={
        "both_sides": 0.5,
        "fee": 0.35,
        "balances": 0.25,
        "currency": 0.3,
        "account_age": 0.2,
        "home": 0.01,
        "there": 0.01,
        "distance": 0.01,
        "distance_last": 0.01,
        "city": 0.02,
        "zip": 0.01,
        "ip": 0.25,
        "device": 0.2,
        "proxy": 0.12,
        "brand": 0,
        "chip": 0,
        "cvv_match": 0,
        "gender": 0.02,
        "job": 0.01,
        "items": 0,
    },
    concepts={
        "kind": ("type",),
        "customer": ("wallet", "customer"),
        "counterparty": ("counter_wallet", "counterparty"),
    },
)


def simulate(seed: int, rows: int | None = None) -> SimulatedTable:
    """One world of crypto assets."""
    return engine.simulate(SPEC, seed, rows)
