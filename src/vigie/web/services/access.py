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
TOKEN_HINT = msg("sign in with a browser; API tokens are for the other operations of /api/v1")


def has_role(user: User, role: str) -> bool:
    """Return whether a user has at least this role and, in a request by API token, a scope that allows it."""
    if user.scopes is not None and scope_rank(user.scopes) < ROLE_RANK[role]:
        return False
    return ROLE_RANK[user.role] >= ROLE_RANK[role]


def scope_rank(scopes: Iterable[str]) -> int:
    """Return the rank of the strongest scope; below every role without scopes."""
    return max((ROLE_RANK[SCOPE_ROLE[scope]] for scope in scopes), default=-1)


def require(user: User, role: str, what: str) -> None:
    """Check that a user has at least this role.

    Raises:
        NotAllowed: the role, or the scope of the API token, is too low for `what`.
    """
    if not has_role(user, role):
        by_token = user.scopes is not None and ROLE_RANK[user.role] >= ROLE_RANK[role]
        raise NotAllowed(
            msg("{what} with this token", what=as_message(what)) if by_token else what, needed=role
        )


def require_session(user: User, what: str) -> None:
    """Check that a user is signed in, rather than represented by an API token.

    Passwords, tokens and accounts are what a stolen token must not change: its theft would then outlast it.

    Raises:
        NotAllowed: the request came with an API token.
    """
    if user.scopes is not None:
        raise NotAllowed(
            msg("{what} with an API token", what=as_message(what)),
            needed="session",
            hint=TOKEN_HINT,
        )


def require_owner(user: User, upload: Upload, what: str) -> None:
    """Check that a user owns an upload or is an administrator.

    Raises:
        NotAllowed: neither.
    """
    require(user, "analyst", what)
    if upload.owner_id != user.id and not has_role(user, "admin"):
        raise NotAllowed(msg("{what}: it belongs to another user", what=as_message(what)), needed="admin")
