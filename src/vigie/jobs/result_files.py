"""Result of a scoring: writes the files of `vigie.app.result_layout` and puts them into the store."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vigie.app import result_layout as layout
from vigie.engine.output import Prediction
from vigie.engine.refine import suggest
from vigie.jobs import chart_data
from vigie.jobs.context import JobContext
from vigie.jobs.exact_types import exact_columns, is_month_first
from vigie.jobs.reason_facts import reason_facts
from vigie.roles.inference import Roles
from vigie.stores.base import join
from vigie.table import write

_ROW_GROUP = 20_000
_MAX_SUGGESTED = 100


def write_all(
    folder: Path, prediction: Prediction, labels: Mapping[int, bool], language: str
) -> dict[str, Any]:
    """Write the files into a folder and return the description of the ranked table.

    Args:
        folder: existing folder.
        prediction: scored table.
        labels: row -> is fraud; these rows are not suggested for labelling.
        language: of the reasons of the prediction.
    """
    table, additions = prediction.table, prediction.additions
    roles = Roles.from_json(prediction.summary["roles"])
    order = np.argsort(-additions["fraud_score"].to_numpy(), kind="stable")
    typed = [
        number
        for number, dtype in enumerate(table.typed.dtypes)
        if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean
    ]
    facts = reason_facts(prediction, roles, language)
    _write_ranked(folder / layout.RANKED, prediction, order, typed, facts)
    write(table, additions, folder / layout.ROWS)
    exact = exact_columns(table)
    if exact.columns:
        columns = [series.rename(layout.typed_column(number)) for number, series in exact.columns.items()]
        pl.DataFrame(columns).write_parquet(folder / layout.EXACT, row_group_size=_ROW_GROUP)
    charts = chart_data.compute(prediction, roles, order)
    charts["reasons"] = _count_features(facts)
    charts["suggested"] = suggest(prediction, labels, _MAX_SUGGESTED)
    (folder / layout.CHARTS).write_text(json.dumps(charts))
    actor = roles.actor()
    return {
        "columns": table.frame.columns,
        "typed": typed,
        "exact": [number for number in exact.columns if number not in exact.partial],
        "partial": sorted(exact.partial),
        "units": {str(number): unit for number, unit in exact.units.items()},
        "facts": True,
        "month_first": is_month_first(table),
        "dialect": table.dialect and asdict(table.dialect),
        "actor": actor,
        "actor_role": roles.of(actor).role if actor else None,
    }


def _count_features(facts: pl.Series) -> dict[str, int]:
    """Return feature -> number of rows that have it among their reasons, the most frequent first."""
    counts = Counter(fact["feature"] for text in facts.drop_nulls() for fact in json.loads(text))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def store_all(
    context: JobContext,
    key: str,
    folder: Path,
    prediction: Prediction,
    labels: Mapping[int, bool],
    language: str,
) -> dict[str, Any]:
    """Write the files, and move them and a scorer in `folder` to `key` in the store.

    Returns:
        As `write_all`, with `digests`: file -> SHA-256, by which the web process recognises what it loads.
    """
    description = write_all(folder, prediction, labels, language)
    description["digests"] = digests = {}
    for name in layout.FILES:
        if (folder / name).exists():
            with (folder / name).open("rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
            context.store.put(join(key, name), folder / name)
            (folder / name).unlink()
    return description


def _write_ranked(path: Path, prediction: Prediction, order: Any, typed: list[int], facts: pl.Series) -> None:
    table, additions = prediction.table, prediction.additions
    rank = pl.arange(1, len(order) + 1, eager=True)
    columns = [
        pl.Series(layout.own_column("row"), order, dtype=pl.Int64),
        rank.rename(layout.own_column("rank")),
        *(series.gather(order).rename(layout.own_column(series.name)) for series in (*additions, facts)),
    ]
    columns += [
        series.gather(order).cast(pl.String, strict=False).rename(layout.cell_column(number))
        for number, series in enumerate(table.frame)
    ]
    columns += [
        table.typed.to_series(number).gather(order).rename(layout.typed_column(number)) for number in typed
    ]
    pl.DataFrame(columns).write_parquet(path, row_group_size=_ROW_GROUP, statistics=True)
