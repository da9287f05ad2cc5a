"""What unreadable cells cost: ranking quality of a labelled ledger with 1, 10 and 100 of them in the amount and in the date.

    .venv/bin/python bench/unreadable_cells.py [--rows N]

The table is written as CSV, cells of one column are replaced by a text, and the file is scored as a user would have it
scored. Printed are ROC AUC and average precision, and their difference to the clean file. Exit 1 where a difference
exceeds 0.02.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, roc_auc_score

import vigie

TABLE = Path(__file__).resolve().parents[2] / "shared" / "tables" / "retail_ledger_67k.parquet"
LIMIT = 0.02
COUNTS = (1, 10, 100)


def quality(frame: pl.DataFrame, labels: np.ndarray) -> tuple[float, float]:
    """Return ROC AUC and average precision of the scores of a table that is written to a file first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.csv")
        frame.write_csv(path)
        score = vigie.predict(path).additions["fraud_score"].to_numpy()
    return float(roc_auc_score(labels, score)), float(average_precision_score(labels, score))


def with_text(frame: pl.DataFrame, column: str, count: int, text: str) -> pl.DataFrame:
    """Return the table as text, with `count` cells of a column replaced."""
    words = frame.select(pl.all().cast(pl.String))
    rows = np.random.default_rng(count).choice(frame.height, count, replace=False)
    return words.with_columns(words[column].scatter(rows.astype(np.uint32), text))


def main() -> int:
    """Print the table; 1 where a file with unreadable cells is scored worse than the limit allows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=0)
    rows = parser.parse_args().rows
    if not TABLE.exists():
        print(f"NOT MEASURED: {TABLE} is absent", file=sys.stderr)
        return 0
    frame = pl.read_parquet(TABLE)
    frame = frame.head(rows) if rows else frame
    labels, frame = frame["label"].cast(pl.Int64).to_numpy(), frame.drop("label")
    amount = next(name for name in frame.columns if "am" in name.lower())
    moment = next(name for name in frame.columns if "date" in name.lower() or "time" in name.lower())
    clean = quality(frame, labels)
    print(
        f"{'column':20} {'cells':>6} {'ROC AUC':>9} {'AP':>9}\n{'clean':20} {0:6} {clean[0]:9.3f} {clean[1]:9.3f}"
    )
    worst = 0.0
    for column, text in ((amount, "see note"), (moment, "to be checked")):
        for count in COUNTS:
            found = quality(with_text(frame, column, count, text), labels)
            worst = max(worst, *(abs(one - other) for one, other in zip(found, clean, strict=True)))
            print(f"{column:20} {count:6} {found[0]:9.3f} {found[1]:9.3f}", flush=True)
    print(f"largest difference {worst:.4f}, limit {LIMIT}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
