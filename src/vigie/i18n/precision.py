"""Expected share of frauds among the alerts, as a sentence; where its interval spans nearly all, that it cannot be estimated."""

from __future__ import annotations

from collections.abc import Mapping

from vigie.i18n.translator import Translator

UNINFORMATIVE_WIDTH = 0.8
"""Width, in [0, 1], from which an interval says nothing of the share of frauds."""


def is_informative(low: float, high: float) -> bool:
    """Return whether an interval of a share, in [0, 1], excludes enough to be shown."""
    return high - low < UNINFORMATIVE_WIDTH


def precision_sentence(precision: Mapping[str, float], t: Translator) -> str:
    """Return what to expect of the alerts.

    Args:
        precision: the expected share of frauds, `estimate`, with the ends `low` and `high` of its interval.
        t: translator of the reader's language.
    """
    if not is_informative(precision["low"], precision["high"]):
        return t("results.precision_unknown")
    return t("cli.precision", **{name: t.of_ten(value) for name, value in precision.items()})
