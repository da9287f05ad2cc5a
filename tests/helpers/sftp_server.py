"""An SFTP server on 127.0.0.1, in a thread of the tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
from tests.waiting import LIMIT

USER, PASSWORD = "ada", "correct horse ÷"


class SftpServer:
    """Serves a folder to one user with a password or a key.

    Attributes:
        host_key: its key.
        port: where it listens.
        known_hosts: file with its key.
        key: private key file that it accepts.
        break_after: bytes read or written after which it drops the connection; None for never. It is used once.
        replaces: whether it knows the rename that replaces.
        extra_names: names that it lists besides those of the folder.
    """

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self.replaces = folder, True
        self.break_after: int | None = None
        self.extra_names: list[bytes] = []
        self.known_hosts, self.key = place / "known_hosts", place / "id"
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        client_key = asyncssh.generate_private_key("ssh-ed25519")
        client_key.write_private_key(str(self.key))
        self._authorized = place / "authorized"
        client_key.write_public_key(str(self._authorized))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = 0
        self.start()
        self.trust(self.host_key)

    @property
    def url(self) -> str:
        """Address of the folder."""
        return f"sftp://{USER}@127.0.0.1:{self.port}/"

    def trust(self, key: asyncssh.SSHKey) -> None:
        """Write the known hosts with one key for this server."""
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key.export_public_key().decode()}")

    def start(self) -> None:
        """Listen, at the same port as before."""
        outer = self

        class Login(asyncssh.SSHServer):
            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == (USER, PASSWORD)

        async def listen() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1", self.port, server_factory=Login, server_host_keys=[self.host_key],
                authorized_client_keys=str(self._authorized),
                sftp_factory=lambda channel: _Files(channel, outer),
            )  # fmt: skip

        self._acceptor = asyncio.run_coroutine_threadsafe(listen(), self._loop).result(LIMIT)
        self.port = self._acceptor.get_port()

    def stop(self) -> None:
        """Stop listening and end the thread."""

        async def close() -> None:
            self._acceptor.close()
            await self._acceptor.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(LIMIT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Files(asyncssh.SFTPServer):
    """The files of the folder, with the faults that a test asks for."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], server: SftpServer) -> None:
        super().__init__(channel, chroot=str(server.folder).encode())
        self._server = server

    def _count(self, size: int) -> None:
        if self._server.break_after is not None:
            self._server.break_after -= size
            if self._server.break_after < 0:
                self._server.break_after = None
                self.connection.abort()

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        data = super().read(file_obj, offset, size)
        assert isinstance(data, bytes)
        self._count(len(data))
        return data

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        self._count(len(data))
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if not self._server.replaces:
            raise asyncssh.SFTPOpUnsupported("not here")
        return super().posix_rename(oldpath, newpath)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        for name in self._server.extra_names:
            attributes = asyncssh.SFTPAttrs(
                type=asyncssh.FILEXFER_TYPE_REGULAR, size=4, permissions=0o100644, mtime=1, atime=1
            )
            yield asyncssh.SFTPName(name, b"", attributes)
        async for entry in super().scandir(path):
            yield entry
