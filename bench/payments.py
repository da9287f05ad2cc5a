"""A table of card payments of any size, 12 columns and about 107 bytes a row, to measure speed on.

Invented data without fraud to learn from: only the shape of an upload. A customer has a home country, a few devices,
a usual amount and usual merchants; one row in two hundred breaks with them. Written in pieces, so that 30 million rows
need no more memory than one piece; the same arguments give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

PIECE = 500_000
COUNTRIES = np.array(["FR", "DE", "ES", "IT", "BE", "GB", "NL", "PT", "CI", "SN", "MA", "TN"])
CATEGORIES = np.array(
    [
        "grocery",
        "fuel",
        "travel",
        "electronics",
        "fashion",
        "pharmacy",
        "restaurant",
        "gaming",
        "jewelry",
        "transport",
    ]
)
CHANNELS = np.array(["pos", "web", "app", "phone"])
START = np.datetime64("2026-01-01T00:00:00", "s")
DAYS = 90


def write(path: Path, rows: int, seed: int = 0, skew: float = 0.0, numbers: int = 0) -> Path:
    """Writes the table unless the file is there.

    Args:
        path: a .csv file.
        rows: of the table; a customer has 40 of them on average.
        seed: of everything drawn.
        skew: share of the rows that belong to one single customer.
        numbers: columns that mean nothing, besides the twelve.
    """
    if path.exists():
        return path
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        for start in range(0, rows, PIECE):
            piece = frame(min(PIECE, rows - start), start, rows, seed, skew, numbers)
            file.write(piece.write_csv(include_header=start == 0).encode())
    part.rename(path)
    return path


def frame(
    count: int, start: int = 0, rows: int | None = None, seed: int = 0, skew: float = 0.0, numbers: int = 0
) -> pl.DataFrame:
    """Rows `start` to `start + count` of a table of `rows`; a piece is always drawn whole by its own seed."""
    rows = rows or count
    rng = np.random.default_rng([seed, start])
    customers, merchants = max(rows // 40, 5), max(rows // 400, 5)
    who = rng.integers(0, customers, count)
    if skew:
        who = np.where(rng.random(count) < skew, 0, who)
    odd = rng.random(count) < 0.005
    home = COUNTRIES[_mixed(who, 1) % len(COUNTRIES)]
    usual = 12.0 * np.exp((_mixed(who, 2) % 1000) / 400)
    amount = usual * np.exp(rng.normal(0, 0.6, count)) * np.where(odd, 8.0, 1.0)
    merchant = np.where(
        rng.random(count) < 0.6, _mixed(who, 3) + rng.integers(0, 5, count), rng.integers(0, merchants, count)
    )
    when = START + (
        np.sort(rng.random(count)) * DAYS * 86400 * count / rows + start / rows * DAYS * 86400
    ).astype(int)
    device = np.where(odd, rng.integers(0, 10 * customers, count), 2 * who + (rng.random(count) < 0.2))
    balance = np.round(rng.lognormal(7, 1, count), 2)
    # Some of them follow the amount, as the numbers of a real table do.
    more = {
        f"score_{i}": np.round(rng.lognormal(0, 1, count) + (amount / 50 if i % 4 == 0 else 0), 3)
        for i in range(numbers)
    }
    return pl.DataFrame(
        {
            "transaction_time": pl.Series(when.astype("datetime64[ms]")).dt.strftime("%Y-%m-%d %H:%M:%S"),
            "customer_id": _named("C", who),
            "merchant_id": _named("M", merchant % merchants),
            "amount": np.round(amount, 2),
            "category": CATEGORIES[_mixed(merchant % merchants, 4) % len(CATEGORIES)],
            "channel": CHANNELS[np.minimum(rng.geometric(0.6, count) - 1, 3)],
            "card_country": home,
            "merchant_country": np.where(rng.random(count) < np.where(odd, 0.6, 0.04), rng.choice(COUNTRIES, count), home),
            "device_id": _named("D", device),
            "ip_address": _addresses(np.where(odd, rng.integers(0, 1 << 24, count), 7 * who + rng.integers(0, 3, count))),
            "account_age_days": 30 + _mixed(who, 5) % 4000,
            "balance_before": balance,
            **more,
        }
    )  # fmt: skip


def _mixed(codes: np.ndarray, salt: int) -> np.ndarray:
    """Numbers that look drawn at random but belong to their code, as a home belongs to a customer."""
    x = (codes.astype(np.uint64) + np.uint64(salt * 7919 + 1)) * np.uint64(0x9E3779B97F4A7C15)
    return ((x ^ (x >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(33)).astype(np.int64)


def _named(letter: str, codes: np.ndarray) -> pl.Series:
    return pl.Series(codes).cast(pl.String).str.zfill(8).str.replace("^", letter)


def _addresses(codes: np.ndarray) -> pl.Series:
    parts = [pl.Series((codes >> shift) & 255).cast(pl.String) for shift in (16, 8, 0)]
    return "10." + parts[0] + "." + parts[1] + "." + parts[2]
