"""Inspection: unsuitable labels are refused with a hint, and leaks are found."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigie import table as tables
from vigie import training
from vigie.errors import InputRefused, UnknownColumn
from vigie.table import Table
from vigie.training import inspection, labels, leaks

ROWS = 2000


def frame(answer: list[object] | np.ndarray, **more: object) -> Table:
    """Payments with a label."""
    rng = np.random.default_rng(0)
    rows = len(answer)
    columns = {
        "amount": rng.lognormal(3, 1, rows).round(2),
        "customer_id": [f"C{i:05d}" for i in rng.integers(0, max(rows // 8, 1), rows)],
        "channel": rng.choice(["web", "app", "branch"], rows),
        **more,
        "is_fraud": answer,
    }
    return tables.from_frame(pl.DataFrame(columns, strict=False), "payments.csv")


def frauds(count: int, rows: int = ROWS) -> np.ndarray:
    """(rows,) that many ones, spread evenly."""
    answer = np.zeros(rows, dtype=int)
    answer[np.linspace(0, rows - 1, count).astype(int)] = 1
    return answer


@pytest.mark.parametrize(
    ("answer", "stated"),
    [
        (frauds(29), "found 29 frauds in 2,000 rows, expected at least 30"),
        (np.zeros(ROWS, dtype=int), "found 1 different values, expected two"),
        (np.arange(ROWS) % 40, "found 40 different values, expected two"),
        (np.array([0, 1, 1]), "found 2 frauds in 3 rows"),
        ([None] * ROWS, "found 0 different values, expected two"),
        (np.arange(ROWS) % 3, "found 3 different values, expected two"),
        (["red", "blue"] * 1000, "found two values, neither of them clearly fraud"),
        ([1] * 40 + [0] * 60, "found 100 labelled rows, expected at least 200"),
        ([0] * 20 + [1] * 1980, "found 20 rows that are not fraud"),
    ],
    ids=[
        "29 frauds",
        "one class",
        "40 values",
        "3 rows",
        "empty",
        "3 values",
        "colours",
        "100 rows",
        "all fraud",
    ],
)
def test_an_unsuitable_label_is_refused(answer: list[object] | np.ndarray, stated: str) -> None:
    """With a count and a hint."""
    with pytest.raises(InputRefused, match=stated) as refused:
        training.inspect(frame(answer), label="is_fraud")
    assert refused.value.hint


def test_a_missing_label_is_refused() -> None:
    """The nearest columns are named."""
    with pytest.raises(UnknownColumn, match="no column 'fraud'") as refused:
        training.inspect(frame(frauds(60)), label="fraud")
    assert "is_fraud" in refused.value.hint


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("1", "0"),
        ("yes", "no"),
        ("oui", "non"),
        ("Si", "No"),
        ("fraud", "legit"),
        ("FRAUDE", "NORMAL"),
        ("true", "false"),
    ],
)
def test_the_positive_value_is_found_by_its_word(yes: str, no: str) -> None:
    """In four languages and any case."""
    wanted = frauds(60).astype(bool)
    table = frame([yes if one else no for one in wanted])
    assert (training.inspect(table, label="is_fraud").label.fraud == wanted).all()


def test_the_positive_value_can_be_chosen() -> None:
    """Unlabelled rows are neither fraud nor legitimate."""
    answer = ["bleu"] * 1500 + ["rouge"] * 300 + ["?"] * 200
    table = frame(answer)
    found = training.inspect(table, label="is_fraud", positive="rouge", unlabelled=["?"]).label
    assert (found.frauds, int(found.known.sum())) == (300, 1800)
    with pytest.raises(InputRefused, match="no row with the value given by --positive"):
        training.inspect(table, label="is_fraud", positive="vert", unlabelled=["?"])


def test_the_label_is_found_by_its_name() -> None:
    """Where exactly one column qualifies."""
    table = frame(frauds(60))
    assert labels.find_label(table.typed, table.source) == "is_fraud"
    with pytest.raises(InputRefused, match="found 0 possible label columns"):
        labels.find_label(table.typed.drop("is_fraud"), table.source)


def test_leaks_are_excluded() -> None:
    """A column that is nearly perfect alone, that is empty exactly where there is no fraud, or whose name says so."""
    answer = frauds(200)
    rng = np.random.default_rng(1)
    table = frame(
        answer,
        risk_engine=np.where(answer > 0, rng.normal(9, 1, ROWS), rng.normal(0, 1, ROWS)),
        case_opened=[f"2026-01-{1 + i % 28:02d}" if one else None for i, one in enumerate(answer)],
        fraud_type=[rng.choice(["theft", "scam"]) if one else "none" for one in answer],
        weak=answer + rng.normal(0, 3, ROWS),
    )
    plan = training.inspect(table, label="is_fraud")
    assert plan.excluded_columns == {"risk_engine", "case_opened", "fraud_type"}
    assert {item.role for item in plan.roles.columns if item.column in plan.excluded_columns} == {"none"}


def test_the_owner_may_keep_a_column() -> None:
    """It is used, and the warning stays."""
    answer = frauds(200)
    table = frame(answer, distance=answer * 50 + np.random.default_rng(1).normal(0, 1, ROWS))
    plan = training.inspect(table, label="is_fraud", keep=["distance"])
    assert plan.excluded_columns == set()
    assert any("'distance' looks like a leak but was kept" in text for text in plan.warnings)
    with pytest.raises(UnknownColumn):
        training.inspect(table, label="is_fraud", keep=["distanse"])


def test_rows_ordered_by_the_label_are_noticed() -> None:
    """The row number is a leak then."""
    answer = np.r_[np.ones(200, dtype=int), np.zeros(1800, dtype=int)]
    plan = training.inspect(frame(answer, row_id=np.arange(ROWS)), label="is_fraud")
    assert leaks.ordered_by_label(plan.label)
    assert "row_id" in plan.excluded_columns
    assert any("ordered by the label" in text for text in plan.warnings)


def test_a_table_of_leaks_only_is_refused() -> None:
    """No column would remain."""
    answer = frauds(200)
    table = tables.from_frame(pl.DataFrame({"verdict_score": answer * 1.5, "is_fraud": answer}), "leaks.csv")
    with pytest.raises(InputRefused, match="no column is left to learn from"):
        training.inspect(table, label="is_fraud")


def test_customers_are_held_out_whole() -> None:
    """Without a time, no customer is on both sides."""
    table = frame(frauds(200))
    plan = training.inspect(table, label="is_fraud")
    assert plan.split.by == "customer"
    customer = plan.frame["customer_id"]
    assert not set(customer[plan.split.train]) & set(customer[plan.split.holdout])


def test_a_large_table_is_sampled_by_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole customers, and the plan says so."""
    monkeypatch.setattr(inspection, "MAX_ROWS", 1000)
    table = frame(frauds(200))
    plan = training.inspect(table, label="is_fraud")
    assert 600 < plan.frame.height < 1400
    assert plan.rows == ROWS
    assert any("whole customers" in text for text in plan.warnings)
    whole = table.typed["customer_id"].value_counts().sort("customer_id")
    kept = plan.frame["customer_id"].value_counts().sort("customer_id")
    assert kept.join(whole, on="customer_id").select((pl.col("count") == pl.col("count_right")).all()).item()
