"""Every error that a caller can catch.

    VigieError
    ├── UsageRefused        exit 2   the request is invalid
    │   ├── AlreadyThere             an object that must be new already exists
    │   ├── SignInRefused            wrong password, link or token
    │   ├── NotAllowed               the user lacks a permission
    │   ├── UnknownLanguage          no catalogue of texts is installed for a language
    │   ├── TooManyAttempts          too many attempts in a short time
    │   ├── WrongState               the upload or job is in another state
    │   └── ChangedMeanwhile         another user changed the case in the meantime
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
        ├── DamagedModelRow          a row of the catalog that something else has changed
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

from vigie.errors.base import (
    InputRefused,
    NotFound,
    Unavailable,
    UsageRefused,
    VigieError,
    error_record,
    from_record,
)
from vigie.errors.bundles import DamagedBundle, NewerBundle, UnsignedBundle
from vigie.errors.inputs import (
    ForeignModelRefused,
    MalformedTable,
    TableTooLarge,
    TooLargeToOpen,
    UnknownColumn,
    UnreadableTable,
)
from vigie.errors.migrations import MigrationIncomplete, MigrationUnderWay, RollbackRefused, by_reason
from vigie.errors.requests import (
    AlreadyThere,
    ChangedMeanwhile,
    NotAllowed,
    SignInRefused,
    TooManyAttempts,
    UnknownLanguage,
    WrongState,
)
from vigie.errors.services import (
    CatalogChanged,
    DamagedModelRow,
    DatabaseUnavailable,
    MissingExtra,
    StoreUnavailable,
    UnwritableOutput,
)

__all__ = [
    "AlreadyThere",
    "CatalogChanged",
    "ChangedMeanwhile",
    "DamagedBundle",
    "DamagedModelRow",
    "DatabaseUnavailable",
    "ForeignModelRefused",
    "InputRefused",
    "MalformedTable",
    "MigrationIncomplete",
    "MigrationUnderWay",
    "MissingExtra",
    "NewerBundle",
    "NotAllowed",
    "NotFound",
    "RollbackRefused",
    "SignInRefused",
    "StoreUnavailable",
    "TableTooLarge",
    "TooLargeToOpen",
    "TooManyAttempts",
    "Unavailable",
    "UnknownColumn",
    "UnknownLanguage",
    "UnreadableTable",
    "UnsignedBundle",
    "UnwritableOutput",
    "UsageRefused",
    "VigieError",
    "WrongState",
    "by_reason",
    "error_record",
    "from_record",
]
