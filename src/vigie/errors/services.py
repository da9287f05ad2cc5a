"""Errors of packages, files, the database and the stores that are unavailable now."""

from __future__ import annotations

from vigie.errors.base import Unavailable
from vigie.i18n.messages import as_message, msg


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


class DamagedModelRow(Unavailable):
    """The row of a model in the catalog cannot be read; `name` and `version` are those of the model."""

    def __init__(self, name: str, version: str, *, found: str) -> None:
        super().__init__(
            msg(
                "model {name} {version}: found a row of the catalog that cannot be read ({found}), expected what Vigie writes",
                name=name,
                version=version,
                found=found,
            ),
            hint=msg(
                "something else changed the database; remove the row, then register the model again: "
                "vigie models remove {name}@{version}",
                name=name,
                version=version,
            ),
        )
        self.name, self.version = name, version


class StoreUnavailable(Unavailable):
    """A store refused a request, timed out or lost an object."""
