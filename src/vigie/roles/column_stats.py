"""What the values of a column look like, whatever its name: one small record per column.

Looks at no more than `SAMPLE` rows spread evenly over the table, and keeps no cell but the few distinct
values of small categories.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.roles.ordinal import read_scale, says_time_span
from vigie.roles.patterns import shape_of

SAMPLE = 3000
UNIQUE = "unique on every row"
_FEW = 40
_TEXTS = (pl.String, pl.Categorical, pl.Enum)
_PEEK = 40


@dataclass(frozen=True, slots=True)
class Values:
    """Facts about one column, over the sampled rows that are not empty.

    Attributes:
        kind: `empty`, `constant`, `bool`, `number`, `time` or `text`.
        rows: how many were looked at.
        nulls: share of empty cells.
        distinct: how many different values.
        unique: distinct / rows.
        low, high: smallest and largest number; seconds since 1970 for `time`.
        middle, tail: median and 99th percentile.
        whole: share of integers.
        cents: share of numbers with at most two decimals.
        zeros: share of zeros.
        rising: never decreases from row to row.
        shape: what texts look like (see `shapes`), `date` for moments at midnight, `clock` for numbers such as 1435 and whole minutes in seconds.
        few: the distinct values, lower case, of a column with few of them.
        ordered: the few texts read as ordered numbers.
        spans: and they are lengths of time.
    """

    kind: str
    rows: int = 0
    nulls: float = 0.0
    distinct: int = 0
    unique: float = 0.0
    low: float = math.nan
    high: float = math.nan
    middle: float = math.nan
    tail: float = math.nan
    whole: float = 0.0
    cents: float = 0.0
    zeros: float = 0.0
    rising: bool = False
    shape: str = ""
    few: frozenset[str] = frozenset()
    ordered: bool = False
    spans: bool = False

    @property
    def binary(self) -> bool:
        """Two values, such as 0 and 1 or yes and no."""
        return self.kind == "bool" or self.distinct == 2


def look(frame: pl.DataFrame) -> dict[str, Values]:
    """Facts of every column of a typed table."""
    rows = frame.height
    sample = frame if rows <= SAMPLE else frame[_spread(rows)]
    texts = _texts(sample)
    found = {s.name: texts[s.name] if s.name in texts else _column(s) for s in sample.iter_columns()}
    if rows <= SAMPLE:
        return found
    for name in [name for name, values in found.items() if values.kind in {"empty", "constant"}]:
        found[name] = _rare(frame[name])
    doubtful = [name for name, values in found.items() if _may_identify(values)]
    if doubtful:
        counts = frame.select(pl.col(doubtful).approx_n_unique()).row(0, named=True)
        found |= {
            name: replace(found[name], unique=_share(counts[name], rows, found[name])) for name in doubtful
        }
    return found


def _rare(series: pl.Series) -> Values:
    """A column that is empty or constant in the sample, looked at whole: the rare value may be what counts."""
    filled = series.drop_nulls()
    nulls = 1.0 - len(filled) / len(series)
    if not len(filled):
        return Values("empty", nulls=1.0)
    ends = (filled.min(), filled.max())
    if len(filled) > SAMPLE:
        filled = filled.gather(_spread(len(filled)))
    seen = filled.append(pl.Series(ends, dtype=series.dtype)).to_frame(series.name)
    values = next(iter(_texts(seen).values()), None) or _column(seen.to_series())
    kind = "bool" if values.kind == "constant" and ends[0] != ends[1] else values.kind
    return replace(values, kind="number" if kind == "constant" and nulls else kind, nulls=nulls)


def _spread(rows: int) -> npt.NDArray[np.int64]:
    """Row numbers spread evenly, off any regular beat of the table; none comes twice."""
    step, every = np.arange(SAMPLE), rows / SAMPLE
    return np.asarray(step * every + (step * 0.6180339887) % 1.0 * (every - 1), dtype=np.int64)


def _may_identify(values: Values) -> bool:
    return values.unique > 0.9 and (
        values.kind == "text" or (values.kind == "number" and values.whole > 0.99)
    )


def _share(count: int, rows: int, values: Values) -> float:
    filled = max(1.0, rows * (1.0 - values.nulls))
    share = count / filled
    return 1.0 if share > 0.975 and values.unique > 0.999 else min(share, values.unique)


def _column(series: pl.Series) -> Values:
    rows = len(series)
    empty = series.null_count()
    if empty:
        series = series.drop_nulls()
    if not len(series):
        return Values("empty", nulls=1.0)
    nulls = empty / rows
    dtype = series.dtype
    if dtype == pl.Boolean:
        return _bool(series, nulls)
    if dtype.is_numeric():
        return _number(series, nulls)
    if dtype in (pl.Datetime, pl.Date):
        return _moment(series, nulls)
    if dtype == pl.Duration:
        return _number(series.cast(pl.Int64), nulls)
    if dtype == pl.Time:
        hours = series.cast(pl.Int64) / 3.6e12
        return replace(_number(hours, nulls), shape="clock")
    return Values("empty", nulls=1.0)


def _bool(series: pl.Series, nulls: float) -> Values:
    share = float(series.mean() or 0.0)  # type: ignore[arg-type]
    constant = share in (0.0, 1.0)
    kind = "constant" if constant and not nulls else "bool"
    return Values(kind, len(series), nulls, 1 if constant else 2, low=0.0, high=1.0, whole=1.0)


def _number(series: pl.Series, nulls: float) -> Values:
    x = series.cast(pl.Float64).to_numpy()
    finite = np.isfinite(x)
    if not finite.all():
        x = x[finite]
    if not len(x):
        return Values("empty", nulls=1.0)
    ordered = np.sort(x)
    distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    kind = "constant" if distinct == 1 else "number"
    with np.errstate(over="ignore", invalid="ignore"):
        pence = x * 100.0
        in_pence = np.abs(pence - np.rint(pence)) < 1e-6 * np.maximum(1.0, np.abs(pence))
    return Values(
        kind=kind,
        rows=len(x),
        nulls=nulls,
        distinct=distinct,
        unique=distinct / len(x),
        low=float(ordered[0]),
        high=float(ordered[-1]),
        middle=float(ordered[len(x) // 2]),
        tail=float(ordered[int(0.99 * (len(x) - 1))]),
        whole=float(np.count_nonzero(x == np.floor(x)) / len(x)),
        cents=float(np.count_nonzero(in_pence) / len(x)),
        zeros=float(np.count_nonzero(x == 0) / len(x)),
        rising=bool(np.all(x[1:] >= x[:-1])),
        few=frozenset(f"{v:g}" for v in np.unique(ordered)) if distinct <= 8 else frozenset(),
        shape="clock" if _written_as_clock(ordered) or _whole_minutes(ordered) else "",
    )


def _written_as_clock(ordered: npt.NDArray[np.float64]) -> bool:
    """14:35 as 1435, or 14:35:10 as 143510: no minute or second beyond 59, where most of those before come."""
    low, high = ordered[0], ordered[-1]
    if low < 0 or not 1000 <= high < 240_000 or (ordered != np.floor(ordered)).any():
        return False
    last = ordered % 100
    rest = ordered // 100
    known = high < 2400 or bool(np.all(rest % 100 < 60))
    return known and bool(np.all(last < 60)) and len(np.unique(last)) >= 30


def _whole_minutes(ordered: npt.NDArray[np.float64]) -> bool:
    """14:35 as the seconds since midnight, which is how a table has it that came as text."""
    low, high = ordered[0], ordered[-1]
    return bool(
        low >= 0 and 2400 < high < 86_400 and (ordered % 60 == 0).all() and len(np.unique(ordered)) >= 30
    )


def _moment(series: pl.Series, nulls: float) -> Values:
    micros = series.cast(pl.Datetime("us")).cast(pl.Int64).to_numpy()
    facts = _number(pl.Series(micros / 1e6), nulls)
    midnight = bool(np.all(micros % 86_400_000_000 == 0))
    return replace(
        facts, kind="constant" if facts.kind == "constant" else "time", shape="date" if midnight else "moment"
    )


def _texts(sample: pl.DataFrame) -> dict[str, Values]:
    """Facts of all text columns at once: one pass of the engine for all counts costs less than one each."""
    columns = [name for name, dtype in sample.schema.items() if dtype in _TEXTS]
    if not columns or not sample.height:
        return {name: Values("empty", nulls=1.0) for name in columns}
    part = sample.select(pl.col(columns).cast(pl.String))
    counts = part.select(pl.all().n_unique()).row(0)
    shown = part.gather_every(max(1, part.height // _PEEK))
    empties = part.null_count().row(0)
    distinct = {
        name: count - (empty > 0) for name, count, empty in zip(columns, counts, empties, strict=True)
    }
    few = [name for name in columns if distinct[name] <= _FEW]
    every = part.select(pl.col(few).unique().implode()).row(0, named=True) if few else {}
    return {
        name: _text(
            [cell for cell in every.get(name, peek) if cell is not None], distinct[name], part.height, empty
        )
        for name, peek, empty in zip(
            columns, map(pl.Series.to_list, shown.iter_columns()), empties, strict=True
        )
    }


def _text(cells: list[str], distinct: int, height: int, empty: int) -> Values:
    rows = height - empty
    if not rows:
        return Values("empty", nulls=1.0)
    small = distinct <= _FEW
    shown = sorted(cells) if small else cells
    ordered = small and read_scale(shown) is not None
    return Values(
        kind="constant" if distinct == 1 and not empty else "text",
        rows=rows,
        nulls=empty / height,
        distinct=distinct,
        unique=distinct / rows,
        shape=shape_of(shown),
        few=frozenset(value.strip().lower() for value in shown) if small else frozenset(),
        ordered=ordered,
        spans=ordered and says_time_span(shown),
    )
