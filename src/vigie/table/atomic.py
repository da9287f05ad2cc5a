"""Files that are either the old ones or the new ones, never half of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vigie.errors import NotFound, UnwritableOutput, UsageRefused
from vigie.i18n.messages import msg


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a file that replaces `path` when the block ends without an error, and is removed otherwise."""
    target = path.resolve()
    if target.is_dir():
        raise UsageRefused(
            msg("cannot write {name!r}: it is a folder", name=path.name), hint="name a file in it"
        )
    if not target.parent.is_dir():
        raise NotFound("folder", str(path.parent), hint="create it first, or write elsewhere")
    if target.exists() and not target.is_file():
        raise UsageRefused(
            msg("cannot write {name!r}: it is not a regular file", name=path.name), hint='use "-" for stdout'
        )
    temporary = target.with_name(f".vigie-{secrets.token_hex(8)}.tmp")
    try:
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        raise UnwritableOutput(path.name, reason=error.strerror or type(error).__name__) from error
