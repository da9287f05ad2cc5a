"""What a domain says of its events and of the columns that its owners keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EventType:
    """A type of event: a category of merchant, a type of transaction.

    Attributes:
        name: as written in the cells.
        weight: relative frequency.
        median_amount: in units of everyday money.
        spread: added to the standard deviation of the customer's log amounts.
        hours: preferred part of the day: day, evening, night, morning or any.
        to: "merchant", or "peer" when the counterparty is another customer.
        flow: -1 where money leaves the customer, +1 where it comes in.
        online: whether it has no place.
        shops: relative number of merchants.
    """

    name: str
    weight: float
    median_amount: float
    spread: float = 0.2
    hours: str = "day"
    to: str = "merchant"
    flow: int = -1
    online: bool = False
    shops: float = 1.0


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """Settings of a domain from which customers, merchants, legitimate events and columns are drawn.

    Attributes:
        event_types: at least one.
        channels: texts of the channel column.
        rows_per_customer: bounds of the mean number of rows per customer.
        merchants_per_row: bounds of the number of merchants relative to the number of rows.
        strong_share: bounds of the share of legitimate events with strong authentication.
        round_share: bounds of the share of amounts that are round.
        column_rates: column key -> probability of being in a table with many columns; keys of `columns.COLUMNS`.
        column_concepts: column key -> concepts it may be named after.
        core_columns: columns that even a table with few columns has.
    """

    event_types: tuple[EventType, ...]
    channels: tuple[str, ...] = ("web", "app", "branch")
    rows_per_customer: tuple[float, float] = (1.0, 200.0)
    merchants_per_row: tuple[float, float] = (0.005, 0.4)
    strong_share: tuple[float, float] = (0.2, 0.98)
    round_share: tuple[float, float] = (0.0, 0.3)
    column_rates: Mapping[str, float] = field(default_factory=dict)
    column_concepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    core_columns: tuple[str, ...] = ("time", "customer", "counterparty", "amount")
