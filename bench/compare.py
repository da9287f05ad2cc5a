"""Speed now against an earlier commit, as ratios measured in one run on one machine.

    .venv/bin/python bench/compare.py BASE [--rows 1000 100000]

BASE is anything git understands. Both sides run the tables and the clock of this checkout's bench/throughput.py, one
after the other for each size, so that what else the machine does hits both. Exits with 1 where CPU grew by more than
a quarter: CPU seconds of the same work vary by a tenth here.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from throughput import ROOT, measure

WORSE = 1.25


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("base")
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 100_000])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        before = Path(temporary) / "base"
        git = ["git", "-C", str(ROOT)]
        subprocess.run([*git, "worktree", "add", "--quiet", "--detach", str(before), args.base], check=True)
        try:
            worst = 0.0
            for count in args.rows:
                pair = []
                for name, source in ((args.base, before / "src"), ("now", ROOT / "src")):
                    print(f"-- {name}")
                    folder = Path(temporary) / name.replace("/", "_")
                    folder.mkdir(exist_ok=True)
                    pair.append(measure([count], folder, source, everything=False)[f"predict {count:,}"])
                old, new = pair
                print(
                    f"== {count:,} rows: seconds × {new.seconds / old.seconds:.2f}, CPU × {new.cpu / old.cpu:.2f}, "
                    f"memory × {new.megabytes / old.megabytes:.2f}"
                )
                worst = max(worst, new.cpu / old.cpu)
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", str(before)], check=True)
    return int(worst > WORSE)


if __name__ == "__main__":
    sys.exit(main())
