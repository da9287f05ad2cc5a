"""Names in the code keep to the words of docs/glossary.md: a retired word is named with its place and the word to use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from vigie.cli.commands import cli
from vigie.cli.errors import Group
from vigie.cli.migrate import to_bucket
from vigie.cli.populate import populate

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "vigie"
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
SECTION = GLOSSARY.split("## Retired words")[1]
RETIRED = {
    word.strip(): use.strip()
    for words, use in re.findall(r"^\| ([a-z, ]+) \| ([^|]+) \|$", SECTION, re.MULTILINE)
    if words != "word"
    for word in words.split(",")
}
EXEMPT = {
    "src/vigie/simulator/events/environment.py": {"peer"},
}
"""File -> retired words that are words of its subject there."""
CODE = sorted(
    path
    for folder in ("src/vigie", "tests", "bench", "docs", "examples")
    for path in (ROOT / folder).rglob("*.py")
)


def words(name: str) -> list[str]:
    """The words of a name in snake_case or CamelCase."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of the modules, classes, functions, parameters, fields, variables and aliases of a file."""
    yield from ((1, part) for part in path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield 1, node.asname
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.lineno, node.name


def retired(path: Path) -> list[str]:
    """The retired words in the names of a file, with their places and what to use."""
    place = path.relative_to(ROOT).as_posix()
    exempt = EXEMPT.get(place, set())
    return [
        f"{place}:{line}: {name}: {word!r} is retired, use {RETIRED[word]}"
        for line, name in names(path)
        for word in words(name)
        if word in RETIRED and word not in exempt
    ]


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_name_has_a_retired_word(path: Path) -> None:
    """Modules, classes, functions, parameters, fields, variables and aliases."""
    assert retired(path) == []


def test_the_exceptions_are_needed() -> None:
    """Exempt words occur."""
    for name, exempt in EXEMPT.items():
        assert exempt <= {word for _, one in names(ROOT / name) for word in words(one)}, name


PRONOUNS = re.compile(r"\b(whoever|nobody|somebody|everybody)\b", re.IGNORECASE)
"""They hide who acts; the text names the user, the caller or the owner instead."""
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs" / "en").glob("*.md"),
    *(ROOT / "docs").glob("[a-z]*.md"),
]


@pytest.mark.parametrize(
    "path",
    [path for path in CODE if path != Path(__file__)] + PAGES,
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_texts_name_who_acts(path: Path) -> None:
    """Docstrings, comments, messages and pages."""
    lines = path.read_text("utf-8").splitlines()
    found = [f"line {n}: {line.strip()}" for n, line in enumerate(lines, 1) if PRONOUNS.search(line)]
    assert [
        line
        for line in found
        if "use instead" not in line and "| whoever," not in line and 'ANONYMOUS = "nobody"' not in line
    ] == []


def options(command: click.Command) -> Iterator[str]:
    """Every option of a command and of those below it."""
    for parameter in command.params:
        yield from parameter.opts + parameter.secondary_opts
    for inner in command.commands.values() if isinstance(command, Group) else ():
        yield inner.name or ""
        yield from options(inner)


def test_no_option_or_command_has_a_retired_word() -> None:
    """Old spellings are not options any more; they are put right before parsing."""
    every = {option for command in (cli, to_bucket, populate) for option in options(command)}
    assert len(every) > 60
    assert {option for option in every if set(words(option)) & RETIRED.keys()} == set()


def test_the_glossary_is_sound() -> None:
    """Words stand once, in sections in the same order in both languages, and no retired word is one to use."""
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", GLOSSARY.split("## Retired words")[0], re.MULTILINE)
    kept = [word.strip() for row in rows for word in row.split(",") if word.strip() not in {"word", "---"}]
    assert len(kept) > 60
    assert sorted(kept) == sorted(set(kept))
    assert set(kept) & RETIRED.keys() == set()
    assert len(RETIRED) > 40
