"""Frauds around one merchant, terminal or agent, shared by domains: what is wrong is a place, not a customer."""

import numpy as np

from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Bools, Events, Floats, Ints, loguniform
from vigie.simulator.engine.incidents import disguise, incidents, moments, nothing, sequence, style, sums
from vigie.simulator.engine.schemes import kind_choice, outgoing


def _busy_points(scene: Scene, n: int) -> Ints:
    """Other sides with some honest custom, at random among the events."""
    e = scene.events
    return np.unique(e.other[scene.rng.integers(0, len(e), 3 * n)])


def compromised_point(scene: Scene, budget: int) -> Events:
    """Everything that passes through a terminal or merchant for some days is fraudulent, with quite ordinary amounts.

    Source: the compromised-terminal scenario of Le Borgne et al., "Reproducible machine learning for credit card fraud detection" (2022).
    """
    rng, e = scene.rng, scene.events
    days, part = loguniform(rng, 1, 30), rng.uniform(0.6, 1)
    points = rng.permutation(_busy_points(scene, 200))
    size = np.bincount(e.other, minlength=int(e.other.max()) + 1)
    points = points[size[points] <= max(3 * budget, 3)]
    done = 0
    for point in points:
        here = np.flatnonzero((e.other == point) & (e.typology == 0))
        if len(here) == 0:
            continue
        begin = rng.choice(e.t[here]) - rng.random() * DAY
        hit = here[(e.t[here] >= begin) & (e.t[here] < begin + days * DAY)]
        hit = hit[rng.random(len(hit)) < part][: 2 * budget]
        scene.mark(hit)
        done += len(hit)
        if done >= budget:
            break
    return nothing(scene)


def skimmed_point(scene: Scene, budget: int) -> Events:
    """Cards used honestly at one skimmed point are misused elsewhere in the following weeks.

    Source: Europol and card schemes on skimming; the notion of a common point of purchase.
    """
    rng, e = scene.rng, scene.events
    points = _busy_points(scene, 30)
    point = points[np.argmax(np.bincount(e.other)[points] * rng.random(len(points)))]
    seen = np.flatnonzero(e.other == point)
    runs = incidents(scene, budget, 1, 5)
    source = rng.choice(seen, runs.count)
    who = e.who[source][runs.of]
    start = e.t[source] + rng.exponential(loguniform(rng, 1, 20) * DAY, runs.count)
    t = sequence(scene, runs, start % scene.span, loguniform(rng, 1800, 2 * DAY))
    kind = kind_choice(scene, len(runs), outgoing(scene))
    amount = sums(scene, who, kind, style(scene, large=2, ordinary=2, typical=2, round=1))
    return scene.make(who, t, kind=kind, amount=amount, known=False, strong=False)


def collusive_merchant(scene: Scene, budget: int) -> Events:
    """A merchant rings up invented sales: many cards, round or repeated sums, a rhythm unlike its trade's.

    Source: acquirers' general knowledge of collusive and bust-out merchants.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 6, 80)
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    who = scene.strangers(len(runs), fresh=rng.choice((0.0, 0.5, 0.9)))
    if rng.random() < 0.5:
        who = np.repeat(who[np.cumsum(runs.size) - 1], runs.size) if rng.random() < 0.3 else who
    other = scene.merchant_of(kind[np.cumsum(runs.size) - 1])[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.1, 15) * DAY)
    amount = _repeated(scene, sums(scene, who, kind, style(scene, typical=2, large=2, round=2, ordinary=1)))
    return scene.make(who, t, kind=kind, other=other, amount=amount, known=False)


def fake_merchant(scene: Scene, budget: int) -> Events:
    """A shop that just appeared sells to many honest customers and never delivers, then disappears.

    Source: Europol on fake web shops and triangulation fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 6, 80)
    who = scene.victims(len(runs))
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.5, 20) * DAY)
    other = new_points(scene, runs.count)[runs.of]
    amount = sums(scene, who, kind, style(scene, ordinary=3, typical=2, large=1, round=1))
    return scene.make(who, t, kind=kind, other=other, amount=amount, known=False)


def number_attack(scene: Scene, budget: int) -> Events:
    """Guessed card numbers of one issuer are tried at one merchant within minutes: new cards, equal amounts, few devices.

    Source: card schemes' public warnings on BIN and enumeration attacks.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 8, 120)
    kind = np.repeat(kind_choice(scene, runs.count, outgoing(scene)), runs.size)
    who = scene.strangers(len(runs), fresh=rng.choice((0.3, 1.0)))
    other = scene.merchant_of(kind[np.cumsum(runs.size) - 1])[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 120, 6 * 3600))
    amount = sums(scene, who, kind, style(scene, tiny=3, typical=1, ordinary=1))
    amount = amount[np.cumsum(runs.size) - 1][runs.of] if rng.random() < 0.6 else amount
    rows = scene.make(who, t, kind=kind, other=other, amount=amount, known=False, strong=False)
    return disguise(scene, rows, runs, rng.choice((0, 1)), rng.choice((0, 1)))


def split_operations(scene: Scene, budget: int) -> Events:
    """An agent or clerk cuts one operation into several of one customer within minutes, to earn the commission of each.

    Source: GSMA and CGAP publications on mobile-money agent fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 3, 10)
    who = scene.victims(runs.count)[runs.of]
    kind = np.repeat(kind_choice(scene, runs.count), runs.size)
    few = scene.merchant_of(kind[np.cumsum(runs.size) - 1])
    few = few[: max(1, int(rng.integers(1, 4)))] if rng.random() < 0.7 else few
    other = few[np.arange(runs.count) % len(few)][runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 60, 4 * 3600))
    whole = sums(scene, who, kind, style(scene, ordinary=2, large=2, round=1))
    part = whole[np.cumsum(runs.size) - 1][runs.of] / runs.size[runs.of]
    part = part * (1.0 if rng.random() < 0.5 else rng.lognormal(0, 0.1, len(runs)))
    return scene.make(who, t, kind=kind, other=other, amount=part)


def refund_abuse(scene: Scene, budget: int) -> Events:
    """Money or goods come back to the same few customers, or through the same clerk, more often than trade explains.

    Source: retail loss-prevention literature on refund and return fraud.
    """
    rng = scene.rng
    back = np.flatnonzero(scene.flow > 0)
    runs = incidents(scene, budget, 3, 25)
    who = (scene.victims(runs.count) if rng.random() < 0.6 else scene.strangers(runs.count))[runs.of]
    kind = scene.pick(back if len(back) else outgoing(scene), runs.count)[runs.of]
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.05, 30) * DAY)
    amount = _repeated(scene, sums(scene, who, kind, style(scene, ordinary=3, large=2, round=1, small=1)))
    given = (
        {"other": scene.merchant_of(kind[np.cumsum(runs.size) - 1])[runs.of]} if rng.random() < 0.6 else {}
    )
    return scene.make(who, t, kind=kind, amount=amount, known=rng.random() < 0.5, **given)


def new_points(scene: Scene, n: int) -> Ints:
    """Other sides nobody has dealt with, numbered after all merchants."""
    base = len(scene.people) + len(scene.merchants.level)
    return base + scene.rng.integers(0, 1 << 20, n)


def _repeated(scene: Scene, amount: Floats) -> Floats:
    """In some worlds a few sums come again and again."""
    if scene.rng.random() < 0.6:
        return amount
    same: Bools = scene.rng.random(len(amount)) < scene.rng.uniform(0.3, 1)
    return np.where(same, scene.pick(amount[: max(1, len(amount) // 8)], len(amount)), amount)
