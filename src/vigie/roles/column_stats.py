"""Statistics of the values of each column, whatever its name.

At most `SAMPLE_ROWS` rows, spread evenly over the table, are read. No cell is kept but the distinct values of columns with few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.roles.ordinal import is_time_span, read_scale
from vigie.roles.patterns import common_pattern

SAMPLE_ROWS = 3000
_MAX_LISTED_VALUES = 40
"""Up to so many distinct texts are kept; beyond, `_PATTERN_ROWS` cells show what they look like."""
_PATTERN_ROWS = 40
_TEXT_TYPES = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, slots=True)
class ColumnStats:
    """Statistics of one column, over the sampled rows that are not empty.

    Attributes:
        kind: `empty`, `constant`, `bool`, `number`, `time` or `text`.
        n_rows: rows that are not empty.
        null_share: share of empty cells, 0 to 1.
        n_distinct: distinct values.
        distinct_share: distinct values per row, 0 to 1.
        min, max: smallest and largest number; seconds since 1970 for `time`.
        median, percentile_99: of the numbers.
        integer_share: share of integers, 0 to 1.
        cents_share: share of numbers with at most two decimals.
        zero_share: share of zeros.
        is_sorted: never decreases from row to row.
        pattern: what texts look like (see `patterns.common_pattern`); `date` for times at midnight, else `moment`; `clock` for
            numbers such as 1435 and for whole minutes in seconds.
        values: distinct values in lower case, where there are few.
        is_ordinal: the texts read as ordered numbers.
        is_duration: the texts read as lengths of time.
    """

    kind: str
    n_rows: int = 0
    null_share: float = 0.0
    n_distinct: int = 0
    distinct_share: float = 0.0
    min: float = math.nan
    max: float = math.nan
    median: float = math.nan
    percentile_99: float = math.nan
    integer_share: float = 0.0
    cents_share: float = 0.0
    zero_share: float = 0.0
    is_sorted: bool = False
    pattern: str = ""
    values: frozenset[str] = frozenset()
    is_ordinal: bool = False
    is_duration: bool = False

    @property
    def is_binary(self) -> bool:
        """Whether there are two values, such as 0 and 1 or yes and no."""
        return self.kind == "bool" or self.n_distinct == 2


_EMPTY = ColumnStats("empty", null_share=1.0)


def column_stats(frame: pl.DataFrame) -> dict[str, ColumnStats]:
    """Return the statistics of every column of a typed table."""
    n_rows = frame.height
    sample = sample_rows(frame)
    texts = _text_stats(sample)
    stats = {s.name: texts[s.name] if s.name in texts else _stats(s) for s in sample.iter_columns()}
    if n_rows <= SAMPLE_ROWS:
        return stats
    for name in [name for name, one in stats.items() if one.kind in {"empty", "constant"}]:
        stats[name] = _stats_of_rare_values(frame[name])
    candidates = [name for name, one in stats.items() if _may_be_unique(one)]
    if candidates:
        counts = frame.select(pl.col(candidates).approx_n_unique()).row(0, named=True)
        for name in candidates:
            share = _distinct_share(counts[name], n_rows, stats[name])
            stats[name] = replace(stats[name], distinct_share=share)
    return stats


def sample_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Return at most `SAMPLE_ROWS` rows, spread over the table."""
    return frame if frame.height <= SAMPLE_ROWS else frame[_spread_rows(frame.height)]


def _stats_of_rare_values(series: pl.Series) -> ColumnStats:
    """Return the statistics of a column that is empty or constant in the sample, from all of its rows."""
    filled = series.drop_nulls()
    null_share = 1.0 - len(filled) / len(series)
    if not len(filled):
        return _EMPTY
    ends = (filled.min(), filled.max())
    if len(filled) > SAMPLE_ROWS:
        filled = filled.gather(_spread_rows(len(filled)))
    sample = filled.append(pl.Series(ends, dtype=series.dtype)).to_frame(series.name)
    stats = next(iter(_text_stats(sample).values()), None) or _stats(sample.to_series())
    kind = "bool" if stats.kind == "constant" and ends[0] != ends[1] else stats.kind
    return replace(stats, kind="number" if kind == "constant" and null_share else kind, null_share=null_share)


def _spread_rows(n_rows: int) -> npt.NDArray[np.int64]:
    """Return `SAMPLE_ROWS` different row numbers, spread evenly but not periodically."""
    step, every = np.arange(SAMPLE_ROWS), n_rows / SAMPLE_ROWS
    return np.asarray(step * every + (step * 0.6180339887) % 1.0 * (every - 1), dtype=np.int64)


def _may_be_unique(stats: ColumnStats) -> bool:
    is_integer = stats.kind == "number" and stats.integer_share > 0.99
    return stats.distinct_share > 0.9 and (stats.kind == "text" or is_integer)


def _distinct_share(count: int, n_rows: int, stats: ColumnStats) -> float:
    """Return the share over the whole table, from an approximate count."""
    share = count / max(1.0, n_rows * (1.0 - stats.null_share))
    return 1.0 if share > 0.975 and stats.distinct_share > 0.999 else min(share, stats.distinct_share)


def _stats(series: pl.Series) -> ColumnStats:
    filled = series.drop_nulls() if series.null_count() else series
    if not len(filled):
        return _EMPTY
    null_share = series.null_count() / len(series)
    dtype = series.dtype
    if dtype == pl.Boolean:
        return _bool_stats(filled, null_share)
    if dtype.is_numeric():
        return _number_stats(filled, null_share)
    if dtype in (pl.Datetime, pl.Date):
        return _time_stats(filled, null_share)
    if dtype == pl.Duration:
        return _number_stats(filled.cast(pl.Int64), null_share)
    if dtype == pl.Time:
        hours = filled.cast(pl.Int64) / 3.6e12
        return replace(_number_stats(hours, null_share), pattern="clock")
    return _EMPTY


def _bool_stats(series: pl.Series, null_share: float) -> ColumnStats:
    is_constant = float(series.mean() or 0.0) in (0.0, 1.0)  # type: ignore[arg-type]
    kind = "constant" if is_constant and not null_share else "bool"
    n_distinct = 1 if is_constant else 2
    return ColumnStats(kind, len(series), null_share, n_distinct, min=0.0, max=1.0, integer_share=1.0)


def _number_stats(series: pl.Series, null_share: float) -> ColumnStats:
    x = series.cast(pl.Float64).to_numpy()
    finite = np.isfinite(x)
    if not finite.all():
        x = x[finite]
    if not len(x):
        return _EMPTY
    ordered = np.sort(x)
    n_distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    with np.errstate(over="ignore", invalid="ignore"):
        cents = x * 100.0
        in_cents = np.abs(cents - np.rint(cents)) < 1e-6 * np.maximum(1.0, np.abs(cents))
    return ColumnStats(
        kind="constant" if n_distinct == 1 else "number",
        n_rows=len(x),
        null_share=null_share,
        n_distinct=n_distinct,
        distinct_share=n_distinct / len(x),
        min=float(ordered[0]),
        max=float(ordered[-1]),
        median=float(ordered[len(x) // 2]),
        percentile_99=float(ordered[int(0.99 * (len(x) - 1))]),
        integer_share=float(np.count_nonzero(x == np.floor(x)) / len(x)),
        cents_share=float(np.count_nonzero(in_cents) / len(x)),
        zero_share=float(np.count_nonzero(x == 0) / len(x)),
        is_sorted=bool(np.all(x[1:] >= x[:-1])),
        values=frozenset(f"{v:g}" for v in np.unique(ordered)) if n_distinct <= 8 else frozenset(),
        pattern="clock" if _is_clock_number(ordered) or _is_whole_minutes(ordered) else "",
    )


def _is_clock_number(ordered: npt.NDArray[np.float64]) -> bool:
    """Return whether 14:35 is written as 1435, or 14:35:10 as 143510: no part is beyond 59, and most of 0 to 59 occur."""
    low, high = ordered[0], ordered[-1]
    if low < 0 or not 1000 <= high < 240_000 or (ordered != np.floor(ordered)).any():
        return False
    last, rest = ordered % 100, ordered // 100
    has_minutes = high < 2400 or bool(np.all(rest % 100 < 60))
    return has_minutes and bool(np.all(last < 60)) and len(np.unique(last)) >= 30


def _is_whole_minutes(ordered: npt.NDArray[np.float64]) -> bool:
    """Return whether 14:35 is written as the seconds since midnight; a reader makes this of texts such as 14:35."""
    low, high = ordered[0], ordered[-1]
    is_day = low >= 0 and 2400 < high < 86_400
    return bool(is_day and (ordered % 60 == 0).all() and len(np.unique(ordered)) >= 30)


def _time_stats(series: pl.Series, null_share: float) -> ColumnStats:
    micros = series.cast(pl.Datetime("us")).cast(pl.Int64).to_numpy()
    stats = _number_stats(pl.Series(micros / 1e6), null_share)
    pattern = "date" if np.all(micros % 86_400_000_000 == 0) else "moment"
    return replace(stats, kind="constant" if stats.kind == "constant" else "time", pattern=pattern)


def _text_stats(sample: pl.DataFrame) -> dict[str, ColumnStats]:
    """Return the statistics of all text columns; counting them in one query is faster than one by one."""
    columns = [name for name, dtype in sample.schema.items() if dtype in _TEXT_TYPES]
    if not columns or not sample.height:
        return dict.fromkeys(columns, _EMPTY)
    texts = sample.select(pl.col(columns).cast(pl.String))
    nulls = texts.null_count().row(0, named=True)
    counts = texts.select(pl.all().n_unique()).row(0, named=True)
    n_distinct = {name: counts[name] - (nulls[name] > 0) for name in columns}
    few = [name for name in columns if n_distinct[name] <= _MAX_LISTED_VALUES]
    listed = texts.select(pl.col(few).unique().implode()).row(0, named=True) if few else {}
    shown = texts.gather_every(max(1, texts.height // _PATTERN_ROWS))
    return {
        name: _stats_of_texts(
            [cell for cell in listed.get(name, shown[name].to_list()) if cell is not None],
            n_distinct[name],
            texts.height,
            nulls[name],
        )
        for name in columns
    }


def _stats_of_texts(cells: list[str], n_distinct: int, height: int, nulls: int) -> ColumnStats:
    n_rows = height - nulls
    if not n_rows:
        return _EMPTY
    is_listed = n_distinct <= _MAX_LISTED_VALUES
    shown = sorted(cells) if is_listed else cells
    is_ordinal = is_listed and read_scale(shown) is not None
    return ColumnStats(
        kind="constant" if n_distinct == 1 and not nulls else "text",
        n_rows=n_rows,
        null_share=nulls / height,
        n_distinct=n_distinct,
        distinct_share=n_distinct / n_rows,
        pattern=common_pattern(shown),
        values=frozenset(value.strip().lower() for value in shown) if is_listed else frozenset(),
        is_ordinal=is_ordinal,
        is_duration=is_ordinal and is_time_span(shown),
    )
