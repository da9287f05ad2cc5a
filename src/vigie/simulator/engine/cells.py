"""How a latent score becomes what an owner wrote: numbers, bands, yes or no, categories, dates.

Each function here is a ``Cells``: it reads one score of the case and returns one column; nothing here decides who is a fraud.
"""

from itertools import pairwise

import numpy as np
import polars as pl

from vigie.simulator.engine.latent_rows import DAY, Case, Cells, Field, Floats


def phi(z: Floats) -> Floats:
    """Normal cumulative probability, to three digits, kept inside (0, 1)."""
    return np.clip(0.5 * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3))), 1e-6, 1 - 1e-6)


def flag(case: Case, spec: Field) -> pl.Series:
    """Yes or no, above the cut that leaves the drawn share of yes."""
    yes = phi(case.z(spec.latent or spec.key)) > 1 - case.level(spec)
    return pl.Series(yes if case.rng.random() < 0.45 else yes.astype(np.int64))


def bands(case: Case, values: Floats, cuts: int) -> pl.Series:
    """Numbers as ordinal text ("none", "1 to 2", "more than 30"), the bands even or very uneven."""
    parts = np.sort(case.rng.uniform(0.03, 0.97, cuts)) ** float(case.rng.choice((0.4, 1, 2)))
    edges = np.unique(np.quantile(values, parts).round())
    names = [f"{low + 1:.0f} to {high:.0f}" for low, high in pairwise(edges)]
    first = "none" if edges[0] == 0 else f"up to {edges[0]:.0f}"
    last = f"more than {edges[-1]:.0f}" if edges[-1] > 0 else "at least 1"
    texts = pl.Series([first, *names, last])
    return texts[np.searchsorted(edges, values.round())]


def count(case: Case, spec: Field) -> pl.Series:
    """A small whole number, sometimes as ordinal text."""
    z = case.z(spec.latent or spec.key)
    values = np.floor(-np.log1p(-phi(z)) * case.level(spec) + case.rng.uniform(0, 0.4))
    if case.banded():
        return bands(case, values, int(case.rng.integers(2, 5)))
    return pl.Series(values.astype(np.int64))


def worth(case: Case, spec: Field) -> Floats:
    """A positive quantity with a long tail, before anybody rounds it."""
    key = spec.latent or spec.key
    spread = case.levels.setdefault(f"{key} spread", float(case.rng.uniform(0.3, 1.2)))
    tail = case.levels.setdefault(f"{key} tail", float(case.rng.uniform(0, 0.15)))
    z = case.z(key)
    return np.asarray(case.level(spec) * np.exp(np.clip(spread * z * (1 + tail * np.abs(z)), -12, 12)), float)


def money(case: Case, spec: Field) -> pl.Series:
    """Money, a ratio, a distance: rounded as somebody would, rarely in bands."""
    return rounded(case, worth(case, spec), case.level(spec))


def rounded(case: Case, values: Floats, level: float) -> pl.Series:
    """Money around ``level``, to cents, to a round step, or in bands of thousands."""
    if level > 500 and case.banded():
        return bands(case, values / 1000, int(case.rng.integers(3, 7)))
    if level > 50 and case.rng.random() < 0.4:
        step = float(case.rng.choice((1, 1, 5, 10, 50)))
        return pl.Series((values / step).round().astype(np.int64) * int(step))
    return pl.Series(values.round(int(case.rng.choice((2, 2, 2, 4, 8)))))


def total(*keys: str) -> Cells:
    """The sum of other quantities, exact to the rounding."""

    def cells(case: Case, spec: Field) -> pl.Series:
        values = np.sum([worth(case, case.fields[key]) for key in keys], axis=0)
        return rounded(case, values, float(np.median(values)))

    return cells


def quotient(over: str, under: str) -> Cells:
    """One quantity divided by another: a rate, a share, an instalment."""

    def cells(case: Case, spec: Field) -> pl.Series:
        values = worth(case, case.fields[over]) / worth(case, case.fields[under])
        return pl.Series(values.round(4 if float(np.median(values)) < 100 else 2))

    return cells


def days(case: Case, spec: Field) -> pl.Series:
    """A length of time whose level is in days, written in days, weeks, months, years or bands."""
    values = lag(case, spec)
    if case.banded():
        return bands(case, values, int(case.rng.integers(2, 5)))
    unit = float(case.rng.choice((1, 1, 1, 7, 30.4, 365.25))) if case.level(spec) > 90 else 1.0
    exact = (values / unit).round(int(case.rng.choice((1, 2, 8))))
    return pl.Series(exact) if unit > 300 or case.rng.random() < 0.25 else pl.Series(exact.astype(np.int64))


def lag(case: Case, spec: Field) -> Floats:
    """The length of time itself, in days."""
    return np.asarray(-np.log1p(-phi(case.z(spec.latent or spec.key))) * case.level(spec), float)


def years(case: Case, spec: Field) -> pl.Series:
    """An age of a person in years, sometimes in bands or decades."""
    values = 18 + 72 * phi(0.75 * case.z(spec.latent or spec.key) - 0.5)
    chance = case.rng.random()
    if case.banded():
        return bands(case, values, 7)
    whole = values.astype(np.int64)
    return pl.Series(whole // 10 * 10 if chance < 0.08 else whole)


def points(case: Case, spec: Field) -> pl.Series:
    """A score on a scale: 0–1, 0–10, 0–100, 1–5 or a credit bureau's 300–850."""
    share, scale = phi(case.z(spec.latent or spec.key)), int(case.rng.integers(5))
    low, width = ((0, 1), (0, 10), (0, 100), (1, 4), (300, 550))[scale]
    values = low + width * share
    return pl.Series(values.round(6)) if scale == 0 else pl.Series(values.round().astype(np.int64))


def plain(case: Case, spec: Field) -> pl.Series:
    """The score itself: an anonymised component."""
    z = case.z(spec.latent or spec.key)
    return pl.Series((z * case.rng.uniform(0.3, 3) + case.rng.normal() * (case.rng.random() < 0.3)).round(6))


def choice(values: str, ordered: bool = False) -> Cells:
    """A category among ``values`` (from safest to riskiest when ordered), its shares drawn per world."""

    def cells(case: Case, spec: Field) -> pl.Series:
        names = np.array([v.strip() for v in values.split(",")])
        names = names if ordered else case.rng.permutation(names)[: int(case.rng.integers(2, len(names) + 1))]
        edges = np.cumsum(np.sort(case.rng.dirichlet(np.full(len(names), 1.2)))[::-1])[:-1]
        fixed = case.levels.get(f"{spec.latent or spec.key} edge")
        if fixed is not None:
            edges[np.abs(edges - fixed).argmin()] = fixed
            edges.sort()
        score = phi(case.z(spec.latent or spec.key))
        return pl.Series([str(n) for n in names])[np.searchsorted(edges, score)]

    return cells


def pool(prefix: str) -> Cells:
    """Identifiers out of a pool of the drawn size: agents, providers, branches."""

    def cells(case: Case, spec: Field) -> pl.Series:
        ids = case.ids(spec.key)
        numbers = ids * 7919 % 9973 + 1000 if case.rng.random() < 0.5 else ids + 1
        return (
            pl.Series(numbers)
            if not prefix or case.rng.random() < 0.35
            else pl.select(pl.format(prefix + "{}", pl.Series(numbers))).to_series()
        )

    return cells


def stamps(seconds: Floats) -> pl.Series:
    """Seconds since 1970 as naive UTC datetimes."""
    return pl.Series((seconds * 1e6).astype(np.int64)).cast(pl.Datetime("us"))


def moment(case: Case, spec: Field) -> pl.Series:
    """When the row happened: a datetime, a day, epoch seconds or a count of days."""
    seconds = case.time + (lag(case, spec) * DAY if spec.latent else 0.0)
    chance = case.rng.random()
    if chance < 0.08:
        return pl.Series(seconds.astype(np.int64))
    if chance < 0.16:
        return pl.Series(((seconds - seconds.min()) // DAY).astype(np.int64))
    return stamps(seconds // DAY * DAY if chance < 0.45 else seconds // 1)


def since(case: Case, spec: Field) -> pl.Series:
    """The day something began: a length of time before the row happened."""
    return stamps((case.time - lag(case, spec) * DAY) // DAY * DAY)


def born(case: Case, spec: Field) -> pl.Series:
    """A date of birth that agrees with the age."""
    age = 18 + 72 * phi(0.75 * case.z(spec.latent or spec.key) - 0.5)
    return stamps((case.time - age * 365.25 * DAY) // DAY * DAY)


def hour(case: Case, spec: Field) -> pl.Series:
    """The hour of the day, whole, with decimals, or as seconds of the day."""
    hours = case.time % DAY / 3600
    chance = case.rng.random()
    if chance < 0.2:
        return pl.Series((hours * 3600).round(2))
    return pl.Series(hours.round(4)) if chance < 0.4 else pl.Series(hours.astype(np.int64))


def weekday(case: Case, spec: Field) -> pl.Series:
    """The day of the week as a word or a number."""
    day = ((case.time // DAY + 3) % 7).astype(np.int64)
    words = pl.Series(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
    return words[day] if case.rng.random() < 0.6 else pl.Series(day + int(case.rng.integers(2)))


def month(case: Case, spec: Field) -> pl.Series:
    """The month as a word or a number."""
    number = (case.time // (30.44 * DAY) % 12).astype(np.int64)
    words = pl.Series(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])
    return words[number] if case.rng.random() < 0.6 else pl.Series(number + 1)
