"""What a run leaves in the store.

ranked.parquet        all rows, most suspicious first: what the pages read (`vigie.web.results` says how)
predictions.csv       the upload with our columns, as the command line writes it
predictions.parquet   the same
alerts.xlsx           the rows to look at
charts.json           counts to draw, and rows worth asking about
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vigie.engine.output import Prediction
from vigie.engine.refine import suggest
from vigie.jobs import chart_data, workbook
from vigie.jobs.context import JobContext
from vigie.roles.inference import Roles
from vigie.stores.base import join
from vigie.table import write

PLAN = "plan.npz"
NAMES = ("ranked.parquet", "predictions.csv", "predictions.parquet", "alerts.xlsx", "charts.json", PLAN)
_GROUP = 20_000
_SUGGESTED = 100


def write_all(folder: Path, prediction: Prediction, marks: Mapping[int, bool]) -> dict[str, Any]:
    """Writes the files into a folder; returns what there is to know of them."""
    table, additions = prediction.table, prediction.additions
    roles = Roles.from_json(prediction.summary["roles"])
    order = np.argsort(-additions["fraud_score"].to_numpy(), kind="stable")
    typed = [
        number
        for number, dtype in enumerate(table.typed.dtypes)
        if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean
    ]
    _ranked(folder / "ranked.parquet", prediction, order, typed)
    write(table, additions, folder / "predictions.csv")
    write(table, additions, folder / "predictions.parquet")
    workbook.write(folder / "alerts.xlsx", table.frame, additions, order)
    drawn = chart_data.draw(prediction, roles, order)
    (folder / "charts.json").write_text(
        json.dumps(drawn | {"suggested": suggest(prediction, marks, _SUGGESTED)})
    )
    actor = roles.actor()
    return {
        "columns": table.frame.columns,
        "typed": typed,
        "actor": actor,
        "actor_role": roles.of(actor).role if actor else None,
    }


def keep(
    bench: JobContext, key: str, folder: Path, prediction: Prediction, marks: Mapping[int, bool]
) -> dict[str, Any]:
    """Writes the files and puts them into the store, under `key`; returns what there is to know of them."""
    about = write_all(folder, prediction, marks)
    for name in NAMES:
        if (folder / name).exists():
            bench.store.put(join(key, name), folder / name)
            (folder / name).unlink()
    return about


def _ranked(path: Path, prediction: Prediction, order: Any, typed: list[int]) -> None:
    frame, parsed, additions = prediction.table.frame, prediction.table.typed, prediction.additions
    ours = {"v:row": pl.Series(order, dtype=pl.Int64), "v:rank": pl.arange(1, len(order) + 1, eager=True)}
    columns = [series.rename(name) for name, series in ours.items()]
    columns += [series.gather(order).rename(f"v:{series.name}") for series in additions]
    for number, series in enumerate(frame):
        columns.append(series.gather(order).cast(pl.String, strict=False).rename(f"c:{number}"))
    columns += [parsed.to_series(number).gather(order).rename(f"t:{number}") for number in typed]
    pl.DataFrame(columns).write_parquet(path, row_group_size=_GROUP, statistics=True)
