"""Files: begun, received in parts, mapped, deleted."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from vigie.app import Part, Upload, User, runs, uploads
from vigie.app.uploads import part_key
from vigie.errors import NotFound, TableTooLarge, UnknownColumn, UnreadableTable, UsageRefused, WrongState
from vigie.i18n.messages import msg, phrase
from vigie.roles.definitions import ROLES
from vigie.stores.base import join
from vigie.table.source import EXTENSIONS
from vigie.web.services.base import Base, require, require_own

MAX_PARTS = 10_000
_PIECE = 256 * 1024


class Readable(Protocol):
    """A request's body, or a file."""

    def read(self, size: int = -1, /) -> bytes:
        """At most that many bytes; none at the end."""
        ...


class Uploads(Base):
    """What people send."""

    def uploads(
        self, user: User, *, limit: int = 50, before: datetime | None = None, query: str = ""
    ) -> list[Upload]:
        """The newest that somebody may know of, newest first."""
        bounded = min(max(1, limit), 200)
        return uploads.list_for(self.engine, user, limit=bounded, before=before, search=query.strip()[:200])

    def upload(self, user: User, upload_id: str) -> Upload:
        """One of them."""
        return uploads.find(self.engine, upload_id, user)

    def parts(self, user: User, upload_id: str) -> list[Part]:
        """Its parts that have arrived, in order: where to go on."""
        return uploads.list_parts(self.engine, self.upload(user, upload_id).id)

    def begin_upload(self, user: User, name: str, size: int | None = None) -> Upload:
        """A new upload without a byte; refuses before the transfer what would be refused after it."""
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
        begun = uploads.begin(self.engine, user, name, extension, timedelta(days=self.web.retention_days))
        self.note(user, "begin upload", f"upload:{begun.id}")
        return begun

    def put_part(
        self, user: User, upload_id: str, number: int, stream: Readable, length: int | None = None
    ) -> Part:
        """Takes one part; the same part may come again, and replaces the first."""
        upload = self._own(user, upload_id, "receiving")
        if not 1 <= number <= MAX_PARTS:
            raise UsageRefused(
                msg("found part {number}, expected 1 to {max_parts:,}", number=number, max_parts=MAX_PARTS)
            )
        limit = self.web.part_bytes
        if length is not None and length > limit:
            raise TableTooLarge(msg("part {number}", number=number), found=length, limit=limit, unit="bytes")
        data = _read_up_to(stream, limit + 1)
        if len(data) > limit:
            raise TableTooLarge(
                msg("part {number}", number=number), found=len(data), limit=limit, unit="bytes"
            )
        if not data or (length is not None and len(data) != length):
            raise UsageRefused(
                msg(
                    "part {number}: found {data} bytes, expected {value}",
                    number=number,
                    data=len(data),
                    value=length or phrase("some"),
                ),
                hint="send it again",
            )
        before = sum(
            part.size for part in uploads.list_parts(self.engine, upload.id) if part.number != number
        )
        self._check_size(upload.name, before + len(data))
        return self._keep(upload, number, data)

    def receive(self, user: User, name: str, stream: Readable, length: int | None = None) -> Upload:
        """Takes a whole file, a part's worth in memory at a time; what breaks off leaves nothing."""
        upload = self.begin_upload(user, name, length)
        try:
            size = number = 0
            while data := _read_up_to(stream, self.web.part_bytes):
                size, number = size + len(data), number + 1
                self._check_size(upload.name, size)
                self._keep(upload, number, data)
            if length is not None and size != length:
                raise UsageRefused(
                    msg("found {size:,} bytes, expected {length:,}", size=size, length=length),
                    hint="send the file again",
                )
            return self.complete_upload(user, upload.id)
        except BaseException:
            uploads.mark_deleted(self.engine, upload.id)
            raise

    def complete_upload(self, user: User, upload_id: str) -> Upload:
        """Says that all parts have arrived; Vigie looks at the file from now on. May be repeated."""
        upload = self._own(user, upload_id, "receiving", "received", "ready", "refused")
        if upload.state != "receiving":
            return upload
        arrived = uploads.list_parts(self.engine, upload.id)
        if not arrived:
            raise UnreadableTable(upload.name, found="an empty file", hint="send its parts first")
        missing = sorted(set(range(1, arrived[-1].number + 1)) - {part.number for part in arrived})
        if missing:
            raise WrongState(
                msg("upload {id!r}", id=upload.id),
                found=msg("without part {missing}", missing=missing[0]),
                expected="complete",
                hint="send the missing parts",
            )
        runs.enqueue_inspection(self.engine, upload.id, user.id, {"state": "received", "error": None})
        self.note(user, "upload", f"upload:{upload.id}", bytes=upload.size)
        return self.upload(user, upload.id)

    def delete_upload(self, user: User, upload_id: str) -> None:
        """Deletes a file and everything made of it; the worker removes the bytes within minutes."""
        upload = self.upload(user, upload_id)
        require_own(user, upload, "delete this upload")
        uploads.mark_deleted(self.engine, upload.id)
        self.note(user, "delete upload", f"upload:{upload.id}")

    def head(self, user: User, upload_id: str) -> dict[str, Any]:
        """The first rows, cells as uploaded: `columns` and `rows`."""
        upload = self.upload(user, upload_id)
        try:
            found: dict[str, Any] = json.loads(self.store.get(join(upload.folder, "head.json")))
        except NotFound:
            raise WrongState(
                msg("upload {id!r}", id=upload.id),
                found=upload.state,
                expected="looked at",
                hint="ask again in a moment",
            ) from None
        self.note_sight(user, "see first rows", f"upload:{upload.id}")
        return found

    def set_mapping(self, user: User, upload_id: str, mapping: Mapping[str, str]) -> Upload:
        """Says what columns mean, for this file and for the next with these columns; Vigie looks again."""
        upload = self._own(user, upload_id, "received", "ready", "refused")
        names = (upload.inspection or {}).get("columns")
        if names is None:
            raise WrongState(
                msg("upload {id!r}", id=upload.id), found="not looked at yet", expected="looked at"
            )
        check_mapping(mapping, names)
        uploads.save_mapping(self.engine, user.id, uploads.columns_digest(names), mapping)
        values = {"state": "received", "mapping": dict(mapping), "error": None}
        runs.enqueue_inspection(self.engine, upload.id, user.id, values)
        self.note(user, "change roles", f"upload:{upload.id}", columns=len(mapping))
        return self.upload(user, upload.id)

    def _own(self, user: User, upload_id: str, *states: str) -> Upload:
        upload = self.upload(user, upload_id)
        require_own(user, upload, "change this upload")
        if upload.state not in states:
            raise WrongState(msg("upload {id!r}", id=upload.id), found=upload.state, expected=states)
        return upload

    def _check_size(self, name: str, size: int) -> None:
        limit = self.web.max_upload_bytes
        if size > limit:
            raise TableTooLarge(
                name, found=size, limit=limit, unit="bytes", hint="compress it as .csv.gz, or split the table"
            )

    def _keep(self, upload: Upload, number: int, data: bytes) -> Part:
        part = Part(number, len(data), hashlib.sha256(data).hexdigest())
        self.store.put(part_key(upload.folder, part), data)
        uploads.add_part(self.engine, upload.id, part)
        return part


def clean_name(name: str) -> str:
    """A file's name without folders and characters nobody sees."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C"
    ).strip()
    if not shown:
        raise UsageRefused("the upload has no name", hint="such as payments.csv")
    if len(shown) > 255:
        raise UsageRefused(msg("found a name of {shown} characters, expected at most 255", shown=len(shown)))
    return shown


def check_mapping(mapping: Mapping[str, str], columns: list[str]) -> None:
    """Refuses a column the table does not have, and a role that does not exist."""
    for column, role in mapping.items():
        if column not in columns:
            raise UnknownColumn(column, columns)
        if role not in ROLES:
            raise NotFound("role", role, known=ROLES)


def _read_up_to(stream: Readable, limit: int) -> bytes:
    """As much as there is, up to `limit`; a request's body comes in pieces."""
    pieces, left = [], limit
    while left > 0 and (piece := stream.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
