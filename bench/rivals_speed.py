"""Seconds, CPU seconds and memory of `vigie predict` and of what a user would write instead, in one run.

    .venv/bin/python bench/rivals_speed.py                       100,000 and 1,000,000 rows
    .venv/bin/python bench/rivals_speed.py --rows 100000 --times 5

The rivals are ten lines each: pandas reads the CSV, texts become numbers by their order of appearance, one detector at its
defaults scores all rows, pandas writes the table with the score. Each figure is a process of its own, started cold; of
several runs that with the least CPU counts. The floor is that of bench/throughput.py. Ratios are to scikit-learn's pipeline.

The exit code is 1 where `vigie predict` takes more CPU seconds of 100,000 rows, against scikit-learn's pipeline, than `CPU_RATIO` and
a quarter. No test of `make test` does this, since none may depend on the speed of the machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import payments
from throughput import FLOOR, ROOT, Cost, run

RIVAL = """
import sys
import pandas as pd
from {module} import {name}

source, target = sys.argv[1:]
table = pd.read_csv(source)
encoded = table.copy()
for column in encoded.select_dtypes(exclude="number"):
    encoded[column] = pd.factorize(encoded[column])[0]
detector = {name}()
{fit}
table.to_csv(target, index=False)
"""
SKLEARN = "detector.fit(encoded)\ntable['score'] = -detector.score_samples(encoded)"
PYOD = "detector.fit(encoded.to_numpy(float))\ntable['score'] = detector.decision_scores_"
CHECKED_ROWS, CPU_RATIO, TOLERANCE = 100_000, 2.0, 1.25
"""Rows at which the ratio of CPU seconds is checked, the ratio as measured, and how much more is allowed."""
AIM = 1.5
"""Ratio of CPU seconds that is wanted."""
TIMES = {CHECKED_ROWS: 3}
"""Runs of each method by the number of rows, one elsewhere: a longer table takes minutes, and varies less."""
OURS, FIRST_RIVAL = "vigie predict", "scikit-learn IsolationForest"
RIVALS = {
    FIRST_RIVAL: RIVAL.format(module="sklearn.ensemble", name="IsolationForest", fit=SKLEARN),
    **{
        f"PyOD {name}": RIVAL.format(module=f"pyod.models.{name.lower()}", name=name, fit=PYOD)
        for name in ("IForest", "HBOS", "ECOD", "COPOD")
    },
}


def measure(rows: int, folder: Path, times: int) -> dict[str, Cost]:
    """Return the cost of each method on a table of so many rows."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    table, out = str(payments.write(folder / f"payments-{rows}.csv", rows)), str(folder / "out.csv")
    small = str(payments.write(folder / "payments-1000.csv", 1000))
    run(["-m", "vigie", "predict", small, "-o", out], home)  # registers the shipped models
    models = str(ROOT / "src" / "vigie" / "starter_models" / "models")
    methods = {OURS: ["-m", "vigie", "predict", table, "-o", out]}
    methods |= {name: ["-c", script, table, out] for name, script in RIVALS.items()}
    methods["floor: three models on ready features"] = ["-c", FLOOR, models, table, out]
    # Round by round: what else the machine does then disturbs all of them alike.
    rounds = [{name: run(arguments, home) for name, arguments in methods.items()} for _ in range(times)]
    return {name: min((one[name] for one in rounds), key=lambda cost: cost.cpu) for name in methods}


def check(costs: dict[str, Cost]) -> int:
    """Print how far the ratio of CPU seconds is from the aim and from what was measured before; return the exit code."""
    ratio, most = costs[OURS].cpu / costs[FIRST_RIVAL].cpu, CPU_RATIO * TOLERANCE
    print(
        f"\nCPU ratio at {CHECKED_ROWS:,} rows {ratio:.2f}: {AIM} wanted, {CPU_RATIO} measured, {most:.2f} allowed"
    )
    return int(ratio > most)


def main() -> int:
    """Print one table of Markdown per number of rows, and check the ratio of CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--times", type=int, help="runs of each; that with the least CPU counts")
    args = parser.parse_args()
    code = 0
    with tempfile.TemporaryDirectory() as temporary:
        for rows in args.rows:
            costs = measure(rows, Path(temporary), args.times or TIMES.get(rows, 1))
            first = costs[FIRST_RIVAL]
            print(f"\n| {rows:,} rows | seconds | CPU s | GB | seconds, ratio | CPU, ratio |")
            print("|---|---:|---:|---:|---:|---:|")
            for name, cost in costs.items():
                print(
                    f"| {name} | {cost.seconds:.1f} | {cost.cpu:.1f} | {cost.megabytes / 1000:.2f} "
                    f"| {cost.seconds / first.seconds:.2f} | {cost.cpu / first.cpu:.2f} |",
                    flush=True,
                )
            if rows == CHECKED_ROWS:
                code = check(costs)
    return code


if __name__ == "__main__":
    sys.exit(main())
