"""Uploads: files received in parts, roles of their columns."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from vigie.app import Part, Upload, User, remembered_options, runs, uploads
from vigie.app.uploads import HEAD_FILE, SET_ASIDE_FILE, part_key
from vigie.db.database import Engine
from vigie.errors import NotFound, TableTooLarge, UnknownColumn, UnreadableTable, UsageRefused, WrongState
from vigie.i18n.messages import as_message, msg
from vigie.roles.definitions import ROLES
from vigie.settings import WebSettings
from vigie.stores.base import Store, join
from vigie.table import ReadOptions
from vigie.table.reading import EXTENSIONS
from vigie.web.services.access import require, require_owner
from vigie.web.services.audit import AuditLog

MAX_PARTS = 10_000
_CHUNK_BYTES = 256 * 1024
_MAX_NAME = 255


class Readable(Protocol):
    """Body of a request, or a file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class Uploads:
    """Files of users."""

    def __init__(self, engine: Engine, audit: AuditLog, store: Store, web: WebSettings) -> None:
        self._engine, self._audit, self._store, self._web = engine, audit, store, web

    def list_for(
        self, user: User, *, limit: int = 50, before: datetime | None = None, query: str = ""
    ) -> list[Upload]:
        """Return the newest uploads that a user may see, newest first.

        Args:
            user: the caller.
            limit: number of uploads, at most 200.
            before: only uploads created earlier.
            query: only uploads with this text in their name.
        """
        bounded = min(max(1, limit), 200)
        return uploads.list_for(self._engine, user, limit=bounded, before=before, search=query.strip()[:200])

    def find(self, user: User, upload_id: str) -> Upload:
        """Return an upload.

        Raises:
            NotFound: there is no such upload that the user may see.
        """
        return uploads.find(self._engine, upload_id, user)

    def list_parts(self, user: User, upload_id: str) -> list[Part]:
        """Return the parts received, by number."""
        return uploads.list_parts(self._engine, self.find(user, upload_id).id)

    def begin(self, user: User, name: str, size: int | None = None) -> Upload:
        """Create an upload without parts.

        Raises:
            UnreadableTable: Vigie does not read this format, or the file is empty.
            TableTooLarge: `size` exceeds the limit of the settings.
        """
        require(user, "analyst", "upload tables")
        name = clean_name(name)
        extension = next((known for known in EXTENSIONS if name.lower().endswith(known)), None)
        if extension is None:
            raise UnreadableTable(
                name,
                found="an extension that Vigie does not read",
                expected=", ".join(EXTENSIONS),
                hint="export the table as CSV",
            )
        if size is not None:
            if size <= 0:
                raise UnreadableTable(name, found="an empty file", hint="export the table again")
            self._check_size(name, size)
        upload = uploads.begin(self._engine, user, name, extension, timedelta(days=self._web.retention_days))
        self._audit.record(user, "begin upload", f"upload:{upload.id}")
        return upload

    def put_part(
        self, user: User, upload_id: str, number: int, stream: Readable, length: int | None = None
    ) -> Part:
        """Receive one part; a part sent again replaces the first.

        Raises:
            UsageRefused: the number is not in 1 to 10,000, or the part is incomplete.
            TableTooLarge: the part or the file exceeds the limits of the settings.
        """
        upload = self._find_own(user, upload_id, "receiving")
        if not 1 <= number <= MAX_PARTS:
            raise UsageRefused(
                msg("found part {number}, expected 1 to {max_parts:,}", number=number, max_parts=MAX_PARTS)
            )
        limit, what = self._web.part_bytes, msg("part {number}", number=number)
        if length is not None and length > limit:
            raise TableTooLarge(what, found=length, limit=limit, unit="bytes")
        data = _read_up_to(stream, limit + 1)
        if len(data) > limit:
            raise TableTooLarge(what, found=len(data), limit=limit, unit="bytes")
        if not data or (length is not None and len(data) != length):
            raise UsageRefused(
                msg(
                    "part {number}: found {data} bytes, expected {value}",
                    number=number,
                    data=len(data),
                    value=length or as_message("some"),
                ),
                hint="send it again",
            )
        before = sum(
            part.size for part in uploads.list_parts(self._engine, upload.id) if part.number != number
        )
        self._check_size(upload.name, before + len(data))
        return self._store_part(upload, number, data)

    def receive(self, user: User, name: str, stream: Readable, length: int | None = None) -> Upload:
        """Receive a whole file, one part in memory at a time; an incomplete transfer is deleted.

        Raises:
            UsageRefused: fewer or more bytes than `length`.
            TableTooLarge: the file exceeds the limit of the settings.
        """
        upload = self.begin(user, name, length)
        try:
            size = number = 0
            while data := _read_up_to(stream, self._web.part_bytes):
                size, number = size + len(data), number + 1
                self._check_size(upload.name, size)
                self._store_part(upload, number, data)
            if length is not None and size != length:
                raise UsageRefused(
                    msg("found {size:,} bytes, expected {length:,}", size=size, length=length),
                    hint="send the file again",
                )
            return self.complete(user, upload.id)
        except BaseException:
            uploads.mark_deleted(self._engine, upload.id)
            raise

    def complete(self, user: User, upload_id: str) -> Upload:
        """Declare that all parts were sent, and start the inspection; a second call changes nothing.

        Raises:
            UnreadableTable: there is no part.
            WrongState: a part is missing.
        """
        upload = self._find_own(user, upload_id, "receiving", "received", "ready", "refused")
        if upload.state != "receiving":
            return upload
        parts = uploads.list_parts(self._engine, upload.id)
        if not parts:
            raise UnreadableTable(upload.name, found="an empty file", hint="send its parts first")
        missing = sorted(set(range(1, parts[-1].number + 1)) - {part.number for part in parts})
        if missing:
            raise WrongState(
                msg("upload {id!r}", id=upload.id),
                found=msg("without part {missing}", missing=missing[0]),
                expected="complete",
                hint="send the missing parts",
            )
        runs.enqueue_inspection(self._engine, upload.id, user.id, {"state": "received", "error": None})
        self._audit.record(user, "upload", f"upload:{upload.id}", bytes=upload.size)
        return self.find(user, upload.id)

    def delete(self, user: User, upload_id: str) -> None:
        """Delete an upload and its results; a worker deletes the files within minutes.

        Raises:
            NotAllowed: the upload belongs to another user.
        """
        upload = self.find(user, upload_id)
        require_owner(user, upload, "delete this upload")
        uploads.mark_deleted(self._engine, upload.id)
        self._audit.record(user, "delete upload", f"upload:{upload.id}")

    def head(self, user: User, upload_id: str) -> dict[str, Any]:
        """Return the first rows with the cells as uploaded: `columns` and `rows`.

        Raises:
            WrongState: the upload was not inspected yet.
        """
        upload = self.find(user, upload_id)
        try:
            found: dict[str, Any] = json.loads(self._store.get(join(upload.folder, HEAD_FILE)))
        except NotFound:
            raise WrongState(
                msg("upload {id!r}", id=upload.id),
                found=upload.state,
                expected="inspected",
                hint="try again in a moment",
            ) from None
        self._audit.record_view(user, "see first rows", f"upload:{upload.id}")
        return found

    def set_mapping(self, user: User, upload_id: str, mapping: Mapping[str, str]) -> Upload:
        """Set the roles of columns, also for later files with the same columns, and inspect the upload again.

        Args:
            user: the owner.
            upload_id: an inspected upload.
            mapping: column -> role.

        Raises:
            UnknownColumn: the table has no such column.
            NotFound: there is no such role.
        """
        upload = self._find_own(user, upload_id, "received", "ready", "refused")
        names = (upload.inspection or {}).get("columns")
        if names is None:
            raise WrongState(
                msg("upload {id!r}", id=upload.id), found="not inspected yet", expected="inspected"
            )
        check_mapping(mapping, names)
        uploads.save_mapping(self._engine, user.id, uploads.columns_digest(names), mapping)
        values = {"state": "received", "mapping": dict(mapping), "error": None}
        runs.enqueue_inspection(self._engine, upload.id, user.id, values)
        self._audit.record(user, "change roles", f"upload:{upload.id}", columns=len(mapping))
        return self.find(user, upload.id)

    def set_read_options(self, user: User, upload_id: str, read_options: ReadOptions) -> Upload:
        """Set how a file is read, also for later files with the same columns, and inspect the upload again.

        Args:
            user: the owner.
            upload_id: a complete upload, also one that was refused.
            read_options: what is not given is found out.
        """
        upload = self._find_own(user, upload_id, "received", "ready", "refused")
        options = read_options.to_json()
        if columns := (upload.inspection or {}).get("columns"):
            # The next inspection remembers them for the columns that they lead to.
            digest = uploads.columns_digest(columns)
            remembered_options.remember(self._engine, user.id, digest, {})
        values = {"state": "received", "read_options": options, "error": None}
        runs.enqueue_inspection(self._engine, upload.id, user.id, values)
        self._audit.record(user, "change read options", f"upload:{upload.id}", options=len(options))
        return self.find(user, upload.id)

    def set_aside(self, user: User, upload_id: str) -> tuple[bytes, str]:
        """Return the lines of the file that are not among its rows as a CSV, and a name for it.

        Raises:
            NotFound: no line was set aside.
        """
        upload = self.find(user, upload_id)
        try:
            data = self._store.get(join(upload.folder, SET_ASIDE_FILE))
        except NotFound:
            hint = "no line of the file was set aside"
            raise NotFound("line set aside of upload", upload.id, hint=hint) from None
        self._audit.record(user, "download", f"upload:{upload.id}", format="set-aside")
        return data, f"{upload.name.removesuffix(upload.extension)}.{SET_ASIDE_FILE}"

    def _find_own(self, user: User, upload_id: str, *states: str) -> Upload:
        upload = self.find(user, upload_id)
        require_owner(user, upload, "change this upload")
        if upload.state not in states:
            raise WrongState(msg("upload {id!r}", id=upload.id), found=upload.state, expected=states)
        return upload

    def _check_size(self, name: str, size: int) -> None:
        limit = self._web.max_upload_bytes
        if size > limit:
            raise TableTooLarge(
                name, found=size, limit=limit, unit="bytes", hint="compress it as .csv.gz, or split the table"
            )

    def _store_part(self, upload: Upload, number: int, data: bytes) -> Part:
        part = Part(number, len(data), hashlib.sha256(data).hexdigest())
        self._store.put(part_key(upload.folder, part), data)
        uploads.add_part(self._engine, upload.id, part)
        return part


def clean_name(name: str) -> str:
    """Return a file name without folders and control characters.

    Raises:
        UsageRefused: nothing is left, or more than 255 characters.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    visible = (c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C")
    shown = "".join(visible).strip()
    if not shown:
        raise UsageRefused("the upload has no name", hint="such as payments.csv")
    if len(shown) > _MAX_NAME:
        raise UsageRefused(msg("found a name of {shown} characters, expected at most 255", shown=len(shown)))
    return shown


def check_mapping(mapping: Mapping[str, str], columns: list[str]) -> None:
    """Check columns and roles of a mapping.

    Raises:
        UnknownColumn: the table has no such column.
        NotFound: there is no such role.
    """
    for column, role in mapping.items():
        if column not in columns:
            raise UnknownColumn(column, columns)
        if role not in ROLES:
            raise NotFound("role", role, known=ROLES)


def _read_up_to(stream: Readable, limit: int) -> bytes:
    """Read until the end of the stream or `limit` bytes; the body of a request comes in chunks."""
    chunks, left = [], limit
    while left > 0 and (chunk := stream.read(min(left, _CHUNK_BYTES))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)
