"""Exports of banks, mobile money, card processors and insurers are read: rows, roles, amounts, lines set aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.table.exports import EXPORTS, Export

from vigie.features.columns import ColumnView
from vigie.roles.inference import infer
from vigie.table import read


@pytest.mark.parametrize("make", EXPORTS, ids=lambda make: make.__name__)
def test_an_export_is_understood(tmp_path: Path, make: Callable[[], Export]) -> None:
    """As many rows as movements, the roles that matter, and the amounts to the cent."""
    export = make()
    path = tmp_path / export.name
    path.write_bytes(export.data)
    table = read(path)
    assert table.frame.height == export.rows, table.frame
    assert tuple(line.reason for line in table.report.set_aside) == export.set_aside
    roles = infer(table.typed)
    assert {column: roles.of(column).role for column in export.roles} == export.roles
    amounts = ColumnView(table.typed, roles).numbers.amount
    assert amounts is not None
    assert np.nansum(amounts) == pytest.approx(export.total, abs=0.5)
    assert table.typed[roles.first("time")].null_count() == 0
