"""Which column of a table a model made elsewhere means by each of its own.

Such a model knows the names of its own table only. A column of the same name is meant, else one that alone has the
same meaning on both sides: `Montant` for `amount`, but none of three dates for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from vigie.roles.definitions import role_of


def bind(model: Mapping[str, str], table: Mapping[str, str]) -> dict[str, str]:
    """The table's column for each of the model's that has one.

    Args:
        model: column -> role of what the model reads.
        table: column -> role of what there is.
    """
    here = {_fold(name): name for name in sorted(table)}
    bound = {name: here[_fold(name)] for name in model if _fold(name) in here}
    wanted = _alone({name: role for name, role in model.items() if name not in bound})
    free = _alone({name: role for name, role in table.items() if name not in bound.values()})
    return bound | {name: free[role] for role, name in wanted.items() if role in free}


def _alone(roles: Mapping[str, str]) -> dict[str, str]:
    """Role -> column, for the roles that one column has."""
    counts = Counter(roles.values())
    return {role: name for name, role in roles.items() if counts[role] == 1 and _identifies(role)}


def _identifies(role: str) -> bool:
    return not (role_of(role).generic or role_of(role).excluded)


def _fold(name: str) -> str:
    return "".join(name.casefold().replace("-", " ").replace("_", " ").split())
