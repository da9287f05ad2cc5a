"""Puts the true output of the demo into README.md, between its two markers; `make docs` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- the output of make demo, by make docs -->\n```text\n", "```\n<!-- end -->"
ROLES_SHOWN = 7


def output() -> str:
    """What `make demo` prints, in 100 columns and in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "VIGIE_HOME": home, "COLUMNS": "100"}
        command = [
            sys.executable,
            "-m",
            "vigie",
            "predict",
            "examples/mobile_money_fr.csv",
            "-o",
            f"{home}/predictions.csv",
        ]
        done = subprocess.run(  # noqa: S603  our own interpreter and our own module
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.replace(f"{home}/", "").replace("\n\n\n", "\n\n")


def shorten(text: str) -> str:
    """The first roles only, and of the evidence of the models nothing: the file should fit on a screen."""
    title, roles, models, *rest = text.strip().split("\n\n")
    kept = [*roles.splitlines()[: ROLES_SHOWN + 2], "  …"]
    heads = [
        line
        for line in models.splitlines()
        if not line.lstrip()[:1].isdigit() and not line.startswith("     ")
    ]
    return "\n\n".join([title, "\n".join(kept), "\n".join(heads), *rest]) + "\n"


def main() -> None:
    """Rewrites the file."""
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{START}{shorten(output())}{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
