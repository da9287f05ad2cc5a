"""Sums of amounts by currency: amounts of several currencies are never one number, and no exchange rate is assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CurrencySum:
    """Sum of the amounts of one currency.

    Attributes:
        currency: as the file names it, mostly three letters; empty where it is unknown.
        amount: their sum.
    """

    currency: str
    amount: float


def one_sum(sums: Sequence[CurrencySum]) -> float | None:
    """Return the sum where all amounts have one currency; None without amounts and for several currencies."""
    return sums[0].amount if len(sums) == 1 else None
