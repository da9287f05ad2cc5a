"""One world of independent rows while it is being made: hidden factors, latent scores, and who shares what with whom.

Every cell comes from a latent normal score. Scores share hidden factors (wealth, age, appetite…), so that legitimate rows hang
together; a typology pushes the scores of its rows, a look-alike pushes legitimate ones. Nothing here writes a cell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]
Cells = Callable[["Case", "Field"], pl.Series]

FACTORS = ("wealth", "age", "severity", "appetite", "digital", "season")
DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class Field:
    """One column a domain knows.

    Attributes:
        spellings: words an owner uses, "english, english | french | spanish | portuguese".
        cells: turns the latent score into cells.
        span: range of the one parameter drawn per world: share of yes (below 1), mean of a count, median of money or days, size
            of a pool (above 1).
        loads: hidden factors of legitimate rows, "wealth 0.6 age -0.3".
        odds: how often a world shows the column when no typology needs it.
        latent: key of the field whose score this one shows too; its own when empty.
    """

    key: str
    spellings: str
    role: str
    cells: Cells
    span: tuple[float, float] = (1.0, 1.0)
    loads: str = ""
    odds: float = 0.5
    latent: str = ""


@dataclass
class Case:
    """One world while it is being made; typologies and look-alikes change it, ``build`` reads it."""

    rng: np.random.Generator
    size: int
    fields: Mapping[str, Field]
    grip: float
    time: Floats
    factors: dict[str, Floats]
    vigour: Floats
    label: NDArray[np.bool_]
    scores: dict[str, Floats] = field(default_factory=dict)
    entities: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    styles: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)
    symptoms: list[tuple[str, float]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    blanks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    twins: list[tuple[Rows, Rows, tuple[str, ...]]] = field(default_factory=list)

    def z(self, key: str) -> Floats:
        """The latent score of a column, standard normal over legitimate rows, drawn when first asked for."""
        if key not in self.scores:
            spec, total, weight = self.fields.get(key), np.zeros(self.size), 0.0
            words = spec.loads.split() if spec else []
            for name, load in zip(words[::2], words[1::2], strict=True):
                loading = float(load) * self.rng.uniform(0.5, 1.4)
                total += loading * self.factors[name]
                weight += loading**2
            stray = self.rng.normal(0, 0.15)
            total += stray * self.factors[FACTORS[int(self.rng.integers(len(FACTORS)))]]
            total += self.rng.normal(0, np.sqrt(max(0.15, 1 - weight)), self.size)
            self.scores[key] = total / np.sqrt(stray**2 + weight + max(0.15, 1 - weight))
        return self.scores[key]

    def level(self, spec: Field) -> float:
        """The parameter drawn for a column in this world, the same for all columns that show one score."""
        key = spec.latent or spec.key
        low, high = self.fields[key].span if key in self.fields else spec.span
        if key not in self.levels:
            self.levels[key] = float(np.exp(self.rng.uniform(np.log(low), np.log(high))))
        return self.levels[key]

    def ids(self, key: str) -> NDArray[np.int64]:
        """Who or what a row refers to: a pool with a long tail when the field has a span above 1, one each otherwise (rarely a
        few at random are the same: recycled numbers, shared lines)."""
        if key not in self.entities:
            spec = self.fields.get(key)
            pool = int(self.level(spec)) if spec and spec.span[1] > 1 else 0
            if not pool and self.rng.random() < 0.15:
                pool = int(self.size * self.rng.uniform(0.7, 5))
            draw = self.rng.random(self.size) ** self.rng.uniform(1.0, 2.5)
            self.entities[key] = (draw * pool).astype(np.int64) if pool else np.arange(self.size)
        return self.entities[key]

    def style(self, key: str) -> NDArray[np.int64]:
        """How a contact cell is written: 0 as people do; each contact says what its other numbers mean."""
        return self.styles.setdefault(key, np.zeros(self.size, np.int64))

    def push(self, rows: Rows, **sizes: float) -> None:
        """Shift the scores of rows; a column is sometimes left alone, rarely goes the other way, and frauds vary in vigour."""
        for key, size in sizes.items():
            chance = self.rng.random()
            if chance < 0.15:
                continue
            shift = size * self.rng.uniform(0.5, 1.5) * self.grip * (-0.6 if chance > 0.95 else 1.0)
            self.z(key)[rows] += shift * self.vigour[rows] + self.rng.normal(0, 0.2, len(rows))
            self.touched.add(key)
            if self.label[rows[:1]].any():
                self.symptoms.append((key, shift))

    def coincide(self, rows: Rows, keys: Sequence[str], corner: float, purity: float) -> None:
        """Put rows where several scores are high at once ("-key" for low); most other rows leave that corner by one score."""
        inside, cuts, others = np.ones(self.size, bool), [], np.ones(self.size, bool)
        others[rows] = False
        for signed in keys:
            key, sign = signed.lstrip("-"), -1.0 if signed.startswith("-") else 1.0
            score, spec = self.z(key) * sign, self.fields.get(key)
            part = self._part(spec, sign) if spec and spec.span[1] < 1 else corner
            cut = float(np.quantile(score, part))
            self.levels[f"{key} edge"] = part if sign > 0 else 1 - part
            drawn = self.rng.choice(score[score > cut], len(rows))
            self.scores[key][rows] = drawn * sign
            self.touched.add(key)
            inside &= self.scores[key] * sign > cut
            cuts.append((key, sign, score[score <= cut] * sign))
        leave = np.flatnonzero(inside & others & (self.rng.random(self.size) < purity))
        way = self.rng.integers(len(cuts), size=len(leave))
        for number, (key, _, below) in enumerate(cuts):
            out = leave[way == number]
            self.scores[key][out] = self.rng.choice(below, len(out))

    def _part(self, spec: Field, sign: float) -> float:
        return 1 - self.level(spec) if sign > 0 else self.level(spec)

    def ring(self, rows: Rows, alike: Sequence[str], shared: Sequence[str], size: int) -> None:
        """Cut rows into groups of about ``size`` that share entities and resemble each other in some scores."""
        group = np.arange(len(rows)) // max(2, size)
        for key in shared:
            if self.rng.random() < 0.75:
                ids = self.ids(key)
                pool = key in self.fields and self.fields[key].span[1] > 1
                ids[rows] = ids[rows][group * max(2, size)] if pool else self.size + rows[0] * 7 + group
                self.touched.add(key)
        for key in alike:
            if self.rng.random() < 0.5:
                centre = self.rng.normal(0.3, 0.8, group.max(initial=0) + 1)[group]
                self.z(key)[rows] = centre + self.rng.normal(
                    0, self.rng.uniform(0.1, 0.8) / self.grip, len(rows)
                )
                self.touched.add(key)

    def burst(self, rows: Rows, count: int, width: float) -> None:
        """Bring rows together in ``count`` moments, each lasting about ``width`` seconds."""
        centres = self.rng.choice(self.time, max(1, count))
        self.time[rows] = centres[np.arange(len(rows)) % len(centres)] + self.rng.exponential(
            width, len(rows)
        )
        self.touched.add("time")

    def restyle(self, rows: Rows, key: str, value: int, share: float = 0.8) -> None:
        """Write some of these rows' contact cells in another way."""
        self.style(key)[rows[self.rng.random(len(rows)) < share * min(1.0, self.grip)]] = value
        self.touched.add(key)

    def banded(self) -> bool:
        """Whether a number is written as ordinal text this time: some owners always do, most hardly ever."""
        habit = self.levels.setdefault(
            "bands", float(self.rng.choice((0.03, 0.15, 0.8), p=(0.65, 0.25, 0.1)))
        )
        return bool(self.rng.random() < habit)

    def blank(self, rows: Rows, key: str, share: float) -> None:
        """Leave cells empty."""
        empty = self.blanks.setdefault(key, np.zeros(self.size, bool))
        empty[rows] |= self.rng.random(len(rows)) < share

    def resubmit(self, rows: Rows, changed: Sequence[str], kept: Sequence[str]) -> None:
        """Make rows near-copies of other rows, but for the scores named changed; of the entities named kept, most stay the same."""
        sources = self.rng.integers(0, self.size, len(rows))
        self.twins.append((rows, sources, tuple(changed)))
        for key in kept:
            if self.rng.random() < 0.5:
                ids = self.ids(key)
                ids[rows] = ids[sources]
                self.touched.add(key)
