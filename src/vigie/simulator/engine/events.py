"""The rows of a world before anyone looks at them: plain columns of numbers, one entry an event."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass
class Events:
    """Events of one world, equal lengths.

    Attributes:
        t: seconds since the world began.
        who: index of the customer who acts.
        other: index of the other side: a customer below the population's size, a merchant above.
        kind: index into the kinds of the domain.
        amount: money, in the world's own unit.
        drain: share of the customer's balance the event takes, 0 when the amount does not depend on it.
        device: index of the device.
        ip: index of the network address.
        lat: degrees, where the event happens.
        lon: degrees, where the event happens.
        country: index of the country where the event happens.
        channel: index into the channels of the domain.
        strong: authenticated strongly (chip and code, 3-D Secure…).
        known: the customer deals with this other side habitually.
        typology: 0 for an honest event, otherwise the scheme it belongs to.
    """

    t: Floats
    who: Ints
    other: Ints
    kind: Ints
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
        return len(self.t)

    def take(self, index: NDArray[Any]) -> "Events":
        """The events at these positions, or under this mask."""
        return Events(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def join(parts: Sequence[Events]) -> Events:
    """All the events of the parts, in order."""
    return Events(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Events)})


def loguniform(rng: np.random.Generator, low: float, high: float) -> float:
    """One positive number, every order of magnitude between the bounds equally likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def scatter(*keys: NDArray[Any]) -> Floats:
    """A number in [0, 1) for each combination of keys, always the same for the same keys, otherwise as good as random."""
    h = np.zeros(len(keys[0]), dtype=np.uint64)
    for key in keys:
        h = (h ^ (key.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(29)
        h *= np.uint64(0x94D049BB133111EB)
        h ^= h >> np.uint64(32)
    return (h >> np.uint64(11)).astype(np.float64) / float(1 << 53)
