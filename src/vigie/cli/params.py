"""Types of options: text to values. Each error says what was found and gives an example."""

from __future__ import annotations

import codecs
import re
from typing import Any

import click

from vigie.errors import NotFound, UsageRefused
from vigie.i18n.catalogue import languages
from vigie.i18n.messages import msg
from vigie.roles.definitions import ROLES

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


class Share(click.ParamType[float]):
    """A share: `0.5%`, `0,5 %` or `0.005`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return a number in (0, 1)."""
        if isinstance(value, float):
            return value
        share = _share(str(value))
        if share is None or not 0 < share < 1:
            self.fail(f"found {value!r}, expected a share between 0 and 1, such as 0.5% or 0.005", param, ctx)
        return share


class Budget(click.ParamType[float | int]):
    """A number of alerts: `1%` of the rows, or `500` rows."""

    name = "share|rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | int:
        """Return a share in (0, 1) or a number of rows from 1."""
        text = str(value).strip().replace("_", "")
        if text.isascii() and text.isdigit() and int(text) > 0:
            return int(text)
        share = _share(text)
        if share is None or not 0 < share < 1:
            self.fail(
                f"found {value!r}, expected a share such as 1% or a number of rows such as 500", param, ctx
            )
        return share


class Encoding(click.ParamType[str]):
    """An encoding that Python knows."""

    name = "encoding"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return Python's name of the encoding."""
        from vigie.table.options import is_encoding

        if not is_encoding(str(value)):
            self.fail(
                f"found {value!r}, expected the name of an encoding, such as utf-8 or cp1250", param, ctx
            )
        return codecs.lookup(str(value)).name


class Separator(click.ParamType[str]):
    """One character between cells; `tab` for a tab."""

    name = "separator"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the character."""
        from vigie.table.options import is_separator, named_separator

        text = named_separator(str(value))
        if not is_separator(text):
            self.fail(f"found {value!r}, expected one character, such as ; or tab", param, ctx)
        return text


class Language(click.ParamType[str]):
    """An installed language; catalogues are discovered when the option is used, not when it is declared."""

    name = "language"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the installed languages."""
        return f"[{'|'.join(languages())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the code of the language."""
        if value not in languages():
            self.fail(f"found {value!r}, expected one of {', '.join(languages())}", param, ctx)
        return str(value)


class RoleOfColumn(click.ParamType[tuple[str, str]]):
    """`amount=montant`: the role, then the column, whose name may contain `=`."""

    name = "role=column"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return role and column."""
        if isinstance(value, tuple):
            return value
        role, equals, column = str(value).partition("=")
        role, column = role.strip(), column.strip()
        if not equals or not role or not column:
            self.fail(f"found {value!r}, expected role=column, such as amount=montant", param, ctx)
        if role not in ROLES and column in ROLES:
            self.fail(f"found {value!r}; the role comes first: --role {column}={role}", param, ctx)
        return role, column


def roles_by_column(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the role of each column.

    Raises:
        NotFound: there is no such role.
        UsageRefused: a column has two roles.
    """
    found: dict[str, str] = {}
    for role, column in pairs:
        if role not in ROLES:
            raise NotFound("role", role, known=ROLES)
        if found.get(column, role) != role:
            raise UsageRefused(
                msg(
                    "--role gives the column {column!r} two roles: {one} and {other}",
                    column=column,
                    one=found[column],
                    other=role,
                ),
                hint="a column has one role; give each column once",
            )
        found[column] = role
    return found


def split_name(text: str) -> tuple[str, str | None]:
    """Split `name@version` or `name`."""
    name, _, version = text.partition("@")
    return name, version or None


def _share(text: str) -> float | None:
    plain = text.strip()
    percent = plain.endswith("%")
    plain = plain.removesuffix("%").strip()
    if not _NUMBER.fullmatch(plain):
        return None
    number = float(plain.replace(",", "."))
    return number / 100 if percent else number
