"""Frauds that are a path of money between accounts, shared by domains: fans, chains, cycles, pass-through, washing."""

import numpy as np

from vigie.simulator.engine.clock import DAY
from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, Floats, Ints, join, loguniform
from vigie.simulator.engine.incidents import Incidents, disguise, incidents, moments, sequence, style, sums
from vigie.simulator.engine.schemes import kind_choice, outgoing


def peer_kinds(scene: Scene) -> Ints:
    """Kinds between customers, or any outgoing kind where there are none."""
    found = np.flatnonzero(scene.peer & (scene.flow < 0))
    return found if len(found) else outgoing(scene)


def _exit_kinds(scene: Scene) -> Ints:
    found = np.flatnonzero(~scene.peer & (scene.flow < 0))
    return found if len(found) else peer_kinds(scene)


def _usual(scene: Scene, n: int) -> Floats:
    """Sums around what the table sees, one random level for a whole scheme."""
    rng = scene.rng
    level = np.quantile(scene.events.amount, rng.uniform(0.2, 0.99))
    return float(level) * rng.lognormal(0, rng.choice((0.02, 0.3, 0.8)), n)


def fan_in(scene: Scene, budget: int) -> Events:
    """Many accounts pay one mule within hours or days.

    Source: FATF and Europol (European Money Mule Action) descriptions of collection accounts.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 40)
    who = scene.victims(len(runs)) if rng.random() < 0.6 else scene.strangers(len(runs))
    mule = scene.strangers(runs.count, rng.choice((0.2, 1.0)))[runs.of]
    kind = np.repeat(kind_choice(scene, runs.count, peer_kinds(scene)), runs.size)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.1, 20) * DAY)
    return scene.make(who, t, kind=kind, other=mule, amount=_usual(scene, len(runs)), known=False)


def fan_out(scene: Scene, budget: int) -> Events:
    """One account pays many others within hours or days, in similar parts.

    Source: FATF descriptions of layering; the fan-out pattern of public laundering simulators (Weber et al. and Altman et al., 2018–2023).
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 40)
    mule = scene.strangers(runs.count, rng.choice((0.2, 1.0)))[runs.of]
    other = scene.strangers(len(runs), rng.choice((0.1, 0.8)))
    kind = np.repeat(kind_choice(scene, runs.count, peer_kinds(scene)), runs.size)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.1, 20) * DAY)
    return scene.make(mule, t, kind=kind, other=other, amount=_usual(scene, len(runs)), known=False)


def collect_and_pass_on(scene: Scene, budget: int) -> Events:
    """Money gathers in a mule account and leaves within hours, by a few large payments or cash.

    Source: Europol, money mules; FATF, professional money laundering (2018).
    """
    rng = scene.rng
    inward = fan_in(scene, max(3, int(budget * 0.7)))
    mule, first = np.unique(inward.other, return_index=True)
    last = np.array([inward.t[inward.other == m].max() for m in mule])
    total = np.array([inward.amount[inward.other == m].sum() for m in mule])
    parts = int(rng.integers(1, 4))
    who = np.repeat(mule, parts)
    kind = scene.pick(_exit_kinds(scene) if rng.random() < 0.5 else peer_kinds(scene), len(who))
    t = np.repeat(last, parts) + rng.exponential(loguniform(rng, 600, 2 * DAY), len(who))
    amount = np.repeat(total, parts) / parts * rng.uniform(0.85, 1.0, len(who))
    who = np.where(who < len(scene.people), who, inward.who[first].repeat(parts))
    return join([inward, scene.make(who, t, kind=kind, amount=amount, known=False)])


def chain(scene: Scene, budget: int) -> Events:
    """A sum hops through several accounts within hours, losing a little at each hop.

    Source: FATF on layering; chain patterns of public laundering simulators.
    """
    return _path(scene, budget, closed=False)


def cycle(scene: Scene, budget: int) -> Events:
    """A sum returns to where it started after several hops.

    Source: FATF on round-tripping; cycle patterns of public laundering simulators.
    """
    return _path(scene, budget, closed=True)


def _path(scene: Scene, budget: int, *, closed: bool) -> Events:
    rng = scene.rng
    runs = incidents(scene, budget, 3, 10)
    account = scene.strangers(len(runs), rng.choice((0.0, 0.5, 1.0)))
    following = np.roll(account, -1)
    last = runs.step == runs.size[runs.of] - 1
    first = account[np.cumsum(runs.size) - runs.size][runs.of]
    beyond = first if closed else scene.strangers(len(runs))
    other = np.where(last, beyond, following)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.02, 15) * DAY)
    loss = rng.choice((0.0, 0.02, 0.1))
    amount = _usual(scene, runs.count)[runs.of] * (1 - loss) ** runs.step
    kind = np.repeat(kind_choice(scene, runs.count, peer_kinds(scene)), runs.size)
    return scene.make(account, t, kind=kind, other=other, amount=amount, known=False)


def pass_through(scene: Scene, budget: int) -> Events:
    """A stolen sum arrives and the same sum leaves shortly after: a pair, or a transfer followed by a withdrawal.

    Source: GSMA on mobile-money cash-out after fraud; Europol on mules.
    """
    rng = scene.rng
    n = max(1, budget // 2)
    victim, mule = scene.victims(n), scene.strangers(n, rng.choice((0.2, 1.0)))
    t = moments(scene, n)
    kind = scene.pick(peer_kinds(scene), n)
    drained = rng.random() < 0.6
    drain = np.full(n, 1.0 if drained else 0.0)
    first = scene.make(victim, t, kind=kind, other=mule, drain=drain, known=False)
    if not drained:
        first.amount = sums(scene, victim, kind, style(scene, large=3, ordinary=2, round=1))
    later = t + rng.exponential(loguniform(rng, 60, DAY), n)
    exit_kind = scene.pick(_exit_kinds(scene), n)
    second = scene.make(mule, later, kind=exit_kind, amount=first.amount, known=False)
    second.drain = np.full(n, rng.choice((1.0, 0.98))) if drained else np.zeros(n)
    return join([first, second])


def wash_pair(scene: Scene, budget: int) -> Events:
    """Two accounts of one owner pay each other back and forth.

    Source: general knowledge of wash trading and of fake turnover.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 4, 30)
    a, b = scene.strangers(runs.count, 0.5)[runs.of], scene.strangers(runs.count, 0.5)[runs.of]
    forth = runs.step % 2 == 0
    kind = np.repeat(kind_choice(scene, runs.count, peer_kinds(scene)), runs.size)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.05, 30) * DAY)
    amount = _usual(scene, runs.count)[runs.of] * rng.lognormal(0, rng.choice((0.0, 0.05)), len(runs))
    return scene.make(
        np.where(forth, a, b), t, kind=kind, other=np.where(forth, b, a), amount=amount, known=False
    )


def authorised_push(scene: Scene, budget: int) -> Events:
    """The customer is talked into paying a stranger: own device, own hours, one or several payments larger than usual.

    Source: UK Finance and Europol on authorised push payment fraud.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 1, 5)
    who = scene.victims(runs.count)[runs.of]
    crew = scene.strangers(int(rng.integers(1, runs.count + 1)), rng.choice((0.3, 1.0)))
    kind = np.repeat(kind_choice(scene, runs.count, peer_kinds(scene)), runs.size)
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 1800, 10 * DAY))
    amount = sums(scene, who, kind, style(scene, large=3, huge=1, round=2, ordinary=1))
    other = scene.pick(crew, runs.count)[runs.of]
    return scene.make(who, t, kind=kind, other=other, amount=amount, known=False, strong=True)


def smurfing(scene: Scene, budget: int) -> Events:
    """Many people each bring small sums to one account, none of them remarkable.

    Source: FATF on smurfing.
    """
    rng = scene.rng
    runs = incidents(scene, budget, 6, 60)
    who = scene.strangers(len(runs), 0.4)
    target = scene.strangers(runs.count, 0.7)[runs.of]
    kind = np.repeat(kind_choice(scene, runs.count, peer_kinds(scene)), runs.size)
    amount = sums(scene, who, kind, style(scene, small=2, ordinary=3, round=2))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 0.5, 20) * DAY)
    return scene.make(who, t, kind=kind, other=target, amount=amount, known=False)


def sim_swap(scene: Scene, budget: int) -> Events:
    """A number is moved to another SIM; from the new phone the wallet is emptied within the hour, often in the evening or at night.

    Source: GSMA on SIM-swap fraud; Europol operations against SIM swappers.
    """
    rng = scene.rng
    runs: Incidents = incidents(scene, budget, 1, 4)
    who = scene.victims(runs.count)[runs.of]
    kind = scene.pick(np.concatenate((_exit_kinds(scene), peer_kinds(scene))), len(runs))
    t = sequence(scene, runs, moments(scene, runs.count), loguniform(rng, 120, 5400))
    left = (runs.size[runs.of] - runs.step).astype(float)
    rows = scene.make(who, t, kind=kind, drain=np.minimum(rng.uniform(0.8, 1.0) / left, 1), known=False)
    return disguise(scene, rows, runs, rng.choice((0.8, 1.0)), rng.choice((0.0, 1.0)))
