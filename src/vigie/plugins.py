"""Discovery of what other distributions add to Vigie, by entry points.

Groups: `vigie.detectors`, `vigie.stores`, `vigie.domains`, `vigie.languages`. A distribution declares, for example,

    [project.entry-points."vigie.detectors"]
    ecod = "my_package:Ecod"

Nothing is imported before a group is asked for.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS = ("detectors", "stores", "domains", "languages")


@cache
def find(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of one group by name, in the order of their names.

    Args:
        group: one of `GROUPS`.

    Raises:
        ValueError: the group is unknown, or two distributions declare the same name.
    """
    from importlib.metadata import entry_points  # a fifth of what `vigie --help` takes

    if group not in GROUPS:
        raise ValueError(f"unknown plugin group {group!r}, expected one of {', '.join(GROUPS)}")
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=f"vigie.{group}"), key=lambda point: point.name):
        if point.name in found:
            raise ValueError(f"two distributions declare the {group} plugin {point.name!r}")
        found[point.name] = point
    return found
