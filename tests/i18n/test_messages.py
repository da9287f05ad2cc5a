"""Every message has a translation in every language of Vigie; messages survive storage."""

from __future__ import annotations

import ast
import json
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vigie import errors
from vigie.app import tables
from vigie.i18n.catalogue import DEFAULT, OWN, catalogue
from vigie.i18n.messages import Message, join_or, msg, named, translate

SOURCE = Path(__file__).resolve().parents[2] / "src" / "vigie"
NOT_TRANSLATED = {
    "cli",
    "relocate",
    "costs",
    "spark",
    "doctor.py",
    "simulator",
    "importer",
    "api.py",
    "starter_models",
}
"""Packages whose messages are shown in English only: commands without `--lang`, and what they call."""
TRANSLATED = {f"cli/{name}.py" for name in ("errors", "predict", "refine", "scorer", "params")}
"""Commands that have `--lang`."""
FIRST = {
    "UsageRefused",
    "SignInRefused",
    "InputRefused",
    "Unavailable",
    "DatabaseUnavailable",
    "StoreUnavailable",
}
FIRST |= {
    "NotAllowed",
    "TooManyAttempts",
    "WrongState",
    "NotFound",
    "require",
    "require_owner",
    "error_record",
    "as_message",
    "msg",
}
SENTENCES = {"found", "expected", "hint", "unit", "reason", "needed"}
KINDS = (
    {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    | FIRST
    | {"_respond", "_damaged", "_refuse"}
)


def sources() -> Iterator[Path]:
    """The modules whose errors a page, or a command with `--lang`, can show."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        if place in TRANSLATED or not any(
            place == part or place.startswith(f"{part}/") for part in NOT_TRANSLATED
        ):
            yield path


def phrases(tree: ast.Module) -> Iterator[tuple[int, str | None]]:
    """Line and template of what errors are built from; None for a text put together on the spot."""
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for rendered in _rendered(node):
                yield from _texts(rendered, named)


def _rendered(call: ast.Call) -> list[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name not in KINDS:
        return []
    if name in {"require", "require_owner"}:
        return call.args[2:3]
    if name == "error_record":
        return call.args[:2]
    if name in {"_damaged", "_refuse"}:
        return call.args[1:3]
    if name == "_respond":
        return call.args[2:4]
    first = call.args[:1] if name in FIRST else []
    return first + ([] if name == "msg" else [word.value for word in call.keywords if word.arg in SENTENCES])


def _texts(node: ast.expr, named: dict[str, list[ast.expr]]) -> Iterator[tuple[int, str | None]]:
    match node:
        case ast.Constant(value=str(text)) if text:
            yield node.lineno, text
        case ast.JoinedStr() | ast.BinOp():
            yield node.lineno, None
        case ast.IfExp():
            yield from _texts(node.body, named)
            yield from _texts(node.orelse, named)
        case ast.BoolOp():
            for part in node.values:
                yield from _texts(part, named)
        case ast.Tuple():
            for part in node.elts:
                yield from _texts(part, named)
        case ast.Name(id=name):
            others = {other: values for other, values in named.items() if other != name}
            for value in named.get(name, []):
                yield from _texts(value, others)
        case _:
            pass


@pytest.mark.parametrize("language", [language for language in OWN if language != DEFAULT])
@pytest.mark.parametrize("path", list(sources()), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_message_is_translated(path: Path, language: str) -> None:
    """A new message without a translation fails here, by file and line; so does one made of an f-string."""
    found = list(phrases(ast.parse(path.read_text("utf-8"))))
    missing = [
        f"line {line}: {text or 'an f-string: use msg()'}"
        for line, text in found
        if text not in catalogue(language).messages
    ]
    assert not missing, "\n".join([f"i18n/catalogues/{language}.toml lacks, for {path.name}:", *missing])


@pytest.mark.parametrize("language", [language for language in OWN if language != DEFAULT])
def test_translations_keep_the_placeholders(language: str) -> None:
    """No translation asks for a value that the English message does not have, or drops one without need."""

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    plain = "the nearest {what}: {names}"
    messages = catalogue(language).messages
    assert {one for one, text in messages.items() if names(text) != names(one) and one != plain} == set()


def test_an_error_is_translated_with_the_messages_in_it_but_not_the_names() -> None:
    """A file called like a phrase keeps its name; numbers are written as French does."""
    error = errors.MalformedTable(
        "text", line=1200, found=msg("{found} cells", found=3), expected="a header", hint="split the table"
    )
    assert error.message == "text, line 1200: found 3 cells, expected a header"
    message, hint = error.translated("fr")
    assert message == "text, ligne 1200\u00a0: trouvé\u00a0: 3 cellules\u202f; attendu\u00a0: un en-tête"
    assert hint == "découpez la table"
    assert error.translated("en") == (str(error.message), "split the table")
    large = errors.TableTooLarge("a.csv", found=1_234_567, limit=1_000_000, unit="rows")
    assert "1\u202f234\u202f567 lignes" in large.translated("fr")[0]


def test_a_stored_error_can_be_translated() -> None:
    """What a worker stores as JSON comes back as phrases; what an older Vigie stored stays English."""
    error = errors.WrongState(
        msg("run {run_id!r}", run_id="7"),
        found="queued",
        expected=("done", "failed"),
        hint="wait, or cancel some",
    )
    message, hint = errors.from_record(json.loads(json.dumps(error.to_json())))
    assert (message, hint) == (error.message, error.hint)
    assert translate(message, "fr").endswith("attendu\u00a0: terminé ou échoué")
    assert translate(hint, "fr") == "attendez, ou annulez-en"
    old = {"message": "an empty file", "hint": "", "kind": "UnreadableTable"}
    assert [translate(text, "fr") for text in errors.from_record(old)] == ["an empty file", ""]


def test_a_message_keeps_what_json_can() -> None:
    """Numbers of numpy become Python's; braces of a constant stay; an unknown template stays English."""
    assert msg("{rows:,} rows", rows=np.int64(1234)).to_json() == {
        "template": "{rows:,} rows",
        "values": {"rows": 1234},
    }
    assert Message("a {brace}") == "a {brace}"
    assert translate(msg("untranslated {this}", this="that"), "fr") == "untranslated that"
    assert join_or(["a", "b", "c"]) == "a or b or c"


def test_states_and_user_roles_are_translated() -> None:
    """An error names the state something is in and the role a user needs."""
    states = {*tables.UPLOAD_STATES, *tables.RUN_STATES, *tables.ROLES}
    assert not states - set(catalogue("fr").messages)


def test_the_name_of_a_thing_is_a_message_too() -> None:
    """A role or a domain among the values of a message is translated by its id, also after storage."""
    message = msg("its columns are those of {domain}", domain=named("domain", "card_present"))
    again = Message.from_json(json.loads(json.dumps(message.to_json())))
    assert again == "its columns are those of card payments at terminals"
    assert translate(again, "fr") == "ses colonnes sont celles du domaine paiements par carte au terminal"
    assert named("domain", "a_domain_of_a_plugin") == "a domain of a plugin"
    assert translate(named("domain", "a_domain_of_a_plugin"), "fr") == "a domain of a plugin"
