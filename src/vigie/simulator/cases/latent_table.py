"""The latent scores of one table of independent rows, from which all of its cells are written.

The score of a column is standard normal over legitimate rows. Scores share hidden factors (wealth, age, appetite…), so that
columns correlate; a typology shifts the scores of its rows, a hard negative those of legitimate rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.sampling import Floats, Ints

Rows = NDArray[np.intp]

FACTORS = ("wealth", "age", "severity", "appetite", "digital", "season")


@dataclass(frozen=True, eq=False)
class ColumnSpec:
    """One column that a domain may show.

    Attributes:
        key: unique within the domain.
        names: names an owner may give it, "english, english | french | spanish | portuguese"; where empty, those of the role.
        role: of the column.
        cells: writes the cells from the latent score.
        bounds: of the one parameter drawn per table: share of true (below 1), mean of a count, median of money or days, number
            of entities (above 1).
        loadings: hidden factors of legitimate rows, "wealth 0.6 age -0.3".
        probability: how often a table shows the column where no typology affects it.
        score_of: key of the column whose score this one shows too; its own where empty.
    """

    key: str
    names: str
    role: str
    cells: CellWriter
    bounds: tuple[float, float] = (1.0, 1.0)
    loadings: str = ""
    probability: float = 0.5
    score_of: str = ""

    @property
    def score_key(self) -> str:
        """Key of the latent score that the column shows."""
        return self.score_of or self.key

    @property
    def has_pool(self) -> bool:
        """Whether the column names entities out of a pool of limited size."""
        return self.bounds[1] > 1


@dataclass
class LatentTable:
    """One table while it is simulated.

    Attributes:
        rng: the only source of randomness.
        size: number of rows.
        columns: by key.
        strength: factor on all shifts of scores.
        time: (rows,) seconds since 1970.
        factors: (rows,) of each hidden factor.
        intensity: (rows,) factor on the shifts of each row.
        label: (rows,) True where the row is fraud.
        scores: (rows,) latent score of each column, by key; drawn when first asked for.
        entities: (rows,) index of the entity each row refers to, by key of the column.
        styles: (rows,) how a contact cell is written, by key; 0 is the usual way.
        parameters: drawn for this table, by name.
        shifts: score shifts of the typology being made, from which hard negatives are made.
        affected: keys of the columns that typologies depend on.
        empty: (rows,) whether a cell is left empty, by key.
        copies: (rows, the rows they copy, keys of scores that are not copied).
    """

    rng: np.random.Generator
    size: int
    columns: Mapping[str, ColumnSpec]
    strength: float
    time: Floats
    factors: dict[str, Floats]
    intensity: Floats
    label: NDArray[np.bool_]
    scores: dict[str, Floats] = field(default_factory=dict)
    entities: dict[str, Ints] = field(default_factory=dict)
    styles: dict[str, Ints] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    shifts: list[tuple[str, float]] = field(default_factory=list)
    affected: set[str] = field(default_factory=set)
    empty: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    copies: list[tuple[Rows, Rows, tuple[str, ...]]] = field(default_factory=list)

    def score(self, key: str) -> Floats:
        """Return the (rows,) latent score of a column."""
        if key not in self.scores:
            column, total, weight = self.columns.get(key), np.zeros(self.size), 0.0
            words = column.loadings.split() if column else []
            for name, usual in zip(words[::2], words[1::2], strict=True):
                loading = float(usual) * self.rng.uniform(0.5, 1.4)
                total += loading * self.factors[name]
                weight += loading**2
            stray = self.rng.normal(0, 0.15)
            total += stray * self.factors[FACTORS[int(self.rng.integers(len(FACTORS)))]]
            total += self.rng.normal(0, np.sqrt(max(0.15, 1 - weight)), self.size)
            self.scores[key] = total / np.sqrt(stray**2 + weight + max(0.15, 1 - weight))
        return self.scores[key]

    def parameter(self, column: ColumnSpec) -> float:
        """Return the parameter drawn for a column, the same for all columns that show one score."""
        key = column.score_key
        low, high = self.columns[key].bounds if key in self.columns else column.bounds
        if key not in self.parameters:
            self.parameters[key] = float(np.exp(self.rng.uniform(np.log(low), np.log(high))))
        return self.parameters[key]

    def entity_ids(self, key: str) -> Ints:
        """Return the (rows,) entities of a column.

        Out of a pool with a long tail where the column has one; otherwise one per row, rarely with random repetitions such as
        recycled numbers and shared lines.
        """
        if key not in self.entities:
            column = self.columns.get(key)
            pool = int(self.parameter(column)) if column and column.has_pool else 0
            if not pool and self.rng.random() < 0.15:
                pool = int(self.size * self.rng.uniform(0.7, 5))
            drawn = self.rng.random(self.size) ** self.rng.uniform(1.0, 2.5)
            self.entities[key] = (drawn * pool).astype(np.int64) if pool else np.arange(self.size)
        return self.entities[key]

    def style(self, key: str) -> Ints:
        """Return how the (rows,) cells of a contact are written; each writer says what its numbers mean."""
        return self.styles.setdefault(key, np.zeros(self.size, np.int64))

    def shift(self, rows: Rows, **sizes: float) -> None:
        """Shift scores of rows by about `sizes`; a column is sometimes left out and rarely shifted the other way."""
        for key, size in sizes.items():
            chance = self.rng.random()
            if chance < 0.15:
                continue
            shift = size * self.rng.uniform(0.5, 1.5) * self.strength * (-0.6 if chance > 0.95 else 1.0)
            self.score(key)[rows] += shift * self.intensity[rows] + self.rng.normal(0, 0.2, len(rows))
            self.affected.add(key)
            if self.label[rows[:1]].any():
                self.shifts.append((key, shift))

    def set_jointly_high(self, rows: Rows, keys: Sequence[str], corner: float, purity: float) -> None:
        """Give rows high values of several scores at once, and take that combination from other rows.

        Args:
            rows: the rows.
            keys: of the scores; "-key" for a low value.
            corner: quantile from which a score is high, for columns that are no flags.
            purity: share of the other rows with this combination that lose it in one of the scores.
        """
        inside, cuts, others = np.ones(self.size, bool), [], np.ones(self.size, bool)
        others[rows] = False
        for signed in keys:
            key, sign = signed.lstrip("-"), -1.0 if signed.startswith("-") else 1.0
            score, column = self.score(key) * sign, self.columns.get(key)
            part = self._share_below(column, sign) if column and column.bounds[1] < 1 else corner
            cut = float(np.quantile(score, part))
            self.parameters[f"{key} edge"] = part if sign > 0 else 1 - part
            drawn = self.rng.choice(score[score > cut], len(rows))
            self.scores[key][rows] = drawn * sign
            self.affected.add(key)
            inside &= self.scores[key] * sign > cut
            cuts.append((key, score[score <= cut] * sign))
        leaving = np.flatnonzero(inside & others & (self.rng.random(self.size) < purity))
        by_score = self.rng.integers(len(cuts), size=len(leaving))
        for number, (key, below) in enumerate(cuts):
            out = leaving[by_score == number]
            self.scores[key][out] = self.rng.choice(below, len(out))

    def _share_below(self, column: ColumnSpec, sign: float) -> float:
        return 1 - self.parameter(column) if sign > 0 else self.parameter(column)

    def make_ring(self, rows: Rows, alike: Sequence[str], shared: Sequence[str], size: int) -> None:
        """Divide rows into groups of about `size` that share some entities and have some scores in common.

        Args:
            rows: the rows.
            alike: keys of scores that may resemble each other within a group.
            shared: keys of entities that may be shared within a group.
            size: rows per group.
        """
        group = np.arange(len(rows)) // max(2, size)
        for key in shared:
            if self.rng.random() < 0.75:
                ids = self.entity_ids(key)
                pooled = key in self.columns and self.columns[key].has_pool
                ids[rows] = ids[rows][group * max(2, size)] if pooled else self.size + rows[0] * 7 + group
                self.affected.add(key)
        for key in alike:
            if self.rng.random() < 0.5:
                centre = self.rng.normal(0.3, 0.8, group.max(initial=0) + 1)[group]
                spread = self.rng.uniform(0.1, 0.8) / self.strength
                self.score(key)[rows] = centre + self.rng.normal(0, spread, len(rows))
                self.affected.add(key)

    def cluster_in_time(self, rows: Rows, count: int, seconds: float) -> None:
        """Move rows to `count` bursts, each lasting about `seconds`."""
        starts = self.rng.choice(self.time, max(1, count))
        delays = self.rng.exponential(seconds, len(rows))
        self.time[rows] = starts[np.arange(len(rows)) % len(starts)] + delays
        self.affected.add("time")

    def set_style(self, rows: Rows, key: str, value: int, share: float = 0.8) -> None:
        """Write the contact cells of a share of the rows in another way."""
        self.style(key)[rows[self.rng.random(len(rows)) < share * min(1.0, self.strength)]] = value
        self.affected.add(key)

    def uses_bands(self) -> bool:
        """Draw whether a number is written as ordinal text: some owners always do so, most hardly ever."""
        habit = self.parameters.setdefault(
            "bands", float(self.rng.choice((0.03, 0.15, 0.8), p=(0.65, 0.25, 0.1)))
        )
        return bool(self.rng.random() < habit)

    def leave_empty(self, rows: Rows, key: str, share: float) -> None:
        """Leave a share of these rows' cells empty."""
        empty = self.empty.setdefault(key, np.zeros(self.size, bool))
        empty[rows] |= self.rng.random(len(rows)) < share

    def copy_rows(self, rows: Rows, changed: Sequence[str], kept: Sequence[str]) -> None:
        """Make rows near-copies of other rows.

        Args:
            rows: the rows.
            changed: keys of scores that are not copied.
            kept: keys of entities, most of which are copied.
        """
        sources = self.rng.integers(0, self.size, len(rows))
        self.copies.append((rows, sources, tuple(changed)))
        for key in kept:
            if self.rng.random() < 0.5:
                ids = self.entity_ids(key)
                ids[rows] = ids[sources]
                self.affected.add(key)


CellWriter = Callable[[LatentTable, ColumnSpec], pl.Series]
"""Writes the (rows,) cells of a column; it does not decide which rows are fraud."""
