"""Columns to inputs of the trees, by encoders that are fitted on labelled rows and stored as JSON.

Nothing is fitted on a table that is scored: a new category has no log-odds, and a missing column is unknown in every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.features.cells import as_numbers
from vigie.features.time_units import as_seconds
from vigie.fitted_state import FeatureState
from vigie.models.trained.column_sketch import Sketch, kind_of, normalised_cells, salted_hash
from vigie.roles.definitions import role_of

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]

PRIOR_ROWS = 20.0
"""Weight, in rows, of the overall share of frauds in the estimate for a category."""

FOLDS = 5
MAX_ONE_HOT = 6
"""Frequent values of a category that get an input of their own."""

_DAY, _HOUR = 86_400.0, 3_600.0


@dataclass(frozen=True)
class Encoder:
    """How one column becomes inputs.

    Attributes:
        column: name in the training table.
        role: of the column.
        kind: `number`, `clock` (hour and weekday), `since` (days before the row), `category` or `entity`.
        odds: salted hash -> log-odds of fraud of a category, against that of the table.
        hot: salted hashes of the values with an input of their own.
    """

    column: str
    role: str
    kind: str
    odds: Mapping[str, float]
    hot: tuple[str, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of its inputs."""
        parts = {
            "number": ("value",),
            "clock": ("hour", "weekday"),
            "since": ("days",),
            "category": ("odds", *(f"is {number}" for number in range(len(self.hot)))),
            "entity": ("share",),
        }[self.kind]
        return tuple(f"own {self.column} {self.kind} {part}" for part in parts)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "column": self.column, "role": self.role, "means": self.kind,
            "odds": {key: round(value, 4) for key, value in self.odds.items()}, "hot": list(self.hot),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Encoder:
        """Read what `to_json` wrote."""
        return cls(data["column"], data["role"], data["means"], dict(data["odds"]), tuple(data["hot"]))


def fit_encoders(
    frame: pl.DataFrame,
    sketches: Sequence[Sketch],
    label: Labels,
    known: Labels,
    salt: str,
    main_time: str | None,
) -> list[Encoder]:
    """Fit the encoders of a labelled table.

    Args:
        frame: (rows, columns) typed.
        sketches: of the columns to use.
        label: (rows,) true is fraud.
        known: (rows,) whether the label is known.
        salt: of the model.
        main_time: the column of the time of each row; None without one.
    """
    out: list[Encoder] = []
    for item in sketches:
        for kind in _kinds(frame[item.name], item, main_time):
            odds: dict[str, float] = {}
            hot: tuple[str, ...] = ()
            if kind == "category":
                codes, values = _values(frame[item.name])
                odds = _odds(codes, values, label, known, salt)
                frequent = sorted(item.shares, key=lambda key: (-item.shares[key], key))
                hot = tuple(frequent[:MAX_ONE_HOT])
            out.append(Encoder(item.name, item.role, kind, odds, hot))
    return out


def encode_table(
    frame: pl.DataFrame,
    encoders: Sequence[Encoder],
    where: Mapping[str, str],
    salt: str,
    main_time: str | None,
    state: FeatureState | None = None,
) -> Matrix:
    """Return the (rows, inputs) of a table.

    Args:
        frame: (rows, columns) typed.
        encoders: as `fit_encoders` returns them.
        where: training column -> column of this table; others are missing.
        salt: of the model.
        main_time: the column of this table with the time of each row; None without one.
        state: what features know of the table.
    """
    width = sum(len(encoder.outputs) for encoder in encoders)
    out = np.full((frame.height, width), np.nan, dtype=np.float32)
    at = 0
    for encoder in encoders:
        size = len(encoder.outputs)
        if encoder.column in where:
            columns = _encode(
                frame, frame[where[encoder.column]], encoder, salt, main_time, state or FeatureState()
            )
            for offset, values in enumerate(columns):
                out[:, at + offset] = values
        at += size
    return out


def out_of_fold(
    frame: pl.DataFrame,
    encoders: Sequence[Encoder],
    label: Labels,
    known: Labels,
    fold: npt.NDArray[np.int64],
) -> dict[int, npt.NDArray[np.float32]]:
    """Return position of the log-odds of each category among the inputs -> (rows,) those fitted without the row's fold.

    Otherwise the log-odds of a row's category would hold the row's own label.
    """
    out: dict[int, npt.NDArray[np.float32]] = {}
    at = 0
    for encoder in encoders:
        if encoder.kind == "category":
            codes, _ = _values(frame[encoder.column])
            held = np.full(len(codes), np.nan, dtype=np.float32)
            for part in range(FOLDS):
                away, here = known & (fold != part), fold == part
                table = _log_odds(codes[away], label[away], int(codes.max(initial=-1)) + 1)
                held[here] = np.where(codes[here] >= 0, table[codes[here]], np.nan)
            out[at] = held
        at += len(encoder.outputs)
    return out


def is_encoded(role: str) -> bool:
    """Return whether the columns of a role become inputs."""
    return role_of(role).encoded and not role_of(role).ignored


def _kinds(series: pl.Series, item: Sketch, main_time: str | None) -> list[str]:
    role = role_of(item.role)
    if not is_encoded(item.role):
        return []
    kind = kind_of(series)
    if kind == "moment":
        if series.dtype == pl.Time:
            return []
        return ["clock"] if item.name == main_time else ["since"]
    if item.name == main_time or item.role == "time":
        return []
    if role.private and not role.date:
        return ["entity"]
    if kind == "number":
        return ["number", "category"] if len(item.shares) > 2 and item.role != "amount" else ["number"]
    out = ["number"] if as_numbers(series) is not None else []
    return [*out, "category" if item.shares else "entity"]


def _encode(
    frame: pl.DataFrame,
    series: pl.Series,
    encoder: Encoder,
    salt: str,
    main_time: str | None,
    state: FeatureState,
) -> list[Floats]:
    unknown = np.full(len(series), np.nan)
    match encoder.kind:
        case "number":
            values = as_numbers(series)
            return [unknown if values is None else values]
        case "clock":
            seconds = as_seconds(series) if series.dtype.is_temporal() else None
            if seconds is None:
                return [unknown, unknown]
            return [seconds % _DAY / _HOUR, np.floor(seconds / _DAY + 3) % 7]
        case "since":
            then = as_seconds(series) if series.dtype.is_temporal() else None
            now = as_seconds(frame[main_time]) if main_time and frame[main_time].dtype.is_temporal() else None
            if then is None:
                return [unknown]
            return [(now - then) / _DAY if now is not None else then / _DAY]
        case "category":
            return _categories(series, encoder, salt)
        case _:
            return [log_share(series, state)]


def log_share(series: pl.Series, state: FeatureState) -> Floats:
    """Return (rows,) log of the share of the table's rows with the same value; NaN where the cell is empty."""
    hashes = series.hash(seed=0).to_numpy().view(np.int64)
    counts = state.value_counts.of(f"shown {series.name}", hashes, series.is_not_null().to_numpy())
    return np.asarray(np.log(counts / state.rows_shown.get(lambda: float(max(len(series), 1)))))


def _categories(series: pl.Series, encoder: Encoder, salt: str) -> list[Floats]:
    codes, values = _values(series)
    # With more distinct values than any category has, it is another kind of column than in training.
    keys = [salted_hash(value, salt) for value in values] if len(values) <= 20_000 else [""] * len(values)
    odds = np.array([*(encoder.odds.get(key, 0.0) for key in keys), np.nan])
    out = [odds[codes]]
    for hot in encoder.hot:
        is_it = np.array([*(float(key == hot) for key in keys), np.nan])
        out.append(is_it[codes])
    return out


def _values(series: pl.Series) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return (rows,) codes, -1 where empty, and the text of each code."""
    texts = normalised_cells(series)
    values = texts.drop_nulls().unique().sort()
    table = pl.DataFrame({"text": values, "code": np.arange(len(values), dtype=np.int64)})
    joined = pl.DataFrame({"text": texts}).join(table, on="text", how="left", maintain_order="left")
    codes: npt.NDArray[np.int64] = joined["code"].fill_null(-1).to_numpy().astype(np.int64)
    return codes, values.to_list()


def _odds(
    codes: npt.NDArray[np.int64], values: Sequence[str], label: Labels, known: Labels, salt: str
) -> dict[str, float]:
    """Return salted hash -> log-odds, of the values that occur often enough to be stored."""
    table = _log_odds(codes[known], label[known], len(values))
    often = np.bincount(codes[known & (codes >= 0)], minlength=len(values)) >= 10
    return {salted_hash(value, salt): float(table[i]) for i, value in enumerate(values) if often[i]}


def _log_odds(codes: npt.NDArray[np.int64], label: Labels, size: int) -> npt.NDArray[np.float64]:
    """Return (size + 1,) smoothed log-odds of each code against all rows; the last is for unknown."""
    share = min(max(float(label.mean()), 1e-6), 1 - 1e-6) if len(label) else 0.5
    inside = codes >= 0
    rows = np.bincount(codes[inside], minlength=size)
    frauds = np.bincount(codes[inside], weights=label[inside], minlength=size)
    rate = (frauds + PRIOR_ROWS * share) / (rows + PRIOR_ROWS)
    odds = np.log(rate / (1 - rate)) - np.log(share / (1 - share))
    return np.asarray(np.r_[np.where(rows >= 10, odds, 0.0), np.nan])
