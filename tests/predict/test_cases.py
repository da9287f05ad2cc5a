"""Small tables as people have them: each is read as its clean twin is, and what was not understood is named.

In `00_clean.csv` and its variants, rows 13 and 31 have an amount about a hundred times the others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.predict.conftest import opener

from vigie import table as tables
from vigie.catalog import Catalog
from vigie.engine import pipeline, table_matching
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.errors import InputRefused

CASES = Path(__file__).resolve().parents[1] / "table" / "cases"
LARGE = {13, 31}
CLEAN = "00_clean.csv"

Predict = Callable[..., Prediction]
Match = Callable[..., table_matching.MatchResult]


@pytest.fixture(scope="session")
def predict(catalog: Catalog) -> Predict:
    """`predict(name, **options)` scores one of the cases."""

    def run(name: str, **options: Any) -> Prediction:
        return pipeline.predict(
            tables.read(CASES / name), ScoringContext(catalog, opener, Options(**options))
        )

    return run


@pytest.fixture(scope="session")
def match(catalog: Catalog) -> Match:
    """`match(name, **options)` finds the roles of one of the cases."""

    def run(name: str, **options: Any) -> table_matching.MatchResult:
        return table_matching.match(
            tables.read(CASES / name), ScoringContext(catalog, opener, Options(**options))
        )

    return run


@pytest.fixture(scope="session")
def clean_ranks(predict: Predict) -> dict[int, int]:
    """The ranks of the two large amounts in the clean table."""
    return ranks(predict(CLEAN))


def ranks(found: Prediction) -> dict[int, int]:
    """Row -> its rank, 1 the most suspicious, of the two large amounts."""
    score = found.additions["fraud_score"]
    return {row: int((score > score[row - 1]).sum()) + 1 for row in LARGE}


def unreadable(read: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Column -> its unreadable cells."""
    return {column["column"]: column["unreadable"] for column in read["columns"]}


def roles(found: table_matching.MatchResult) -> dict[str, str]:
    """Column -> its role."""
    return {column.column: column.role for column in found.roles.columns}


@pytest.mark.parametrize(
    ("name", "column", "role", "count", "first"),
    [
        ("01_date_one_bad_cell.csv", "Date", "time", 1, 6),
        ("02_amount_one_bad_cell.csv", "Amount", "amount", 1, 6),
        ("40_date_impossible_day.csv", "Date", "time", 1, 6),
        ("27_amount_em_dash.csv", "Amount", "amount", 8, 5),
    ],
)
def test_unreadable_cells_are_counted(
    match: Match, name: str, column: str, role: str, count: int, first: int
) -> None:
    """A column keeps its type and role; the cells are empty, counted, and named by a warning."""
    found = match(name)
    assert roles(found)[column] == role
    cells = unreadable(found.read)[column]
    assert (cells["count"], cells["first_rows"][0]) == (count, first)
    (warning,) = found.read["warnings"]
    assert (warning["severity"], warning["column"]) == ("warning", column)
    assert f"{count} of 60 cells" in warning["text"]
    table = tables.read(CASES / name)
    assert table.typed[column][first - 1] is None
    assert table.frame[column][first - 1] != ""


@pytest.mark.parametrize(
    "name", ["01_date_one_bad_cell.csv", "02_amount_one_bad_cell.csv", "27_amount_em_dash.csv"]
)
def test_the_ranking_is_that_of_the_clean_table(
    predict: Predict, clean_ranks: dict[int, int], name: str
) -> None:
    """The large amounts stay among the first rows."""
    found = ranks(predict(name))
    assert all(abs(found[row] - clean_ranks[row]) <= 2 for row in LARGE), (found, clean_ranks)


def with_texts(every: int) -> pl.DataFrame:
    frame = tables.read(CASES / CLEAN).frame
    texts = [f"note {i}" if i % every == 0 else cell for i, cell in enumerate(frame["Amount"])]
    return frame.with_columns(Amount=pl.Series(texts))


def test_a_silent_amount_is_an_error_of_the_report(catalog: Catalog) -> None:
    """A column named as the amount that gives no number comes first, with the option that mends it."""
    context = ScoringContext(catalog, opener)
    found = table_matching.match(tables.from_frame(with_texts(3)), context)
    first, second = found.read["warnings"]
    assert (first["severity"], first["column"]) == ("error", "Amount")
    assert "--role amount=" in first["hint"]["template"]
    assert "Amount is read as text: 20 of 60 cells" in second["text"]


def test_a_chosen_role_without_a_value_is_refused(catalog: Catalog) -> None:
    """A role that reads no cell of its column is an error, not an option without effect."""
    context = ScoringContext(catalog, opener, Options(roles={"Amount": "amount"}))
    with pytest.raises(InputRefused, match=r"'Amount'.*no cell.*expected numbers"):
        table_matching.match(tables.from_frame(with_texts(3)), context)
    context = ScoringContext(catalog, opener, Options(roles={"Customer": "time"}))
    with pytest.raises(InputRefused, match=r"'Customer'.*no cell.*expected dates"):
        table_matching.match(tables.read(CASES / CLEAN), context)
