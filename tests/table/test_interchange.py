"""Tables of other libraries: read by their Arrow streams, and returned as what they were."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from vigie.errors import InputRefused
from vigie.table.interchange import library_of, to_polars

ROWS = {"date": ["2026-01-01", None, "2026-01-03"], "amount": [1.5, 2.0, 900.0], "client": ["a", "b", "a"]}
RESULTS = pl.DataFrame(
    {"amount": [0.1, None, 0.9], "alert": pl.Series([0, 0, 1], dtype=pl.Int8), "why": ["", "", "much"]}
)


class ArrowOnly:
    """A table that has nothing but the Arrow interface."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


class WithConstructor(ArrowOnly):
    """A table whose class can be made from any Arrow stream, as those of arro3 and pandas 3."""

    @classmethod
    def from_arrow(cls, table: Any) -> WithConstructor:
        return cls(pl.DataFrame(table))


def make(library: str) -> Any:
    """`ROWS` as a table of a library."""
    if library == "pandas":
        return pd.DataFrame(ROWS, index=[30, 10, 20])
    if library == "pyarrow":
        return pa.table(ROWS)
    if library == "duckdb":
        return duckdb.from_arrow(pl.DataFrame(ROWS).to_arrow())
    frame = pl.DataFrame(ROWS)
    return {"polars": frame, "lazy": frame.lazy(), "arrow": ArrowOnly(frame), "arrow class": WithConstructor(frame), "mapping": ROWS}[library]  # fmt: skip


@pytest.mark.parametrize(
    "library", ["polars", "lazy", "pandas", "pyarrow", "duckdb", "arrow", "arrow class", "mapping"]
)
def test_a_table_goes_in_and_its_own_kind_comes_back(library: str) -> None:
    """With the results as last columns, the same rows in the same order, and a name that is taken numbered."""
    table = make(library)
    frame = to_polars(table)
    assert frame.equals(pl.DataFrame(ROWS))
    kind = library_of(table)
    kinds = {"arrow": pl.DataFrame, "mapping": pl.DataFrame}
    whole, results = kind.append(table, frame, RESULTS), kind.make(table, frame, RESULTS)
    some = kind.take(whole, [2, 0])
    for one in (whole, results, some):
        assert type(one) is kinds.get(library, type(table))
    names = [*ROWS, "amount_2", "alert", "why"]
    assert to_polars(whole).columns == names
    assert to_polars(whole)["client"].to_list() == ROWS["client"]
    assert to_polars(whole)["why"].to_list() == RESULTS["why"].to_list()
    assert to_polars(some)["client"].to_list() == ["a", "a"]
    assert to_polars(some)["amount"].to_list() == [900.0, 1.5]
    assert to_polars(results).columns == RESULTS.columns
    assert to_polars(table).equals(frame)


def test_a_pandas_table_keeps_its_index_and_its_types() -> None:
    """Also with categories, missing numbers and names that are not text."""
    table = pd.DataFrame({1: pd.Categorical(["x", "y", "x"]), "n": pd.array([1, None, 3], dtype="Int64")})
    table.index = pd.Index(["p", "q", "r"])
    before = table.copy(deep=True)
    frame = to_polars(table)
    assert frame.columns == ["1", "n"]
    assert frame["n"].to_list() == [1, None, 3]
    whole = library_of(table).append(table, frame, RESULTS)
    assert list(whole.index) == ["p", "q", "r"]
    assert list(whole.columns) == [1, "n", "amount", "alert", "why"]
    assert list(library_of(table).make(table, frame, RESULTS).index) == ["p", "q", "r"]
    assert (whole.dtypes[[1, "n"]] == before.dtypes).all()
    pd.testing.assert_frame_equal(table, before)


def test_a_pandas_column_of_several_types_is_text() -> None:
    """Its values are written out; what is missing stays missing."""
    assert to_polars(pd.DataFrame({"code": ["a7", 12, None]}))["code"].to_list() == ["a7", "12", None]


def test_a_stream_is_read_once() -> None:
    """A reader of record batches is empty afterwards; what was scored comes back."""
    reader = pa.table(ROWS).to_reader()
    frame = to_polars(reader)
    whole = library_of(reader).append(reader, frame, RESULTS)
    assert isinstance(whole, pa.Table)
    assert whole.column_names == [*ROWS, "amount_2", "alert", "why"]


@pytest.mark.parametrize("what", [object(), [1, 2], {"a": [1], "b": [1, 2]}, 7])
def test_what_is_no_table_is_refused_without_its_cells(what: Any) -> None:
    """By the name of its type."""
    with pytest.raises(InputRefused, match=f"found {type(what).__name__}") as refused:
        to_polars(what)
    assert "1, 2" not in str(refused.value)


def test_two_pandas_columns_of_one_name_are_refused() -> None:
    """Results by name would be ambiguous."""
    with pytest.raises(InputRefused, match="found DataFrame"):
        to_polars(pd.DataFrame([[1, 2]], columns=["x", "x"]))


def test_no_other_library_is_imported() -> None:
    """Neither pandas nor pyarrow nor DuckDB for a table of polars."""
    code = (
        "import sys, polars as pl; from vigie.table.interchange import library_of, to_polars; "
        "t = pl.DataFrame({'a': [1]}); library_of(t).append(t, to_polars(t), pl.DataFrame({'b': [2]})); "
        "assert not {'pandas', 'pyarrow', 'duckdb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
