"""Golden scores: digests of what `vigie.predict` returns for fixed tables, made before a refactoring and equal after it.

    python tests/golden.py --write      # record tests/golden.json again, after a deliberate change of the scores
    python tests/golden.py              # compare; exit 1 where a digest differs

The tables are the example, one simulated table per domain, and the first rows of the labelled evaluation tables where
their folders are present (`../shared/data`, `../shared/tables`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).with_name("golden.json")
SHARED = (ROOT.parent / "shared" / "data", ROOT.parent / "shared" / "tables")
SIMULATED_ROWS = 1_500
SHARED_ROWS = 6_000


def example() -> Iterator[tuple[str, Path]]:
    """Yield the example of the repository."""
    yield "example", ROOT / "examples" / "mobile_money_fr.csv"


def simulated() -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield one simulated table per domain."""
    from vigie.simulator import DOMAINS, generate

    for domain in DOMAINS:
        yield f"simulated/{domain}", generate(domain, 7, SIMULATED_ROWS).frame


def shared() -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the first rows of each labelled table that is here, without its label and leak columns."""
    for folder in SHARED:
        manifest = folder / "manifest.csv"
        if not manifest.exists():
            print(f"NOT COMPARED: {folder} is absent", file=sys.stderr)
            continue
        for row in pl.read_csv(manifest, infer_schema_length=0).iter_rows(named=True):
            frame = pl.read_parquet(folder / f"{row['short_name']}.parquet")
            if row["shuffle_rows"] == "1":
                frame = frame.sample(fraction=1.0, shuffle=True, seed=0)
            leaks = [column for column in (row["leak_columns"] or "").split("|") if column]
            name = f"{folder.name}/{row['short_name']}"
            yield name, frame.drop([row["label_column"], *leaks]).head(SHARED_ROWS)


def digests(table: Path | pl.DataFrame) -> dict[str, str]:
    """Return the sha256 of `fraud_score`, and of all numeric result columns together."""
    import vigie

    additions = vigie.predict(table).additions
    score = additions["fraud_score"].cast(pl.Float64)
    everything = hashlib.sha256()
    for name in ("fraud_score", "fraud_probability", "anomaly_score", "agreement", "alert"):
        everything.update(additions[name].cast(pl.Float64).fill_null(-1.0).to_numpy().tobytes())
    everything.update("".join(additions["risk_level"].to_list()).encode())
    return {
        "fraud_score": hashlib.sha256(score.to_numpy().tobytes()).hexdigest(),
        "numbers": everything.hexdigest(),
    }


def main() -> int:
    """Compare with, or write, the golden file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    known = {} if write and not GOLDEN.exists() else json.loads(GOLDEN.read_text())
    made: dict[str, dict[str, str]] = {}
    for tables in (example(), simulated(), shared()):
        for name, table in tables:
            made[name] = digests(table)
            state = "written" if write else "equal" if made[name] == known.get(name) else "DIFFERENT"
            print(f"{name:40} {state}", flush=True)
    if write:
        GOLDEN.write_text(json.dumps(made, indent=1) + "\n")
        return 0
    return int(any(made[name] != known.get(name) for name in made))


if __name__ == "__main__":
    sys.exit(main())
