"""Tables of other libraries: to polars, and results back in the library of the caller.

Any object with the Arrow PyCapsule interface is read (`__arrow_c_stream__`: pandas, pyarrow, DuckDB, polars and others), and a
mapping of columns. None of these libraries is imported unless the caller's table is one of its objects.

Source: Apache Arrow, "The Arrow PyCapsule Interface".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.table.writing import unused_names


@dataclass(frozen=True)
class Library:
    """How results are returned in the library of a table.

    A lazy table may have another order of rows each time it is read, and a stream is empty afterwards: each function gets
    the frame that was scored as well.

    Attributes:
        append: table, its (rows, columns) polars frame, (rows, results) -> the table with the results as last columns.
        make: the same -> the results alone.
        take: what `append` or `make` returned, row positions -> these rows, in that order.
    """

    append: Callable[[Any, pl.DataFrame, pl.DataFrame], Any]
    make: Callable[[Any, pl.DataFrame, pl.DataFrame], Any]
    take: Callable[[Any, Sequence[int]], Any]


def to_polars(table: Any) -> pl.DataFrame:
    """Return a table of any library as a polars frame; the table is not changed.

    Args:
        table: a polars frame or lazy frame, an object with `__arrow_c_stream__`, a pandas frame or a mapping of columns.

    Raises:
        InputRefused: the object is no table, or its column names are not unique.
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    try:
        if _library_name(table) == "pandas":
            return _from_pandas(table)
        if not hasattr(table, "__arrow_c_stream__") and not isinstance(table, Mapping):
            raise TypeError("neither columns nor an Arrow stream")
        return pl.DataFrame(table)
    except (TypeError, ValueError, ImportError, pl.exceptions.PolarsError) as error:
        raise InputRefused(
            msg(
                "table: found {kind}, expected a file or a table ({why})",
                kind=type(table).__name__,
                why=type(error).__name__,
            ),
            hint="pass a path, a polars, pandas, pyarrow or DuckDB table, or a mapping of column names to lists",
        ) from error


def library_of(table: Any) -> Library:
    """Return how results are returned to the caller; as polars frames where the library is not known."""
    name = _library_name(table)
    if isinstance(table, pl.LazyFrame):
        return _LAZY
    if name not in _LIBRARIES and hasattr(type(table), "from_arrow"):
        return _ARROW
    return _LIBRARIES.get(name, _POLARS)


def has_index(table: Any) -> bool:
    """Return whether the rows of a table have an index that results keep, as in pandas."""
    return hasattr(table, "iloc")


def _library_name(table: Any) -> str:
    return type(table).__module__.partition(".")[0]


def _from_pandas(table: Any) -> pl.DataFrame:
    """Return a pandas frame without its index; a column of several types becomes text where it cannot be numbers."""
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        raise ValueError("column names are not unique")
    columns = (_pandas_column(name, table.iloc[:, i]) for i, name in enumerate(names))
    return pl.DataFrame(list(columns))


def _pandas_column(name: str, column: Any) -> pl.Series:
    try:
        return pl.DataFrame(column.to_frame(name)).to_series()
    except (TypeError, ImportError, pl.exceptions.PolarsError):
        # Several types in one column, or text where pyarrow is not installed.
        cells = column.astype(object).where(column.notna(), None).tolist()
        return pl.Series(name, cells, strict=False)


def append_results(frame: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with results as its last columns, under names that it does not have."""
    return frame.hstack(results.rename(unused_names(results.columns, frame.columns)))


def _append_pandas(table: Any, frame: pl.DataFrame, results: pl.DataFrame) -> Any:
    names = unused_names(results.columns, frame.columns)
    return table.assign(**{names[column.name]: _pandas_values(column) for column in results})


def _make_pandas(table: Any, frame: pl.DataFrame, results: pl.DataFrame) -> Any:
    """Return a frame with the index of the table."""
    return table.iloc[:, :0].assign(**{column.name: _pandas_values(column) for column in results})


def _pandas_values(column: pl.Series) -> Any:
    return column.to_numpy() if column.dtype.is_numeric() else column.to_list()


def _append_pyarrow(table: Any, frame: pl.DataFrame, results: pl.DataFrame) -> Any:
    """Return a pyarrow table, with the columns of the caller's table as they are."""
    import pyarrow

    whole = table if isinstance(table, pyarrow.Table) else frame.to_arrow()
    for column in results.rename(unused_names(results.columns, frame.columns)):
        whole = whole.append_column(column.name, column.to_arrow())
    return whole


def _to_duckdb(frame: pl.DataFrame) -> Any:
    """Return a relation of DuckDB's default connection."""
    import duckdb

    return duckdb.from_arrow(frame.to_arrow())


_POLARS = Library(
    lambda table, frame, results: append_results(frame, results),
    lambda table, frame, results: results,
    lambda table, rows: table[list(rows)],
)
_LAZY = Library(
    lambda table, frame, results: append_results(frame, results).lazy(),
    lambda table, frame, results: results.lazy(),
    lambda table, rows: table.collect()[list(rows)].lazy(),
)
_ARROW = Library(
    lambda table, frame, results: type(table).from_arrow(append_results(frame, results)),
    lambda table, frame, results: type(table).from_arrow(results),
    lambda table, rows: type(table).from_arrow(to_polars(table)[list(rows)]),
)
_LIBRARIES = {
    "polars": _POLARS,
    "pandas": Library(_append_pandas, _make_pandas, lambda table, rows: table.iloc[list(rows)]),
    "pyarrow": Library(
        _append_pyarrow,
        lambda table, frame, results: results.to_arrow(),
        lambda table, rows: table.take(list(rows)),
    ),
    "duckdb": Library(
        lambda table, frame, results: _to_duckdb(append_results(frame, results)),
        lambda table, frame, results: _to_duckdb(results),
        lambda table, rows: _to_duckdb(to_polars(table)[list(rows)]),
    ),
}
