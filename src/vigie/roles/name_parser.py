"""Column names to concepts: `dtNascCliente` -> date, birth, customer.

Reads snake case, camel case, dots, accents, compound words, abbreviations and typing errors. Must not know roles.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from vigie.roles.name_lexicon import WORDS, word_set

_STOP_WORDS = word_set(
    """
    of the in at on per by a an and du des la le les da das dos del los las el em e et au aux por par a
    o os s l d
    duplicated
    """
)
_GENERIC_WORDS = word_set(
    """
    c col column colonne columna coluna field champ campo f v var variable x feature feat attr attribute
    unnamed
    """
)
_MAX_NAME = 200
"""Characters of a name that are read: splitting a compound takes the square of its length."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"3ds|2fa|ipv[46]|\d+(?:hrs|hr|min|h|d|w|m|y)(?![a-z])|[a-z]+|\d+")
_WINDOW = re.compile(r"\b\d+(?:hrs|hr|min|h|d|w|m|y)\b")
_UNKNOWN = "unknown"
"""Concept of the words that are in no entry of the lexicon."""
_UNSPECIFIC = frozenset({_UNKNOWN, "altered"})
"""Concepts that say nothing by themselves: a `change` may be an amount."""
_TRANSACTION_PREFIXES = word_set("tx txn trx trans trn tr op")
_ATTRIBUTES = word_set("city country region zip age tenure lat long email ip phone device place")
"""Concepts before which such a prefix says no more than that the row is a transaction."""
_SHORT_WORDS = word_set("id cc ip tx no nb dt ts qt is to cb ua de of per du da do es")
_VOWELS = str.maketrans("", "", "aeiouy")


@dataclass(frozen=True)
class ParsedName:
    """A column name in words and concepts.

    Attributes:
        words: the words of the name, in lower case without accents.
        concepts: concept -> the word that has it.
        generic: the name says nothing (`c1`, `V7`, `col_2`).
    """

    words: tuple[str, ...]
    concepts: dict[str, str]
    generic: bool


def fold(text: str) -> str:
    """Return a text in lower case without accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).lower()


def split_words(name: str) -> tuple[str, ...]:
    """Return the words of a name: `oldBalance_Org.2` -> old, balance, org, 2; those of its first 200 characters."""
    name = name[:_MAX_NAME]
    spaced = _CAMEL.sub(" ", name.replace("n°", " num ").replace("#", " num ").replace("%", " percent "))
    return tuple(_WORD.findall(fold(spaced)))


def strip_common_prefix(names: tuple[str, ...]) -> dict[str, str]:
    """Return each name without the words with which (nearly) all names of the table begin, such as `tx_`."""
    words_of = {name: split_words(name) for name in names}
    size = 0
    while len(names) >= 4:
        prefixes = Counter(words[: size + 1] for words in words_of.values() if len(words) > size + 1)
        if not prefixes or max(prefixes.values()) < 0.9 * len(names):
            break
        size += 1
    if not size:
        return {name: name for name in names}
    prefix = Counter(words[:size] for words in words_of.values()).most_common(1)[0][0]
    return {
        name: "_".join(words[size:]) if words[:size] == prefix else name for name, words in words_of.items()
    }


@lru_cache(maxsize=8192)
def parse_name(name: str) -> ParsedName:
    """Find the concepts of one column name."""
    words = split_words(name)
    concepts: dict[str, str] = {}
    for word, found in _find_concepts(words):
        for concept in found or (_UNKNOWN,):
            concepts.setdefault(concept, word)
    if _WINDOW.search(" ".join(words)):
        concepts.setdefault("window", "window")
    _add_composed_concepts(fold(name[:_MAX_NAME]), words, concepts)
    has_prefix = bool(words) and concepts.get("transaction") == words[0] in _TRANSACTION_PREFIXES
    if has_prefix and concepts.keys() & _ATTRIBUTES:
        del concepts["transaction"]
    plain = [word for word in words if not word.isdigit()]
    generic = not plain or (len(plain) == 1 and plain[0] in _GENERIC_WORDS)
    is_unspecific = generic or concepts.keys() <= _UNSPECIFIC
    return ParsedName(words, {} if is_unspecific else concepts, generic)


def _add_composed_concepts(name: str, words: tuple[str, ...], concepts: dict[str, str]) -> None:
    """Add the concepts of several words: `number of x` and `num_<plural>` count, `no_pin` negates."""
    number_of = r"\b(?:number|no|num|nr|n|#)[ _.]*of\b|umber[ _]?[oO]f"
    if "num" in concepts and ("many" in concepts or re.search(number_of, name)):
        concepts.setdefault("count", concepts["num"])
    if "balance" in concepts and words[-1] in {"o", "d"}:
        concepts["orig" if words[-1] == "o" else "dest"] = words[-1]
    signals = [concepts[one] for one in ("trust", "risk") if one in concepts and "many" not in concepts]
    # The phrase `no claims bonus` is no negation.
    if len(words) > 1 and words[0] == "no" and any(not word.startswith("no ") for word in signals):
        concepts["neg"] = "no"


def _find_concepts(words: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
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
            # A name of one word is no stop word: `os` alone is the operating system.
            if (word not in _STOP_WORDS or len(words) == 1) and not word.isdigit():
                yield from _concepts_of_word(word) or ((word, ()),)


@lru_cache(maxsize=8192)
def _concepts_of_word(word: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the concepts of one word: as it is, in another form, a compound, an abbreviation, or with a typing error."""
    known = _vocabulary()
    if word in known:
        return ((word, known[word]),)
    near = _uninflect(word)
    if near:
        return ((near, (*known[near], "many") if word.endswith("s") else known[near]),)
    pieces = _split_compound(word)
    if pieces:
        return tuple((piece, known[piece]) for piece in pieces if piece in known and piece not in _STOP_WORDS)
    near = _expand_abbreviation(word) or _correct_typo(word)
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


def _split_compound(word: str) -> tuple[str, ...]:
    """Split a compound into the fewest known words that cover it; empty where none do."""
    known = _vocabulary()
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            head, piece = best[start], word[start:end]
            if head is None or not ((piece in known and len(piece) > 2) or piece in _SHORT_WORDS):
                continue
            current = best[end]
            if current is None or len(head) + 1 < len(current):
                best[end] = (*head, piece)
    found = best[len(word)] or ()
    shorts = sum(len(piece) < 3 for piece in found)
    if len(found) > 1 and shorts <= 2 and not all(piece in _STOP_WORDS for piece in found):
        return found
    return _known_prefix(word)


def _known_prefix(word: str) -> tuple[str, ...]:
    """Return a long known word with which a compound begins, the rest being unknown: `valorbem`."""
    known = _vocabulary()
    for size in range(len(word) - 3, 4, -1):
        if word[:size] in known:
            return (word[:size],)
    return ()


def _uninflect(word: str) -> str | None:
    """Return the known word of which a word is the plural or the feminine: `refusees`, `nocturnas`."""
    known = _vocabulary()
    stem = word.removesuffix("s")
    if len(stem) < 4:
        return stem if len(stem) > 2 and stem in known else None
    forms = (stem, stem.removesuffix("e"), stem.removesuffix("a") + "o", stem.removesuffix("ion") + "ao")
    return next((form for form in forms if form in known), None)


@cache
def _words_by_letter() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    single = {word for text in WORDS.values() for word in text.split() if "_" not in word and len(word) > 3}
    for word in sorted(single, key=lambda w: (len(w), w)):
        found.setdefault(word[0], []).append(word)
    return {letter: tuple(words) for letter, words in found.items()}


def _expand_abbreviation(word: str) -> str | None:
    """Return the known word that is written without vowels or cut short, if its meaning is certain: `cstmr`, `merchan`."""
    if len(word) < 3:
        return None
    longer = _words_by_letter().get(word[0], ())
    if len(word) >= 4:
        found = [other for other in longer if other.startswith(word)]
        if found:
            return found[0] if len({_core_concepts(other) for other in found}) == 1 else None
    if word[1:-1].translate(_VOWELS) != word[1:-1]:
        return None
    found = [o for o in longer if o[-1] == word[-1] and 2 * len(word) >= len(o) and _is_subsequence(word, o)]
    if not found:
        return None
    closest = [other for other in found if len(other) <= len(found[0]) + 1]
    return found[0] if len({_core_concepts(other) for other in closest}) == 1 else None


def _core_concepts(word: str) -> tuple[str, ...]:
    return tuple(concept for concept in _vocabulary()[word] if concept not in {"many", "static"})


def _is_subsequence(short: str, full: str) -> bool:
    """Return whether all letters of `short` occur in `full`, in that order."""
    letters = iter(full)
    return all(letter in letters for letter in short)


@cache
def _words_by_deletion() -> dict[str, str]:
    found: dict[str, str] = {}
    for word in sorted(_vocabulary()):
        if len(word) >= 6 and "_" not in word:
            for form in _deletions_of(word):
                found.setdefault(form, word)
    return found


def _deletions_of(word: str) -> Iterator[str]:
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


def _correct_typo(word: str) -> str | None:
    """Return the known word that differs by one letter but the first, for words long enough to be certain."""
    if len(word) < 6:
        return None
    near = (_words_by_deletion().get(form) for form in _deletions_of(word))
    return next((known for known in near if known and known[0] == word[0]), None)
