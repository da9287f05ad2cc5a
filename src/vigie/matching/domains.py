"""What kind of payments a table is about, from the words in its column names and its category values.

The words of each domain stand in domains.json, which `python -m vigie.starter_models.vocabulary` writes from the simulator's
domains, and in the domains of other distributions. A value of the user's table leaves this module only when it is one of them.
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

UNSAID = 0.5
"""The share of the domain's points that a table gets when nothing in it names a domain."""

_HINT = 0.25

_STOP = frozenset(
    "id|nb|num|no|is|has|the|of|de|du|la|le|des|da|do|a|to|tx|txn|trx|trans|transaction".split("|")  # noqa: SIM905
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_SPLIT = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class DomainEvidence:
    """What a table says of its domain.

    Attributes:
        scores: domain -> [0, 1]; `UNSAID` for all where nothing was found.
        words: domain -> the words found that speak for it, best first.
    """

    scores: Mapping[str, float]
    words: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=20_000)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a name in order: accents folded, camelCase split, plural s and digits dropped."""
    plain = text
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = (word.lower() for word in _SPLIT.split(_CAMEL.sub(" ", plain)))
    return tuple(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
        for word in words
        if word and not word.isdigit()
    )


def meaningful(text: str) -> tuple[str, ...]:
    """The words of a column name that tell it from others; all of them where none does."""
    return tuple(word for word in tokens(text) if word not in _STOP) or tokens(text)


def read(texts: Iterable[str], roles: Iterable[str]) -> DomainEvidence:
    """Counts the words of each domain.

    Args:
        texts: column names and distinct values of category columns.
        roles: the roles the table has.
    """
    vocabulary = _vocabulary()
    found = {f"@{role}" for role in roles} & vocabulary.keys()
    for text in set(texts):
        words = tokens(text)
        for length in (1, 2, 3):
            grams = (" ".join(words[i : i + length]) for i in range(len(words) - length + 1))
            found.update(gram for gram in grams if gram in vocabulary)
    weight: dict[str, float] = dict.fromkeys(domains(), 0.0)
    said: dict[str, list[str]] = {}
    for word in sorted(found, key=lambda w: (-max(vocabulary[w].values()), w)):
        for domain in vocabulary[word]:
            weight[domain] += vocabulary[word][domain]
            if not word.startswith("@"):
                said.setdefault(domain, []).append(word)
    most = max(weight.values())
    if most == 0.0:
        return DomainEvidence(dict.fromkeys(weight, UNSAID), {})
    share = {domain: value / most for domain, value in weight.items()}
    near = {one: max(share[other] * _related(one, other) for other in share) for one in share}
    trust = 1.0 - math.exp(-most)
    scores = {domain: round(UNSAID * (1 - trust) + trust * value, 6) for domain, value in near.items()}
    return DomainEvidence(scores, {domain: tuple(words) for domain, words in said.items()})


@cache
def domains() -> tuple[str, ...]:
    """The domains this vocabulary knows."""
    return tuple(entry["name"] for entry in _entries())


@cache
def _entries() -> tuple[dict[str, Any], ...]:
    """Name, words, hints and related domains of each domain; see `vigie.simulator.Domain.vocabulary`."""
    own = json.loads(files("vigie.matching").joinpath("domains.json").read_text("utf-8"))
    return (*own, *(point.load().vocabulary() for point in plugins.find("domains").values()))


@cache
def _vocabulary() -> dict[str, dict[str, float]]:
    """Word -> domain -> what it is worth there: less for a hint, less where domains share it."""
    found: dict[str, dict[str, float]] = {}
    for entry in _entries():
        for words, worth in ((entry["words"], 1.0), (entry["hints"], _HINT)):
            for word in (w.strip() for w in words.split(",") if w.strip()):
                key = word if word.startswith("@") else " ".join(tokens(word))
                found.setdefault(key, {}).setdefault(entry["name"], worth)
    return {
        word: {name: worth / len(shared) for name, worth in shared.items()} for word, shared in found.items()
    }


@cache
def _related(one: str, other: str) -> float:
    """Return how similar two domains are, whichever of them says so."""
    of = {entry["name"]: entry["related"] for entry in _entries()}
    similarity: float = 1.0 if one == other else of[one].get(other) or of[other].get(one, 0.0)
    return similarity
