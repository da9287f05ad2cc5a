"""The pages of reference that are made from the code itself: every setting, and every error.

A setting is a field of a dataclass in `vigie.settings`: its meaning is in the docstring, its variables are those that the
`load…` function reads for it, its default is what that function gives where none of them is set. The French of each
sentence is in `reference.fr.toml`; a sentence without one is refused.
"""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from vigie.i18n.formats import Formatter

_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_PARTS = (
    ("Settings", "load", "Tables, catalog and models"),
    ("StoreOptions", "load_store", "Reaching the stores"),
    ("SftpOptions", "load_sftp", "Watches of SFTP servers"),
    ("WebSettings", "load_web", "The web app and its workers"),
)
_HOME = "$VIGIE_HOME"
_SETTINGS = (
    "Read once, when a process starts, from its environment; made from the code by the build of this site. A value that "
    "cannot be understood is refused with exit code {code}. Where several variables are named, the first that is set counts."
)
_NEVER = "Never read by Vigie: the client of each cloud takes them from these itself."
_ERRORS = (
    "Every error that Vigie raises, made from the code by the build of this site: what a command ends with, what a request is "
    "answered, and what it means. Each says what was found, what was expected, and a hint; none quotes a cell. An error stands "
    "under its base class, so that catching the base class catches it too."
)
_ENDS = (
    "A command that has done its work ends with 0. A bug of Vigie ends with 1, or with 500: please report it. A command that "
    "was stopped ends with 130, one whose reader has gone away with 141."
)
_HELP = "What `--help` says of each, made by the build of this site."


def translated(english: str, language: str) -> str:
    """A sentence of a page in its language, `en` or `fr`; a KeyError names the one that has no French."""
    return english if language == "en" else french()[english]


@cache
def french() -> dict[str, str]:
    """The French of each English sentence."""
    return tomllib.loads(Path(__file__).with_name("reference.fr.toml").read_text("utf-8"))


def settings_page(language: str) -> Iterator[str]:
    """The lines of the page of settings."""
    from vigie import settings
    from vigie.cli.errors import EXIT_CODES

    yield f"# {translated('Settings', language)}\n"
    yield translated(_SETTINGS, language).format(code=EXIT_CODES[settings.BadSetting]) + "\n"
    for kind, loader, title in _PARTS:
        provided = getattr(settings, loader)({"VIGIE_HOME": _HOME})
        yield f"## {translated(title, language)}\n\n{_head(language, 'variable', 'default', 'means')}"
        meanings = _attributes(getattr(settings, kind))
        for field, names in variables(loader).items():
            default = "the user's data folder" if field == "home" else getattr(provided, field)
            shown = translated(default, language) if field == "home" else _shown(default, language)
            named = ", ".join(f"`{name}`" for name in names)
            yield f"| {named} | {shown} | {translated(meanings[field], language)} |"
        yield ""
    averages = translated(str(inspect.getdoc(settings.spark_python)).partition("\n")[0].rstrip("."), language)
    yield f"## {translated('Apache Spark', language)}\n\n{_head(language, 'variable', 'default', 'means')}"
    yield f"| `PYSPARK_PYTHON` | {_shown(settings.spark_python({}), language)} | {averages} |\n"
    yield f"## {translated('Credentials', language)}\n\n{translated(_NEVER, language)}\n"
    yield _head(language, "store", "variables")
    for store, names in settings.CREDENTIALS.items():
        yield f"| `{store}` | {', '.join(f'`{name}`' for name in names)} |"


def _head(language: str, *names: str) -> str:
    """The head of a table."""
    return f"| {' | '.join(translated(name, language) for name in names)} |\n|{'---|' * len(names)}"


def variables(loader: str) -> dict[str, list[str]]:
    """Return the variables that a function of `vigie.settings` reads for each field; fields without one are left out."""
    from vigie import settings

    function: Any = ast.parse(inspect.getsource(getattr(settings, loader))).body[0]
    assigned = {
        one.targets[0].id: one.value
        for one in function.body
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    call: Any = function.body[-1].value
    found = {
        one.arg: _names(assigned[one.value.id] if isinstance(one.value, ast.Name) else one.value)
        for one in call.keywords
    }
    return {field: names for field, names in found.items() if names}


def _names(value: ast.AST) -> list[str]:
    """In the order of the text; a tree is walked by breadth, which is another."""
    constants = [
        node for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    constants.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.value for node in constants if _VARIABLE.fullmatch(node.value)))


def _attributes(kind: type) -> dict[str, str]:
    """What the docstring of a dataclass says of each field."""
    _, _, text = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")
    return {
        match[1]: " ".join(match[2].split())
        for match in re.finditer(r"^    (\w+): (.*(?:\n     +.*)*)", text, re.MULTILINE)
    }


def _shown(value: Any, language: str) -> str:
    match value:
        case bool():
            return translated("yes" if value else "no", language)
        case None | "":
            return translated("none", language)
        case int() | float():
            text = f"{value:,}"
            return Formatter(language).catalogue.format.number(text)
        case _:
            return f"`{Path(value) if isinstance(value, Path) else value}`"


def errors_page(language: str) -> Iterator[str]:
    """The lines of the page of errors."""
    from vigie import errors
    from vigie.cli.errors import exit_code
    from vigie.web.error_handlers import status

    yield f"# {translated('Errors', language)}\n\n{translated(_ERRORS, language)}\n"
    yield _head(language, "error", "exit code", "HTTP status", "means")
    for depth, kind in _tree(errors.VigieError, 0):
        nothing = kind.__new__(kind)
        answer = status(nothing)
        meaning = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        name = "&nbsp;" * 4 * depth + f"`{kind.__name__}`"
        phrase = HTTPStatus(answer).phrase
        yield f"| {name} | {exit_code(nothing)} | {answer} {phrase} | {translated(meaning, language)} |"
    yield f"\n{translated(_ENDS, language)}"


def commands_page(language: str) -> Iterator[str]:
    """The help of every command, as the command line gives it."""
    from vigie.cli.commands import cli

    yield f"# {translated('Commands', language)}\n\n{translated(_HELP, language)}\n"
    yield from _help("vigie", cli, None, 2)


def _help(name: str, command: Any, parent: Any, level: int) -> Iterator[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True, terminal_width=100)
    yield f"{'#' * min(level, 4)} `{context.command_path}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    for child, one in getattr(command, "commands", {}).items():
        yield from _help(child, one, context, level + 1)


def drawing(language: str) -> str:
    """The drawing of the way of the data, with its words in the language."""
    text = (Path(__file__).parent / "img" / "architecture.svg").read_text("utf-8")
    return re.sub(
        r"(<(?:text|title|desc)\b[^>]*>)([^<]+)",
        lambda found: found[1] + translated(found[2], language),
        text,
    )


def _tree(kind: type, depth: int) -> Iterator[tuple[int, type]]:
    yield depth, kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("vigie.errors."):
            yield from _tree(child, depth + 1)
