"""Made-up values by kind, for tables that only need to look right."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

Draw = Callable[[np.random.Generator, int], pl.Series]


def _dates(low: int, high: int, step: int) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> pl.Series:
        seconds = np.sort(rng.integers(low, high, n)) // step * step
        return pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))

    return draw


def _pick(*values: object) -> Draw:
    return lambda rng, n: pl.Series([values[i] for i in rng.integers(0, len(values), n)])


def _known(many: int, make: Callable[[int], str]) -> Draw:
    return lambda rng, n: pl.Series([make(int(i)) for i in rng.zipf(1.4, n) % many])


def _ints(low: int, high: int) -> Draw:
    return lambda rng, n: pl.Series(rng.integers(low, high, n))


def _word(i: int) -> str:
    return "".join("bcdfglmnprst"[i // 12**k % 12] + "aeio"[(i + k) % 4] for k in range(3)).title()


def _vpa(i: int) -> str:
    return f"{_word(i).lower()}{i}@okbank"


DRAWS: dict[str, Draw] = {
    "step": lambda rng, n: pl.Series(np.sort(rng.integers(0, 180, n))),
    "seconds": lambda rng, n: pl.Series(np.sort(rng.integers(0, 172_800, n))).cast(pl.Float64),
    "when": _dates(1_700_000_000, 1_705_000_000, 1),
    "day": _dates(1_700_006_400, 1_708_000_000, 86_400),
    "old": _dates(1_400_000_000, 1_650_000_000, 86_400),
    "birth": _dates(-600_000_000, 900_000_000, 86_400),
    "sparse_date": lambda rng, n: _dates(1_700_000_000, 1_705_000_000, 1)(rng, n).set(
        pl.Series(rng.random(n) < 0.98), None
    ),
    "hour": _ints(0, 24),
    "month": _ints(0, 8),
    "year": _ints(1995, 2016),
    "month_number": _ints(1, 13),
    "month_name": _pick("Jan", "Feb", "Mar", "Apr", "Dec"),
    "day_number": _ints(1, 32),
    "day_of_year": _ints(1, 366),
    "day_seconds": _ints(0, 86_400),
    "clock_number": lambda rng, n: pl.Series(100 * rng.integers(0, 24, n) + rng.integers(0, 60, n)),
    "money": lambda rng, n: pl.Series(np.round(rng.lognormal(4, 1.3, n), 2)),
    "int_money": lambda rng, n: pl.Series(rng.integers(10, 900, n) * 10),
    "share": lambda rng, n: pl.Series(rng.random(n)),
    "normal": lambda rng, n: pl.Series(rng.normal(size=n)),
    "big_float": lambda rng, n: pl.Series(rng.random(n) * 4e9),
    "negative": _ints(-25_000, -7_000),
    "months": _ints(-1, 380),
    "score": _ints(-100, 390),
    "age": _ints(18, 91),
    "age_text": _pick("'1'", "'2'", "'3'", "'4'", "'5'", "'U'"),
    "count": lambda rng, n: pl.Series(1 + rng.poisson(3, n)),
    "count_many": lambda rng, n: pl.Series(rng.poisson(900, n)),
    "few_int": lambda rng, n: pl.Series(rng.poisson(0.8, n)),
    "few_int2": _ints(1, 3),
    "state_int": _ints(1, 55),
    "small": _ints(0, 13),
    "label": lambda rng, n: pl.Series((rng.random(n) < 0.05).astype(np.int64)),
    "yesno": lambda rng, n: pl.Series(rng.random(n) < 0.3),
    "few": _pick("alpha", "beta", "gamma", "delta"),
    "cabin": _pick("economy", "business", "first"),
    "verdicts": _pick("fraud", "legit"),
    "damage": _pick("Trivial Damage", "Minor Damage", "Major Damage", "Total Loss"),
    "constant": _pick("'28007'"),
    "code": _known(500, lambda i: f"C{100000 + i}"),
    "int_code": lambda rng, n: pl.Series(1000 + rng.zipf(1.4, n) % 700),
    "unique": lambda rng, n: pl.Series([f"T{i:08d}" for i in rng.permutation(n)]),
    "int_unique": lambda rng, n: pl.Series(300_000 + rng.permutation(n)),
    "counter": lambda rng, n: pl.Series(np.arange(n)),
    "uuid": lambda rng, n: pl.Series([f"{i:08x}-11aa-4bbb-8ccc-{i:012x}" for i in rng.permutation(n)]),
    "uuid_code": _known(400, lambda i: f"{i:08x}-11aa-4bbb-8ccc-{i:012x}"),
    "digits": _known(600, lambda i: f"{10_000_000_000 + 7 * i}"),
    "masked": _known(600, lambda i: f"434505******{1000 + i}"),
    "ip": _known(800, lambda i: f"10.{i % 250}.{i % 99}.{i // 250}"),
    "vpa": _known(800, _vpa),
    "domains": _known(15, lambda i: f"{_word(i).lower()}.com"),
    "words_many": _known(200, _word),
    "words_few": _pick("US Dollar", "Euro", "Yuan", "Rupee"),
    "fraud_names": _known(300, lambda i: f"fraud_{_word(i)} Inc"),
    "person": _known(400, lambda i: f"{_word(i)} {_word(i + 7)}"),
    "street": lambda rng, n: pl.Series([f"{i} {_word(i)} Street" for i in rng.permutation(n)]),
    "city": _pick("Lyon", "Paris", "Dakar", "Porto", "Lima", "Recife", "Madrid", "Abidjan", "Nice"),
    "zip": _known(300, lambda i: f"{10000 + 17 * i}"),
}
"""Kind -> a draw of n values."""


@pytest.fixture(scope="session")
def fill() -> Callable[..., pl.DataFrame]:
    """A table of made-up values: column -> kind of values."""

    def make(columns: dict[str, str], rows: int = 2000, seed: int = 0) -> pl.DataFrame:
        rng = np.random.default_rng(seed)
        return pl.DataFrame({name: DRAWS[kind](rng, rows) for name, kind in columns.items()})

    return make
