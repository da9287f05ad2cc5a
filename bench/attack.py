"""`make attack`: hostile inputs against Vigie's own readers, in processes of their own; prints the counts.

Each batch is a kind of input, a seed and a number: the same three give the same inputs. A batch ends in three ways that count as
found: an exception that is not Vigie's, a table that is not read back as it was written, or the death of its process.

    bench/attack.py                          all kinds, with seed 1 and with a fresh seed
    bench/attack.py --replay csv:17          one batch again, with the tracebacks
    bench/attack.py --seed 7 --only csv gzip --first 40 --seconds 300
                                             some kinds of one seed, from its batch 40 on
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import hostile_models  # noqa: E402
from bench.hostile_models import mutated  # noqa: E402

from vigie.errors import VigieError  # noqa: E402
from vigie.table import read, reading, write  # noqa: E402
from vigie.table.options import ReadLimits  # noqa: E402

SIZES = {
    "csv": 400,
    "gzip": 200,
    "columnar": 12,
    "booster": 300,
    "scorer": 60,
    "bundle": 300,
    "pickle": 400,
    **hostile_models.SIZES,
}
"""Inputs of a batch; each of `columnar` takes a process, each of `added` and `row` a prediction."""
_CELLS = (
    "1",
    "-2,5",
    "2026-01-02",
    "",
    '"',
    '""',
    '"a,b"',
    "é",
    "\ufeff",
    "\0",
    "x" * 3000,
    "1e400",
    "\r",
    "=1+1",
    "NaN",
    "\t",
    ";",
)
_NAMES = ("time", "amount", "", " ", "amount", '"q"', "a;b", "column_1", "fraud_score", "é", "x" * 300, "1")
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "utf-32")


def text_table(generator: random.Random) -> bytes:
    """A CSV with odd cells, names, separators, line ends and encodings, of which some bytes may be changed."""
    separator, end = generator.choice(",;\t|"), generator.choice(("\n", "\r\n", "\r"))
    width, height = generator.randrange(1, 8), generator.randrange(0, 40)
    rows = [[generator.choice(_NAMES) if generator.random() < 0.3 else f"c{n}" for n in range(width)]]
    for _ in range(height):
        count = width if generator.random() < 0.97 else generator.randrange(0, 10)
        rows.append(
            [
                generator.choice(_CELLS) if generator.random() < 0.2 else str(generator.randrange(999))
                for _ in range(count)
            ]
        )
    text = end.join(separator.join(row) for row in rows) + generator.choice(("", end, end * 3))
    return mutated(text.encode(generator.choice(_ENCODINGS), errors="replace"), generator, 0.3)


@cache
def samples() -> dict[str, Any]:
    """One good input of each kind."""
    from tests.bundles.samples import make_files

    from vigie.boosting import xgboost_import

    frame = pl.DataFrame({"time": ["2026-01-01"] * 50, "amount": range(50), "kind": ["a", "b"] * 25})
    parquet, workbook = io.BytesIO(), io.BytesIO()
    frame.write_parquet(parquet)
    frame.write_excel(workbook)
    vendor = xgboost_import.load()
    inputs = np.random.default_rng(1).normal(size=(100, 3))
    trees = vendor.train({"max_depth": 2}, vendor.DMatrix(inputs, inputs[:, 0]), 2)
    return {
        ".parquet": parquet.getvalue(),
        ".xlsx": workbook.getvalue(),
        "booster": bytes(trees.save_raw("ubj")),
        "bundle": make_files(size=2_000),
    }


def attack_csv(generator: random.Random, folder: Path) -> None:
    path = folder / f"t{generator.choice(('.csv', '.tsv', '.txt'))}"
    path.write_bytes(text_table(generator))
    table = reading.read(path, limits=ReadLimits(max_bytes=2**26))
    again = folder / "again.csv"
    # Under the names that the reader gave: a header without names is no header to another reader.
    named = replace(table, dialect=table.dialect and replace(table.dialect, names=()))
    write(named, pl.DataFrame({"ours": [1] * table.frame.height}), again)
    kept = reading.read(again).frame
    if kept.height != table.frame.height or kept.columns[: table.frame.width] != table.frame.columns:
        raise AssertionError("not read back as it was written")


def attack_gzip(generator: random.Random, folder: Path) -> None:
    path = folder / "t.csv.gz"
    path.write_bytes(mutated(gzip.compress(text_table(generator)), generator, 0.7))
    reading.read(path, limits=ReadLimits(max_bytes=2**26))


def attack_columnar(generator: random.Random, folder: Path) -> None:
    extension = generator.choice((".parquet", ".xlsx"))
    path = folder / f"t{extension}"
    path.write_bytes(mutated(samples()[extension], generator))
    read(path, max_bytes=2**28)


def attack_booster(generator: random.Random, folder: Path) -> None:
    from vigie.boosting import xgboost_import
    from vigie.boosting.tree_check import NotTrees

    try:
        with xgboost_import.checking_trees():
            model = xgboost_import.open_trees(mutated(samples()["booster"], generator))
        model.inplace_predict(np.zeros((2, model.num_features()), dtype=np.float32))
    except (NotTrees, ValueError) as error:
        raise VigieError("refused") from error


def attack_scorer(generator: random.Random, folder: Path) -> None:
    from vigie.engine.scorer import Scorer
    from vigie.engine.scorer_io import _archive

    head = {
        "format": 6,
        "polars": pl.__version__,
        "schema": {"a": "Int64"},
        "roles": {},
        "members": [],
        "answers": {},
    }
    text = mutated(json.dumps(head).encode(), generator, 0.5)
    data = _archive({"head": np.frombuffer(text, dtype=np.uint8)})
    Scorer.from_bytes(mutated(data, generator, 0.5))


def attack_bundle(generator: random.Random, folder: Path) -> None:
    from vigie.bundles import bundle

    files = dict(samples()["bundle"])
    name = generator.choice(sorted(files))
    files[name] = mutated(files[name], generator)
    bundle.unpack(files)


def attack_pickle(generator: random.Random, folder: Path) -> None:
    import pickle

    from vigie.importer import pickle_reader
    from vigie.importer.decompression import Unreadable

    good = pickle.dumps(
        {"a": np.arange(5), "b": [1.5, "x", None, {"c": (1, 2)}]}, protocol=generator.randrange(2, 6)
    )
    try:
        pickle_reader.read(mutated(good, generator), max_bytes=2**24)
    except (Unreadable, pickle_reader.NamesRefused) as error:
        raise VigieError("refused") from error


ATTACKS: dict[str, Callable[[random.Random, Path], None]] = {
    "csv": attack_csv,
    "gzip": attack_gzip,
    "columnar": attack_columnar,
    "booster": attack_booster,
    "scorer": attack_scorer,
    "bundle": attack_bundle,
    "pickle": attack_pickle,
    **hostile_models.ATTACKS,
}


def run_batch(kind: str, seed: int, *, show: bool = False) -> Counter[str]:
    """Try the inputs of a batch in this process."""
    ended: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="vigie-attack-") as folder:
        for number in range(SIZES[kind]):
            try:
                ATTACKS[kind](random.Random(f"{kind} {seed} {number}"), Path(folder))
                ended["accepted"] += 1
            except VigieError:
                ended["refused"] += 1
            except BaseException as error:  # noqa: BLE001  what is not ours is what is looked for
                ended[f"found: {type(error).__name__}"] += 1
                if show:
                    traceback.print_exc()
    return ended


def attack(seed: int, seconds: float, kinds: Sequence[str], first: int = 0) -> Counter[tuple[str, str]]:
    """Run batches of some kinds in turn, each in a process of its own, until the time is over; at least one of each."""
    total: Counter[tuple[str, str]] = Counter()
    end, number = time.monotonic() + seconds, first
    while number == first or time.monotonic() < end:
        for kind in kinds:
            batch = seed * 100_000 + number
            command = [sys.executable, __file__, "--batch", f"{kind}:{batch}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            ended = Counter(json.loads(done.stdout)) if done.returncode == 0 else Counter({"found: death": 1})
            for how, count in ended.items():
                total[kind, how] += count
                if how.startswith("found"):
                    print(f"{kind}:{batch} {how} ({count}); again: bench/attack.py --replay {kind}:{batch}")
        number += 1
    print(f"seed {seed}, batches {seed * 100_000 + first} to {seed * 100_000 + number - 1}")
    return total


def main() -> None:
    """Print a table of the counts; exit with 1 where something was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", help=argparse.SUPPRESS)
    parser.add_argument("--replay", metavar="KIND:SEED")
    parser.add_argument("--seed", type=int, help="this seed alone, below 1,000,000")
    parser.add_argument("--only", nargs="+", choices=list(SIZES), default=list(SIZES), metavar="KIND")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="first batch of the seed, from 0")
    parser.add_argument("--seconds", type=float, default=240.0, help="for each of the two seeds")
    chosen = parser.parse_args()
    if chosen.batch or chosen.replay:
        kind, _, seed = (chosen.batch or chosen.replay).partition(":")
        print(json.dumps(run_batch(kind, int(seed), show=bool(chosen.replay))))
        return
    found = 0
    seeds = (1, secrets.randbelow(10**6) + 2) if chosen.seed is None else (chosen.seed,)
    for seed in seeds:
        total = attack(seed, chosen.seconds, chosen.only, chosen.first)
        for (kind, how), count in sorted(total.items()):
            print(f"  {kind:10} {how:24} {count:8,}")
            found += count if how.startswith("found") else 0
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
