"""`vigie plan` and `vigie score`, whole."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.test_cli_predict import EXAMPLE, NEW, catalog_file, home_with_catalog, vigie

__all__ = ["catalog_file", "home_with_catalog"]

ROWS = 400


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The first rows of the example."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "table.csv"
    path.write_text("".join(lines[: ROWS + 1]), encoding="utf-8")
    return path


def test_the_table_itself_scores_as_predicted(table: Path, tmp_path: Path) -> None:
    """predict writes what plan and score write together, byte for byte."""
    predicted, scored, plan = (tmp_path / name for name in ("predicted.csv", "scored.csv", "table.plan"))
    assert vigie("predict", table, "-o", predicted).exit_code == 0
    made = vigie("plan", table, "-o", plan)
    assert made.exit_code == 0, made.output
    assert made.stdout == ""
    found = vigie("score", plan, table, "-o", scored)
    assert found.exit_code == 0, found.output
    assert f"{ROWS} rows scored" in found.stderr
    assert scored.read_bytes() == predicted.read_bytes()


def test_a_few_rows_through_stdin(table: Path, tmp_path: Path) -> None:
    """Digits that name something are text where the planned table had text."""
    plan = tmp_path / "table.plan"
    assert vigie("plan", table, "-o", plan, "--json").exit_code == 0
    few = b"".join(table.read_bytes().splitlines(keepends=True)[:4])
    found = vigie("score", plan, "-", "-o", "-", stdin=few)
    assert found.exit_code == 0, found.output
    out = pl.read_csv(found.stdout_bytes, infer_schema=False, separator=";" if b";" in few else ",")
    assert out.height == 3
    assert out.columns[-7:] == NEW


def test_what_cannot_be(table: Path, tmp_path: Path) -> None:
    """No plan, something else than a plan, a column the plan does not know, a plan over its own table."""
    plan, out = tmp_path / "table.plan", tmp_path / "out.csv"
    assert vigie("score", plan, table, "-o", out).exit_code == 4
    assert vigie("score", table, table, "-o", out).exit_code == 3
    assert vigie("plan", table, "-o", table).exit_code == 2
    assert vigie("plan", table, "-o", tmp_path / "no" / "x.plan").exit_code == 4
    assert vigie("plan", table, "-o", plan).exit_code == 0
    other = tmp_path / "other.csv"
    other.write_text("surprise,more\n1,2\n3,4\n")
    refused = vigie("score", plan, other, "-o", out)
    assert refused.exit_code == 3
    assert "surprise" in refused.stderr
    assert not out.exists()
