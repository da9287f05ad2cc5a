"""The cells of a table as an imported model read them in its own table.

Vigie reads `yes` as true and `01` as 1; the model may know them as texts. Among the ways in which a value may have been
written, the one that gives the most known categories is taken, for a whole column at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.models.imported_columns import category_key

_FLAGS = (
    ("1", "0"), ("True", "False"), ("true", "false"), ("TRUE", "FALSE"), ("yes", "no"), ("Yes", "No"), ("YES", "NO"),
    ("Y", "N"), ("y", "n"), ("oui", "non"), ("Oui", "Non"), ("OUI", "NON"), ("O", "N"), ("o", "n"), ("T", "F"), ("t", "f"),
    ("vrai", "faux"), ("Vrai", "Faux"), ("VRAI", "FAUX"), ("sí", "no"), ("si", "no"), ("Sí", "No"), ("Si", "No"),
    ("SI", "NO"), ("S", "N"), ("s", "n"), ("sim", "não"), ("Sim", "Não"), ("sim", "nao"), ("Sim", "Nao"),
)  # fmt: skip
_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%Y%m%d")
_MISSING = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null"]
)  # fmt: skip
"""Texts that pandas reads as missing, so that a model made with it never saw them. Source: pandas, `read_csv`, `na_values`."""


def read_categories(series: pl.Series, categories: Sequence[Any]) -> npt.NDArray[Any]:
    """Return (rows,) the cells as values of a model's categories, None where missing.

    Args:
        series: (rows,) typed.
        categories: of the model, None for a missing one.
    """
    known = {key for value in categories if (key := category_key(value)) is not None}
    counts = series.alias("value").drop_nulls().value_counts().sort("value")
    values, weights = counts.to_series(0).to_list(), counts.to_series(1).to_list()
    reading = max(readings(values), key=lambda texts: share_known(texts, weights, known))
    text = {
        value: None if isinstance(value, str) and key in _MISSING and key not in known else key
        for value, key in zip(values, reading, strict=True)
    }
    out = np.empty(len(series), dtype=object)
    out[:] = [text.get(value) for value in series.to_list()]
    return out


def read_numbers(series: pl.Series, cuts: Sequence[float]) -> npt.NDArray[Any]:
    """Return (rows,) the cells of a numerical column; a date as the number it may have been written as.

    Args:
        series: (rows,) typed.
        cuts: split thresholds of the model, in the unit of the column.
    """
    if not series.dtype.is_temporal():
        return series.to_numpy()
    candidates = [numbers.to_numpy().astype(float) for numbers in _numbers_of_dates(series)]

    def inside(values: npt.NDArray[np.float64]) -> int:
        known = values[np.isfinite(values)]
        return sum(known.min() < cut <= known.max() for cut in cuts) if len(known) else 0

    return max(candidates, key=inside)


def share_known(texts: Sequence[str], weights: Sequence[float], known: Collection[str]) -> float:
    """Return the total weight of the texts that are known."""
    return sum(weight for text, weight in zip(texts, weights, strict=True) if text in known)


def readings(values: Sequence[Any]) -> Iterator[list[str]]:
    """Yield the texts that the distinct values of a column may have been written as, the plainest first."""
    if not values or isinstance(values[0], str):
        yield list(values)
        yield [value.strip() for value in values]
    elif isinstance(values[0], bool):
        for yes, no in _FLAGS:
            yield [yes if value else no for value in values]
    elif isinstance(values[0], datetime):
        for form in _DATES:
            yield [value.strftime(form) for value in values]
    else:
        plain = [category_key(value) or "" for value in values]
        yield plain
        yield [repr(float(value)) for value in values]
        for width in range(2, 7):
            yield [text.zfill(width) for text in plain]


def _numbers_of_dates(series: pl.Series) -> Iterator[pl.Series]:
    """Yield the numbers that dates may have been written as: digits of the day, seconds and milliseconds since 1970."""
    day = series.cast(pl.Datetime("us"), strict=False)
    yield day.dt.strftime("%Y%m%d").cast(pl.Float64, strict=False)
    for divisor in (1e6, 1e3):
        yield day.to_physical().cast(pl.Float64) / divisor
