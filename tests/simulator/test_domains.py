"""Domains are found by their files and by entry points, and matching knows the words of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vigie import plugins
from vigie.matching import domains as words
from vigie.simulator import DOMAINS, Domain, generate, registry
from vigie.starter_models import vocabulary

TOY = Path(__file__).with_name("toy_domain")
LOOK = """
import json
from vigie.i18n.translator import Translator
from vigie.matching import domains as words
from vigie.simulator import DOMAINS, generate
from vigie.starter_models.specs import model_specs
table = generate("toll_roads", 3, 900)
found = words.score_domains(["badge_number", "toll"], ["customer"])
print(json.dumps({
    "domains": DOMAINS, "rows": table.frame.height, "typologies": sorted(set(table.typology.tolist())),
    "label": [Translator(language).name("domain", "toll_roads") for language in ("en", "fr")], "score": found.scores["toll_roads"], "related": found.scores["card_present"],
    "unrelated": found.scores["crypto"], "models": [r.name for r in model_specs() if r.domain == "toll_roads"],
    "anonymised": generate("anonymised", 3, 800).parameters["hidden_domain"],
}))
"""


def test_every_file_is_a_domain() -> None:
    """Under its own name, numbered without gaps in the order of DOMAINS."""
    folder = Path(registry.package.__file__ or "").parent
    own = registry.own_domains()
    assert set(own) == {path.stem for path in folder.glob("[a-z]*.py")}
    assert [domain.number for domain in own.values()] == list(range(1, len(own) + 1))
    assert DOMAINS[: len(own)] == tuple(own)


def test_related_domains_exist() -> None:
    """A similarity names another domain and lies inside (0, 1)."""
    for domain in registry.own_domains().values():
        for other, share in domain.related.items():
            assert other in DOMAINS
            assert other != domain.name
            assert 0 < share < 1


def test_matching_knows_the_domains_of_the_simulator() -> None:
    """Otherwise: python -m vigie.starter_models.vocabulary."""
    assert vocabulary.PATH.read_text("utf-8") == vocabulary.render()
    assert words.domains()[: len(registry.own_domains())] == tuple(registry.own_domains())


def test_unknown_domains_are_refused() -> None:
    """With the names of those that exist."""
    with pytest.raises(ValueError, match="unknown domain 'horse_racing', expected one of mobile_money"):
        generate("horse_racing", 0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("tolls", "vigie.simulator:generate", "is not a Domain named 'tolls'"),
        ("tolls", "vigie.simulator.domains.p2p:DOMAIN", "is not a Domain named 'tolls'"),
        ("p2p", "vigie.simulator.domains.p2p:DOMAIN", "has the name of a domain of Vigie"),
    ],
)
def test_bad_entry_points_are_refused(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that is no domain, another name than the domain's, and the name of a domain that exists."""
    point = EntryPoint(name, value, "vigie.domains")
    monkeypatch.setattr(plugins, "find", lambda group: {name: point})
    with pytest.raises(ValueError, match=message):
        registry.all_domains.__wrapped__()


def test_a_domain_must_define_its_simulation() -> None:
    """The base record alone is not enough."""
    with pytest.raises(NotImplementedError):
        Domain(name="x").simulate(0)


@pytest.mark.slow
def test_an_installed_domain_is_found(tmp_path: Path) -> None:
    """A distribution with one file: simulated, recognised by its words, named, and planned in the starter library."""
    installed = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    source = tmp_path / "source"
    source.mkdir()
    for path in TOY.iterdir():
        if path.is_file():
            (source / path.name).write_bytes(path.read_bytes())
    subprocess.run(
        [*install, "--no-deps", "--no-build-isolation", "--target", str(installed), str(source)], check=True
    )
    look = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    seen = json.loads(look.stdout)
    assert seen["domains"] == [*registry.own_domains(), "toll_roads"]
    assert seen["rows"] > 600
    assert set(seen["typologies"]) - {""} <= {"cloned_badge", "stolen_badge"}
    assert seen["label"] == ["toll roads", "péages"]
    assert seen["score"] > seen["related"] > seen["unrelated"]
    assert seen["models"] == ["toll_roads_full", "toll_roads_bare", "toll_roads_any"]
    assert seen["anonymised"] == generate("anonymised", 3, 800).parameters["hidden_domain"]
