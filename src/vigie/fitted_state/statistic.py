"""One statistic of the fitted table, in two implementations of one interface.

While a table is fitted, `get` computes the statistic the first time and keeps it. Afterwards it is only looked up, so that
rows are scored with the statistics of the fitted table and never with their own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class NotFittedError(LookupError):
    """A statistic was asked for that the fitted table does not have."""


class Statistic(ABC, Generic[T]):
    """One statistic of the table.

    Attributes:
        value: the statistic; None until it is fitted.
    """

    value: T | None

    @abstractmethod
    def get(self, fit: Callable[[], T], default: T | None = None) -> T:
        """Return the statistic.

        Args:
            fit: computes it from the rows at hand; called only while the table is fitted.
            default: returned where the fitted table does not have the statistic.

        Raises:
            NotFittedError: the fitted table does not have it, and there is no default.
        """

    @abstractmethod
    def refit(self, fit: Callable[[], T], default: T | None = None) -> T:
        """Return what `get` does, but `fit` is called each time while the table is fitted: for what depends on more than the table."""

    def require(self) -> T:
        """Return the statistic.

        Raises:
            NotFittedError: it is not fitted.
        """
        if self.value is None:
            raise NotFittedError
        return self.value

    def fitted(self) -> FittedStatistic[T]:
        """Return the same statistic, to be looked up."""
        return FittedStatistic(self.value)


@dataclass
class Unfitted(Statistic[T]):
    """A statistic of a table that is being fitted."""

    value: T | None = None

    def get(self, fit: Callable[[], T], default: T | None = None) -> T:
        """Return the statistic; computed the first time."""
        return self.refit(fit) if self.value is None else self.value

    def refit(self, fit: Callable[[], T], default: T | None = None) -> T:
        """Compute and return the statistic."""
        self.value = value = fit()
        return value


@dataclass
class FittedStatistic(Statistic[T]):
    """A statistic of a table that was fitted before."""

    value: T | None = None

    def get(self, fit: Callable[[], T], default: T | None = None) -> T:
        """Return the statistic; `fit` is not called."""
        return default if self.value is None and default is not None else self.require()

    def refit(self, fit: Callable[[], T], default: T | None = None) -> T:
        """Return the statistic; `fit` is not called."""
        return self.get(fit, default)


@dataclass
class Section:
    """Statistics that belong together; each field is a statistic, a family, a set of tables or another section."""

    def fitted(self) -> Self:
        """Return the same statistics, to be looked up."""
        return replace(self, **{field.name: getattr(self, field.name).fitted() for field in fields(self)})


C = TypeVar("C", bound="Statistic[Any] | Section")


class Family(dict[str, C]):
    """Statistics of one kind by name, such as those of each column; asked for another name, it makes new ones."""

    def __init__(self, new: Callable[[], C], known: Mapping[str, C] | None = None) -> None:
        """Start with those that are known; `new` makes the statistics of another name."""
        super().__init__(known or {})
        self.new = new

    def __missing__(self, name: str) -> C:
        """Make the statistics of a name; two threads that ask for the same name get the same ones."""
        return self.setdefault(name, self.new())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as what makes it."""
        return type(self), (self.new, dict(self))

    def fitted(self) -> Family[Any]:
        """Return the same statistics, to be looked up."""
        return Family(partial(_new_fitted, self.new), {name: one.fitted() for name, one in self.items()})


def _new_fitted(new: Callable[[], Statistic[Any] | Section]) -> Any:
    return new().fitted()


class Tables(ABC, Generic[T]):
    """Records by name that are computed from the rows at hand, or were fitted before.

    Attributes:
        tables: name -> record of the fitted table.
    """

    tables: dict[str, T]

    def require(self, name: str) -> T:
        """Return the record of a name.

        Raises:
            NotFittedError: the fitted table has none.
        """
        if name not in self.tables:
            raise NotFittedError(name)
        return self.tables[name]

    @abstractmethod
    def fitted(self) -> Self:
        """Return the same records, to be looked up."""
