"""Connections to SFTP servers: identification of the server, sign-in, and what a failure is called."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import asyncssh

from vigie import settings
from vigie.errors import StoreUnavailable
from vigie.i18n.messages import Message, msg
from vigie.sources.sftp_address import SftpAddress

_KEEPALIVE_SECONDS = 10
_REPLACED = (
    "the server has a new key, or another machine answers in its place: ask its administrator for the fingerprint "
    "before you replace the line in the file of VIGIE_SFTP_KNOWN_HOSTS"
)


async def connect(address: SftpAddress, options: settings.SftpOptions) -> asyncssh.SSHClientConnection:
    """Connect to a server whose key is known, and sign in.

    Raises:
        StoreUnavailable: the known hosts or the private key cannot be read, or there is nothing to sign in with.
        asyncssh.Error: the server has another key, or refuses to let the user in.
        OSError: the server is not reached.
        TimeoutError: it does not answer in time.
    """
    _check_known(address, options)
    if options.key is None and not options.password:
        raise StoreUnavailable(
            msg("SFTP server {server}: found no key and no password to sign in with", server=address.server),
            hint="set VIGIE_SFTP_KEY or VIGIE_SFTP_PASSWORD in the environment of the worker",
        )
    return await asyncssh.connect(
        address.host, address.port, username=address.user,
        client_keys=None if options.key is None else [_read_key(options.key)], password=options.password or None,
        known_hosts=str(options.known_hosts.expanduser()), config=None, agent_path=None, agent_forwarding=False, x11_forwarding=False,
        pkcs11_provider=None, gss_host=None, host_based_auth=False, x509_trusted_certs=None, x509_trusted_cert_paths=(),
        connect_timeout=options.read_seconds, login_timeout=options.read_seconds,
        keepalive_interval=_KEEPALIVE_SECONDS, compression_algs=None,
    )  # fmt: skip


def to_unavailable(
    error: BaseException, address: SftpAddress, options: settings.SftpOptions
) -> StoreUnavailable:
    """Return an error in words of Vigie: what a server writes goes no further."""
    hint = "check address and firewall; the watch looks again by itself"
    reason: Message | str
    match error:
        case asyncssh.HostKeyNotVerifiable():
            reason, hint = msg("found another host key than the known one"), _REPLACED
        case asyncssh.PermissionDenied():
            reason = msg("it refused the sign-in")
            hint = "check the user in the address, and VIGIE_SFTP_KEY or VIGIE_SFTP_PASSWORD of the worker"
        case asyncssh.SFTPPermissionDenied():
            reason, hint = msg("permission denied"), "check what the user may read, and write, on the server"
        case asyncssh.SFTPNoSpaceOnFilesystem() | asyncssh.SFTPQuotaExceeded():
            reason, hint = msg("no space left on the server"), "make space there; this is tried again"
        case asyncssh.ConnectionLost() | asyncssh.SFTPConnectionLost() | asyncssh.SFTPNoConnection():
            reason = msg("the connection broke")
        case asyncssh.SFTPError():
            reason = msg("it refused the operation ({name})", name=type(error).__name__)
            hint = "check what the user may read, and write, on the server, and that the server has space"
        case TimeoutError():
            reason = msg("no answer within {n} seconds", n=f"{options.read_seconds:g}")
        case socket.gaierror():
            reason = msg("its name has no address")
        case OSError(errno=int(number)):
            reason = os.strerror(number).lower()
        case _:
            reason = type(error).__name__
    return _unavailable(address, reason, hint)


def _check_known(address: SftpAddress, options: settings.SftpOptions) -> None:
    """Check that the file of known hosts has a key of the server, so that an absent one is told from a wrong one."""
    try:
        known = asyncssh.read_known_hosts(str(options.known_hosts.expanduser()))
    except FileNotFoundError:
        known = asyncssh.import_known_hosts("")
    except (OSError, ValueError, asyncssh.Error):
        reason = msg("the file of known host keys cannot be read")
        raise _unavailable(
            address, reason, "VIGIE_SFTP_KNOWN_HOSTS names it; it has the format of OpenSSH"
        ) from None
    keys, authorities, *_ = asyncssh.match_known_hosts(known, address.host, "", address.port)
    if keys or authorities:
        return
    scan = f"ssh-keyscan -p {address.port} {address.host} >> {options.known_hosts.name}"
    raise _unavailable(
        address,
        msg("its host key is not known"),
        msg(
            "add it to the file of VIGIE_SFTP_KNOWN_HOSTS: {command}; then compare what ssh-keygen -lf {file} prints with the "
            "fingerprint that the administrator of the server gives you",
            command=scan,
            file=options.known_hosts.name,
        ),
    )


def _read_key(path: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(str(path.expanduser()))
    except (OSError, ValueError, asyncssh.Error):
        raise StoreUnavailable(
            "VIGIE_SFTP_KEY: the private key cannot be read",
            hint="a file in the format of OpenSSH without a passphrase, that only the account of the worker may read",
        ) from None


def _unavailable(address: SftpAddress, reason: Message | str, hint: Message | str) -> StoreUnavailable:
    return StoreUnavailable(
        msg("SFTP server {server}: {reason}", server=address.server, reason=reason), hint=hint
    )
