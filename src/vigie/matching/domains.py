"""The domain of a table (transfers, insurance …), from the words in its column names and category values.

The words of each domain are in domains.json, which `python -m vigie.starter_models.vocabulary` writes from the simulator's
domains, and in the domains of other distributions. A value of the user's table leaves this module only where it is one of them.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from vigie import plugins

NEUTRAL_SCORE = 0.5
"""Score of every domain where no word of the table names one."""

_HINT_WEIGHT = 0.25
"""Weight of a word that only hints at a domain, beside 1 of a word that names it."""

STOP_WORDS = frozenset(
    "id|nb|num|no|is|has|the|of|de|du|la|le|des|da|do|a|to|tx|txn|trx|trans|transaction".split("|")  # noqa: SIM905
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_SPLIT = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class DomainScores:
    """How well domains fit the words of a table.

    Attributes:
        scores: domain -> score in [0, 1]; `NEUTRAL_SCORE` for all where no word was found.
        words: domain -> the words found that name it, the heaviest first.
    """

    scores: Mapping[str, float]
    words: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=20_000)
def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a name in order: in lower case without accents, plural s and digits; camelCase is split."""
    plain = text
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = (word.lower() for word in _SPLIT.split(_CAMEL.sub(" ", plain)))
    return tuple(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
        for word in words
        if word and not word.isdigit()
    )


def distinctive_words(text: str) -> tuple[str, ...]:
    """Return the words of a column name without those that most names have; all of them where no other is left."""
    return tuple(word for word in tokens(text) if word not in STOP_WORDS) or tokens(text)


def score_domains(texts: Iterable[str], roles: Iterable[str]) -> DomainScores:
    """Score every domain by its words in a table.

    Args:
        texts: column names and distinct values of category columns.
        roles: the roles of its columns.
    """
    vocabulary = _vocabulary()
    found = {f"@{role}" for role in roles} & vocabulary.keys()
    for text in set(texts):
        words = tokens(text)
        for length in (1, 2, 3):
            grams = (" ".join(words[i : i + length]) for i in range(len(words) - length + 1))
            found.update(gram for gram in grams if gram in vocabulary)
    weights: dict[str, float] = dict.fromkeys(domains(), 0.0)
    words_of: dict[str, list[str]] = {}
    for word in sorted(found, key=lambda w: (-max(vocabulary[w].values()), w)):
        for domain in vocabulary[word]:
            weights[domain] += vocabulary[word][domain]
            if not word.startswith("@"):
                words_of.setdefault(domain, []).append(word)
    largest = max(weights.values())
    if largest == 0.0:
        return DomainScores(dict.fromkeys(weights, NEUTRAL_SCORE), {})
    relative = {domain: weight / largest for domain, weight in weights.items()}
    fit = {one: max(relative[other] * _similarity(one, other) for other in relative) for one in relative}
    # The more words, the further from neutral.
    trust = 1.0 - math.exp(-largest)
    scores = {one: round(NEUTRAL_SCORE * (1 - trust) + trust * value, 6) for one, value in fit.items()}
    return DomainScores(scores, {domain: tuple(words) for domain, words in words_of.items()})


@cache
def domains() -> tuple[str, ...]:
    """Return the names of all domains."""
    return tuple(entry["name"] for entry in _entries())


@cache
def _entries() -> tuple[dict[str, Any], ...]:
    """Return name, words, hints and related domains of each domain; see `vigie.simulator.Domain.vocabulary`."""
    own = json.loads(files("vigie.matching").joinpath("domains.json").read_text("utf-8"))
    return (*own, *(point.load().vocabulary() for point in plugins.find("domains").values()))


@cache
def _vocabulary() -> dict[str, dict[str, float]]:
    """Return word -> domain -> weight: less for a hint, less where several domains have the word."""
    found: dict[str, dict[str, float]] = {}
    for entry in _entries():
        for words, weight in ((entry["words"], 1.0), (entry["hints"], _HINT_WEIGHT)):
            for word in (w.strip() for w in words.split(",") if w.strip()):
                key = word if word.startswith("@") else " ".join(tokens(word))
                found.setdefault(key, {}).setdefault(entry["name"], weight)
    return {
        word: {name: weight / len(weights) for name, weight in weights.items()}
        for word, weights in found.items()
    }


@cache
def _similarity(one: str, other: str) -> float:
    """Return how similar two domains are, whichever of them records it."""
    of = {entry["name"]: entry["related"] for entry in _entries()}
    similarity: float = 1.0 if one == other else of[one].get(other) or of[other].get(one, 0.0)
    return similarity
