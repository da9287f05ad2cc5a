"""All domains: one file each in `vigie.simulator.domains`, and those that other distributions declare as entry points."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from vigie import plugins
from vigie.simulator import domains as package
from vigie.simulator.domain import Domain


@cache
def own_domains() -> dict[str, Domain]:
    """Return the domains of this project by name, in the order of their numbers."""
    names = [module.name for module in iter_modules(package.__path__)]
    found: list[Domain] = [import_module(f"{package.__name__}.{name}").DOMAIN for name in names]
    return {domain.name: domain for domain in sorted(found, key=lambda domain: domain.number)}


@cache
def all_domains() -> dict[str, Domain]:
    """Return the domains of this project, then those of the entry-point group `vigie.domains`, by name.

    Raises:
        ValueError: an entry point has the name of another domain, or is no `Domain` of that name.
    """
    found = dict(own_domains())
    for name, point in plugins.find("domains").items():
        domain = point.load()
        if not isinstance(domain, Domain) or domain.name != name:
            raise ValueError(f"entry point {name!r} of vigie.domains is not a Domain named {name!r}")
        if name in found:
            raise ValueError(f"entry point {name!r} of vigie.domains has the name of a domain of Vigie")
        found[name] = domain
    return found
