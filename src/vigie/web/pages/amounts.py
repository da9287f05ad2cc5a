"""Amounts as text, with their currencies."""

from __future__ import annotations

from collections.abc import Sequence

from vigie.app.currency_sums import CurrencySum
from vigie.i18n.facts import amount
from vigie.i18n.translator import Translator


def currency_amount(value: float | None, currency: str, t: Translator) -> str:
    """Return an amount with its currency, or without one where it is unknown; empty without an amount."""
    if value is None:
        return ""
    return f"{amount(round(value, 2), t)}\u00a0{currency}".strip()


def currency_sums(sums: Sequence[CurrencySum], t: Translator, *, whole: bool = False) -> str:
    """Return the sums of several currencies side by side, such as 1,200 EUR + 350,000 XOF; empty without any.

    Args:
        sums: the sum of each currency.
        t: translator of the reader's language.
        whole: without cents.
    """
    parts = []
    for one in sums:
        shown = currency_amount(round(one.amount) if whole else one.amount, one.currency, t)
        parts.append(shown if one.currency or len(sums) == 1 else f"{shown} ({t('frame.no_currency')})")
    return " + ".join(parts)
