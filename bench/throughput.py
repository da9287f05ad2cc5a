"""How long `vigie predict` takes and what it needs, against the least that anybody would need.

    .venv/bin/python bench/throughput.py                         1,000 to 1,000,000 rows, the floor, 28 columns, --help, reasons
    .venv/bin/python bench/throughput.py --rows 10000000 --only  one size and nothing else
    .venv/bin/python bench/throughput.py --json figures.json     for bench/compare.py

Every measurement is a process of its own, started cold: seconds, CPU seconds and peak memory are what the system says
of that process. The floor is polars reading the CSV, three shipped models on features that are ready, and polars
writing the CSV with three more columns. On a busy machine CPU seconds and ratios are worth more than seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import payments

ROOT = Path(__file__).resolve().parents[1]
FLOOR = """
import sys
sys.modules["sklearn"] = None
import numpy as np, polars as pl, xgboost, zstandard
from pathlib import Path
models, source, target = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
table = pl.read_csv(source)
ready = {}
for path in sorted(models.glob("card_not_present_*/booster-*.ubj.zst"))[:3]:
    model = xgboost.Booster()
    model.load_model(bytearray(zstandard.decompress(path.read_bytes())))
    piece = np.random.default_rng(0).random((20_000, model.num_features()), dtype=np.float32)
    parts = [model.inplace_predict(piece[: table.height - at]) for at in range(0, table.height, len(piece))]
    ready[path.parent.name] = np.concatenate(parts)
table.with_columns(**ready).write_csv(target)
"""


FIRST = {5_000: 6.2, 500_000: 24.0}
"""Seconds that the first implementation took for so many rows of 28 columns, on a machine of this kind."""
MORE = 16
"""Columns besides the twelve, to make 28."""


@dataclass(frozen=True)
class Cost:
    """What one process cost: seconds, CPU seconds, peak resident megabytes."""

    seconds: float
    cpu: float
    megabytes: float


def run(arguments: list[str], home: Path, source: Path = ROOT / "src") -> Cost:
    """Runs Python on the given arguments and says what it cost; refuses a failure."""
    environment = {**os.environ, "PYTHONPATH": str(source), "VIGIE_HOME": str(home)}
    start = time.perf_counter()
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, fd, str(home / name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for fd, name in ((1, "stdout"), (2, "stderr"))
        ],
    )
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{arguments[:3]} failed:\n{(home / 'stderr').read_text()[-2000:]}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(arguments: list[str], home: Path, times: int, source: Path = ROOT / "src") -> Cost:
    """The run with the least CPU of several: what disturbs a run only ever adds."""
    return min((run(arguments, home, source) for _ in range(times)), key=lambda cost: cost.cpu)


def measure(rows: list[int], folder: Path, source: Path, everything: bool) -> dict[str, Cost]:
    """Every figure by name, printed as it comes."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    found: dict[str, Cost] = {}

    def note(name: str, cost: Cost) -> None:
        found[name] = cost
        print(f"{name:34} {cost.seconds:8.2f} s {cost.cpu:8.2f} CPU s {cost.megabytes:7.0f} MB", flush=True)

    small = payments.write(folder / "payments-1000.csv", 1000)
    out = str(folder / "out.csv")
    predict = ["-m", "vigie", "predict"]
    run([*predict, str(small), "-o", out], home, source)  # registers the shipped models
    if everything:
        note("vigie --help", best(["-m", "vigie", "--help"], home, 5, source))
    for count in rows:
        table = str(payments.write(folder / f"payments-{count}.csv", count))
        times = 3 if count <= 10_000 else 1
        note(f"predict {count:,}", best([*predict, table, "-o", out], home, times, source))
        if everything and count >= 100_000:
            models = str(source / "vigie" / "starter_models" / "models")
            note(f"floor {count:,}", best(["-c", FLOOR, models, table, out], home, times, source))
        if everything and count in FIRST:
            wide = payments.write(folder / f"wide-{count}.csv", count, numbers=MORE)
            note(f"predict {count:,} x 28", best([*predict, str(wide), "-o", out], home, times, source))
    if everything and rows:
        middle = sorted(rows)[len(rows) // 2]
        table = str(folder / f"payments-{middle}.csv")
        note(
            f"predict {middle:,} no reasons", run([*predict, table, "-o", out, "--no-reasons"], home, source)
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 5000, 500_000, 1_000_000])
    parser.add_argument(
        "--only", action="store_true", help="predict alone: no floor, no --help, no --no-reasons"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--folder", type=Path, help="keep the tables here for the next time")
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="the src folder to measure")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = measure(args.rows, folder, args.source, not args.only)
    for count in args.rows:
        if f"floor {count:,}" in found:
            ours, least = found[f"predict {count:,}"], found[f"floor {count:,}"]
            print(f"{count:,} rows: {ours.seconds / least.seconds:.1f} times the floor, {ours.cpu / least.cpu:.1f} in CPU")  # fmt: skip
        if f"predict {count:,} x 28" in found:
            ours = found[f"predict {count:,} x 28"]
            print(f"{count:,} rows of 28 columns: {FIRST[count] / ours.seconds:.1f} times as fast as the first implementation")  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps({name: asdict(cost) for name, cost in found.items()}, indent=1))


if __name__ == "__main__":
    main()
