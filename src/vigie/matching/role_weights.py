"""What each role counts in matching, and which role does part of the work of another; both from the records of the roles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigie.roles.definitions import ROLES

Shares = npt.NDArray[np.float32]

ROLE_NAMES = tuple(ROLES)
ROLE_INDEX = {name: index for index, name in enumerate(ROLE_NAMES)}
ROLE_WEIGHTS = np.array([role.weight for role in ROLES.values()], dtype=np.float32)
"""(roles,) what each counts; 0 where a role says nothing of fraud."""

_SUBSTITUTES = tuple(
    (ROLE_INDEX[role.name], ROLE_INDEX[substitute], share)
    for role in ROLES.values()
    for substitute, share in role.substitutes.items()
)
_SUBSTITUTE_SHARES = np.eye(len(ROLES), dtype=np.float32)
for _role, _substitute, _share in _SUBSTITUTES:
    _SUBSTITUTE_SHARES[_role, _substitute] = _share


def with_substitutes(shares: Shares) -> Shares:
    """Raise the share of a role where a role that is there does part of its work.

    Args:
        shares: (roles,) or (n, roles), in [0, 1].

    Returns:
        An array of the same shape.
    """
    if shares.ndim == 1:
        return np.asarray((_SUBSTITUTE_SHARES * shares).max(axis=1))
    raised = shares.copy()
    for role, substitute, share in _SUBSTITUTES:
        np.maximum(raised[:, role], share * shares[:, substitute], out=raised[:, role])
    return raised
