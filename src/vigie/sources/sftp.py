"""A folder of an SFTP server.

Each operation opens a connection of its own: one that breaks costs no more than that operation, which the next look
repeats. The server is identified by a file of known host keys, which is never written. Neither the configuration, the
keys nor the agent of the account that runs Vigie is used, and nothing is forwarded.
"""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import asyncssh

from vigie import settings
from vigie.errors import NotFound
from vigie.sources.base import CHUNK, FileChanged, Source, SourceFile
from vigie.sources.sftp_address import SftpAddress
from vigie.sources.sftp_connection import connect, to_unavailable

_Result = TypeVar("_Result")
_MAX_DEPTH = 32
_MAX_SIZE = 2**63
_MAX_TIME = 2**32
_NOT_FOUND = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


class SftpSource(Source):
    """Regular files below a folder of an SFTP server; symbolic links below it are left out.

    Args:
        address: the folder.
        options: keys, password and timeouts.
    """

    def __init__(self, address: SftpAddress, options: settings.SftpOptions) -> None:
        self._address = address
        self._options = options

    def list(self, *, deep: bool) -> Iterator[SourceFile]:
        """See Source."""

        async def listed(client: asyncssh.SFTPClient) -> list[SourceFile]:
            return [file async for file in self._walk(client, "", _MAX_DEPTH if deep else 0)]

        try:
            return iter(sorted(self._run(listed), key=lambda file: file.key))
        except FileChanged:
            name = self._address.path.rpartition("/")[2]
            raise NotFound("folder", name, hint="check the path, and what the user may see there") from None

    def fetch(self, file: SourceFile, path: Path) -> str:
        """See Source."""

        async def fetched(client: asyncssh.SFTPClient) -> str:
            source, digest, size = self._path(file.key), hashlib.sha256(), 0
            await self._check_unchanged(client, file)
            async with client.open(source, "rb", encoding=None) as opened:
                with path.open("wb") as copy:
                    while data := cast(bytes, await self._in_time(opened.read(CHUNK))):
                        digest.update(data)
                        copy.write(data)
                        size += len(data)
                        if size > file.size:
                            raise FileChanged
            if size != file.size:
                raise FileChanged
            await self._check_unchanged(client, file)
            return digest.hexdigest()

        return self._run(fetched)

    def put(self, key: str, data: Path) -> None:
        """See Source."""

        async def put(client: asyncssh.SFTPClient) -> None:
            target = self._path(key)
            partial = posixpath.join(posixpath.dirname(target), f".vigie-{secrets.token_hex(8)}.part")
            try:
                async with client.open(partial, "xb", encoding=None) as opened:
                    with data.open("rb") as source:
                        while chunk := source.read(CHUNK):
                            await self._in_time(opened.write(chunk))
                if (await self._in_time(client.stat(partial))).size != data.stat().st_size:
                    raise asyncssh.SFTPFailure("shortened")
                await self._in_time(self._replace(client, partial, target))
            except BaseException:
                with suppress(asyncssh.Error, OSError, TimeoutError):
                    await self._in_time(client.remove(partial))
                raise

        self._run(put)

    async def _replace(self, client: asyncssh.SFTPClient, partial: str, target: str) -> None:
        """Rename a file over another; a server without that operation has no file of that name for a moment."""
        try:
            await client.posix_rename(partial, target)
        except asyncssh.SFTPOpUnsupported:
            with suppress(*_NOT_FOUND):
                await client.remove(target)
            await client.rename(partial, target)

    async def _walk(self, client: asyncssh.SFTPClient, below: str, depth: int) -> AsyncIterator[SourceFile]:
        """Yield the files of a folder, and those of folders below down to a depth."""
        entries = client.scandir(self._path(below))
        # A folder below that is gone by now has no files.
        with suppress(StopAsyncIteration, *(_NOT_FOUND if below else ())):
            while True:
                entry = await self._in_time(anext(entries))
                name, attributes = str(entry.filename), entry.attrs
                if name in {".", ".."} or "/" in name or "\0" in name:
                    continue  # no name that a server may give
                key = f"{below}/{name}" if below else name
                if attributes.type == asyncssh.FILEXFER_TYPE_DIRECTORY and depth:
                    async for file in self._walk(client, key, depth - 1):
                        yield file
                file_found = _describe(key, attributes)
                if file_found is not None:
                    yield file_found

    async def _check_unchanged(self, client: asyncssh.SFTPClient, file: SourceFile) -> None:
        """Raise FileChanged where a file is no longer what a look found."""
        attributes = await self._in_time(client.lstat(self._path(file.key)))
        if _describe(file.key, attributes) != file:
            raise FileChanged

    def _path(self, key: str) -> str:
        """Return the path of a file on the server."""
        return posixpath.join(self._address.path, key) if key else self._address.path

    async def _in_time(self, step: Awaitable[_Result]) -> _Result:
        """Wait for one answer of the server, at most as long as a read of a store may take."""
        async with asyncio.timeout(self._options.read_seconds):
            return await step

    def _run(self, operation: Callable[[asyncssh.SFTPClient], Awaitable[_Result]]) -> _Result:
        """Run an operation with a connection of its own."""

        async def run() -> _Result:
            async with self._client() as client:
                return await operation(client)

        try:
            return _run_to_end(run)
        except _NOT_FOUND:
            raise FileChanged from None
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise to_unavailable(error, self._address, self._options) from None

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[asyncssh.SFTPClient]:
        connection = await connect(self._address, self._options)
        try:
            # Names that are no UTF-8 are read with surrogates, as those of a local folder.
            yield await self._in_time(connection.start_sftp_client(path_errors="surrogateescape"))
        finally:
            connection.abort()


def _run_to_end(operation: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    """Run a coroutine to its end, also for a caller whose thread already runs an event loop, as a notebook's does."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # In the caller's own thread, where an interrupt from the keyboard cancels the coroutine.
        return asyncio.run(operation())
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(lambda: asyncio.run(operation())).result()


def _describe(key: str, attributes: asyncssh.SFTPAttrs) -> SourceFile | None:
    """Return a regular file; None for anything else, and for what no file can be."""
    size, modified = attributes.size, attributes.mtime or 0
    if attributes.type != asyncssh.FILEXFER_TYPE_REGULAR or size is None or size >= _MAX_SIZE:
        return None
    return SourceFile(key, size, datetime.fromtimestamp(min(max(int(modified), 0), _MAX_TIME), UTC))
