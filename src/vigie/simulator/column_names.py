"""Names of columns as owners write them: in one language and style per table.

A `ColumnNamer` stands for one owner: one language, one way to join words, prefixes, abbreviations.
"""

from __future__ import annotations

import numpy as np

from vigie.simulator.column_vocabulary import ABBREVIATIONS, VOCABULARY

LANGUAGES: tuple[str, ...] = ("en", "fr", "es", "pt")

_PREFIXES = ("tx", "trx", "txn", "trans", "op", "t", "f", "col", "src", "x", "dw", "stg", "rec")


class ColumnNamer:
    """Writes column names as one owner does; names never repeat within a namer.

    Args:
        rng: source of randomness for the language and the style.
        language: one of `LANGUAGES`; drawn when None, English in half of the tables.
    """

    def __init__(self, rng: np.random.Generator, language: str | None = None) -> None:
        self._rng = rng
        self.language = language or str(rng.choice(LANGUAGES, p=(0.55, 0.2, 0.13, 0.12)))
        self._style = str(
            rng.choice(
                ("snake", "camel", "pascal", "upper", "space", "flat", "title"),
                p=(0.42, 0.18, 0.08, 0.1, 0.06, 0.08, 0.08),
            )
        )
        self._abbreviates = float(rng.choice((0.0, 0.35, 0.9), p=(0.6, 0.25, 0.15)))
        self._prefix = str(rng.choice(_PREFIXES)) if rng.random() < 0.15 else ""
        self._used: set[str] = set()

    def name(self, role: str, concept: str = "") -> str:
        """Write the name of one column.

        Args:
            role: of the column.
            concept: what it is within the role: a key of the vocabulary ("merchant_category"), or English words joined by
                underscores where the vocabulary has no such key; anything of the role where empty.
        """
        words = self._words(role, concept)
        if self._abbreviates:
            words = tuple(
                ABBREVIATIONS.get(w, w) if self._rng.random() < self._abbreviates else w for w in words
            )
        if self._prefix and self._rng.random() < 0.8:
            words = (self._prefix, *words)
        return self._unique(self._join(words))

    def _words(self, role: str, concept: str) -> tuple[str, ...]:
        entry = VOCABULARY.get(concept or role) or VOCABULARY.get(f"{role}.{concept}")
        if entry is None:
            return tuple((concept or role).split("_"))
        choices = entry.get(self.language) or entry["en"]
        return tuple(choices[int(self._rng.integers(len(choices)))].split())

    def _join(self, words: tuple[str, ...]) -> str:
        match self._style:
            case "camel":
                return words[0] + "".join(w[:1].upper() + w[1:] for w in words[1:])
            case "pascal":
                return "".join(w[:1].upper() + w[1:] for w in words)
            case "upper":
                return "_".join(words).upper()
            case "space":
                return " ".join(words)
            case "title":
                return " ".join(w[:1].upper() + w[1:] for w in words)
            case "flat":
                return "".join(words).lower()
            case _:
                return "_".join(words).lower()

    def _unique(self, name: str) -> str:
        candidate, number = name, 2
        while candidate.lower() in self._used:
            candidate, number = f"{name}_{number}", number + 1
        self._used.add(candidate.lower())
        return candidate
