"""Every error a caller can catch.

    VigieError
    ├── UsageRefused        exit 2   the request itself makes no sense
    │   ├── AlreadyThere             something else is already published under that name
    │   ├── SignInRefused            a password, a link or a token that does not open anything
    │   ├── NotAllowed               whoever asks may not do this
    │   ├── UnknownLanguage          no catalogue of texts is installed for it
    │   ├── TooManyAttempts          tried too often in a short time
    │   └── WrongState               an upload or a run that is not at that point
    ├── InputRefused        exit 3   a file or a value we will not guess about
    │   ├── UnreadableTable          not a table at all: binary junk, wrong format, empty
    │   ├── MalformedTable           a table, but one line of it cannot be trusted
    │   ├── TableTooLarge            more rows, columns or bytes than the limits allow
    │   ├── ForeignModelRefused      a model made elsewhere that cannot be read safely or said exactly
    │   └── UnknownColumn            a column was named that the table does not have
    ├── NotFound            exit 4   a file, a model, a bundle, a migration that is not there
    └── Unavailable         exit 5   it exists but cannot be had now, or must not be trusted
        ├── MissingExtra             an optional dependency is not installed
        ├── UnwritableOutput         the place for the result refuses it: permission, full disk
        ├── DatabaseUnavailable
        ├── CatalogChanged           another process changed the model in the meantime
        ├── MigrationUnderWay        somebody else is moving bundles of this catalog
        ├── MigrationIncomplete      fewer models arrived, or were found right, than were counted in
        ├── RollbackRefused          what a migration left behind is no longer there as it was
        ├── StoreUnavailable
        ├── NewerBundle              written by a later Vigie, in a format this one cannot read
        ├── UnsignedBundle           no signature where the settings ask for one
        └── DamagedBundle            bytes that are not those the catalog promised

Errors are raised with data and worded here: what was found, what was expected, then a hint that
says what to do. No cell value ever enters a message: fraud tables hold personal data.

What an error says is a phrase of `vigie.i18n.messages`: a constant, or `say(template, **values)`, never an f-string, so
that it can be told in French. Names of files, columns, models, stores stay as they are in every language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from vigie.i18n.messages import Message, join_or, msg, phrase, translate


class VigieError(Exception):
    """Base of all errors of Vigie; `hint` says what the reader can do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = phrase(message)
        self.hint = phrase(hint)

    def told(self, language: str) -> tuple[str, str]:
        """The message and the hint in a language."""
        return translate(self.message, language), translate(self.hint, language)

    def to_json(self) -> dict[str, Any]:
        """What is kept of the error of a run or an upload: English, and what it takes to say it otherwise."""
        return kept(self.message, self.hint, type(self).__name__)

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageRefused(VigieError):
    """The request makes no sense, whatever the data."""


class AlreadyThere(UsageRefused):
    """An object that must be new exists already; `where` names the store, `key` the object."""

    def __init__(self, where: str, key: str, *, hint: str = "") -> None:
        super().__init__(msg("{where}: {key!r} is already there", where=where, key=key), hint=hint)
        self.where = where
        self.key = key


class SignInRefused(UsageRefused):
    """Nobody is signed in by this; never says which half was wrong."""


class NotAllowed(UsageRefused):
    """Whoever asks is known, and may not do this; `needed` is the role that may."""

    def __init__(self, what: str, *, needed: str) -> None:
        super().__init__(
            msg("you may not {what}", what=phrase(what)),
            hint=msg("ask an administrator for the role {needed!r}", needed=phrase(needed)),
        )
        self.needed = needed


class TooManyAttempts(UsageRefused):
    """Tried too often; `seconds` says when to try again."""

    def __init__(self, what: str, *, seconds: int) -> None:
        super().__init__(
            msg("too many attempts: {what}", what=phrase(what)),
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
    """What was asked fits another state of the upload or run; nothing was changed."""

    def __init__(self, what: str, *, found: str, expected: str | Iterable[str], hint: str = "") -> None:
        wanted = phrase(expected) if isinstance(expected, str) else join_or(expected)
        said = msg(
            "{what}: it is {found}, expected {expected}",
            what=phrase(what),
            found=phrase(found),
            expected=wanted,
        )
        super().__init__(said, hint=hint)
        self.found = found


class InputRefused(VigieError):
    """A file or a value that Vigie will not guess about."""


class UnreadableTable(InputRefused):
    """The file is not a table that Vigie reads."""

    def __init__(
        self, source: str, *, found: str, expected: str = "a CSV, Parquet or Excel table", hint: str = ""
    ) -> None:
        said = msg(
            "{source}: found {found}, expected {expected}",
            source=source,
            found=phrase(found),
            expected=phrase(expected),
        )
        super().__init__(said, hint=hint)
        self.source = source


class MalformedTable(InputRefused):
    """One line of the table cannot be trusted; `line` counts from 1 in the file."""

    def __init__(self, source: str, *, line: int, found: str, expected: str, hint: str = "") -> None:
        said = msg(
            "{source}, line {line}: found {found}, expected {expected}",
            source=source,
            line=line,
            found=phrase(found),
            expected=phrase(expected),
        )
        super().__init__(said, hint=hint)
        self.source = source
        self.line = line


class TableTooLarge(InputRefused):
    """More rows, columns or bytes than the limits of the settings."""

    def __init__(self, source: str, *, found: int, limit: int, unit: str, hint: str = "") -> None:
        said = msg(
            "{source}: found {found:,} {unit}, expected at most {limit:,}",
            source=source,
            found=found,
            unit=phrase(unit),
            limit=limit,
        )
        super().__init__(said, hint=hint)
        self.found = found
        self.limit = limit


class ForeignModelRefused(InputRefused):
    """A model made elsewhere that cannot be read safely, or not said exactly; `names` are what was refused."""

    def __init__(
        self, file: str, *, found: str, expected: str = "", names: Iterable[str] = (), hint: str = ""
    ) -> None:
        said = (
            msg(
                "{file}: found {found}, expected {expected}",
                file=file,
                found=phrase(found),
                expected=phrase(expected),
            )
            if expected
            else msg("{file}: found {found}", file=file, found=phrase(found))
        )
        super().__init__(said, hint=hint)
        self.file = file
        self.names = tuple(names)


class UnknownColumn(InputRefused):
    """A column was named that the table does not have."""

    def __init__(self, column: str, columns: Iterable[str]) -> None:
        known = list(columns)
        super().__init__(
            msg("no column {column!r} in the table", column=column), hint=_nearest(column, known, "columns")
        )
        self.column = column


class NotFound(VigieError):
    """Something named by the user is not there."""

    def __init__(self, kind: str, name: str, *, known: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(
            msg("no {kind} {name!r}", kind=phrase(kind), name=name),
            hint=hint or _nearest(name, list(known), f"{kind}s"),
        )
        self.kind = kind
        self.name = name


class Unavailable(VigieError):
    """It exists but cannot be had now, or must not be trusted."""


class MissingExtra(Unavailable):
    """An optional dependency is not installed; `extra` is the extra of Vigie that brings it."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(
            msg(
                "{purpose} needs packages that are not installed: the extra {extra!r}",
                purpose=phrase(purpose),
                extra=extra,
            ),
            hint=msg("pip install 'vigie[{extra}]'", extra=extra),
        )
        self.extra = extra


class UnwritableOutput(Unavailable):
    """A result that cannot be written where it was asked for."""

    def __init__(self, output: str, *, reason: str) -> None:
        super().__init__(
            msg("cannot write {output!r}: {reason}", output=output, reason=phrase(reason)),
            hint="check the permissions and the free space of the folder, or write elsewhere",
        )


class DatabaseUnavailable(Unavailable):
    """The catalog's database cannot be reached or is not at our schema."""


class CatalogChanged(Unavailable):
    """What was read of a model no longer holds; nothing has been written."""

    def __init__(self, model: str, *, found: str, expected: str) -> None:
        super().__init__(
            msg(
                "model {model!r}: found {found}, expected {expected}",
                model=model,
                found=phrase(found),
                expected=phrase(expected),
            ),
            hint="another process changed it meanwhile; look at the catalog again and start over",
        )
        self.model = model


class MigrationUnderWay(Unavailable):
    """Another process holds the catalog's migrations; `who` is user, machine and process, `since` in UTC."""

    def __init__(self, migration: int, *, who: str, since: str, alive: str) -> None:
        super().__init__(
            f"migration {migration} is under way: {who}, since {since}, last sign of life {alive}",
            hint="wait for it with --wait SECONDS; if its process is dead its place is free within a minute",
        )
        self.migration = migration
        self.who = who
        self.since = since


class MigrationIncomplete(Unavailable):
    """Not every model that was counted in came out; `failed` are the models by label, with the reason."""

    def __init__(
        self, done: int, expected: int, *, what: str, failed: Iterable[tuple[str, str]] = (), hint: str = ""
    ) -> None:
        self.failed = tuple(failed)
        first = "".join(f"; {label}: {reason}" for label, reason in self.failed[:5])
        more = f"; and {len(self.failed) - 5} more" if len(self.failed) > 5 else ""
        super().__init__(f"{done} of {expected} models {what}{first}{more}", hint=hint)
        self.done = done
        self.expected = expected


class RollbackRefused(Unavailable):
    """Nothing was restored; `faults` are the models by label, with what was found where they lay."""

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
    """A store refused, timed out or lost an object."""


class NewerBundle(Unavailable):
    """The bundle's format is later than the last one this Vigie reads."""

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
    """A bundle without a signature, where a signature is asked for."""

    def __init__(self, bundle: str, *, hint: str = "") -> None:
        super().__init__(
            msg("bundle {bundle!r}: found no signature, expected one", bundle=bundle),
            hint=hint or "sign it with `vigie models sign`, or unset VIGIE_REQUIRE_SIGNATURE",
        )
        self.bundle = bundle


class DamagedBundle(Unavailable):
    """Bytes that are not those the catalog promised."""

    def __init__(self, bundle: str, file: str, *, found: str, expected: str, hint: str = "") -> None:
        said = msg(
            "bundle {bundle!r}, file {file!r}: found {found}, expected {expected}",
            bundle=bundle,
            file=file,
            found=phrase(found),
            expected=phrase(expected),
        )
        super().__init__(said, hint=hint)
        self.bundle = bundle
        self.file = file


def _nearest(name: str, known: list[str], what: str) -> str:
    near = get_close_matches(name, known, n=5, cutoff=0.4) or known[:5]
    return msg("the nearest {what}: {names}", what=phrase(what), names=", ".join(near)) if near else ""


def kept(message: str, hint: str, kind: str) -> dict[str, Any]:
    """An error of a run or an upload as it is stored: in English, and what it takes to say it otherwise."""
    said = {"message": phrase(message).to_json(), "hint": phrase(hint).to_json()}
    return {"message": str(message), "hint": str(hint), "kind": kind, "said": said}


def recalled(error: Mapping[str, Any]) -> tuple[str, str]:
    """The message and the hint of a stored error; phrases, but plain English where an older Vigie stored it."""
    if "said" not in error:
        return str(error["message"]), str(error.get("hint", ""))
    return Message.from_json(error["said"]["message"]), Message.from_json(error["said"]["hint"])
