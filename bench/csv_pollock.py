"""How well polluted CSV files are read: the score of the Pollock benchmark on the files of a folder.

    .venv/bin/python bench/csv_pollock.py [--worst N] [FOLDER]

FOLDER holds `csv/NAME`, what a user has, `clean/NAME`, what a reader should make of it, and `weights.json`. A file scores up to 10:
1 for being read, and precision, recall and F1 of the header, of the records and of the cells, each as multisets. Printed are the
simple and the weighted mean, and the files with a row that is neither right nor set aside: these are silent errors.

Source: G. Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16, 2023.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

from vigie.errors import VigieError
from vigie.table import read

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "pollock"
TARGET = (9.2, 9.0)
Rows = list[tuple[str, ...]]


def overlap(found: Iterable[Hashable], expected: Iterable[Hashable]) -> float:
    """Return precision + recall + F1 of a multiset; 3 where both are empty."""
    ours, theirs = Counter(found), Counter(expected)
    if not ours and not theirs:
        return 3.0
    right = (ours & theirs).total()
    if not right:
        return 0.0
    precision, recall = right / ours.total(), right / theirs.total()
    return precision + recall + 2 * precision * recall / (precision + recall)


def read_clean(path: Path, *, has_header: bool) -> tuple[tuple[str, ...], Rows]:
    """Return header and rows of a clean file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [tuple(row) for row in csv.reader(file)]
    return (rows[0], rows[1:]) if has_header and rows else ((), rows)


def read_ours(path: Path) -> tuple[tuple[str, ...], Rows, int] | None:
    """Return header and rows as Vigie reads them, and how many lines it set aside; None where it refuses."""
    try:
        table = read(path)
    except VigieError:
        return None
    names = table.dialect.names if table.dialect and table.dialect.names else tuple(table.frame.columns)
    if table.report.header_line == 0:
        names = ()
    return names, [tuple(row) for row in table.frame.rows()], len(table.report.set_aside)


def score(found: tuple[Sequence[str], Rows, int] | None, header: Sequence[str], rows: Rows) -> float:
    """Return the score of a file, 0 to 10; a refusal of a file without rows is right."""
    if found is None:
        return 10.0 if not rows else 0.0
    cells = (cell for row in found[1] for cell in row)
    expected = (cell for row in rows for cell in row)
    return 1.0 + overlap(found[0], header) + overlap(found[1], rows) + overlap(cells, expected)


def main() -> int:
    """Print the means and what is wrong; 1 below the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worst", type=int, default=12)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    folder = arguments.folder
    if not folder.exists():
        print(f"NOT MEASURED: {folder} is absent", file=sys.stderr)
        return 0
    weights = json.loads((folder / "weights.json").read_text())
    scores: dict[str, float] = {}
    silent: list[str] = []
    for path in sorted((folder / "csv").iterdir()):
        header, rows = read_clean(folder / "clean" / path.name, has_header="no_header" not in path.name)
        found = read_ours(path)
        scores[path.name] = score(found, header, rows)
        if found is not None and Counter(found[1]) - Counter(rows):
            silent.append(path.name)
    simple = sum(scores.values()) / len(scores)
    total = sum(weights[name] for name in scores)
    weighted = sum(scores[name] * weights[name] for name in scores) / total
    for name in sorted(scores, key=scores.__getitem__)[: arguments.worst]:
        print(f"{scores[name]:6.2f}  weight {weights[name]:7.1f}  {name}")
    print(f"{len(silent)} files hold a row that is not as it should be: {', '.join(silent[:20])}")
    print(f"simple {simple:.2f} (at least {TARGET[0]}), weighted {weighted:.2f} (at least {TARGET[1]})")
    return int(simple < TARGET[0] or weighted < TARGET[1])


if __name__ == "__main__":
    sys.exit(main())
