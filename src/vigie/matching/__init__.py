"""How well a reference model fits a table, with the reason for every point of it.

Both sides are only described: columns with their roles and types, the words that name a domain, and the
quantiles of unit-free features. `Index` compares one table with thousands of models in a few milliseconds;
`words` says in words what each point was given for. Must not know where models are kept.

    part            points  question
    needs             0.28  how much of what the model was trained on is here?
    knows             0.20  how much of what is here does the model know?
    domain            0.25  do the words of the table name the model's domain?
    names             0.08  are the columns named like the model's?
    types             0.05  are they of the same type?
    distributions     0.14  are the features spread as in training?

Roles count by what they are worth to find fraud, columns that mean nothing count nothing. The points are set
by hand and checked against simulated tables, not fitted: there are no labels for "the right model".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.matching.distributions import FeatureTable, Quantiles, measure
from vigie.matching.domains import UNSAID, DomainEvidence, meaningful, read
from vigie.matching.role_weights import ROLE_INDEX, ROLE_NAMES, ROLE_WEIGHTS, with_substitutes
from vigie.roles.definitions import role_of
from vigie.roles.inference import Roles

Floats = npt.NDArray[np.float64]

POINTS = {"needs": 0.28, "knows": 0.20, "domain": 0.25, "names": 0.08, "types": 0.05, "distributions": 0.14}
PARTS = ("needs", "knows", "domain", "names", "types")
"""The parts that `Index.parts` computes; distributions need more than the index holds."""

_WEIGHTS = np.array([POINTS[part] for part in PARTS])
ROUNDING = 1e-3

SHORTLIST = 32
"""Models whose distributions are looked at, however many are in the index."""

_SAMPLE = 20_000
_VALUES = 200
_NUMBER, _TIME, _TEXT = 1, 2, 4


@dataclass(frozen=True)
class Column:
    """One column as a profile holds it: `type` is the name of a polars type, or near enough."""

    name: str
    role: str
    type: str


@dataclass(frozen=True, eq=False)
class TableProfile:
    """A table as matching sees it; holds no value of the table but words of our own vocabulary."""

    columns: tuple[Column, ...]
    domain: DomainEvidence = field(default_factory=lambda: DomainEvidence({}, {}))
    quantiles: Quantiles | None = None

    @cached_property
    def presence(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """(roles,) 1 where the table has the role, and the types of its columns as bits."""
        present = np.zeros(len(ROLE_NAMES), dtype=np.float32)
        types = np.zeros(len(ROLE_NAMES), dtype=np.uint8)
        for column in self.columns:
            position = ROLE_INDEX[column.role]
            present[position] = 1.0
            types[position] |= _kind(column)
        return present, types

    @cached_property
    def reach(self) -> npt.NDArray[np.float32]:
        """(roles,) how far the table has each role or one that does its work, in [0, 1]."""
        return with_substitutes(self.presence[0])

    @cached_property
    def named(self) -> tuple[tuple[int, ...], ...]:
        """The words of each column that means something, as `Vector.words` has them."""
        worth = [meaningful(column.name) for column in self.columns if role_of(column.role).weight > 0]
        return tuple(tuple(_hash(word) for word in words) for words in worth if words)


@dataclass(frozen=True, eq=False)
class ModelProfile:
    """A reference model as matching sees it: `roles` are shares of its training tables, in [0, 1]."""

    domain: str
    columns: tuple[Column, ...]
    roles: Mapping[str, float]
    quantiles: Quantiles


def describe(frame: pl.DataFrame, roles: Roles, features: FeatureTable | None = None) -> TableProfile:
    """Describes a table for matching.

    Args:
        frame: typed columns, those `roles` was inferred from.
        roles: what the columns mean.
        features: the table's features; without them distributions do not count.
    """
    columns = tuple(Column(c.column, c.role, str(frame.schema[c.column].base_type())) for c in roles.columns)
    texts = [column.name for column in columns if column.role != "none"]
    for column in columns:
        if role_of(column.role).names_domain and frame.schema[column.name] == pl.String:
            values = frame[column.name].head(_SAMPLE).drop_nulls().unique().sort()
            texts += values.head(_VALUES).to_list() if len(values) <= _VALUES else []
    evidence = read(texts, {column.role for column in columns})
    return TableProfile(columns, evidence, None if features is None else measure(features))


@dataclass(frozen=True, eq=False)
class Vector:
    """One model boiled down to what the index compares: small, and never changes."""

    domain: str
    shares: npt.NDArray[np.float32]
    types: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint32]

    @cached_property
    def known(self) -> frozenset[int]:
        """The same words, to ask whether one is among them."""
        return frozenset(self.words.tolist())


def vector(domain: str, columns: Iterable[Column], roles: Mapping[str, float]) -> Vector:
    """Boils a model down; roles this code does not know count nothing."""
    shares = np.zeros(len(ROLE_NAMES), dtype=np.float32)
    types = np.zeros(len(ROLE_NAMES), dtype=np.uint8)
    for role, share in roles.items():
        if role in ROLE_INDEX:
            shares[ROLE_INDEX[role]] = min(1.0, max(0.0, share))
    words: set[str] = set()
    for column in columns:
        if column.role in ROLE_INDEX and role_of(column.role).weight > 0:
            types[ROLE_INDEX[column.role]] |= _kind(column)
            words.update(meaningful(column.name))
    types[(shares > 0) & (types == 0)] = _NUMBER | _TIME | _TEXT  # not recorded: any will do
    return Vector(domain, shares, types, np.array(sorted(_hash(w) for w in words), dtype=np.uint32))


class Index:
    """Many models side by side, to compare with one table at once.

    Args:
        vectors: the models; every array this class returns is in their order.
    """

    def __init__(self, vectors: Sequence[Vector]) -> None:
        self._size = len(vectors)
        shares = _stack([v.shares for v in vectors], np.float32)
        # (roles, models): a comparison walks through the roles of one table, a few dozen rows at most.
        self._types = np.ascontiguousarray(_stack([v.types for v in vectors], np.uint8).T)
        self._needed = np.ascontiguousarray((shares * ROLE_WEIGHTS).T)
        # A role that half of the training tables had is known; more adds nothing.
        self._known = np.ascontiguousarray(with_substitutes(np.minimum(1.0, 2.0 * shares)).T)
        # Roles that only some training tables had: between asking for all of them and for as many as a
        # typical training table had.
        every, typical = (shares * ROLE_WEIGHTS).sum(axis=1), (shares * shares * ROLE_WEIGHTS).sum(axis=1)
        self._asked = np.maximum(np.sqrt(every * typical), 1e-9)
        names = np.array([v.domain for v in vectors], dtype=str)
        self._domains, self._domain = np.unique(names, return_inverse=True)
        owners = np.repeat(np.arange(self._size), [len(v.words) for v in vectors])
        words = np.concatenate([np.zeros(0, dtype=np.uint32), *(v.words for v in vectors)])
        order = np.argsort(words, kind="stable")
        self._words, self._owners = words[order], owners[order]

    def __len__(self) -> int:
        return self._size

    def parts(self, table: TableProfile) -> Floats:
        """(models, parts) how far each of `PARTS` is met, in [0, 1]."""
        present, types = table.presence
        reach = table.reach
        worth = present * ROLE_WEIGHTS / max(float(present @ ROLE_WEIGHTS), 1e-9)
        needs, knows, agrees = (np.zeros(self._size, dtype=np.float32) for _ in range(3))
        for role in np.flatnonzero(reach):
            met = self._needed[role] * reach[role]
            needs += met
            agrees += met * ((self._types[role] & types[role]) > 0) if present[role] else met
        for role in np.flatnonzero(worth):
            knows += self._known[role] * worth[role]
        scores = np.array([table.domain.scores.get(str(name), UNSAID) for name in self._domains])
        out = np.zeros((self._size, len(PARTS)))
        out[:, 0] = needs / self._asked
        out[:, 1] = knows
        out[:, 2] = scores[self._domain] if self._size else 0.0
        out[:, 3] = self._names(table)
        out[:, 4] = agrees / self._asked
        return np.clip(out, 0.0, 1.0)

    def _names(self, table: TableProfile) -> Floats:
        weights: dict[int, float] = {}
        for words in table.named:
            for word in words:
                weights[word] = weights.get(word, 0.0) + 1.0 / (len(words) * len(table.named))
        found = np.zeros(len(self))
        keys = np.array(list(weights), dtype=np.uint32)
        low, high = (np.searchsorted(self._words, keys, side).tolist() for side in ("left", "right"))
        for start, end, weight in zip(low, high, weights.values(), strict=True):
            found[self._owners[start:end]] += weight
        return found


def total(parts: Floats, closeness: Floats | None) -> Floats:
    """(models,) similarities from `Index.parts` and, where the table has features, their closeness."""
    if closeness is None:
        return np.asarray(parts @ _WEIGHTS / _WEIGHTS.sum())
    return np.asarray(parts @ _WEIGHTS + POINTS["distributions"] * closeness)


def shortlist(parts: Floats, table: TableProfile, top: int, minimum: float) -> tuple[list[int], list[float]]:
    """The models whose distributions are worth reading: those that may still be among the best, best first.

    At most `SHORTLIST`, or `top` if that is more; ties keep the order of the index.

    Returns:
        Their positions, and the similarity each could reach at most.
    """
    if top < 1 or not len(parts):
        return [], []
    nothing = None if table.quantiles is None else np.zeros(len(parts))
    least = total(parts, nothing)
    most = least if table.quantiles is None else least + POINTS["distributions"]
    enough = np.partition(least, -top)[-top] if top < len(least) else 0.0
    able = np.flatnonzero(most + ROUNDING >= max(enough, minimum))
    kept = able[np.argsort(-most[able], kind="stable")][: max(top, SHORTLIST)].tolist()
    return kept, [float(most[i]) + ROUNDING for i in kept]


def _kind(column: Column) -> int:
    if role_of(column.role).any_type:
        return _NUMBER | _TIME | _TEXT
    name = column.type.lower()
    if name.startswith(("int", "uint", "float", "decimal", "bool", "number")):
        return _NUMBER
    return _TIME if name.startswith(("date", "time")) else _TEXT


@lru_cache(maxsize=20_000)
def _hash(word: str) -> int:
    """The same number for a word in every process."""
    return crc32(word.encode())


def _stack(rows: list[Any], dtype: Any) -> Any:
    return np.array(rows, dtype=dtype).reshape(len(rows), len(ROLE_NAMES))
