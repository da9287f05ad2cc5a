"""Authorization: ranks of roles and token scopes, and ownership of uploads.

Which uploads a user may see is `vigie.app.uploads.visible_to`; which role a view needs is `vigie.web.authorization`.
"""

from __future__ import annotations

from collections.abc import Iterable

from vigie.app import Upload, User
from vigie.errors import NotAllowed
from vigie.i18n.messages import as_message, msg

ROLE_RANK = {"viewer": 0, "analyst": 1, "admin": 2}
SCOPE_ROLE = {"read": "viewer", "write": "analyst", "admin": "admin"}
"""Scope of a token -> role whose operations it allows."""


def has_role(user: User, role: str) -> bool:
    """Return whether a user has at least this role."""
    return ROLE_RANK[user.role] >= ROLE_RANK[role]


def scope_rank(scopes: Iterable[str]) -> int:
    """Return the rank of the strongest scope."""
    return max(ROLE_RANK[SCOPE_ROLE[scope]] for scope in scopes)


def require(user: User, role: str, what: str) -> None:
    """Check that a user has at least this role.

    Raises:
        NotAllowed: the role is too low for `what`.
    """
    if not has_role(user, role):
        raise NotAllowed(what, needed=role)


def require_owner(user: User, upload: Upload, what: str) -> None:
    """Check that a user owns an upload or is an administrator.

    Raises:
        NotAllowed: neither.
    """
    require(user, "analyst", what)
    if upload.owner_id != user.id and user.role != "admin":
        raise NotAllowed(msg("{what}: it belongs to another user", what=as_message(what)), needed="admin")
