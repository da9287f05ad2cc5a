"""Exports of banks, mobile money, card processors and insurers are read: rows, roles, amounts, lines set aside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.table.exports import LAYOUTS, export

from vigie.features.columns import ColumnView
from vigie.roles.inference import infer
from vigie.table import read


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_export_is_understood(tmp_path: Path, layout: str) -> None:
    """As many rows as movements, the roles that matter, and the amounts to the cent."""
    made = export(layout)
    path = tmp_path / made.name
    path.write_bytes(made.data)
    table = read(path)
    assert table.frame.height == made.rows, table.frame
    assert tuple(line.reason for line in table.report.set_aside) == made.set_aside
    roles = infer(table.typed)
    assert {column: roles.of(column).role for column in made.roles} == made.roles
    amounts = ColumnView(table.typed, roles).numbers.amount
    assert amounts is not None
    assert np.nansum(amounts) == pytest.approx(made.total, abs=0.5)
    assert table.typed[roles.first("time")].null_count() == 0
