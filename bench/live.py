"""How soon a stored plan answers one transaction with 200 rows of history.

    .venv/bin/python bench/live.py                  a plan of 100,000 rows, 300 transactions
    .venv/bin/python bench/live.py --rows 20000 --times 1000

Prints the plan's size, the time to open it, and percentiles of seconds and of CPU seconds per answer, one at a time; and
that the answer is the one which the same rows get all together. On a busy machine CPU is worth more than seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time

import numpy as np
import polars as pl

import payments
from vigie import table as tables
from vigie.bundles.verification import open_bundle
from vigie.catalog import Catalog
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import ScoringContext
from vigie.engine.scorer import Scorer
from vigie.starter_models import registry

HISTORY = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=300)
    args = parser.parse_args()
    table = tables.from_frame(payments.frame(args.rows))
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(database.open(f"sqlite:///{folder}/catalog.sqlite"))
        registry.register(catalog)
        made, _ = pipeline.fit(
            table, ScoringContext(catalog, lambda entry: open_bundle(entry.store, entry.bundle))
        )
    data = made.to_bytes()
    start = time.perf_counter()
    plan = Scorer.from_bytes(data)
    print(
        f"plan of {args.rows:,} rows: {len(data) / 1e6:.1f} MB, opened in {time.perf_counter() - start:.2f} s"
    )
    seconds, cpu = [], []
    later = tables.parse(payments.frame(HISTORY + args.times, start=args.rows, rows=2 * args.rows))
    for number in range(args.times):
        rows = later.slice(number, HISTORY + 1)
        start, before = time.perf_counter(), time.process_time()
        answer = plan.score(rows, [HISTORY])
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - before)
        if number % 100 == 0 and not answer.equals(plan.score(rows)[[HISTORY]], null_equal=True):
            raise SystemExit(f"transaction {number}: alone it is not what it is among its history")
    for name, values in (("answer", seconds), ("its CPU", cpu)):
        low, high, most = (1000 * x for x in np.percentile(values[len(values) // 10 :], (50, 90, 99)))
        print(f"{name:8} p50 {low:6.1f} ms   p90 {high:6.1f} ms   p99 {most:6.1f} ms")
    for many in (2, 4, 8, 16):
        requested = [(later.slice(number, HISTORY + 1), [HISTORY]) for number in range(many)]
        plan.score_many(requested)
        before = time.process_time()
        for _ in range(10):
            plan.score_many(requested)
        cpu_each = (time.process_time() - before) / 10
        print(f"{many:2} requests together {1000 * cpu_each:6.1f} CPU ms, {many / cpu_each:.0f} a CPU second")
    print(
        f"polars {pl.thread_pool_size()} threads; {args.times / sum(seconds):.0f} answers a second, one at a time"
    )


if __name__ == "__main__":
    main()
