"""Columns that look like labels."""

from __future__ import annotations

import polars as pl

from vigie.roles.inference import infer
from vigie.roles.label_columns import label_columns


def test_a_label_is_known_afterwards_and_has_two_or_three_values() -> None:
    """In the order of the table; neither a date of a decision nor a column of one value is one."""
    frame = pl.DataFrame(
        {
            "amount": [float(i % 90) for i in range(300)],
            "is_fraud": [int(i % 20 == 0) for i in range(300)],
            "Fraude": [["Oui", "non ", "NON", None][i % 4] for i in range(300)],
            "chargeback_date": [f"2026-01-{1 + i % 28:02}" for i in range(300)],
            "fraud_flag": [0] * 300,
        }
    )
    assert label_columns(frame, infer(frame)) == ["is_fraud", "Fraude"]
    assert label_columns(frame.select("amount"), infer(frame.select("amount"))) == []
