"""The three strongest reasons of a row, in words."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from vigie.features import VOCABULARY
from vigie.i18n.translator import Translator
from vigie.models.model_inputs import ModelInputs

LEAST = 2.3
"""Evidence below this (a tenth of the rows have more) is not worth a word."""

COUNT = 3


def reasons(evidence: ModelInputs, rows: npt.NDArray[np.int64], language: str) -> list[str]:
    """One text for each of `rows`: up to three reasons, strongest first, at most one a family.

    Args:
        evidence: of the table.
        rows: (n,) which rows.
        language: an installed one.
    """
    weights = np.array([feature.weight for feature in VOCABULARY]) * evidence.known
    texts = Translator(language)
    words = [texts(f"feature.{feature.name}") for feature in VOCABULARY]
    families = _families()
    tails = evidence.tails[rows]
    strength = np.where(tails >= LEAST, tails * weights, 0.0)
    order = np.argsort(-strength, axis=1, kind="stable")[:, : 4 * COUNT]
    return [_words(strength[i], order[i], words, families) for i in range(len(rows))]


@cache
def _families() -> tuple[str, ...]:
    return tuple(feature.family for feature in VOCABULARY)


def _words(
    strength: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64],
    words: list[str],
    families: tuple[str, ...],
) -> str:
    said: dict[str, str] = {}
    for j in order:
        if strength[j] <= 0 or len(said) == COUNT:
            break
        said.setdefault(families[j], words[j])
    return "; ".join(said.values())
