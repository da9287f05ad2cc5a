"""What matching knows of a table and of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.matching.distributions import FeatureTable, Quantiles, quantiles_of
from vigie.matching.domains import DomainScores, distinctive_words, score_domains
from vigie.matching.role_weights import ROLE_INDEX, ROLE_NAMES, with_substitutes
from vigie.roles.definitions import role_of
from vigie.roles.inference import Roles

Shares = npt.NDArray[np.float32]
TypeBits = npt.NDArray[np.uint8]

NUMBER, TIME, TEXT = 1, 2, 4
ANY_TYPE = NUMBER | TIME | TEXT
_SAMPLE_ROWS = 20_000
_MAX_VALUES = 200


@dataclass(frozen=True)
class Column:
    """One column of a profile; `type` is the name of a polars type, or nearly."""

    name: str
    role: str
    type: str

    @property
    def type_bit(self) -> int:
        """`NUMBER`, `TIME` or `TEXT`; `ANY_TYPE` where the type of the role does not matter."""
        if role_of(self.role).any_type:
            return ANY_TYPE
        name = self.type.lower()
        if name.startswith(("int", "uint", "float", "decimal", "bool", "number")):
            return NUMBER
        return TIME if name.startswith(("date", "time")) else TEXT

    @property
    def counts(self) -> bool:
        """Whether the role counts; not where this version does not know it."""
        return self.role in ROLE_INDEX and role_of(self.role).weight > 0


@dataclass(frozen=True, eq=False)
class TableProfile:
    """A table as matching sees it; it holds no values but words of our vocabulary.

    Attributes:
        columns: with their roles and types.
        domain: how well each domain fits its words.
        quantiles: of its features; None where distributions are not compared.
    """

    columns: tuple[Column, ...]
    domain: DomainScores = field(default_factory=lambda: DomainScores({}, {}))
    quantiles: Quantiles | None = None

    @cached_property
    def present(self) -> Shares:
        """(roles,) 1 where the table has the role, else 0."""
        present = np.zeros(len(ROLE_NAMES), dtype=np.float32)
        present[[ROLE_INDEX[column.role] for column in self.columns]] = 1.0
        return present

    @cached_property
    def types(self) -> TypeBits:
        """(roles,) types of the columns of the role, as bits."""
        types = np.zeros(len(ROLE_NAMES), dtype=np.uint8)
        for column in self.columns:
            types[ROLE_INDEX[column.role]] |= column.type_bit
        return types

    @cached_property
    def coverage(self) -> Shares:
        """(roles,) how far the table has the role or a substitute, in [0, 1]."""
        return with_substitutes(self.present)

    @cached_property
    def column_words(self) -> tuple[tuple[int, ...], ...]:
        """Hashes of the words of each column that counts."""
        names = (distinctive_words(column.name) for column in self.columns if column.counts)
        return tuple(tuple(map(word_hash, words)) for words in names if words)


@dataclass(frozen=True, eq=False)
class ModelProfile:
    """A reference model as matching sees it.

    Attributes:
        domain: of its training tables.
        columns: of its training tables.
        roles: role -> share of its training tables that had it, in [0, 1].
        quantiles: of their features.
    """

    domain: str
    columns: tuple[Column, ...]
    roles: Mapping[str, float]
    quantiles: Quantiles


def describe(frame: pl.DataFrame, roles: Roles, features: FeatureTable | None = None) -> TableProfile:
    """Describe a table for matching.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        features: of the table; without them distributions are not compared.
    """
    columns = tuple(Column(c.column, c.role, str(frame.schema[c.column].base_type())) for c in roles.columns)
    texts = [column.name for column in columns if column.role != "none"]
    for column in columns:
        if role_of(column.role).names_domain and frame.schema[column.name] == pl.String:
            values = frame[column.name].head(_SAMPLE_ROWS).drop_nulls().unique().sort()
            texts += values.to_list() if len(values) <= _MAX_VALUES else []
    domain = score_domains(texts, {column.role for column in columns})
    return TableProfile(columns, domain, None if features is None else quantiles_of(features))


@lru_cache(maxsize=20_000)
def word_hash(word: str) -> int:
    """Return a number that is the same in every process."""
    return crc32(word.encode())
