"""Writers of the cells of a column from its latent score: numbers, bands, flags, categories, dates."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from vigie.simulator.cases.latent_table import CellWriter, ColumnSpec, LatentTable
from vigie.simulator.sampling import DAY, Floats


def normal_cdf(z: Floats) -> Floats:
    """Return the normal cumulative probability to three digits, inside (0, 1)."""
    return np.clip(0.5 * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3))), 1e-6, 1 - 1e-6)


def flag(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a flag, true above the quantile that leaves the share drawn for the column."""
    yes = normal_cdf(table.score(column.score_key)) > 1 - table.parameter(column)
    return pl.Series(yes if table.rng.random() < 0.45 else yes.astype(np.int64))


def bands(table: LatentTable, values: Floats, cuts: int) -> pl.Series:
    """Write numbers as ordinal text ("none", "1 to 2", "more than 30") in even or very uneven bands."""
    parts = np.sort(table.rng.uniform(0.03, 0.97, cuts)) ** float(table.rng.choice((0.4, 1, 2)))
    edges = np.unique(np.quantile(values, parts).round())
    names = [f"{low + 1:.0f} to {high:.0f}" for low, high in pairwise(edges)]
    first = "none" if edges[0] == 0 else f"up to {edges[0]:.0f}"
    last = f"more than {edges[-1]:.0f}" if edges[-1] > 0 else "at least 1"
    texts = pl.Series([first, *names, last])
    return texts[np.searchsorted(edges, values.round())]


def count(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a small whole number, sometimes as ordinal text."""
    z = table.score(column.score_key)
    values = np.floor(-np.log1p(-normal_cdf(z)) * table.parameter(column) + table.rng.uniform(0, 0.4))
    if table.uses_bands():
        return bands(table, values, int(table.rng.integers(2, 5)))
    return pl.Series(values.astype(np.int64))


def quantity(table: LatentTable, column: ColumnSpec) -> Floats:
    """Return a positive quantity with a long tail, not rounded."""
    key = column.score_key
    spread = table.parameters.setdefault(f"{key} spread", float(table.rng.uniform(0.3, 1.2)))
    tail = table.parameters.setdefault(f"{key} tail", float(table.rng.uniform(0, 0.15)))
    z = table.score(key)
    return np.asarray(
        table.parameter(column) * np.exp(np.clip(spread * z * (1 + tail * np.abs(z)), -12, 12)), float
    )


def money(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write money, a ratio or a distance, rounded, rarely in bands."""
    return round_quantity(table, quantity(table, column), table.parameter(column))


def round_quantity(table: LatentTable, values: Floats, level: float) -> pl.Series:
    """Write quantities around `level` to cents, to a round step, or in bands of thousands."""
    if level > 500 and table.uses_bands():
        return bands(table, values / 1000, int(table.rng.integers(3, 7)))
    if level > 50 and table.rng.random() < 0.4:
        step = float(table.rng.choice((1, 1, 5, 10, 50)))
        return pl.Series((values / step).round().astype(np.int64) * int(step))
    return pl.Series(values.round(int(table.rng.choice((2, 2, 2, 4, 8)))))


def total(*keys: str) -> CellWriter:
    """Return a writer of the sum of other quantities."""

    def cells(table: LatentTable, column: ColumnSpec) -> pl.Series:
        values = np.sum([quantity(table, table.columns[key]) for key in keys], axis=0)
        return round_quantity(table, values, float(np.median(values)))

    return cells


def quotient(over: str, under: str) -> CellWriter:
    """Return a writer of one quantity divided by another: a rate, a share, an instalment."""

    def cells(table: LatentTable, column: ColumnSpec) -> pl.Series:
        values = quantity(table, table.columns[over]) / quantity(table, table.columns[under])
        return pl.Series(values.round(4 if float(np.median(values)) < 100 else 2))

    return cells


def days(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a duration in days, weeks, months, years or bands."""
    values = duration_days(table, column)
    if table.uses_bands():
        return bands(table, values, int(table.rng.integers(2, 5)))
    unit = float(table.rng.choice((1, 1, 1, 7, 30.4, 365.25))) if table.parameter(column) > 90 else 1.0
    exact = (values / unit).round(int(table.rng.choice((1, 2, 8))))
    return pl.Series(exact) if unit > 300 or table.rng.random() < 0.25 else pl.Series(exact.astype(np.int64))


def duration_days(table: LatentTable, column: ColumnSpec) -> Floats:
    """Return the duration itself, in days."""
    return np.asarray(-np.log1p(-normal_cdf(table.score(column.score_key))) * table.parameter(column), float)


def years(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the age of a person in years, sometimes in bands or decades."""
    values = 18 + 72 * normal_cdf(0.75 * table.score(column.score_key) - 0.5)
    chance = table.rng.random()
    if table.uses_bands():
        return bands(table, values, 7)
    whole = values.astype(np.int64)
    return pl.Series(whole // 10 * 10 if chance < 0.08 else whole)


def scale_score(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a score on a scale: 0–1, 0–10, 0–100, 1–5 or a credit bureau's 300–850."""
    share, scale = normal_cdf(table.score(column.score_key)), int(table.rng.integers(5))
    low, width = ((0, 1), (0, 10), (0, 100), (1, 4), (300, 550))[scale]
    values = low + width * share
    return pl.Series(values.round(6)) if scale == 0 else pl.Series(values.round().astype(np.int64))


def component(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the latent score itself, as an anonymised component."""
    z = table.score(column.score_key)
    return pl.Series(
        (z * table.rng.uniform(0.3, 3) + table.rng.normal() * (table.rng.random() < 0.3)).round(6)
    )


def category(values: str, ordered: bool = False) -> CellWriter:
    """Return a writer of a category among `values`, from safest to riskiest where ordered; shares are drawn per table."""

    def cells(table: LatentTable, column: ColumnSpec) -> pl.Series:
        names = np.array([v.strip() for v in values.split(",")])
        names = (
            names if ordered else table.rng.permutation(names)[: int(table.rng.integers(2, len(names) + 1))]
        )
        edges = np.cumsum(np.sort(table.rng.dirichlet(np.full(len(names), 1.2)))[::-1])[:-1]
        fixed = table.parameters.get(f"{column.score_key} edge")
        if fixed is not None:
            edges[np.abs(edges - fixed).argmin()] = fixed
            edges.sort()
        score = normal_cdf(table.score(column.score_key))
        return pl.Series([str(n) for n in names])[np.searchsorted(edges, score)]

    return cells


def entity(prefix: str) -> CellWriter:
    """Return a writer of identifiers out of a pool of the size drawn: agents, providers, branches."""

    def cells(table: LatentTable, column: ColumnSpec) -> pl.Series:
        ids = table.entity_ids(column.key)
        numbers = ids * 7919 % 9973 + 1000 if table.rng.random() < 0.5 else ids + 1
        return (
            pl.Series(numbers)
            if not prefix or table.rng.random() < 0.35
            else pl.select(pl.format(prefix + "{}", pl.Series(numbers))).to_series()
        )

    return cells


def datetimes(seconds: Floats) -> pl.Series:
    """Return seconds since 1970 as naive UTC datetimes."""
    return pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us"))


def event_time(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the time of the row: a datetime, a day, epoch seconds or a count of days."""
    seconds = table.time + (duration_days(table, column) * DAY if column.score_of else 0.0)
    chance = table.rng.random()
    if chance < 0.08:
        return pl.Series(seconds.astype(np.int64))
    if chance < 0.16:
        return pl.Series(((seconds - seconds.min()) // DAY).astype(np.int64))
    return datetimes(seconds // DAY * DAY if chance < 0.45 else seconds // 1)


def start_date(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the day something began, a duration before the time of the row."""
    return datetimes((table.time - duration_days(table, column) * DAY) // DAY * DAY)


def birth_date(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write a date of birth that agrees with the age."""
    age = 18 + 72 * normal_cdf(0.75 * table.score(column.score_key) - 0.5)
    return datetimes((table.time - age * 365.25 * DAY) // DAY * DAY)


def hour(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the hour of the day, whole, with decimals, or as seconds of the day."""
    hours = table.time % DAY / 3600
    chance = table.rng.random()
    if chance < 0.2:
        return pl.Series((hours * 3600).round(2))
    return pl.Series(hours.round(4)) if chance < 0.4 else pl.Series(hours.astype(np.int64))


def weekday(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the day of the week as a word or a number."""
    day = ((table.time // DAY + 3) % 7).astype(np.int64)
    words = pl.Series(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
    return words[day] if table.rng.random() < 0.6 else pl.Series(day + int(table.rng.integers(2)))


def month(table: LatentTable, column: ColumnSpec) -> pl.Series:
    """Write the month as a word or a number."""
    number = (table.time // (30.44 * DAY) % 12).astype(np.int64)
    words = pl.Series(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])
    return words[number] if table.rng.random() < 0.6 else pl.Series(number + 1)
