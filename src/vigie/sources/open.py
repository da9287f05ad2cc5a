"""Opens a source by its address, within the locations that are allowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vigie import settings
from vigie.errors import UsageRefused
from vigie.extras import require
from vigie.i18n.messages import msg
from vigie.sources import sftp_address
from vigie.sources.base import Source
from vigie.sources.folder import FolderSource
from vigie.sources.prefix import PrefixSource
from vigie.stores.open import locate, open_location

_MAX_URL = 2000
_SFTP = "a watch of an SFTP server"


def open_source(url: str) -> Source:
    """Open a source; neither disk nor network is touched before its first use.

    Raises:
        UsageRefused: the address is ambiguous, has an unknown scheme or carries credentials.
        MissingExtra: it is one of an SFTP server or a cloud, whose extra is not installed.
    """
    if sftp_address.is_sftp(url):
        require("sftp", _SFTP)
        from vigie.sources.sftp import SftpSource

        return SftpSource(sftp_address.parse(url), settings.load_sftp())
    location = locate(url)
    if location.kind == "local":
        return FolderSource(Path(location.bucket))
    return PrefixSource(open_location(location))


def normalize(url: str) -> str:
    """Return the address of a source as it is stored: absolute, with its scheme.

    Raises:
        UsageRefused: as `open_source`, or the address is too long.
        MissingExtra: it is one of an SFTP server, and the extra `sftp` is not installed.
    """
    if sftp_address.is_sftp(url):
        found = sftp_address.parse(url).url
        require("sftp", _SFTP)
    else:
        found = locate(url.strip()).url
    if len(found) > _MAX_URL:
        raise UsageRefused(msg("found an address of {n} characters, expected at most 2000", n=len(found)))
    return found


def check_allowed(url: str, roots: Sequence[str]) -> None:
    """Check that a source is in or below one of the locations that users may watch.

    The workers read with the rights of the server: without this check a user could read whatever the server can.

    Args:
        url: address of the source.
        roots: addresses of the locations.

    Raises:
        UsageRefused: it is in none.
    """
    if not any(_contains(root, url) for root in roots):
        raise UsageRefused(
            msg("watching {url}: not below a location that users may watch", url=url),
            hint="an administrator names such locations in VIGIE_WATCH_ROOTS, or adds the watch on the server: vigie watch add",
        )


def _contains(root_url: str, url: str) -> bool:
    if sftp_address.is_sftp(url) or sftp_address.is_sftp(root_url):
        both = sftp_address.is_sftp(url) and sftp_address.is_sftp(root_url)
        return both and sftp_address.parse(root_url).contains(sftp_address.parse(url))
    root, location = locate(root_url), locate(url)
    if root.kind != location.kind:
        return False
    if root.kind == "local":
        return Path(location.bucket).resolve().is_relative_to(Path(root.bucket).resolve())
    inside = f"{location.prefix}/".startswith(f"{root.prefix}/") if root.prefix else True
    return root.bucket == location.bucket and inside
