"""The parts of the similarity between one table and many models, computed at once."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.matching.domains import NEUTRAL_SCORE, STOP_WORDS, distinctive_words
from vigie.matching.profiles import ANY_TYPE, Column, Shares, TableProfile, TypeBits, word_hash
from vigie.matching.role_weights import ROLE_INDEX, ROLE_NAMES, ROLE_WEIGHTS, with_substitutes
from vigie.roles.definitions import ROLES

POINTS = {"needs": 0.28, "knows": 0.20, "domain": 0.25, "names": 0.08, "types": 0.05, "distributions": 0.14}
PARTS = ("needs", "knows", "domain", "names", "types")
"""The parts that `ModelIndex.parts` computes; distributions need more than the index holds."""
SHORTLIST = 32
"""Models whose distributions are compared, however many are in the index."""

_PART_POINTS = np.array([POINTS[part] for part in PARTS])
_ROUNDING = 1e-3
_PACKED_FORMAT = 1
"""Increased where the same columns give other words or types, so that vectors packed before are not used."""
_HEADER = struct.Struct("<IHI")


@dataclass(frozen=True, eq=False)
class ModelVector:
    """What the index holds of one model.

    Attributes:
        domain: of its training tables.
        shares: (roles,) share of its training tables that had the role.
        types: (roles,) types of its columns, as bits.
        words: hashes of the words of its columns, ascending.
    """

    domain: str
    shares: Shares
    types: TypeBits
    words: npt.NDArray[np.uint32]

    @cached_property
    def word_set(self) -> frozenset[int]:
        """The same words, for look-ups."""
        return frozenset(self.words.tolist())

    @classmethod
    def of(cls, domain: str, columns: Iterable[Column], roles: Mapping[str, float]) -> ModelVector:
        """Return the vector of a model; roles that this version does not know count nothing."""
        return cls.of_documents(
            domain, [(column.name, column.role, column.type) for column in columns], roles
        )

    @classmethod
    def of_documents(
        cls, domain: str, columns: Iterable[tuple[str, str, str]], roles: Mapping[str, float]
    ) -> ModelVector:
        """Return the vector of a model from the name, role and type of each column, as the catalog stores them."""
        shares = np.zeros(len(ROLE_NAMES), dtype=np.float32)
        types = bytearray(len(ROLE_NAMES))
        known = [role for role in roles if role in ROLE_INDEX]
        shares[[ROLE_INDEX[role] for role in known]] = [min(1.0, max(0.0, roles[role])) for role in known]
        words: set[int] = set()
        for name, role, kind in columns:
            bit = _type_bit(role, kind)
            if bit:
                types[ROLE_INDEX[role]] |= bit
                words.update(_word_hashes(name))
        bits = np.frombuffer(types, dtype=np.uint8)
        bits[(shares > 0) & (bits == 0)] = ANY_TYPE  # not recorded
        return cls(domain, shares, bits, np.array(sorted(words), dtype=np.uint32))

    def to_bytes(self) -> bytes:
        """Return the vector without its domain, packed; roles are by position, so a digest of them stands before."""
        head = _HEADER.pack(_packed_digest(), len(self.shares), len(self.words))
        arrays = (self.shares.astype("<f4"), self.types.astype("u1"), self.words.astype("<u4"))
        return head + b"".join(array.tobytes() for array in arrays)

    @classmethod
    def from_bytes(cls, domain: str, data: bytes) -> ModelVector | None:
        """Read what `to_bytes` wrote; None where another version with other roles or words did, or nothing is stored."""
        if len(data) < _HEADER.size:
            return None
        digest, roles, words = _HEADER.unpack_from(data)
        types, end = _HEADER.size + 4 * roles, _HEADER.size + 5 * roles
        if (digest, roles, len(data)) != (_packed_digest(), len(ROLE_NAMES), end + 4 * words):
            return None
        return cls(
            domain,
            np.frombuffer(data, "<f4", roles, _HEADER.size),
            np.frombuffer(data, "u1", roles, types),
            np.frombuffer(data, "<u4", words, end),
        )


@cache
def _packed_digest() -> int:
    """Return a number that differs where a packed vector would mean something else."""
    roles = [(name, role.any_type, role.weight > 0) for name, role in ROLES.items()]
    return crc32(repr((_PACKED_FORMAT, roles, sorted(STOP_WORDS))).encode())


@lru_cache(maxsize=50_000)
def _word_hashes(name: str) -> tuple[int, ...]:
    """Return the hashes of the words of a column name; models of one owner have many names in common."""
    return tuple(map(word_hash, distinctive_words(name)))


@lru_cache(maxsize=5_000)
def _type_bit(role: str, kind: str) -> int:
    """Return the type of a column as a bit; 0 where its role does not count."""
    column = Column("", role, kind)
    return column.type_bit if column.counts else 0


class ModelIndex:
    """Vectors of models side by side, to be compared with one table at a time.

    Args:
        vectors: one for each model; all results are in their order.
    """

    def __init__(self, vectors: Sequence[ModelVector]) -> None:
        self._size = len(vectors)
        shares = _stack([v.shares for v in vectors], np.float32)
        # (roles, models): a comparison reads the rows of the roles of one table, a few dozen at most.
        self._types = np.ascontiguousarray(_stack([v.types for v in vectors], np.uint8).T)
        self._needed = np.ascontiguousarray((shares * ROLE_WEIGHTS).T)
        self._known = np.ascontiguousarray(known_roles(shares).T)
        # Between all roles that some training table had and as many as a typical one had.
        every, typical = (shares * ROLE_WEIGHTS).sum(axis=1), (shares * shares * ROLE_WEIGHTS).sum(axis=1)
        self._total_needed = np.maximum(np.sqrt(every * typical), 1e-9)
        names = np.array([v.domain for v in vectors], dtype=str)
        self._domains, self._domain = np.unique(names, return_inverse=True)
        owners = np.repeat(np.arange(self._size), [len(v.words) for v in vectors])
        words = np.concatenate([np.zeros(0, dtype=np.uint32), *(v.words for v in vectors)])
        order = np.argsort(words, kind="stable")
        self._words, self._owners = words[order], owners[order]

    def __len__(self) -> int:
        return self._size

    def parts(self, table: TableProfile) -> Floats:
        """Return (models, parts) how far each of `PARTS` is met, in [0, 1]."""
        present, types, coverage = table.present, table.types, table.coverage
        weight = present * ROLE_WEIGHTS / max(float(present @ ROLE_WEIGHTS), 1e-9)
        needs, knows, same_type = (np.zeros(self._size, dtype=np.float32) for _ in range(3))
        for role in np.flatnonzero(coverage):
            met = self._needed[role] * coverage[role]
            needs += met
            same_type += met * ((self._types[role] & types[role]) > 0) if present[role] else met
        for role in np.flatnonzero(weight):
            knows += self._known[role] * weight[role]
        scores = np.array([table.domain.scores.get(str(name), NEUTRAL_SCORE) for name in self._domains])
        out = np.zeros((self._size, len(PARTS)))
        out[:, 0] = needs / self._total_needed
        out[:, 1] = knows
        out[:, 2] = scores[self._domain] if self._size else 0.0
        out[:, 3] = self._shared_words(table)
        out[:, 4] = same_type / self._total_needed
        return np.clip(out, 0.0, 1.0)

    def _shared_words(self, table: TableProfile) -> Floats:
        """Return (models,) share of the words of the table's columns that the model's columns have."""
        weights: dict[int, float] = {}
        for words in table.column_words:
            for word in words:
                weights[word] = weights.get(word, 0.0) + 1.0 / (len(words) * len(table.column_words))
        found = np.zeros(len(self))
        keys = np.array(list(weights), dtype=np.uint32)
        low, high = (np.searchsorted(self._words, keys, side).tolist() for side in ("left", "right"))
        for start, end, weight in zip(low, high, weights.values(), strict=True):
            found[self._owners[start:end]] += weight
        return found


def known_roles(shares: Shares) -> Shares:
    """Return how far models know each role or a substitute, in [0, 1]; a role that half of the training tables had is known.

    Args:
        shares: (roles,) or (models, roles) share of the training tables that had the role.
    """
    return with_substitutes(np.minimum(1.0, 2.0 * shares))


def total(parts: Floats, distributions: Floats | None) -> Floats:
    """Return (models,) similarities in [0, 1].

    Args:
        parts: (models, parts) as `ModelIndex.parts` returns them.
        distributions: (models,) similarity of the distributions; None where the table has no features.
    """
    if distributions is None:
        return np.asarray(parts @ _PART_POINTS / _PART_POINTS.sum())
    return np.asarray(parts @ _PART_POINTS + POINTS["distributions"] * distributions)


def shortlist(parts: Floats, table: TableProfile, top: int, minimum: float) -> tuple[list[int], list[float]]:
    """Choose the models whose distributions must be compared: those that may be among the best.

    At most `SHORTLIST`, or `top` if that is more; ties keep the order of the index.

    Returns:
        Their positions, and the highest similarity that each may reach, descending.
    """
    if top < 1 or not len(parts):
        return [], []
    nothing = None if table.quantiles is None else np.zeros(len(parts))
    lowest = total(parts, nothing)
    highest = lowest if table.quantiles is None else lowest + POINTS["distributions"]
    threshold = np.partition(lowest, -top)[-top] if top < len(lowest) else 0.0
    possible = np.flatnonzero(highest + _ROUNDING >= max(threshold, minimum))
    kept = possible[np.argsort(-highest[possible], kind="stable")][: max(top, SHORTLIST)].tolist()
    return kept, [float(highest[i]) + _ROUNDING for i in kept]


def _stack(rows: list[Any], dtype: Any) -> Any:
    return np.array(rows, dtype=dtype).reshape(len(rows), len(ROLE_NAMES))
