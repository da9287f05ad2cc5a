"""`vigie fit` and `vigie score`."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.cli.test_predict import EXAMPLE, NEW, vigie

pytestmark = pytest.mark.usefixtures("home_with_catalog")
ROWS = 400


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The first rows of the example."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "table.csv"
    path.write_text("".join(lines[: ROWS + 1]), encoding="utf-8")
    return path


def test_the_table_itself_scores_as_predicted(table: Path, tmp_path: Path) -> None:
    """predict writes what fit and score write together, byte for byte."""
    predicted, scored, scorer = (tmp_path / name for name in ("predicted.csv", "scored.csv", "table.scorer"))
    assert vigie("predict", table, "-o", predicted).exit_code == 0
    made = vigie("fit", table, "-o", scorer)
    assert made.exit_code == 0, made.output
    assert made.stdout == ""
    found = vigie("score", scorer, table, "-o", scored)
    assert found.exit_code == 0, found.output
    assert f"{ROWS} rows scored" in found.stderr
    assert scored.read_bytes() == predicted.read_bytes()


def test_a_few_rows_through_stdin(table: Path, tmp_path: Path) -> None:
    """Digits that name something are text where the fitted table had text."""
    scorer = tmp_path / "table.scorer"
    assert vigie("fit", table, "-o", scorer, "--json").exit_code == 0
    few = b"".join(table.read_bytes().splitlines(keepends=True)[:4])
    found = vigie("score", scorer, "-", "-o", "-", stdin=few)
    assert found.exit_code == 0, found.output
    out = pl.read_csv(found.stdout_bytes, infer_schema=False, separator=";" if b";" in few else ",")
    assert out.height == 3
    assert out.columns[-7:] == NEW


def test_what_cannot_be(table: Path, tmp_path: Path) -> None:
    """No scorer, a file that is no scorer, a column the scorer does not know, a scorer over its own table."""
    scorer, out = tmp_path / "table.scorer", tmp_path / "out.csv"
    assert vigie("score", scorer, table, "-o", out).exit_code == 4
    assert vigie("score", table, table, "-o", out).exit_code == 3
    assert vigie("fit", table, "-o", table).exit_code == 2
    assert vigie("fit", table, "-o", tmp_path / "no" / "x.scorer").exit_code == 4
    assert vigie("fit", table, "-o", scorer).exit_code == 0
    other = tmp_path / "other.csv"
    other.write_text("surprise,more\n1,2\n3,4\n")
    refused = vigie("score", scorer, other, "-o", out)
    assert refused.exit_code == 3
    assert "surprise" in refused.stderr
    assert not out.exists()
