"""Column names as concepts: `dtNascCliente` -> date, birth, customer.

Knows how people write names (snake, camel, dots, accents, glued words, abbreviations, typing errors) and
nothing about roles.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from vigie.roles.name_lexicon import WORDS, bag

_STOP = bag(
    """
    of the in at on per by a an and du des la le les da das dos del los las el em e et au aux por par a
    o os s l d
    """
)
_GENERIC = bag(
    """
    c col column colonne columna coluna field champ campo f v var variable x feature feat attr attribute
    unnamed
    """
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PIECE = re.compile(r"3ds|2fa|ipv[46]|\d+(?:hrs|hr|min|h|d|w|m|y)(?![a-z])|[a-z]+|\d+")
_WINDOW = re.compile(r"\b\d+(?:hrs|hr|min|h|d|w|m|y)\b")
_SILENT = frozenset({"unknown"})
_TX = bag("tx txn trx trans trn tr op")
"""Prefixes that say no more than that the row is a transaction."""
_WHERE = bag("city country region zip age tenure lat long email ip phone device place")
_SHORT = bag("id cc ip tx no nb dt ts qt is to cb ua de of per du da do es")
_VOWELS = str.maketrans("", "", "aeiouy")


@dataclass(frozen=True)
class Reading:
    """What a column name says.

    Attributes:
        words: the name cut into folded words.
        concepts: concept -> the word that said it.
        generic: the name says nothing at all (`c1`, `V7`, `col_2`).
    """

    words: tuple[str, ...]
    concepts: dict[str, str]
    generic: bool


def fold(text: str) -> str:
    """Lower case without accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).lower()


def cut(name: str) -> tuple[str, ...]:
    """The words of a name: `oldBalance_Org.2` -> old, balance, org, 2."""
    spaced = _CAMEL.sub(" ", name.replace("n°", " num ").replace("#", " num ").replace("%", " percent "))
    return tuple(_PIECE.findall(fold(spaced)))


def shorten(names: tuple[str, ...]) -> dict[str, str]:
    """Names without the words that (nearly) all of a table's names begin with, such as `tx_` or `stg.`."""
    cuts = {name: cut(name) for name in names}
    size = 0
    while len(names) >= 4:
        heads = Counter(words[: size + 1] for words in cuts.values() if len(words) > size + 1)
        if not heads or max(heads.values()) < 0.9 * len(names):
            break
        size += 1
    if not size:
        return {name: name for name in names}
    head = Counter(words[:size] for words in cuts.values()).most_common(1)[0][0]
    return {name: "_".join(words[size:]) if words[:size] == head else name for name, words in cuts.items()}


@lru_cache(maxsize=8192)
def read(name: str) -> Reading:
    """Finds the concepts of one column name."""
    words = cut(name)
    concepts: dict[str, str] = {}
    for word, found in _concepts(words):
        for concept in found or ("unknown",):
            concepts.setdefault(concept, word)
    if _WINDOW.search(" ".join(words)):
        concepts.setdefault("window", "window")
    _counts(fold(name), words, concepts)
    plain = [word for word in words if not word.isdigit()]
    generic = not plain or (len(plain) == 1 and plain[0] in _GENERIC)
    if words and concepts.get("transaction") == words[0] in _TX and concepts.keys() & _WHERE:
        del concepts["transaction"]
    if generic or concepts.keys() <= _SILENT:
        return Reading(words, {}, generic)
    return Reading(words, concepts, generic)


def _counts(name: str, words: tuple[str, ...], concepts: dict[str, str]) -> None:
    """`number of x` and `num_<plural>` are counts; `no_pin` says there is none."""
    if "num" in concepts and (
        "many" in concepts or re.search(r"\b(?:number|no|num|nr|n|#)[ _.]*of\b|umber[ _]?[oO]f", name)
    ):
        concepts.setdefault("count", concepts["num"])
    if "balance" in concepts and words[-1] in {"o", "d"}:
        concepts["orig" if words[-1] == "o" else "dest"] = words[-1]
    if (
        words
        and words[0] == "no"
        and len(words) > 1
        and concepts.keys() & {"trust", "risk"}
        and "many" not in concepts
    ):
        concepts["neg"] = "no"


def _concepts(words: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    known = _vocabulary()
    at = 0
    while at < len(words):
        for size in (4, 3, 2):
            phrase = "_".join(words[at : at + size])
            if size <= len(words) - at and phrase in known:
                yield phrase.replace("_", " "), known[phrase]
                at += size
                break
        else:
            word = words[at]
            at += 1
            if word not in _STOP and not word.isdigit():
                yield from _meanings(word) or ((word, ()),)


@lru_cache(maxsize=8192)
def _meanings(word: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Concepts of one word: as it stands, glued from several, shortened, or mistyped."""
    known = _vocabulary()
    if word in known:
        return ((word, known[word]),)
    near = _inflected(word)
    if near:
        return ((near, (*known[near], "many") if word.endswith("s") else known[near]),)
    pieces = _unglue(word)
    if pieces:
        return tuple((piece, known[piece]) for piece in pieces if piece in known and piece not in _STOP)
    near = _shortened(word) or _mistyped(word)
    return ((near, known[near]),) if near else ()


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for concept, text in WORDS.items():
        for word in text.split():
            for form in {word, word.replace("_", "")}:
                if concept not in found.setdefault(form, []):
                    found[form].append(concept)
    return {word: tuple(concepts) for word, concepts in found.items()}


def _unglue(word: str) -> tuple[str, ...]:
    """Cuts a glued word into the fewest known words that cover it; empty when it cannot be."""
    known = _vocabulary()
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            head, piece = best[start], word[start:end]
            if head is None or not ((piece in known and len(piece) > 2) or piece in _SHORT):
                continue
            current = best[end]
            if current is None or len(head) + 1 < len(current):
                best[end] = (*head, piece)
    found = best[len(word)] or ()
    shorts = sum(len(piece) < 3 for piece in found)
    if len(found) > 1 and shorts <= 2 and not all(piece in _STOP for piece in found):
        return found
    return _unglue_end(word)


def _unglue_end(word: str) -> tuple[str, ...]:
    """A long known word at the start of a glued one whose rest is unknown: `valorbem`."""
    known = _vocabulary()
    for size in range(len(word) - 3, 4, -1):
        if word[:size] in known:
            return (word[:size],)
    return ()


def _inflected(word: str) -> str | None:
    """The known word behind a plural or a feminine: `refusees`, `nocturnas`."""
    known = _vocabulary()
    stem = word.removesuffix("s")
    if len(stem) < 4:
        return stem if len(stem) > 2 and stem in known else None
    forms = (stem, stem.removesuffix("e"), stem.removesuffix("a") + "o", stem.removesuffix("ion") + "ao")
    return next((form for form in forms if form in known), None)


@cache
def _by_letter() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    single = {word for text in WORDS.values() for word in text.split() if "_" not in word and len(word) > 3}
    for word in sorted(single, key=lambda w: (len(w), w)):
        found.setdefault(word[0], []).append(word)
    return {letter: tuple(words) for letter, words in found.items()}


def _shortened(word: str) -> str | None:
    """`trnsctn`, `merchan`, `cstmr`: no vowels, or cut short in a way only one meaning allows."""
    if len(word) < 3:
        return None
    longer = _by_letter().get(word[0], ())
    if len(word) >= 4:
        found = [other for other in longer if other.startswith(word)]
        if found:
            return found[0] if len({_meaning(other) for other in found}) == 1 else None
    if word[1:-1].translate(_VOWELS) != word[1:-1]:
        return None
    found = [o for o in longer if o[-1] == word[-1] and 2 * len(word) >= len(o) and _within(word, o)]
    if not found:
        return None
    closest = [other for other in found if len(other) <= len(found[0]) + 1]
    return found[0] if len({_meaning(other) for other in closest}) == 1 else None


def _meaning(word: str) -> tuple[str, ...]:
    return tuple(concept for concept in _vocabulary()[word] if concept not in {"many", "static"})


def _within(short: str, full: str) -> bool:
    """All letters of `short` come in `full`, in that order."""
    letters = iter(full)
    return all(letter in letters for letter in short)


@cache
def _deletions() -> dict[str, str]:
    found: dict[str, str] = {}
    for word in sorted(_vocabulary()):
        if len(word) >= 6 and "_" not in word:
            for form in _without_one(word):
                found.setdefault(form, word)
    return found


def _without_one(word: str) -> Iterator[str]:
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


def _mistyped(word: str) -> str | None:
    """The known word one letter away, for words long enough not to collide."""
    if len(word) < 6:
        return None
    return next((near for form in _without_one(word) if (near := _deletions().get(form))), None)
