"""The pages of reference that are made from the code itself: every setting, and every error.

A setting is a field of a dataclass in `vigie.settings`: its meaning is in the docstring, its variables are those that the
`load…` function reads for it, its default is what that function gives where none of them is set.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_PARTS = (
    ("Settings", "load", "Tables, catalog and models"),
    ("StoreOptions", "load_store", "Reaching the stores"),
    ("WebSettings", "load_web", "The web app and its workers"),
)
_HOME = "$VIGIE_HOME"


def settings_page() -> Iterator[str]:
    """The lines of the page of settings."""
    from vigie import settings
    from vigie.cli.edge import EXIT_CODES

    yield "# Settings\n\nRead once, when a process starts, from its environment; made from the code by the build of this site."
    code = EXIT_CODES[settings.BadSetting]
    yield f"A value that cannot be understood is refused with exit code {code}. Where several variables are named, the first"
    yield "that is set counts.\n"
    for kind, loader, title in _PARTS:
        given = getattr(settings, loader)({"VIGIE_HOME": _HOME})
        yield f"## {title}\n\n| variable | default | means |\n|---|---|---|"
        meanings = _attributes(getattr(settings, kind))
        for field, names in variables(loader).items():
            shown = "the user's data folder" if field == "home" else _shown(getattr(given, field))
            yield f"| {', '.join(f'`{name}`' for name in names)} | {shown} | {meanings[field]} |"
        yield ""
    means = str(inspect.getdoc(settings.spark_python)).partition("\n")[0].rstrip(".")
    yield "## Apache Spark\n\n| variable | default | means |\n|---|---|---|"
    yield f"| `PYSPARK_PYTHON` | {_shown(settings.spark_python({}))} | {means} |\n"
    yield "## Credentials\n\nNever read by Vigie: the client of each cloud takes them from these itself.\n"
    yield "| store | variables |\n|---|---|"
    for store, names in settings.CREDENTIALS.items():
        yield f"| `{store}` | {', '.join(f'`{name}`' for name in names)} |"


def variables(loader: str) -> dict[str, list[str]]:
    """The variables that a function of `vigie.settings` reads for each field it fills; fields nobody can set are left out."""
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


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None | "":
            return "none"
        case int() | float():
            return f"{value:,}"
        case _:
            return f"`{Path(value) if isinstance(value, Path) else value}`"


def errors_page() -> Iterator[str]:
    """The lines of the page of errors."""
    from vigie import errors
    from vigie.cli.edge import exit_code
    from vigie.web.problems import status

    yield "# Errors\n\nEvery error that Vigie raises, made from the code by the build of this site: what a command ends with, what a"
    yield "request is answered, and what it means. Each says what was found, what was expected, and a hint; none quotes a cell. An"
    yield "error stands under the one it is a kind of: whoever catches that one catches it too.\n"
    yield "| error | exit code | HTTP status | means |\n|---|---|---|---|"
    for depth, kind in _tree(errors.VigieError, 0):
        nothing = kind.__new__(kind)
        answer = status(nothing)
        meaning = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        name = "&emsp;" * depth + f"`{kind.__name__}`"
        yield f"| {name} | {exit_code(nothing)} | {answer} {HTTPStatus(answer).phrase} | {meaning} |"
    yield "\nA command that has done its work ends with 0. A bug of Vigie ends with 1, or with 500: please report it. A command"
    yield "that was stopped ends with 130, one whose reader has gone away with 141."


def _tree(kind: type, depth: int) -> Iterator[tuple[int, type]]:
    yield depth, kind
    for child in kind.__subclasses__():
        if child.__module__ == kind.__module__:
            yield from _tree(child, depth + 1)
