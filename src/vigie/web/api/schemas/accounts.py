"""Schemas of the caller's account and tokens."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import DateTime, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from vigie.app.tables import ROLES
from vigie.app.tokens import SCOPES


class TokenIn(Schema):
    """A new token."""

    name = String(required=True, validate=Length(1, 200))
    scopes = List(String(validate=OneOf(SCOPES)), required=True, validate=Length(1, 3))
    days = Integer(strict=True, allow_none=True, validate=Range(1, 3650))


class TokenOut(Schema):
    """A token, without its secret."""

    id = String()
    name = String()
    prefix = String()
    scopes = List(String())
    created_at = DateTime()
    expires_at = DateTime(allow_none=True)
    used_at = DateTime(allow_none=True)
    revoked_at = DateTime(allow_none=True)


class NewTokenOut(TokenOut):
    """A token with its secret, which no other response holds."""

    secret = String()


class TokensOut(Schema):
    """Tokens of the caller."""

    tokens = List(Nested(TokenOut))


class MeOut(Schema):
    """The caller's account and the limits of the installation."""

    email = String()
    name = String()
    role = String(validate=OneOf(ROLES))
    team = String()
    scopes = List(String(), allow_none=True)
    max_upload_bytes = Integer()
    part_bytes = Integer()
    retention_days = Integer()
