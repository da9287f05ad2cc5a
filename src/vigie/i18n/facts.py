"""Reasons that are stored as facts, as sentences of a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vigie.i18n.translator import Translator

Fact = Mapping[str, Any]


def sentences(facts: Sequence[Fact] | None, reasons: str | None, t: Translator) -> list[str]:
    """Return the reasons of a row, the strongest first.

    Args:
        facts: feature and numbers of each reason, or a message of a rule; None in results of earlier versions and for a row without reasons.
        reasons: the same as texts of the language in which the table was scored.
        t: translator of the reader's language.
    """
    if facts is None:
        return [text for text in (reasons or "").split("; ") if text]
    return [_sentence(fact, t) for fact in facts]


def _sentence(fact: Fact, t: Translator) -> str:
    if "message" in fact:
        return t.message(fact["message"])
    reason = t(f"feature.{fact['feature']}")
    if "detail" not in fact:
        return reason
    values = {
        name: _shown(name, value, t) for name, value in fact.items() if name not in {"feature", "detail"}
    }
    return f"{reason}{t.colon} {t('fact.' + fact['detail'], **values)}"


def _shown(name: str, value: float, t: Translator) -> str | int:
    if name == "n":
        return int(value)
    if name == "share":
        return t.percent(value)
    if name == "times":
        return t.decimal(value, 0 if value >= 10 else 1)
    return amount(value, t)


def amount(value: float, t: Translator) -> str:
    """Return an amount with its thousands separated, and cents where it has any."""
    return t.whole(value) if value == round(value) else t.decimal(value, 2)
