"""Binding of an imported model's columns to those of a table.

Such a model has only the names of its own table. A column is bound to the one of the same name, else to the only one of the
same role where the role occurs once on both sides: `amount` to `Montant`, but not to one of three dates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from vigie.roles.definitions import role_of


def bind(model: Mapping[str, str], table: Mapping[str, str]) -> dict[str, str]:
    """Return column of the model -> column of the table, for those that are found.

    Args:
        model: column -> role, of the model's training table.
        table: column -> role, of the table.
    """
    here = {_fold(name): name for name in sorted(table)}
    bound = {name: here[_fold(name)] for name in model if _fold(name) in here}
    wanted = _alone({name: role for name, role in model.items() if name not in bound})
    free = _alone({name: role for name, role in table.items() if name not in bound.values()})
    return bound | {name: free[role] for role, name in wanted.items() if role in free}


def _alone(roles: Mapping[str, str]) -> dict[str, str]:
    """Return a mapping of role -> column, for the roles that one column has."""
    counts = Counter(roles.values())
    return {role: name for name, role in roles.items() if counts[role] == 1 and _identifies(role)}


def _identifies(role: str) -> bool:
    return not (role_of(role).generic or role_of(role).excluded)


def _fold(name: str) -> str:
    return "".join(name.casefold().replace("-", " ").replace("_", " ").split())
