"""The strongest reasons of a row, as texts."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from vigie.features import VOCABULARY
from vigie.i18n.translator import Translator
from vigie.models.model_inputs import ModelInputs

MIN_TAIL_SCORE = 2.3
"""Tail score, in nats, from which a feature is a reason: that of a tenth of the rows."""

COUNT = 3
"""Reasons of a row at most."""


def reasons(inputs: ModelInputs, rows: npt.NDArray[np.int64], language: str) -> list[str]:
    """Return one text for each of `rows`: up to `COUNT` reasons, the strongest first, at most one per family of features.

    Args:
        inputs: model inputs of the table.
        rows: (n,) positions in the inputs.
        language: an installed one.
    """
    weights = np.array([feature.weight for feature in VOCABULARY]) * inputs.varying
    texts = Translator(language)
    words = [texts(f"feature.{feature.name}") for feature in VOCABULARY]
    families = _families()
    tails = inputs.tails[rows]
    strength = np.where(tails >= MIN_TAIL_SCORE, tails * weights, 0.0)
    order = np.argsort(-strength, axis=1, kind="stable")[:, : 4 * COUNT]
    return [_text(strength[i], order[i], words, families) for i in range(len(rows))]


@cache
def _families() -> tuple[str, ...]:
    return tuple(feature.family for feature in VOCABULARY)


def _text(
    strength: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64],
    words: list[str],
    families: tuple[str, ...],
) -> str:
    chosen: dict[str, str] = {}
    for j in order:
        if strength[j] <= 0 or len(chosen) == COUNT:
            break
        chosen.setdefault(families[j], words[j])
    return "; ".join(chosen.values())
