"""Draw the table of a domain of cases: one row per claim, application, registration or order, without a history.

Which typologies a table has, how strong they are, what legitimate rows share with them and how the owner writes it are drawn
per table.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.cases.latent_table import FACTORS, ColumnSpec, LatentTable, Rows
from vigie.simulator.column_names import LANGUAGES, ColumnNamer
from vigie.simulator.domain import Domain, SimulatedTable
from vigie.simulator.sampling import DAY

Scheme = Callable[[LatentTable, Rows], None]
"""Makes rows fraudulent, or legitimate rows suspicious; the name of the function is that of the typology."""

_LEAKS = ("", "investigation opened", "dispute received", "case confirmed", "refused after review")


@dataclass(frozen=True, kw_only=True)
class CaseDomain(Domain):
    """A domain whose rows are independent cases.

    Attributes:
        columns: that a table may show.
        typologies: schemes that make their rows fraudulent; one named twice is drawn twice as often.
        hard_negatives: schemes that make legitimate rows suspicious.
        column_count: lowest and highest number of columns of a table, columns of noise left out.
        fraud_rate: lowest and highest share of frauds.
    """

    columns: tuple[ColumnSpec, ...]
    typologies: tuple[Scheme, ...]
    hard_negatives: tuple[Scheme, ...]
    column_count: tuple[int, int] = (6, 30)
    fraud_rate: tuple[float, float] = (0.006, 0.15)

    has_history = False

    def simulate(self, seed: int, rows: int | None = None) -> SimulatedTable:
        """Simulate one table; of 1,000 to 8,000 rows when `rows` is None."""
        rng = np.random.default_rng([seed, self.number or zlib.crc32(self.name.encode())])
        size = rows if rows is not None else int(rng.integers(1000, 8001))
        low, high = np.log(self.fraud_rate[0]), np.log(self.fraud_rate[1])
        rate = float(np.exp(np.clip(rng.normal((low + high) / 2 + 0.15, (high - low) / 5), low, high)))
        table = _draw_legitimate(self, rng, size)
        width = int(rng.integers(*self.column_count, endpoint=True))
        truth = _inject_fraud(table, self.typologies, max(4, round(rate * size)), width)
        _add_hard_negatives(table, self.hard_negatives)
        label, typology = _add_label_noise(table, truth)
        written = _write_columns(table, self, width, label)
        order = np.argsort(table.time, kind="stable") if rng.random() < 0.6 else rng.permutation(size)
        frame = pl.DataFrame({name: cells for name, (_, cells) in written.items()})[order]
        frame = _number_rows(frame, rng, [name for name, (role, _) in written.items() if role == "row_id"])
        roles = {name: role for name, (role, _) in written.items()}
        parameters: dict[str, Any] = {
            "fraud_rate": rate,
            "strength": table.strength,
            "intensity": float(table.intensity.std()),
        }
        return SimulatedTable(self.name, seed, frame, label[order], typology[order], roles, parameters)


def _draw_legitimate(domain: CaseDomain, rng: np.random.Generator, size: int) -> LatentTable:
    span = rng.uniform(20, 1100) * DAY
    start = rng.uniform(1.2e9, 1.75e9)
    hours = np.mod(rng.normal(rng.uniform(11, 16), rng.uniform(2.5, 6), size), 24)
    days = np.floor(rng.beta(rng.uniform(0.8, 1.6), rng.uniform(0.8, 1.6), size) * span / DAY)
    factors = {name: rng.normal(size=size) for name in FACTORS}
    spread = rng.choice((0.0, 0.25, 0.6, 0.9))
    intensity = np.clip(rng.normal(1, spread, size), 0, 2.5)
    # Tables of one row per case are shared because something can be found in them: most can be separated well.
    strength = float(np.clip(np.exp(rng.normal(0.4, 0.5)), 0.45, 3.0))
    time = (start // DAY + days) * DAY + hours * 3600 + rng.uniform(0, 60, size)
    columns = {column.key: column for column in domain.columns}
    return LatentTable(rng, size, columns, strength, time, factors, intensity, np.zeros(size, bool))


def _inject_fraud(
    table: LatentTable, typologies: tuple[Scheme, ...], budget: int, width: int
) -> NDArray[np.str_]:
    """Choose up to four typologies and give each its rows, some of which show nothing; return (rows,) their names."""
    rng = table.rng
    names = np.full(table.size, "", dtype="U32")
    order = rng.permutation(len(typologies))
    picked = order[: min(4, 1 + width // 5, int(rng.choice((1, 2, 3, 4), p=(0.35, 0.35, 0.2, 0.1))))]
    chosen = rng.permutation(table.size)[:budget]
    cuts = np.sort(rng.integers(0, budget, len(picked) - 1))
    without_effect = float(rng.choice((0.0, 0.1, 0.3), p=(0.65, 0.23, 0.12)))
    for index, rows in zip(picked, np.split(chosen, cuts), strict=True):
        if len(rows):
            table.label[rows] = True
            names[rows] = typologies[index].__name__
            typologies[index](table, rows[round(without_effect * len(rows)) :])
            _add_partial_matches(table)
    return names


def _add_partial_matches(table: LatentTable) -> None:
    """Shift single scores of some legitimate rows as the typology did, but not all of them together."""
    shifts, table.shifts = table.shifts, []
    if table.rng.random() < 0.5 or not shifts:
        return
    legitimate = np.flatnonzero(~table.label)
    rows = legitimate[table.rng.random(len(legitimate)) < table.rng.uniform(0.02, 0.3)]
    share = table.rng.uniform(0.8, 1.6) / max(2, len(shifts))
    for key, shift in shifts:
        some = rows[table.rng.random(len(rows)) < share]
        table.score(key)[some] += shift * table.intensity[some]


def _add_hard_negatives(table: LatentTable, schemes: tuple[Scheme, ...]) -> None:
    legitimate = np.flatnonzero(~table.label)
    for index in table.rng.permutation(len(schemes))[: int(table.rng.integers(0, 4))]:
        share = table.rng.uniform(0.01, 0.15)
        schemes[index](table, legitimate[table.rng.random(len(legitimate)) < share])


def _add_label_noise(
    table: LatentTable, typology: NDArray[np.str_]
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """Return what is recorded: some frauds are missing, a few legitimate rows are recorded as fraud."""
    rng, label = table.rng, table.label.copy()
    label[label & (rng.random(table.size) < rng.choice((0.0, 0.03, 0.1, 0.2)))] = False
    blamed = ~table.label & (rng.random(table.size) < rng.choice((0.0, 0.0, 0.05)) * label.mean())
    return label | blamed, np.where(blamed, "mislabelled", np.where(label, typology, ""))


def _write_columns(
    table: LatentTable, domain: CaseDomain, width: int, label: NDArray[np.bool_]
) -> dict[str, tuple[str, pl.Series]]:
    """Choose, name and write the columns, with noise and empty cells; return name -> (role, cells)."""
    rng, namer = table.rng, ColumnNamer(table.rng)
    shown = _choose_columns(table, domain.columns, width)
    for column in shown:
        table.score(column.score_key)
    for rows, sources, changed in table.copies:
        for score in (table.scores[key] for key in table.scores if key not in changed):
            score[rows] = score[sources] + rng.normal(0, 0.02, len(rows))
    out: dict[str, tuple[str, pl.Series]] = {}
    if rng.random() < 0.3:
        out[namer.name("row_id")] = ("row_id", pl.Series(np.arange(table.size)))
    in_order = rng.random() < 0.5
    component = str(rng.choice(("v", "v", "pc", "feature ", "x", "var", "component ")))
    for column in sorted(shown, key=domain.columns.index) if in_order else shown:
        cells = _empty_some(rng, column.cells(table, column))
        if column.key in table.empty:
            cells = cells.set(pl.Series(table.empty[column.key]), None)
        name = _choose_name(namer, column.role, column.names.replace("#", component), rng)
        out[name] = (column.role, cells)
    if rng.random() < 0.08:
        leak = str(rng.choice(_LEAKS))
        known = (label ^ (rng.random(table.size) < 0.01)).astype(np.int64)
        out[_choose_name(namer, "leak", leak, rng)] = ("leak", pl.Series(known))
    return out | _noise_columns(table, namer)


def _choose_columns(table: LatentTable, columns: tuple[ColumnSpec, ...], width: int) -> list[ColumnSpec]:
    """Draw most columns that the typologies affect, then others by their probability, at most `width`."""
    rng = table.rng
    affected = [c for c in columns if c.score_key in table.affected]
    first = [c for c in affected if rng.random() < (0.6 if c.score_of else 0.9)] or affected
    rest = [c for c in columns if c not in first and rng.random() < c.probability]
    first = [first[i] for i in rng.permutation(len(first))][:width]
    return first + [rest[i] for i in rng.permutation(len(rest))][: width - len(first)]


def _number_rows(frame: pl.DataFrame, rng: np.random.Generator, names: list[str]) -> pl.DataFrame:
    """Write row identifiers: the number of the row, or an opaque text."""
    for name in names:
        cells = pl.Series(name, np.arange(frame.height) + int(rng.integers(1, 1_000_000)))
        if rng.random() < 0.3:
            cells = ("R" + pl.Series(rng.integers(10**9, 10**10, frame.height)).cast(pl.String)).alias(name)
        frame = frame.with_columns(cells)
    return frame


def _choose_name(namer: ColumnNamer, role: str, names: str, rng: np.random.Generator) -> str:
    """Draw one of the domain's names in the owner's language and style; one of the role where it has none."""
    parts = names.split("|")
    texts = parts[LANGUAGES.index(namer.language)] if len(parts) == len(LANGUAGES) else parts[0]
    words = [w.strip() for w in texts.split(",")]
    return namer.name(role, words[int(rng.integers(len(words)))].replace(" ", "_"))


def _empty_some(rng: np.random.Generator, cells: pl.Series) -> pl.Series:
    if rng.random() > 0.08:
        return cells
    empty = pl.Series(rng.random(len(cells)) < rng.uniform(0.01, 0.2))
    minus = cells.dtype.is_numeric() and rng.random() < 0.3
    return cells.set(empty, -1 if minus else None)


def _noise_columns(table: LatentTable, namer: ColumnNamer) -> dict[str, tuple[str, pl.Series]]:
    """Draw columns without relation to fraud: numbers, flags, categories."""
    rng, out = table.rng, dict[str, tuple[str, pl.Series]]()
    for _ in range(int(rng.choice((0, 0, 1, 2, 3, 6)))):
        kind = rng.random()
        if kind < 0.45:
            factor = table.factors[FACTORS[int(rng.integers(len(FACTORS)))]]
            values = rng.normal(size=table.size) + rng.normal() * factor * (rng.random() < 0.4)
            shaped = (values, np.exp(values), values.round() * 10)[int(rng.integers(3))]
            out[namer.name("number")] = ("number", pl.Series(shaped.round(4)))
        elif kind < 0.75:
            flags = (rng.random(table.size) < rng.uniform(0.02, 0.9)).astype(np.int64)
            out[namer.name("flag")] = ("flag", pl.Series(flags))
        else:
            codes = np.array([f"{c}{d}" for c in "ABCD" for d in (1, 2, 3)])[: int(rng.integers(2, 13))]
            out[namer.name("category", "group")] = ("category", pl.Series(rng.choice(codes, table.size)))
    return out
