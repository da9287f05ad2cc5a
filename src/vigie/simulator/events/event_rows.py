"""The events of one table as arrays of numbers, before an owner writes them down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.simulator.sampling import Bools, Floats, Ints


@dataclass
class Events:
    """(events,) arrays of equal length.

    Attributes:
        t: seconds since the beginning of the table.
        customer: index of the customer who acts.
        counterparty: index of the other side: a customer below the number of customers, a merchant from there on.
        event_type: index into the event types of the domain.
        amount: money, in the unit of the event types.
        drain: share of the customer's balance that the event takes; 0 where the amount does not depend on the balance.
        device: index of the device.
        ip: index of the network address.
        lat: degrees, where the event happens.
        lon: degrees, where the event happens.
        country: index of the country where the event happens; 0 is the home country.
        channel: index into the channels of the domain.
        strong: whether authentication was strong (chip and PIN, 3-D Secure…).
        known: whether the customer dealt with this counterparty before.
        typology: 0 for a legitimate event, otherwise the number of its typology.
    """

    t: Floats
    customer: Ints
    counterparty: Ints
    event_type: Ints
    amount: Floats
    drain: Floats
    device: Ints
    ip: Ints
    lat: Floats
    lon: Floats
    country: Ints
    channel: Ints
    strong: Bools
    known: Bools
    typology: Ints

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.t)

    def take(self, index: NDArray[Any]) -> Events:
        """Return the events at these positions, or under this mask."""
        return Events(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def concatenate(parts: Sequence[Events]) -> Events:
    """Return the events of all parts, in order."""
    return Events(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Events)})
