"""Network addresses that a webhook may call: public ones, unless a setting allows all.

A name is resolved once and the connection goes to the address that was checked, so that a name cannot stand for another
address a moment later (DNS rebinding).
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from vigie.errors import Unavailable, UsageRefused
from vigie.i18n.messages import msg

_NAT64 = IPv6Network("64:ff9b::/96")
_MAX_URL = 2000


def resolve(host: str, port: int, *, private: bool) -> str:
    """Return an address of a host to connect to.

    Args:
        host: name or address.
        port: port.
        private: whether addresses that are not public are allowed.

    Raises:
        UsageRefused: one of its addresses is not public.
        Unavailable: the name has no address.
    """
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise Unavailable(msg("webhook: {host!r} has no address", host=host), hint="check its name") from None
    if not private and not all(is_public(address) for address in found):
        raise UsageRefused(
            msg("webhook: {host!r} is not a public address", host=host),
            hint="calls to private addresses need VIGIE_WEBHOOK_PRIVATE=yes on the server",
        )
    return found[0]


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet, also where it embeds an IPv4 address."""
    found = ip_address(address.partition("%")[0])
    inner: IPv4Address | None = None
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
    return _is_public(found) and (inner is None or _is_public(inner))


def check_url(url: str, *, private: bool) -> str:
    """Return the address of a webhook without spaces around it.

    Args:
        url: the address.
        private: whether addresses that are not public, and addresses without encryption, are allowed.

    Raises:
        UsageRefused: it is no address of the web, carries a password, is not encrypted, or is not public.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    schemes = ("https", "http") if private else ("https",)
    plain = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    if parts.scheme not in schemes or not parts.hostname or not plain or len(url) > _MAX_URL or port == 0:
        raise UsageRefused(
            msg("found no address of a webhook, expected one that begins with {schemes}", schemes="https://"),
            hint="without a user name, such as https://example.org/vigie",
        )
    try:
        literal = is_public(parts.hostname)
    except ValueError:
        return url  # a name: it is resolved, and checked, for every call
    if not private and not literal:
        raise UsageRefused(
            msg("webhook: {host!r} is not a public address", host=parts.hostname),
            hint="calls to private addresses need VIGIE_WEBHOOK_PRIVATE=yes on the server",
        )
    return url


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (
        site_local or address.is_multicast or address.is_reserved or address.is_unspecified
    )
