"""Frauds against one customer at a time, shared by domains: takeovers, bursts, tests, far places, thresholds.

Each scheme draws its own intensity, from glaring to hardly there, so that no world is all easy. Sources are public
knowledge about the typology; nothing is fitted to any table.
"""

import numpy as np

from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, Ints, loguniform
from vigie.simulator.engine.incidents import (
    disguise,
    humanly,
    incidents,
    moments,
    nice,
    nothing,
    sequence,
    style,
    sums,
)


def kind_choice(scene: Scene, n: int, who_kinds: Ints | None = None) -> Ints:
    """Kinds of fraud rows: one or two kinds criminals like in this world, or simply honest ones."""
    rng = scene.rng
    if who_kinds is None:
        who_kinds = np.arange(len(scene.mix))
    few = rng.choice(who_kinds, int(rng.integers(1, 4)))
    like = rng.random(n) < rng.choice((0.0, 0.5, 0.9, 1.0))
    p = scene.mix[who_kinds] + 1e-9
    honest = rng.choice(who_kinds, n, p=p / p.sum())
    return np.where(like, scene.pick(few, n), honest)


def outgoing(scene: Scene) -> Ints:
    """Kinds by which money leaves a customer."""
    found = np.flatnonzero(scene.flow < 0)
    return found if len(found) else np.arange(len(scene.flow))


def takeover_drain(scene: Scene, budget: int) -> Events:
    """An account is taken over and emptied in one or a few payments to new parties, often from a new device.

    Source: Europol, Internet Organised Crime Threat Assessment (account takeover after phishing); general industry knowledge.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 1, 6)
    who = scene.victims(runs.count)[runs.of]
    kind = kind_choice(scene, len(runs), outgoing(scene))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 300, DAY))
    share = np.clip(rng.normal(rng.choice((1.0, 0.95, 0.6)), rng.choice((0.0, 0.1)), len(runs)), 0.05, 1)
    left = (runs.size[runs.of] - runs.step).astype(float)
    drain = share if rng.random() < 0.5 else share / left
    rows = scene.make(who, t, kind=kind, known=False, drain=drain)
    if rng.random() < 0.5:
        rows.other = scene.strangers(runs.count)[runs.of] if scene.peer[kind].all() else rows.other
    return disguise(scene, rows, runs, rng.choice((0, 0.7, 1)), rng.choice((0, 0.7, 1)))


def takeover_spend(scene: Scene, budget: int) -> Events:
    """A stolen credential is used for a handful of purchases within hours, larger than the habit or made to look like it.

    Source: Nilson-style card loss reports and general card-fraud practice; Bolton and Hand, "Statistical fraud detection: a review" (2002).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 1, 10)
    who = scene.victims(runs.count)[runs.of]
    kind = kind_choice(scene, len(runs), outgoing(scene))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 600, 2 * DAY))
    amount = sums(scene, who, kind, style(scene, large=4, huge=1, typical=2, ordinary=1, round=1))
    rows = scene.make(who, t, kind=kind, known=False, amount=amount)
    return disguise(scene, rows, runs, rng.choice((0, 0.7, 1)), rng.choice((0, 0.7, 1)))


def long_burst(scene: Scene, budget: int) -> Events:
    """Several to a dozen purchases over one to three days that look ordinary one by one, at odd hours or in favourite online trades.

    Source: the shape of fraud profiles in public card simulators and of lost-card use in the literature (Whitrow et al., "Transaction
    aggregation as a strategy for credit card fraud detection", 2009).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 16)
    who = scene.victims(runs.count)[runs.of]
    kind = kind_choice(scene, len(runs), outgoing(scene))
    t = sequence(scene, runs, moments(scene, runs.count), rng.uniform(0.7, 3) * DAY)
    if rng.random() < 0.5:
        late = loguniform(rng, 0.5, 5)
        t = np.where(
            rng.random(len(t)) < 0.8, t // DAY * DAY + (22 + rng.normal(late / 2, 1.5, len(t))) % 24 * 3600, t
        )
    else:
        t = humanly(scene, t, who, kind) if rng.random() < 0.5 else t
    amount = sums(scene, who, kind, style(scene, large=3, typical=4, ordinary=2))
    return scene.make(who, t, kind=kind, amount=amount, known=False)


def compromised_customer(scene: Scene, budget: int) -> Events:
    """For days or weeks a part of a customer's own payments is fraudulent, with amounts multiplied and all else ordinary.

    Source: the leaked-credentials scenario of Le Borgne et al., "Reproducible machine learning for credit card fraud detection" (2022).
    """
    rng, e = scene.rng, scene.events
    part = rng.uniform(0.25, 1)
    factor = loguniform(rng, 1.3, 8)
    days = loguniform(rng, 2, 21)
    done = 0
    for who in scene.victims(min(scene.people.active, 4 * budget)):
        mine = np.flatnonzero((e.who == who) & (e.typology == 0))
        if len(mine) == 0:
            continue
        begin = e.t[rng.choice(mine)]
        hit = mine[(e.t[mine] >= begin) & (e.t[mine] < begin + days * DAY)]
        hit = hit[rng.random(len(hit)) < part]
        e.amount[hit] *= factor * rng.lognormal(0, 0.2, len(hit))
        scene.mark(hit)
        done += len(hit)
        if done >= budget:
            break
    return nothing(scene)


def card_testing(scene: Scene, budget: int) -> Events:
    """Many tiny payments to see which stolen numbers live, sometimes followed by large ones.

    Source: card schemes' public advice on card testing (also called enumeration or account testing).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 3, 40)
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    many = rng.random() < 0.5
    who = scene.victims(len(runs)) if many else scene.victims(runs.count)[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 60, 0.5 * DAY))
    amount = sums(scene, who, kind, "tiny")
    if rng.random() < 0.6:
        last = runs.step >= runs.size[runs.of] * rng.uniform(0.6, 0.95)
        amount = np.where(last, sums(scene, who, kind, "large"), amount)
    given = (
        {"other": scene.merchant_of(kind[np.cumsum(runs.size) - 1])[runs.of]} if rng.random() < 0.7 else {}
    )
    rows = scene.make(who, t, kind=kind, amount=amount, known=False, **given)
    return disguise(scene, rows, runs, rng.choice((0, 1)), rng.choice((0, 1)))


def impossible_travel(scene: Scene, budget: int) -> Events:
    """A cloned credential is used far from home, or abroad, shortly after or before its owner used it near home.

    Source: Europol reports on skimming and counterfeit card use overseas; general practice of geographic rules.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 1, 5)
    anchor = rng.integers(0, len(scene.events), runs.count)
    who = scene.events.who[anchor][runs.of]
    t = sequence(
        scene, runs, scene.events.t[anchor] + rng.exponential(3 * 3600, runs.count), loguniform(rng, 600, DAY)
    )
    kind = kind_choice(scene, len(runs), outgoing(scene))
    amount = sums(scene, who, kind, style(scene, large=2, ordinary=3, typical=2, round=1))
    rows = scene.make(who, t, kind=kind, amount=amount, known=False)
    far = loguniform(rng, 0.5, 40)
    rows.lat = np.clip(rows.lat + rng.normal(0, far, runs.count)[runs.of], -85, 85)
    rows.lon = rows.lon + rng.normal(0, far, runs.count)[runs.of]
    if rng.random() < 0.6:
        rows.country = rng.integers(1, scene.places.countries, runs.count)[runs.of]
    return disguise(scene, rows, runs, rng.choice((0, 0.5)), rng.choice((0, 1)))


def single_unusual(scene: Scene, budget: int) -> Events:
    """One large payment of a kind the customer hardly ever makes, to a party never met.

    Source: general knowledge of authorised and unauthorised purchase fraud.
    """
    who = scene.victims(budget)
    rare = np.argsort(scene.mix)[: max(1, len(scene.mix) // 2)]
    rare = np.intersect1d(rare, outgoing(scene))
    kind = scene.pick(rare if len(rare) else outgoing(scene), budget)
    amount = sums(scene, who, kind, style(scene, large=4, huge=2, absolute=2, typical=1))
    return scene.make(who, moments(scene, budget), kind=kind, amount=amount, known=False)


def over_threshold(scene: Scene, budget: int) -> Events:
    """Payments above a level that hardly any honest payment of the table reaches, otherwise ordinary.

    Source: the simplest scenario of public card simulators (Le Borgne et al., 2022).
    """
    rng = scene.rng
    who = scene.victims(budget)
    kind = kind_choice(scene, budget, outgoing(scene))
    t = humanly(scene, moments(scene, budget), who, kind)
    loyal = rng.random(budget) < rng.choice((0.0, 0.5, 1.0))
    return scene.make(who, t, kind=kind, amount=sums(scene, who, kind, "absolute"), known=loyal)


def under_threshold(scene: Scene, budget: int) -> Events:
    """Structuring: sums kept just under a reporting or approval level, repeated within hours or days.

    Source: FATF guidance on structuring; known to every anti-money-laundering rule book.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 2, 15)
    level = float(nice(scene, np.quantile(scene.events.amount, [rng.uniform(0.8, 0.995)]))[0])
    who = (scene.strangers(runs.count) if rng.random() < 0.5 else scene.victims(runs.count))[runs.of]
    kind = np.repeat(kind_choice(scene, runs.count), runs.size)
    amount = level * (1 - rng.exponential(loguniform(rng, 0.003, 0.06), len(runs)))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 3600, 7 * DAY))
    rows = scene.make(who, t, kind=kind, amount=np.maximum(amount, level * 0.3), known=rng.random() < 0.3)
    if rng.random() < 0.5:
        rows.other = rows.other[np.cumsum(runs.size) - 1][runs.of]
    return rows


def device_farm(scene: Scene, budget: int) -> Events:
    """One device or address acts for many accounts, old or just opened, with modest amounts.

    Source: general knowledge of device farms and bot networks in payment and promotion abuse.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 5, 60)
    who = scene.strangers(len(runs), fresh=rng.choice((0.0, 0.5, 1.0)))
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 3600, 10 * DAY))
    amount = sums(scene, who, kind, style(scene, ordinary=4, small=2, large=2, round=1))
    given = (
        {"other": scene.merchant_of(kind[np.cumsum(runs.size) - 1])[runs.of]} if rng.random() < 0.4 else {}
    )
    rows = scene.make(who, t, kind=kind, amount=amount, known=False, **given)
    if rng.random() < 0.75:
        rows.device = scene.new_devices(runs.count)[runs.of]
    else:
        rows.ip = scene.new_ips(runs.count)[runs.of]
    return rows


def bust_out(scene: Scene, budget: int) -> Events:
    """An account behaves well for a while, then spends everything within days and is never seen again.

    Source: general credit-industry knowledge of bust-out and sleeper fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 5, 25)
    fresh = rng.random() < 0.5
    who = (scene.strangers(runs.count, 1.0) if fresh else scene.victims(runs.count))[runs.of]
    start = rng.uniform(0.4, 0.95, runs.count) * scene.span
    e = scene.events
    gone = np.isin(e.who, who) & (e.t > start.min())
    e.t[gone] *= rng.uniform(0.3, 0.9)
    t = sequence(scene, runs, start, rng.uniform(1, 10) * DAY)
    kind = kind_choice(scene, len(runs), outgoing(scene))
    ramp = 1 + runs.step / np.maximum(runs.size[runs.of], 1) * rng.uniform(0, 5)
    amount = sums(scene, who, kind, style(scene, large=3, typical=2, round=1)) * ramp
    return scene.make(who, t, kind=kind, amount=amount, known=False)
