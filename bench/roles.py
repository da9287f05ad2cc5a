"""How often roles are found right when people rename their columns, and how long it takes.

    .venv/bin/python bench/roles.py [--wrong]

Every table of `roles_schemas` is filled with made-up values and given names in seven ways, then stripped of its
names. Without names a column counts as right when it gets its role or the plain kind of its values, and as found
only when it gets its role.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from roles_schemas import HELD_OUT, MISLEADING, SCHEMAS
from vigie.roles import name_parser
from vigie.roles.inference import infer

ROWS = 5000
KINDS = (
    "english",
    "abbreviated",
    "french",
    "spanish",
    "portuguese",
    "camelCase",
    "prefixed",
    "UPPER",
    "misleading",
    "held out",
)
PREFIXES = ("tx_", "f_", "raw.", "TBL1_", "cust_data_", "col_", "stg_")
PLAIN = frozenset({"number", "category", "flag", "text"})
Random = np.random.Generator
Column = tuple[frozenset[str], str, list[str]]


def _codes(letter: str, many: int) -> Callable[[Random, int], pl.Series]:
    return lambda rng, n: pl.Series([f"{letter}{100000 + i}" for i in rng.zipf(1.3, n) % many])


def _moments(start: int, days: float, step: int = 1) -> Callable[[Random, int], pl.Series]:
    def draw(rng: Random, n: int) -> pl.Series:
        seconds = (start + rng.random(n) * days * 86400).astype(np.int64) // step * step
        return pl.Series(np.sort(seconds) * 1_000_000).cast(pl.Datetime("us"))

    return draw


def _choice(*values: object) -> Callable[[Random, int], pl.Series]:
    return lambda rng, n: pl.Series([values[i] for i in rng.integers(0, len(values), n)])


def _texts(make: Callable[[int, Random], str], many: int) -> Callable[[Random, int], pl.Series]:
    def draw(rng: Random, n: int) -> pl.Series:
        known = [make(i, rng) for i in range(many)]
        return pl.Series([known[i] for i in rng.integers(0, many, n)])

    return draw


VALUES: dict[str, Callable[[Random, int], pl.Series]] = {
    "step": lambda rng, n: pl.Series(np.sort(rng.integers(1, 744, n))),
    "when": _moments(1_700_000_000, 60),
    "day": _moments(1_700_006_400, 90, 86400),
    "epoch": lambda rng, n: pl.Series(np.sort(1_700_000_000 + rng.integers(0, 5_000_000, n))),
    "old": _moments(1_400_000_000, 3000, 86400),
    "birth": _moments(-300_000_000, 15_000, 86400),
    "hour": lambda rng, n: pl.Series(rng.integers(0, 24, n)),
    "money": lambda rng, n: pl.Series(np.round(rng.lognormal(4, 1.2, n), 2)),
    "money_i": lambda rng, n: pl.Series(rng.integers(1, 40, n) * 10),
    "balance": lambda rng, n: pl.Series(np.round(rng.lognormal(8, 1.5, n) * (rng.random(n) > 0.3), 2)),
    "codes": _codes("C", 900),
    "codes2": _codes("M", 300),
    "codes3": _codes("d-", 700),
    "unique": lambda rng, n: pl.Series([f"R{i:07d}" for i in rng.permutation(n)]),
    "uuid": lambda rng, n: pl.Series([f"{a:08x}-11aa-4bbb-8ccc-{a:012x}" for a in rng.permutation(n)]),
    "few": _choice("alpha", "beta", "gamma", "delta"),
    "four": lambda rng, n: pl.Series(rng.integers(1, 5, n)),
    "mcc": lambda rng, n: pl.Series(rng.choice([5411, 5812, 4829, 6011, 7995, 5732, 4111, 5999, 5541], n)),
    "money3": _choice("EUR", "USD", "XOF", "BRL"),
    "country": _choice("FR", "US", "BR", "CI", "ES", "GB"),
    "zero1": lambda rng, n: pl.Series((rng.random(n) < 0.2).astype(np.int64)),
    "yesno": lambda rng, n: pl.Series(rng.random(n) < 0.4),
    "label": lambda rng, n: pl.Series((rng.random(n) < 0.02).astype(np.int64)),
    "few_int": lambda rng, n: pl.Series(rng.poisson(0.5, n)),
    "count": lambda rng, n: pl.Series(1 + rng.poisson(3, n)),
    "age": lambda rng, n: pl.Series(rng.integers(18, 90, n)),
    "months": lambda rng, n: pl.Series(rng.integers(0, 400, n)),
    "score": lambda rng, n: pl.Series(rng.integers(300, 850, n)),
    "share": lambda rng, n: pl.Series(rng.random(n)),
    "lat": lambda rng, n: pl.Series(np.round(44 + rng.random(n) * 4, 5)),
    "lon": lambda rng, n: pl.Series(np.round(rng.random(n) * 5, 5)),
    "zip": _texts(lambda i, rng: f"{rng.integers(1000, 99999):05d}", 300),
    "city": _choice("Lyon", "Paris", "Nice", "Dakar", "Porto", "Lima", "Recife", "Madrid", "Abidjan"),
    "state": _choice("CA", "NY", "TX", "WA", "FL", "GA", "OH", "PA"),
    "email": _texts(lambda i, rng: f"user{i}@mail{i % 7}.example", 1500),
    "ip": _texts(lambda i, rng: ".".join(map(str, rng.integers(1, 255, 4))), 1500),
    "phone": _texts(lambda i, rng: f"+33 6 {rng.integers(10**7, 10**8)}", 1500),
    "agent": _texts(lambda i, rng: f"Mozilla/5.0 (X11; Linux; rv:{i}) Gecko/2010 Firefox/{i}.0", 60),
    "street": _texts(lambda i, rng: f"{i} rue des Lilas bat {i % 9}", 1200),
    "person": _texts(
        lambda i, rng: "".join(chr(97 + i * k % 26) for k in (3, 5, 7, 11, 2)).title() + " Martin", 700
    ),
    "prose": _texts(lambda i, rng: f"payment of the invoice no {i} as agreed with you", 2000),
}


def columns(text: str) -> list[Column]:
    """The lines of a schema: roles that are right, generator, names."""
    found = []
    for line in text.strip().splitlines():
        roles, values, *names = (part.strip() for part in line.split("|"))
        found.append((frozenset(roles.split("/")), values, names))
    return found


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def cases() -> Iterator[tuple[str, str, list[tuple[frozenset[str], str, str]]]]:
    """Every (kind, table, columns as (right roles, generator, name))."""
    for at, (table, text) in enumerate(SCHEMAS.items()):
        lines = columns(text)
        for kind in KINDS[:-2]:
            row = {"abbreviated": 1, "french": 2, "spanish": 3, "portuguese": 4}.get(kind, 0)
            names = [found[2][row] for found in lines]
            if kind == "camelCase":
                names = [_camel(name) for name in names]
            elif kind == "prefixed":
                names = [PREFIXES[at % len(PREFIXES)] + name for name in names]
            elif kind == "UPPER":
                names = [name.upper() for name in names]
            yield kind, table, [(line[0], line[1], name) for line, name in zip(lines, names, strict=True)]
    ordinary = [(frozenset({"time"}), "when", "event_ts"), (frozenset({"amount"}), "money", "total_amount")]
    for kind, text in (("misleading", MISLEADING), ("held out", HELD_OUT)):
        for roles, values, names in columns(text):
            yield kind, names[0], [(roles, values, names[0]), *ordinary]


def fill(lines: list[tuple[frozenset[str], str, str]], seed: int) -> pl.DataFrame:
    """A table with these columns."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame({name: VALUES[values](rng, ROWS) for _, values, name in lines})


def named(show: bool) -> None:
    """Prints the accuracy per kind of renaming."""
    right: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    cold, warm = [], []
    for seed, (kind, table, lines) in enumerate(cases()):
        frame = fill(lines, seed)
        for cache in (name_parser.parse_name, name_parser._concepts_of_word):
            cache.cache_clear()
        spent = []
        for _ in range(3):
            start = time.perf_counter()
            roles = infer(frame)
            spent.append(1000 * (time.perf_counter() - start))
        cold.append(spent[0])
        warm.append(min(spent))
        for expected, _, name in lines[:1] if kind in KINDS[-2:] else lines:
            found = roles.of(name)
            right[kind].append(found.role in expected)
            if show and found.role not in expected:
                print(
                    f"  {kind:12} {table:18} {name:28} {'/'.join(sorted(expected)):24} got {found.role} {found.evidence}"
                )
    for kind, results in right.items():
        print(f"{kind:12} {np.mean(results):6.1%}  of {len(results)} columns")
    every = [result for results in right.values() for result in results]
    print(f"{'all':12} {np.mean(every):6.1%}  of {len(every)} columns")
    print(
        f"ms a table of {ROWS} rows: median {np.median(warm):.1f}, names never seen {np.median(cold[1:]):.1f}, worst {max(warm):.1f}"
    )


def unnamed(show: bool) -> None:
    """Prints what is found without any name, and what is claimed wrongly."""
    found = wrong = total = 0
    for seed, (table, text) in enumerate(SCHEMAS.items()):
        lines = [(roles, values, f"c{i}") for i, (roles, values, _) in enumerate(columns(text))]
        roles = infer(fill(lines, seed))
        for expected, values, name in lines:
            role = roles.of(name).role
            total += 1
            found += role in expected
            bad = role not in expected and role not in PLAIN
            wrong += bad
            if show and bad:
                print(f"  no names     {table:18} {values:28} {'/'.join(sorted(expected)):24} got {role}")
    print(
        f"no names      {1 - wrong / total:6.1%}  right or left plain; role found for {found / total:.1%}, of {total} columns"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=re.split(r"\n\n", __doc__ or "")[0])
    parser.add_argument("--wrong", action="store_true", help="print every column that is wrong")
    show = parser.parse_args().wrong
    named(show)
    unnamed(show)


if __name__ == "__main__":
    main()
