"""Every language has the same texts, every text that is asked for exists, and each language has its own numbers and dates."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

import vigie
from vigie import plugins
from vigie.cli.commands import cli
from vigie.features import VOCABULARY
from vigie.i18n.catalogue import DEFAULT, OWN, catalogue, languages, read
from vigie.i18n.translator import Translator
from vigie.matching.domains import domains
from vigie.roles.definitions import ROLES
from vigie.starter_models import registry
from vigie.web.pages import progress

SOURCE = Path(__file__).resolve().parents[2] / "src" / "vigie"
TOY = Path(__file__).with_name("vigie_toy")
_REQUESTED = re.compile(
    r"""\bt(?:\.has)?\(\s*"([a-z_]+\.[a-zA-Z_ 0-9-]+)"|translator\(\)\("([a-z_]+\.[a-z_A-Z]+)\""""
)
TRANSLATIONS = [language for language in OWN if language != DEFAULT]


def _flat(language: str) -> dict[str, str]:
    """Text by id, plural forms apart."""
    found = {}
    for section, inner in catalogue(language).sections.items():
        for key, text in inner.items():
            parts = {key: text} if isinstance(text, str) else {f"{key}.{n}": one for n, one in text.items()}
            found |= {f"{section}.{name}": one for name, one in parts.items()}
    return found


def lacking(language: str) -> list[str]:
    """Ids of the texts that English has and a language has not; plural forms may differ."""
    own = catalogue(language).sections
    english = catalogue(DEFAULT).sections
    return [
        f"{section}.{key}"
        for section in english
        for key in english[section]
        if key not in own.get(section, {})
    ]


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_language_lacks_no_text(language: str) -> None:
    """What is missing is named; so are texts that English no longer has, and texts that forget a value."""
    assert lacking(language) == []
    english, own = _flat(DEFAULT), _flat(language)
    assert own.keys() - english.keys() == set()
    placeholders = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in english.items()}
    found = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in own.items()}
    assert {key: found[key] for key in found if found[key] != placeholders[key]} == {}


def test_every_text_in_use_exists() -> None:
    """By a page, a script of a page or a report of the command line."""
    known = {f"{section}.{key}" for section, inner in catalogue(DEFAULT).sections.items() for key in inner}
    requested = {
        key
        for folder in (SOURCE / "web", SOURCE / "cli")
        for path in folder.rglob("*")
        if path.suffix in {".html", ".py", ".js"}
        for found in _REQUESTED.findall(path.read_text())
        for key in found
        if key and not key.endswith("_")
    }
    assert len(requested) > 150
    assert requested - known == set()


def test_every_stage_has_its_words() -> None:
    """The progress page shows no key."""
    assert {
        stage
        for stage in (*progress.SCORING_STAGES, *progress.TRAINING_STAGES)
        if not Translator().has(f"progress.{stage}")
    } == set()


def test_every_role_domain_and_feature_has_a_text() -> None:
    """No key reaches a reader, and no two features share a text."""
    ids = [f"role.{name}" for name in ROLES] + [f"domain.{name}" for name in domains()]
    ids += [f"feature.{feature.name}" for feature in VOCABULARY]
    assert [key for key in ids if not Translator().has(key)] == []
    assert set(catalogue(DEFAULT).sections["feature"]) == {feature.name for feature in VOCABULARY}
    assert set(catalogue(DEFAULT).sections["role"]) == set(ROLES)
    for language in OWN:
        reasons = list(catalogue(language).sections["feature"].values())
        assert len(set(reasons)) == len(reasons)


def test_every_fraud_the_library_has_seen_has_its_words() -> None:
    """A model's card shows no key either."""
    seen = {
        name
        for path in registry.MODELS.glob("*/profile-*.json")
        for name in json.loads(path.read_text()).get("typologies", [])
    }
    assert len(seen) > 50
    assert {name for name in seen if not Translator().has(f"fraud.{name}")} == set()


def test_no_text_is_left_in_english() -> None:
    """Long texts that are the same in both languages have been forgotten."""
    english, french = _flat("en"), _flat("fr")
    assert [key for key, text in english.items() if text == french[key] and len(text) > 14] == []


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [("en", 1, "1 row"), ("en", 0, "0 rows"), ("fr", 0, "0 ligne"), ("fr", 2, "2 lignes"), ("fr", 6082, "6\u202f082 lignes")],
)  # fmt: skip
def test_singular_and_plural(language: str, number: int, text: str) -> None:
    """French counts nothing as one."""
    assert Translator(language)("check.rows", n=number) == text


def test_numbers_are_written_as_each_language_writes_them() -> None:
    """Commas, points, and spaces that do not break."""
    english, french = Translator("en"), Translator("fr")
    assert (english.percent(0.0095), french.percent(0.0095)) == ("0.95%", "0,95\u202f%")
    assert (english.percent(0.00001), english.percent(0.999)) == ("< 0.01%", "99.9%")
    assert (english.size(2_147_483_648), french.size(700_000)) == ("2.1\u00a0GB", "700\u00a0Ko")
    assert english.size(999_700) == "1.0\u00a0MB"
    assert french.date_time(datetime(2026, 2, 3, 14, 5, tzinfo=UTC)) == "3 févr. 2026 à 14:05 UTC"


def test_french_marks_stand_behind_a_space_that_does_not_break() -> None:
    """A question mark never begins a line."""
    loose = [key for key, text in _flat("fr").items() if re.search(r"\w [?!;:»]|« ", text)]
    assert loose == []


def test_the_reasons_of_a_role_are_one_line() -> None:
    """Words of a name stay as they are, reasons are translated; an unknown one stays."""
    reasons = ["name says date transaction", "values are dates and times"]
    assert Translator("en").role_reasons(reasons) == "name says date transaction; values are dates and times"
    assert Translator("fr").role_reasons(reasons) == (
        "le nom dit «\u202fdate transaction\u202f»\u202f; ce sont des dates et des heures"
    )
    assert Translator("fr").role_reasons(["something new"]) == "something new"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"), (0.00001, "< 0.01%"), (0.0042, "0.42%"), (0.0123, "1.2%"), (0.5, "50%"), (0.993, "99%"),
        (0.997, "99.7%"), (0.99962, "99.96%"), (0.99999, "> 99.99%"), (1.0, "100%"),
    ],
)  # fmt: skip
def test_percentages(share: float, text: str) -> None:
    """Two significant figures, never a false 0% or 100%; one rule for pages and command line."""
    assert Translator().percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0"), (0.003, "0"), (0.006, "0.1"), (0.07, "0.7"), (0.0951, "1"), (0.82, "8")]
)
def test_so_many_of_ten(share: float, text: str) -> None:
    """Neither a zero with a decimal nor more figures than mean something."""
    assert Translator().of_ten(share) == text


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Another distribution with a catalogue of a few texts, as pip installs it."""
    package = tmp_path / "vigie_toy"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tlh.toml").write_text(CATALOGUE, "utf-8")
    about = tmp_path / "vigie_toy-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: vigie-toy\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[vigie.languages]\ntlh = vigie_toy\n")
    monkeypatch.syspath_prepend(tmp_path)
    for cached in (plugins.find, catalogue):
        cached.cache_clear()
    yield "tlh"
    sys.modules.pop("vigie_toy", None)
    monkeypatch.undo()
    importlib.invalidate_caches()
    for cached in (plugins.find, catalogue):
        cached.cache_clear()


CATALOGUE = """
[format]
name = "tlhIngan Hol"
decimal = ":"
thousands = "'"
percent = "vatlhvI' {number}"
colon = " -"
months = "1 2 3 4 5 6 7 8 9 10 11 12"
date = "{year}.{month}.{day}"
date_time = "{year}.{month}.{day} {time}"
plural = "n == 0 ? 0 : n == 1 ? 1 : 2"
plural_forms = ["zero", "one", "other"]

[check]
rows = {zero = "pagh", one = "wa' {n}", other = "law' {n}"}

[feature]
amount = "Huch law'"

[cli]
error = "Qagh"

[messages]
"no {kind} {name!r}" = "{kind} {name!r} tu'be'"
"file" = "ta"
"""


def test_a_language_is_one_file_of_another_distribution(toy: str, tmp_path: Path) -> None:
    """It can be chosen, has its own numbers and plurals, and takes what it lacks from English."""
    assert languages() == (*OWN, toy)
    t = Translator(toy)
    assert [t("check.rows", n=n) for n in (0, 1, 2500)] == ["pagh", "wa' 1", "law' 2'500"]
    assert (t.percent(0.0042), t.decimal(1.5)) == ("vatlhvI' 0:42", "1:50")
    assert t.date(datetime(2026, 2, 3, tzinfo=UTC)) == "2026.2.3"
    assert t("upload.title") == Translator()("upload.title")
    assert "feature.hour_night" in lacking(toy)
    assert "feature.amount" not in lacking(toy)
    result = CliRunner().invoke(cli, ["match", str(tmp_path / "none.csv"), "--lang", toy])
    assert result.exit_code == 4
    assert result.stderr.startswith("Qagh - ta 'none.csv' tu'be'")
    frame = {"amount": [float(i) for i in range(60)] + [1e6], "customer": [f"c{i % 7}" for i in range(61)]}
    import polars as pl

    assert "Huch law'" in "".join(vigie.predict(pl.DataFrame(frame), language=toy).frame["reasons"])


def test_an_unknown_language_is_refused_with_those_that_are_installed() -> None:
    """On the command line; the choice is made from what is installed."""
    result = CliRunner().invoke(cli, ["match", "t.csv", "--lang", "xx"])
    assert result.exit_code == 2
    assert "expected one of en, fr" in result.stderr
    assert "--lang [en|fr]" in CliRunner().invoke(cli, ["match", "--help"]).stdout


def test_a_catalogue_needs_its_formats() -> None:
    """A file without them is no catalogue."""
    with pytest.raises(KeyError, match="format"):
        read('[messages]\n"a" = "b"\n', "xx")
