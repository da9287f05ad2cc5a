"""Addresses of folders on SFTP servers: `sftp://user@host:port/path`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from vigie.errors import UsageRefused
from vigie.i18n.messages import Message, msg

SCHEME = "sftp"
PORT = 22
_HOST = re.compile(r"[a-z0-9_][a-z0-9._-]{0,252}|[0-9a-f:.]*:[0-9a-f:.]*")
_HINT = "such as sftp://user@files.example.org:2222/exports; /~/ begins a path in the home folder of the user"


@dataclass(frozen=True)
class SftpAddress:
    """A folder of an SFTP server.

    Attributes:
        user: user name on the server.
        host: name or IP address, in lower case.
        port: port.
        path: path with `/`: absolute, or relative to the home folder of the user; `.` is the home folder itself.
    """

    user: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The address as it is stored, without a password."""
        path = self.path if self.path.startswith("/") else f"/~/{self.path.removeprefix('.')}"
        return f"{SCHEME}://{quote(self.user, safe='')}@{self.server}{quote(path)}"

    @property
    def server(self) -> str:
        """Host, and port where it is not 22."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT else f"{host}:{self.port}"

    def contains(self, other: SftpAddress) -> bool:
        """Return whether another address is in or below this folder, by its path; links are not resolved."""
        if (self.user, self.host, self.port) != (other.user, other.host, other.port):
            return False
        if self.path == ".":
            return not other.path.startswith("/")
        return f"{other.path}/".startswith(f"{self.path.rstrip('/')}/")


def is_sftp(url: str) -> bool:
    """Return whether an address is one of an SFTP server."""
    return url.strip()[: len(SCHEME) + 3].lower() == f"{SCHEME}://"


def parse(url: str) -> SftpAddress:
    """Return the parts of an address.

    Raises:
        UsageRefused: it has a password, no user or host, or a path that cannot be used.
    """
    try:
        parts = urlsplit(url.strip())
        port = PORT if parts.port is None else parts.port
    except ValueError:
        raise _refused(msg("found a host or port that cannot be used")) from None
    if parts.password is not None or ":" in unquote(parts.username or ""):
        raise UsageRefused(
            "SFTP address: found a password, expected only a user name, since addresses are stored and shown",
            hint="set VIGIE_SFTP_KEY or VIGIE_SFTP_PASSWORD in the environment of the worker",
        )
    user, host, path = unquote(parts.username or ""), parts.hostname or "", unquote(parts.path)
    if not user or not host or not port:
        raise _refused(msg("found no user, host or port"))
    if parts.query or parts.fragment:
        raise _refused(msg("found a query or a fragment: write ? as %3F and # as %23"))
    if not (user + path).isprintable() or not _HOST.fullmatch(host):
        raise _refused(msg("found characters that cannot be used"))
    names = [name for name in path.split("/") if name not in {"", "."}]
    if ".." in names:
        raise _refused(msg("found .. in the path"))
    home = bool(names) and names[0] == "~"
    below = "/".join(names[1:] if home else names)
    return SftpAddress(user, host, port, (below or ".") if home else f"/{below}")


def _refused(found: Message) -> UsageRefused:
    return UsageRefused(msg("SFTP address: {found}", found=found), hint=_HINT)
