"""Schemas of uploads and their columns."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, DateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from vigie.app.tables import UPLOAD_STATES
from vigie.web.api.schemas.common import Fault, free


class PartOut(Schema):
    """A part received."""

    number = Integer()
    size = Integer()
    sha256 = String()


class UploadIn(Schema):
    """A new upload."""

    name = String(required=True, validate=Length(1, 255), metadata={"example": "payments.csv"})
    size = Integer(
        strict=True, allow_none=True, validate=Range(min=1, max=2**53), metadata={"example": 1048576}
    )


class ReadOptionsBody(Schema):
    """How a file is read; what is left out or null is found out."""

    strict = Boolean(
        metadata={"description": "refuse a file with lines that do not fit instead of setting them aside"}
    )
    sheet = String(
        allow_none=True,
        validate=Length(max=255),
        metadata={"description": "name of the sheet of a workbook, or its number from 1"},
    )
    header_row = Integer(
        strict=True,
        allow_none=True,
        validate=Range(0, 2**31),
        metadata={"description": "line with the names of the columns, from 1; 0 where there is none"},
    )
    encoding = String(allow_none=True, validate=Length(max=40), metadata={"example": "cp1250"})
    separator = String(
        allow_none=True,
        validate=Length(max=9),
        metadata={"description": "one character, or tab", "example": ";"},
    )
    decimal = String(allow_none=True, validate=OneOf([".", ","]))


class UploadOut(Schema):
    """An upload."""

    id = String()
    name = String()
    state = String(validate=OneOf(UPLOAD_STATES))
    size = Integer()
    parts = Integer()
    part_bytes = Integer(metadata={"description": "maximum size of a part in bytes"})
    created_at = DateTime()
    expires_at = DateTime()
    rows = Integer(allow_none=True)
    rows_exact = Boolean()
    columns = Integer(allow_none=True)
    owner = String()
    inspection = free()
    mapping = Dict(keys=String(), values=String())
    read_options = Nested(ReadOptionsBody, allow_none=True)
    error = Nested(Fault, allow_none=True)


class UploadPartsOut(UploadOut):
    """An upload with the parts received."""

    received = List(Nested(PartOut))


class UploadsOut(Schema):
    """Uploads, newest first."""

    uploads = List(Nested(UploadOut))


class UploadsQuery(Schema):
    """Selection of uploads."""

    limit = Integer(load_default=50, validate=Range(1, 200))
    before = DateTime(metadata={"description": "only uploads created earlier"})
    query = String(load_default="", validate=Length(max=200))


class ContentQuery(Schema):
    """Name of the file."""

    name = String(required=True, validate=Length(1, 255))


class HeadOut(Schema):
    """The first rows, cells as uploaded."""

    columns = List(String())
    rows = List(List(String(allow_none=True)))


class MappingIn(Schema):
    """Column -> role."""

    mapping = Dict(keys=String(), values=String(), required=True, validate=Length(max=2000))


class MatchesOut(Schema):
    """Roles of the columns and matching models."""

    state = String()
    roles = List(free())
    matches = List(free())
