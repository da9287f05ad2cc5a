"""Schemas of the catalog."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, DateTime, Integer, List, Nested, String
from apiflask.validators import Length

from vigie.web.api.schemas.common import free


class ModelOut(Schema):
    """A reference model."""

    name = String()
    version = String()
    domain = String()
    active = Boolean()
    cached = Boolean()
    size = Integer()
    storage_type = String()
    columns = Integer()
    performance = free()
    created_at = DateTime(allow_none=True)


class ModelsOut(Schema):
    """The catalog."""

    models = List(Nested(ModelOut))


class ModelCardOut(ModelOut):
    """A reference model with roles, typologies and provenance."""

    roles = free()
    typologies = List(String())
    provenance = free()
    manifest_sha256 = String()


class VersionQuery(Schema):
    """Version of a model; by default the newest."""

    version = String(validate=Length(1, 50))
