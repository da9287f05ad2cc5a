"""What a domain says of itself: its kinds of event, its frauds, its honest oddities and the columns its owners keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vigie.simulator.engine.events import Events

if TYPE_CHECKING:
    from vigie.simulator.engine.environment import Scene

# A scheme is given the scene and about how many rows to make; it returns new rows, and may mark rows that exist.
Scheme = Callable[["Scene", int], Events]


@dataclass(frozen=True)
class Kind:
    """A kind of event: a trade of merchant, a type of transaction.

    Attributes:
        name: as written in the cells.
        weight: how common.
        price: median amount, in units of everyday money.
        spread: added to the customer's own spread of log amounts.
        hours: preferred part of the day: day, evening, night, morning or any.
        to: "merchant", or "peer" when the other side is another customer.
        flow: -1 money leaves the customer, +1 it comes in.
        online: happens nowhere, so far from no home.
        shops: relative number of merchants.
    """

    name: str
    weight: float
    price: float
    spread: float = 0.2
    hours: str = "day"
    to: str = "merchant"
    flow: int = -1
    online: bool = False
    shops: float = 1.0


@dataclass(frozen=True)
class Spec:
    """A domain.

    Attributes:
        domain: its name.
        kinds: at least one.
        schemes: typology name -> (scheme, weight).
        lookalikes: honest schemes and their weights.
        channels: texts of the channel column.
        per_customer: bounds of the mean number of rows a customer.
        merchants: bounds of the number of merchants relative to the rows.
        show: column key -> chance of being there in a rich table; keys of ``vigie.simulator.engine.columns``.
        concepts: column key -> concepts it is named after.
        strong: bounds of the share of honest events strongly authenticated.
        round_share: bounds of the share of sums that are round.
        core: columns even a bare table has.
    """

    domain: str
    kinds: tuple[Kind, ...]
    schemes: dict[str, tuple[Scheme, float]]
    lookalikes: tuple[tuple[Scheme, float], ...]
    channels: tuple[str, ...] = ("web", "app", "branch")
    per_customer: tuple[float, float] = (1.0, 200.0)
    merchants: tuple[float, float] = (0.005, 0.4)
    show: dict[str, float] = field(default_factory=dict)
    concepts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    strong: tuple[float, float] = (0.2, 0.98)
    round_share: tuple[float, float] = (0.0, 0.3)
    core: tuple[str, ...] = ("time", "customer", "counterparty", "amount")
