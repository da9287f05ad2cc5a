"""Account balances before and after each event, and the amounts of events that empty an account."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigie.simulator.events.environment import Environment
from vigie.simulator.events.event_rows import Events
from vigie.simulator.sampling import Floats


@dataclass
class Ledger:
    """Balances of both sides of each event, in the order of the events.

    Attributes:
        before: of the customer.
        after: of the customer.
        counter_before: of the counterparty; 0 where it has no account here.
        counter_after: of the counterparty.
    """

    before: Floats
    after: Floats
    counter_before: Floats
    counter_after: Floats


def settle(env: Environment, events: Events) -> Ledger:
    """Apply the events to the accounts in time order.

    Args:
        env: the environment.
        events: sorted by time; the amounts of those that take a share of the balance are changed.
    """
    rng, customers = env.rng, env.customers
    accounts = _Accounts(
        own=_opening_balances(env),
        merchants={} if rng.random() < 0.3 else None,
        if_short=str(rng.choice(("topup", "clip", "overdraft"), p=(0.5, 0.35, 0.15))),
    )
    spare = np.exp(rng.normal(0, 1.5, len(events)) + customers.wealth[events.customer])
    rows = zip(
        events.customer.tolist(),
        events.counterparty.tolist(),
        env.flow[events.event_type].tolist(),
        events.amount.tolist(),
        events.drain.tolist(),
        spare.tolist(),
        strict=True,
    )
    result = np.array([accounts.move(*row) for row in rows])
    events.amount = result[:, 0]
    return Ledger(result[:, 1], result[:, 2], result[:, 3], result[:, 4])


def _opening_balances(env: Environment) -> list[float]:
    """Draw (customers,) balances at the beginning: nothing for some, little for the reserve."""
    rng, customers = env.rng, env.customers
    start = np.exp(
        env.log_amount.mean() + customers.habit + customers.wealth + rng.normal(0, 0.5, len(customers))
    )
    start[rng.random(len(customers)) < rng.choice((0.0, 0.1, 0.4))] = 0.0
    start[customers.active :] *= rng.choice((0.0, 0.05, 1.0))
    balances: list[float] = start.tolist()
    return balances


@dataclass
class _Accounts:
    """Balances of all accounts.

    Attributes:
        own: of each customer.
        merchants: of each merchant; None where they have no account here.
        if_short: what happens when the balance is too small: "topup" (other money came in before), "clip" to zero, "overdraft".
    """

    own: list[float]
    merchants: dict[int, float] | None
    if_short: str

    def move(
        self, customer: int, counterparty: int, flow: int, amount: float, drain: float, spare: float
    ) -> tuple[float, float, float, float, float]:
        """Apply one event; return its amount and the balances before and after of both sides."""
        before = self.own[customer]
        if drain > 0:
            if before < 0.05 * amount:
                before = max(before, 0.0) + amount * spare
            amount = drain * before
        elif flow < 0 and amount > before and self.if_short == "topup":
            before = amount * (1 + spare)
        after = before - amount if flow < 0 else before + amount
        if after < 0 and self.if_short == "clip":
            after = 0.0
        self.own[customer] = after
        if counterparty < len(self.own):
            theirs = self.own[counterparty]
            self.own[counterparty] = changed = theirs + amount if flow < 0 else max(theirs - amount, 0.0)
        elif self.merchants is not None:
            theirs = self.merchants.get(counterparty, 0.0)
            self.merchants[counterparty] = changed = (
                theirs + amount if flow < 0 else max(theirs - amount, 0.0)
            )
        else:
            theirs = changed = 0.0
        return amount, before, after, theirs, changed
