"""English and French say the same things, and every text that a page asks for exists."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vigie.cli import words
from vigie.starter_models import registry
from vigie.web.pages import progress
from vigie.web.words import Words, texts

WEB = Path(__file__).resolve().parents[3] / "src" / "vigie" / "web"
_ASKED = re.compile(
    r"""\bt(?:\.has)?\(\s*"([a-z_]+\.[a-zA-Z_ 0-9-]+)"|\bsaid\("([a-z_]+\.[a-zA-Z_]+)"|words\(\)\("([a-z_]+\.[a-z_A-Z]+)\""""
)


def _flat(language: str) -> dict[str, str]:
    found = {}
    for section, inner in texts(language).items():
        for key, text in inner.items():
            parts = {key: text} if isinstance(text, str) else {f"{key}.{n}": one for n, one in text.items()}
            found |= {f"{section}.{name}": one for name, one in parts.items()}
    return found


def test_both_languages_have_the_same_keys_and_the_same_gaps() -> None:
    """A text that only one language has is named, and so is one that forgets a value."""
    english, french = _flat("en"), _flat("fr")
    assert english.keys() == french.keys()
    gaps = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in english.items()}
    other = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in french.items()}
    assert {key: (gaps[key], other[key]) for key in gaps if gaps[key] != other[key]} == {}


def test_every_text_that_a_page_asks_for_exists() -> None:
    """Also those that only a script asks for."""
    known = {f"{section}.{key}" for section, inner in texts("en").items() for key in inner}
    asked = {
        key
        for path in WEB.rglob("*")
        if path.suffix in {".html", ".py", ".js"}
        for found in _ASKED.findall(path.read_text())
        for key in found
        if key and not key.endswith("_")
    }
    assert len(asked) > 150
    assert asked - known == set()


def test_every_stage_has_its_words() -> None:
    """The progress page shows no key."""
    assert all(Words("fr").has(f"progress.{stage}") for stage in progress.STAGES)


def test_every_fraud_the_library_has_seen_has_its_words() -> None:
    """A model's card shows no key either."""
    seen = {
        name
        for path in registry.MODELS.glob("*/profile-*.json")
        for name in json.loads(path.read_text()).get("typologies", [])
    }
    assert len(seen) > 50
    assert {name for name in seen if not Words("fr").has(f"fraud.{name}")} == set()


def test_no_text_is_left_in_english() -> None:
    """Long texts that are the same in both languages have been forgotten."""
    english, french = _flat("en"), _flat("fr")
    same = [
        key for key, text in english.items() if text == french[key] and len(text) > 14 and key != "frame.date"
    ]
    assert same == []


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [("en", 1, "1 row"), ("en", 0, "0 rows"), ("fr", 0, "0 ligne"), ("fr", 2, "2 lignes"), ("fr", 6082, "6\u202f082 lignes")],
)  # fmt: skip
def test_singular_and_plural(language: str, number: int, text: str) -> None:
    """French counts nothing as one."""
    assert Words(language)("check.rows", n=number) == text


def test_numbers_are_written_as_each_language_writes_them() -> None:
    """Commas, points, and spaces that do not break."""
    english, french = Words("en"), Words("fr")
    assert (english.share(0.0095), french.share(0.0095)) == ("0.95%", "0,95\u202f%")
    assert (english.share(0.00001), english.share(0.999)) == ("< 0.01%", "> 99%")
    assert (english.size(2_147_483_648), french.size(700_000)) == ("2.1\u00a0GB", "700\u00a0Ko")
    assert english.size(999_700) == "1.0\u00a0MB"
    assert french.moment(datetime(2026, 2, 3, 14, 5, tzinfo=UTC)) == "3 févr. 2026 à 14:05 UTC"


def test_french_marks_stand_behind_a_space_that_does_not_break() -> None:
    """A question mark never begins a line."""
    loose = [key for key, text in _flat("fr").items() if re.search(r"\w [?!;:»]|« ", text)]
    assert loose == []


def test_evidence_is_told_in_plain_words() -> None:
    """What matching says of a name becomes a sentence; what is unknown stays."""
    assert Words("fr").evidence(["name says date transaction", "values are dates and times"]) == (
        "son nom l'indique, ce sont des dates et des heures"
    )
    assert Words("en").evidence(["something new"]) == "something new"


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0"), (0.003, "0"), (0.006, "0.1"), (0.07, "0.7"), (0.0951, "1"), (0.82, "8")]
)
def test_so_many_of_ten(share: float, text: str) -> None:
    """Neither a zero with a decimal nor more figures than mean something; pages and terminal alike."""
    assert Words("en").of_ten(share) == text
    assert words.Words("en").of_ten(share) == text
