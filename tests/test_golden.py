"""The scores of fixed tables do not change unless tests/golden.json is deliberately written again."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests import golden

KNOWN = json.loads(golden.GOLDEN.read_text())


@pytest.mark.parametrize(
    ("name", "table"),
    [*golden.example(), *golden.simulated()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_scores_are_golden(name: str, table: Path | pl.DataFrame) -> None:
    """The digests of the scores are those of the golden file."""
    assert golden.digests(table) == KNOWN[name]


@pytest.mark.slow
def test_scores_of_the_evaluation_tables_are_golden() -> None:
    """The same on the labelled tables, where their folders are present."""
    tables = dict(golden.shared())
    if not tables:
        pytest.skip("NOT COMPARED: shared/data and shared/tables are absent")
    different = [name for name, table in tables.items() if golden.digests(table) != KNOWN[name]]
    assert different == []
