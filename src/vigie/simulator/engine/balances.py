"""Money in accounts: what each side had before and after, and how much there is to steal."""

from dataclasses import dataclass

import numpy as np

from vigie.simulator.engine.environment import Scene
from vigie.simulator.engine.events import Events, Floats


@dataclass
class Ledger:
    """Balances of both sides of each event, in the order of the events.

    Attributes:
        before: of the customer.
        after: of the customer.
        counter_before: of the other side, 0 where it keeps no account here.
        counter_after: of the other side.
    """

    before: Floats
    after: Floats
    counter_before: Floats
    counter_after: Floats


def settle(scene: Scene, events: Events) -> Ledger:
    """Run the accounts through the events in time order, and fix the amounts of those that empty an account.

    Args:
        scene: the world.
        events: sorted by time; their amounts are changed where they drain.
    """
    rng, people = scene.rng, scene.people
    accounts = _Accounts(
        own=_opening(scene),
        merchants={} if rng.random() < 0.3 else None,
        poor=str(rng.choice(("topup", "clip", "overdraft"), p=(0.5, 0.35, 0.15))),
    )
    slack = np.exp(rng.normal(0, 1.5, len(events)) + people.wealth[events.who])
    rows = zip(
        events.who.tolist(),
        events.other.tolist(),
        scene.flow[events.kind].tolist(),
        events.amount.tolist(),
        events.drain.tolist(),
        slack.tolist(),
        strict=True,
    )
    result = np.array([accounts.move(*row) for row in rows])
    events.amount = result[:, 0]
    return Ledger(result[:, 1], result[:, 2], result[:, 3], result[:, 4])


def _opening(scene: Scene) -> list[float]:
    """What customers hold at the beginning; some nothing, and newcomers little."""
    rng, people = scene.rng, scene.people
    start = np.exp(scene.price.mean() + people.habit + people.wealth + rng.normal(0, 0.5, len(people)))
    start[rng.random(len(people)) < rng.choice((0.0, 0.1, 0.4))] = 0.0
    start[people.active :] *= rng.choice((0.0, 0.05, 1.0))
    balances: list[float] = start.tolist()
    return balances


@dataclass
class _Accounts:
    """The state of all accounts.

    Attributes:
        own: balance of each customer.
        merchants: balance of each merchant, None where they bank elsewhere.
        poor: what happens when there is too little: "topup" money came in unseen, "clip" to zero, or "overdraft".
    """

    own: list[float]
    merchants: dict[int, float] | None
    poor: str

    def move(
        self, who: int, other: int, flow: int, amount: float, drain: float, spare: float
    ) -> tuple[float, float, float, float, float]:
        """One event: its amount, and the balances before and after of both sides."""
        have = self.own[who]
        if drain > 0:
            if have < 0.05 * amount:
                have = max(have, 0.0) + amount * spare
            amount = drain * have
        elif flow < 0 and amount > have and self.poor == "topup":
            have = amount * (1 + spare)
        left = have - amount if flow < 0 else have + amount
        if left < 0 and self.poor == "clip":
            left = 0.0
        self.own[who] = left
        if other < len(self.own):
            theirs = self.own[other]
            then = self.own[other] = theirs + amount if flow < 0 else max(theirs - amount, 0.0)
        elif self.merchants is not None:
            theirs = self.merchants.get(other, 0.0)
            then = self.merchants[other] = theirs + amount if flow < 0 else max(theirs - amount, 0.0)
        else:
            theirs = then = 0.0
        return amount, have, left, theirs, then
