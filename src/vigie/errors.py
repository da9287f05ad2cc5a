"""Every error that a caller can catch.

    VigieError
    ├── UsageRefused        exit 2   the request is invalid
    │   ├── AlreadyThere             an object that must be new already exists
    │   ├── SignInRefused            wrong password, link or token
    │   ├── NotAllowed               the user lacks a permission
    │   ├── UnknownLanguage          no catalogue of texts is installed for a language
    │   ├── TooManyAttempts          too many attempts in a short time
    │   └── WrongState               the upload or job is in another state
    ├── InputRefused        exit 3   a file or a value that Vigie refuses to guess
    │   ├── UnreadableTable          not a table: binary data, wrong format, empty
    │   ├── MalformedTable           a table with a malformed line
    │   ├── TableTooLarge            more rows, columns or bytes than the limits
    │   ├── ForeignModelRefused      a third-party model that cannot be read safely or converted exactly
    │   └── UnknownColumn            the table has no such column
    ├── NotFound            exit 4   a file, model, bundle or migration does not exist
    └── Unavailable         exit 5   something exists but is unavailable now, or must not be trusted
        ├── MissingExtra             an optional dependency is not installed
        ├── UnwritableOutput         the output cannot be written: permissions, full disk
        ├── DatabaseUnavailable
        ├── CatalogChanged           another process changed the model in the meantime
        ├── MigrationUnderWay        another process holds the migration lock
        ├── MigrationIncomplete      some models were not migrated or verified
        ├── RollbackRefused          files of before a migration have changed or are missing
        ├── StoreUnavailable
        ├── NewerBundle              written by a later version, in a format this one cannot read
        ├── UnsignedBundle           no signature, but the settings require one
        └── DamagedBundle            bytes that differ from the digest in the catalog

Errors are raised with data and worded here: what was found, what was expected, and a hint what to do. No cell value
enters a message: fraud tables hold personal data.

A text of an error is a message of `vigie.i18n.messages`: a constant, or `msg(template, **values)`, never an f-string, so
that it can be translated. Names of files, columns, models and stores are the same in every language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from vigie.i18n.messages import Message, as_message, join_or, msg, translate

_MAX_LABELS = 5
"""Names that a message gives before it counts the others."""


class VigieError(Exception):
    """Base of all errors of Vigie; `hint` tells what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = as_message(message)
        self.hint = as_message(hint)

    def translated(self, language: str) -> tuple[str, str]:
        """Return the message and the hint in a language."""
        return translate(self.message, language), translate(self.hint, language)

    def to_json(self) -> dict[str, Any]:
        """Return the error as it is stored with a job or an upload."""
        return error_record(self.message, self.hint, type(self).__name__)

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageRefused(VigieError):
    """The request is invalid, whatever the data."""


class AlreadyThere(UsageRefused):
    """An object that must be new already exists; `where` names the store, `key` the object."""

    def __init__(self, where: str, key: str, *, hint: str = "") -> None:
        super().__init__(msg("{where}: {key!r} is already there", where=where, key=key), hint=hint)
        self.where = where
        self.key = key


class SignInRefused(UsageRefused):
    """The credentials are wrong; the message does not say which part."""


class NotAllowed(UsageRefused):
    """The user lacks a permission; `needed` is the required role."""

    def __init__(self, what: str, *, needed: str, hint: str = "") -> None:
        super().__init__(
            msg("you may not {what}", what=as_message(what)),
            hint=hint or msg("ask an administrator for the role {needed!r}", needed=as_message(needed)),
        )
        self.needed = needed


class TooManyAttempts(UsageRefused):
    """Too many attempts; retry after `seconds`."""

    def __init__(self, what: str, *, seconds: int) -> None:
        super().__init__(
            msg("too many attempts: {what}", what=as_message(what)),
            hint=msg("try again in {seconds} seconds", seconds=max(1, seconds)),
        )
        self.seconds = max(1, seconds)


class UnknownLanguage(UsageRefused):
    """No catalogue is installed for a language."""

    def __init__(self, language: str, known: Iterable[str]) -> None:
        super().__init__(
            msg("found language {language!r}, expected {known}", language=language, known=join_or(known))
        )
        self.language = language


class WrongState(UsageRefused):
    """The upload or job is in another state than the request needs; nothing was changed."""

    def __init__(self, what: str, *, found: str, expected: str | Iterable[str], hint: str = "") -> None:
        wanted = as_message(expected) if isinstance(expected, str) else join_or(expected)
        message = msg(
            "{what}: it is {found}, expected {expected}",
            what=as_message(what),
            found=as_message(found),
            expected=wanted,
        )
        super().__init__(message, hint=hint)
        self.found = found


class InputRefused(VigieError):
    """A file or a value that Vigie refuses to guess."""


class UnreadableTable(InputRefused):
    """The file is not a table that Vigie reads."""

    def __init__(
        self, source: str, *, found: str, expected: str = "a CSV, Parquet or Excel table", hint: str = ""
    ) -> None:
        message = msg(
            "{source}: found {found}, expected {expected}",
            source=source,
            found=as_message(found),
            expected=as_message(expected),
        )
        super().__init__(message, hint=hint)
        self.source = source


class MalformedTable(InputRefused):
    """One line of the table is malformed; `line` counts from 1 in the file."""

    def __init__(self, source: str, *, line: int, found: str, expected: str, hint: str = "") -> None:
        message = msg(
            "{source}, line {line}: found {found}, expected {expected}",
            source=source,
            line=line,
            found=as_message(found),
            expected=as_message(expected),
        )
        super().__init__(message, hint=hint)
        self.source = source
        self.line = line


class TableTooLarge(InputRefused):
    """The table exceeds a limit of the settings in rows, columns or bytes."""

    def __init__(self, source: str, *, found: int, limit: int, unit: str, hint: str = "") -> None:
        message = msg(
            "{source}: found {found:,} {unit}, expected at most {limit:,}",
            source=source,
            found=found,
            unit=as_message(unit),
            limit=limit,
        )
        super().__init__(message, hint=hint)
        self.found = found
        self.limit = limit


class TooLargeToOpen(TableTooLarge):
    """The process that opened the file reached its limit of memory, time or output; `what` says which."""

    def __init__(self, source: str, what: str) -> None:
        expected = {
            "memory": msg("one that needs less memory than this machine has for it"),
            "time": msg("one that is read in less time"),
            "output": msg("one that unpacks to fewer bytes"),
        }[what]
        message = msg(
            "{source}: found a file that is too large to open, expected {expected}",
            source=source,
            expected=expected,
        )
        InputRefused.__init__(
            self, message, hint=msg("split the table, export it as CSV, or raise VIGIE_MAX_TABLE_BYTES")
        )
        self.what = what


class ForeignModelRefused(InputRefused):
    """A third-party model that cannot be read safely or converted exactly; `names` are what was refused."""

    def __init__(
        self, file: str, *, found: str, expected: str = "", names: Iterable[str] = (), hint: str = ""
    ) -> None:
        message = (
            msg(
                "{file}: found {found}, expected {expected}",
                file=file,
                found=as_message(found),
                expected=as_message(expected),
            )
            if expected
            else msg("{file}: found {found}", file=file, found=as_message(found))
        )
        super().__init__(message, hint=hint)
        self.file = file
        self.names = tuple(names)


class UnknownColumn(InputRefused):
    """The table has no column of that name."""

    def __init__(self, column: str, columns: Iterable[str]) -> None:
        known = list(columns)
        super().__init__(
            msg("no column {column!r} in the table", column=column), hint=_nearest(column, known, "columns")
        )
        self.column = column


class NotFound(VigieError):
    """Something that the user named does not exist."""

    def __init__(self, kind: str, name: str, *, known: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(
            msg("no {kind} {name!r}", kind=as_message(kind), name=name),
            hint=hint or _nearest(name, list(known), f"{kind}s"),
        )
        self.kind = kind
        self.name = name


class Unavailable(VigieError):
    """Something exists but is unavailable now, or must not be trusted."""


class MissingExtra(Unavailable):
    """An optional dependency is not installed; `extra` is the extra of Vigie that brings it."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            msg(
                "{purpose} needs packages that are not installed: the extra {extra!r}",
                purpose=as_message(purpose),
                extra=extra,
            ),
            hint=msg("pip install 'vigie[{extra}]'", extra=extra),
        )
        self.extra = extra


class UnwritableOutput(Unavailable):
    """The output cannot be written."""

    def __init__(self, output: str, *, reason: str) -> None:
        super().__init__(
            msg("cannot write {output!r}: {reason}", output=output, reason=as_message(reason)),
            hint="check the permissions and the free space of the folder, or write elsewhere",
        )


class DatabaseUnavailable(Unavailable):
    """The catalog's database cannot be reached or has another schema."""


class CatalogChanged(Unavailable):
    """The model has changed since it was read; nothing was written."""

    def __init__(self, model: str, *, found: str, expected: str) -> None:
        super().__init__(
            msg(
                "model {model!r}: found {found}, expected {expected}",
                model=model,
                found=as_message(found),
                expected=as_message(expected),
            ),
            hint="another process changed it meanwhile; look at the catalog again and start over",
        )
        self.model = model


class MigrationUnderWay(Unavailable):
    """Another process holds the migration lock; `who` is user, machine and process, `since` in UTC."""

    def __init__(self, migration: int, *, who: str, since: str, alive: str) -> None:
        super().__init__(
            f"migration {migration} is under way: {who}, since {since}, last sign of life {alive}",
            hint="wait for it with --wait SECONDS; if its process is dead its place is free within a minute",
        )
        self.migration = migration
        self.who = who
        self.since = since


class MigrationIncomplete(Unavailable):
    """Some models were not migrated; `failed` are their labels, with the reason."""

    def __init__(
        self, done: int, expected: int, *, what: str, failed: Iterable[tuple[str, str]] = (), hint: str = ""
    ) -> None:
        self.failed = tuple(failed)
        named = "".join(f"; {line}" for line in by_reason(self.failed))
        super().__init__(f"{done} of {expected} models {what}{named}", hint=hint)
        self.done = done
        self.expected = expected


def by_reason(failed: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each reason, with the models that have it: a dead store is one line for forty models.

    Args:
        failed: label and reason of each model; without a reason, only the label is given.
    """
    models: dict[str, list[str]] = {}
    for label, reason in failed:
        models.setdefault(reason, []).append(label)
    lines = []
    for reason, labels in models.items():
        more = f" and {len(labels) - _MAX_LABELS} more" if len(labels) > _MAX_LABELS else ""
        lines.append(", ".join(labels[:_MAX_LABELS]) + more + (f": {reason}" if reason else ""))
    shown = lines[:_MAX_LABELS]
    return shown + ([f"and {len(lines) - len(shown)} more reasons"] if len(lines) > len(shown) else [])


class RollbackRefused(Unavailable):
    """Nothing was restored; `faults` are the labels of models, with what was found at their old location."""

    def __init__(self, migration: int, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        named = "; ".join(f"model {label!r}: {found}" for label, found in self.faults[:5])
        more = f"; and {len(self.faults) - 5} more" if len(self.faults) > 5 else ""
        super().__init__(
            f"migration {migration} cannot be rolled back: {named}{more}",
            hint="nothing was changed; put the old bytes back where they were, or keep the models where they are",
        )
        self.migration = migration


class StoreUnavailable(Unavailable):
    """A store refused a request, timed out or lost an object."""


class NewerBundle(Unavailable):
    """The bundle's format is newer than this version of Vigie reads."""

    def __init__(self, bundle: str, *, found: int, newest: int) -> None:
        super().__init__(
            msg(
                "bundle {bundle!r}: format {found}, this Vigie reads up to {newest}",
                bundle=bundle,
                found=found,
                newest=newest,
            ),
            hint="upgrade Vigie",
        )
        self.bundle = bundle
        self.found = found


class UnsignedBundle(Unavailable):
    """The bundle has no signature, but the settings require one."""

    def __init__(self, bundle: str, *, hint: str = "") -> None:
        super().__init__(
            msg("bundle {bundle!r}: found no signature, expected one", bundle=bundle),
            hint=hint or "sign it with `vigie models sign`, or unset VIGIE_REQUIRE_SIGNATURE",
        )
        self.bundle = bundle


class DamagedBundle(Unavailable):
    """The bytes of a bundle differ from the digest in the catalog."""

    def __init__(self, bundle: str, file: str, *, found: str, expected: str, hint: str = "") -> None:
        message = msg(
            "bundle {bundle!r}, file {file!r}: found {found}, expected {expected}",
            bundle=bundle,
            file=file,
            found=as_message(found),
            expected=as_message(expected),
        )
        super().__init__(message, hint=hint)
        self.bundle = bundle
        self.file = file


def _nearest(name: str, known: list[str], what: str) -> str:
    near = get_close_matches(name, known, n=5, cutoff=0.4) or known[:5]
    return msg("the nearest {what}: {names}", what=as_message(what), names=", ".join(near)) if near else ""


def error_record(message: str, hint: str, kind: str) -> dict[str, Any]:
    """Return an error as it is stored with a job or an upload: in English, with the messages to translate it."""
    parts = {"message": as_message(message).to_json(), "hint": as_message(hint).to_json()}
    return {"message": str(message), "hint": str(hint), "kind": kind, "said": parts}


def from_record(error: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and hint of a stored error; plain English strings if an older version stored it."""
    if "said" not in error:
        return str(error["message"]), str(error.get("hint", ""))
    return Message.from_json(error["said"]["message"]), Message.from_json(error["said"]["hint"])
