"""Renamed columns: Vigie's roles against general schema matchers, in one run.

    pip install valentine && .venv/bin/python bench/roles_rivals.py

A matcher pairs the columns of a renamed table with those of the same table under its English names, filled with
other values of the same kind, as if yesterday's file were known and today's came renamed. A pair is right when both
columns have the same role. Vigie sees the renamed table alone and is right when it names the role: the harder task.
COMA compares names only: comparing values, it would download word lists. Without `valentine` it says so and measures nothing; it is not among the project's own dependencies.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl

import roles as bench
from vigie.roles.inference import infer

ROWS = 200
"""Rows the matchers see; comparing values is quadratic in some of them."""

RENAMED = [kind for kind in bench.KINDS[:-2] if kind != "english"]
Lines = list[tuple[frozenset[str], str, str]]
Answer = Callable[[Lines, pl.DataFrame, Lines, pl.DataFrame], list[bool]]


def by_roles(lines: Lines, frame: pl.DataFrame, known: Lines, known_frame: pl.DataFrame) -> list[bool]:
    """Vigie, which does not look at the known table."""
    found = infer(frame)
    return [found.of(name).role in right for right, _, name in lines]


def by(matcher: Any) -> Answer:
    """A matcher of valentine: best pair of each column, no column of the known table twice."""
    from valentine import valentine_match

    def answer(lines: Lines, frame: pl.DataFrame, known: Lines, known_frame: pl.DataFrame) -> list[bool]:
        texts = [f.head(ROWS).with_columns(pl.col(pl.Datetime).cast(pl.String)) for f in (frame, known_frame)]
        pairs = valentine_match(texts, matcher, df_names=["new", "known"]).one_to_one_hungarian(0.0)
        roles = {name: right for right, _, name in known}
        matched = {pair.source_column: roles[pair.target_column] for pair in pairs}
        return [bool(matched.get(name, frozenset()) & right) for right, _, name in lines]

    return answer


def cases() -> Iterable[tuple[str, Lines, Lines]]:
    """Every (kind, renamed columns, English columns)."""
    every = list(bench.cases())
    english = {table: lines for kind, table, lines in every if kind == "english"}
    return [(kind, lines, english[table]) for kind, table, lines in every if kind in RENAMED]


def main() -> None:
    if find_spec("valentine") is None:
        print("valentine is not installed (pip install valentine): nothing compared", file=sys.stderr)
        return
    from valentine.algorithms import Coma, JaccardDistanceMatcher

    answers = {
        "Vigie": by_roles,
        "COMA": by(Coma()),
        "Jaccard": by(JaccardDistanceMatcher()),
    }
    print(f"{'':24}" + "".join(f"{kind:>13}" for kind in RENAMED) + f"{'all':>8}{'ms':>8}")
    for name, answer in answers.items():
        right: dict[str, list[bool]] = {kind: [] for kind in RENAMED}
        spent = []
        for seed, (kind, lines, known) in enumerate(cases()):
            frame, known_frame = bench.fill(lines, seed), bench.fill(known, seed + 1)
            start = time.perf_counter()
            right[kind] += answer(lines, frame, known, known_frame)
            spent.append(1000 * (time.perf_counter() - start))
        every = [hit for hits in right.values() for hit in hits]
        shares = "".join(f"{np.mean(right[kind]):>13.1%}" for kind in RENAMED)
        print(f"{name:24}{shares}{np.mean(every):>8.1%}{np.median(spent):>8.0f}", flush=True)


if __name__ == "__main__":
    main()
