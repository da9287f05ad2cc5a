"""How owners write the values of a cell: identifiers, addresses, names, flags, times."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator.sampling import DAY, Bools, Floats, Ints, hash_uniform

_SYLLABLES = "ka lo mi ren sa tor bel dan fi gu har ju ne pa ri vo zu an".split()  # noqa: SIM905
_FIRST = ("Ana", "Amadou", "Claire", "Diego", "Fatou", "Hugo", "Ines", "Jean", "Kofi", "Lea", "Maria", "Nadia", "Omar", "Paul", "Rosa")  # fmt: skip
_AFTER = ("Ltd", "SA", "Store", "& Fils", "Group", "Market", "SARL", "Inc", "Shop", "Express")
_DOMAINS = ("gmail.com", "yahoo.com", "outlook.com", "orange.fr", "example.org", "mail.com")


def texts_of(codes: NDArray[Any], texts: list[str]) -> pl.Series:
    """Return the text of each code, by position."""
    return pl.Series(texts, dtype=pl.String).gather(codes.astype(np.uint32))


def renumber(codes: Ints) -> tuple[Ints, int]:
    """Return codes renumbered from 0, and how many there are."""
    values, inverse = np.unique(codes, return_inverse=True)
    return inverse.astype(np.int64), len(values)


def identifiers(
    rng: np.random.Generator, codes: Ints, prefix: str = "C", *, named: bool = False
) -> pl.Series:
    """Write identifiers in one random style: numbers, prefixed, padded, hashed, long card-like numbers, or names.

    Args:
        rng: source of randomness.
        codes: (rows,) equal codes get equal identifiers.
        prefix: a letter for the kind of identifier.
        named: whether names are a likely style.
    """
    index, n = renumber(codes)
    order = rng.permutation(n)
    weights = np.array((0.3, 0.25, 0.08, 0.12, 0.12, 0.35 if named else 0.02))
    style = rng.choice(("number", "prefixed", "padded", "hash", "long", "name"), p=weights / weights.sum())
    if style == "number":
        return pl.Series(order[index] + int(rng.choice((0, 1, 1000, 100000))))
    if style == "long":
        base = int(rng.choice((10**9, 10**11, 4 * 10**15)))
        return pl.Series(base + (hash_uniform(order, order) * base * 0.9).astype(np.int64)[index])
    if style == "hash":
        h = (hash_uniform(order, np.full(n, int(rng.integers(1 << 30)))) * (1 << 52)).astype(np.int64)
        return texts_of(index, [f"{v:013x}" for v in h.tolist()])
    if style == "padded":
        return texts_of(index, [f"{v:08d}" for v in order.tolist()])
    if style == "name":
        return texts_of(index, company_names(rng, n))
    base = int(rng.choice((0, 1000, 10**8)))
    letter = str(rng.choice((prefix, prefix.lower(), f"{prefix}-", f"{prefix}_")))
    return texts_of(index, [f"{letter}{base + v}" for v in order.tolist()])


def company_names(rng: np.random.Generator, n: int) -> list[str]:
    """Invent n trade names; a few may repeat."""
    s = rng.integers(0, len(_SYLLABLES), (n, 3)).tolist()
    after = rng.integers(0, len(_AFTER), n).tolist()
    return [
        f"{(_SYLLABLES[a] + _SYLLABLES[b] + _SYLLABLES[c]).title()} {_AFTER[z]}"
        for (a, b, c), z in zip(s, after, strict=True)
    ]


def person_names(rng: np.random.Generator, codes: Ints) -> pl.Series:
    """Invent one person's name per code."""
    index, n = renumber(codes)
    s = rng.integers(0, len(_SYLLABLES), (n, 2)).tolist()
    first = rng.integers(0, len(_FIRST), n).tolist()
    return texts_of(
        index,
        [
            f"{_FIRST[f]} {(_SYLLABLES[a] + _SYLLABLES[b]).title()}"
            for f, (a, b) in zip(first, s, strict=True)
        ],
    )


def addresses(rng: np.random.Generator, codes: Ints) -> pl.Series:
    """Invent one network address per code; neighbouring codes are not neighbours in the network."""
    index, n = renumber(codes)
    parts = rng.integers(1, 255, (n, 4)).tolist()
    return texts_of(index, [f"{a}.{b}.{c}.{d}" for a, b, c, d in parts])


def emails(rng: np.random.Generator, codes: Ints) -> pl.Series:
    """Invent one e-mail address per code."""
    index, n = renumber(codes)
    first = rng.integers(0, len(_FIRST), n).tolist()
    host = rng.integers(0, len(_DOMAINS), n).tolist()
    return texts_of(
        index,
        [
            f"{_FIRST[f].lower()}{k}@{_DOMAINS[h]}"
            for k, (f, h) in enumerate(zip(first, host, strict=True), int(rng.integers(1, 9999)))
        ],
    )


def phones(rng: np.random.Generator, codes: Ints) -> pl.Series:
    """Invent one telephone number per code."""
    index, n = renumber(codes)
    country = int(rng.choice((1, 33, 34, 55, 221, 225, 237, 254)))
    return texts_of(index, [f"+{country}{v}" for v in rng.integers(10**8, 10**9, n).tolist()])


def category_cells(rng: np.random.Generator, codes: Ints, texts: tuple[str, ...]) -> pl.Series:
    """Write a category as text in one random case, or as opaque codes."""
    style = rng.choice(("as_is", "upper", "title", "code", "number"), p=(0.5, 0.2, 0.12, 0.1, 0.08))
    if style == "number":
        return pl.Series(rng.permutation(9000)[: len(texts)][codes] + 1000)
    if style == "code":
        letter = str(rng.choice(("TP", "K", "T", "cat_")))
        return texts_of(codes, [f"{letter}{100 + i}" for i in rng.permutation(len(texts)).tolist()])
    if style == "upper":
        return texts_of(codes, [t.upper() for t in texts])
    if style == "title":
        return texts_of(codes, [t.replace("_", " ").title() for t in texts])
    return texts_of(codes, list(texts))


def flags(rng: np.random.Generator, values: Bools) -> pl.Series:
    """Write a flag as 0 and 1, or as true and false."""
    return pl.Series(values) if rng.random() < 0.3 else pl.Series(values.astype(np.int64))


def time_cells(rng: np.random.Generator, t: Floats, start: float) -> tuple[pl.Series, bool]:
    """Write times in one random form; also return whether they count from the beginning of the table instead of naming a date.

    Args:
        rng: source of randomness.
        t: (rows,) seconds since the beginning of the table, ascending.
        start: epoch seconds of that beginning.
    """
    style = str(
        rng.choice(
            ("datetime", "minute", "epoch", "milli", "seconds", "hours", "days", "coarse", "rank", "date"),
            p=(0.38, 0.1, 0.1, 0.05, 0.1, 0.1, 0.07, 0.04, 0.03, 0.03),
        )
    )
    whole = np.floor(t)
    match style:
        case "datetime" | "minute" | "date":
            unit = {"datetime": 1, "minute": 60, "date": DAY}[style]
            micro = ((start + whole // unit * unit) * 1e6).astype(np.int64)
            return pl.Series(micro).cast(pl.Datetime("us")), False
        case "epoch":
            return pl.Series((start + whole).astype(np.int64)), False
        case "milli":
            return pl.Series(((start + t) * 1000).astype(np.int64)), False
        case "seconds":
            return pl.Series(whole.astype(np.int64)), True
        case "hours":
            return pl.Series((t // 3600).astype(np.int64) + 1), True
        case "days":
            return pl.Series((t // DAY).astype(np.int64)), True
        case "coarse":
            return pl.Series((t // (max(float(t[-1]), 1.0) / rng.integers(20, 300))).astype(np.int64)), True
        case _:
            return pl.Series(np.arange(len(t))), True
