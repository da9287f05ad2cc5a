"""Errors of bundles that must not be trusted or cannot be read."""

from __future__ import annotations

from vigie.errors.base import Unavailable
from vigie.i18n.messages import as_message, msg


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
