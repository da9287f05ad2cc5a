"""Drift of a watch: scores and amounts of a scored file against those of the file before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from vigie import tempdirs
from vigie.app import result_layout
from vigie.app.runs import Run
from vigie.arrays import Floats
from vigie.calibration import stability
from vigie.jobs.context import JobContext
from vigie.jobs.upload_files import temporary_root
from vigie.roles.inference import Roles
from vigie.stores.base import join

_SCORES, _AMOUNTS = "score_psi", "amount_psi"
"""Names in the payload of a notice, which webhooks send."""


def measure_drift(context: JobContext, before: Run, after: Run) -> dict[str, float]:
    """Return the population stability index of scores and amounts, where it changed much and not by chance.

    Args:
        context: resources of the installation.
        before: finished run of the earlier file.
        after: finished run of the later file.

    Returns:
        `score_psi` and `amount_psi`, each only where its verdict is `changed`; with one of them `psi_limit`.

    Raises:
        NotFound: a result was deleted.
        Unavailable: a result cannot be read.
    """
    with tempdirs.temporary_workdir(temporary_root(context)) as folder:
        first, second = (_read(context, run, folder) for run in (before, after))
    moved = {name: stability.of_values(first[name], second[name]) for name in (_SCORES, _AMOUNTS)}
    changed = {name: one.index for name, one in moved.items() if one is not None and one.verdict == "changed"}
    return changed | {"psi_limit": stability.CHANGED} if changed else {}


def _read(context: JobContext, run: Run, folder: Path) -> dict[str, Floats]:
    """Return scores and amounts of all rows, (rows,) each; NaN where a row has none."""
    ranked = folder / result_layout.RANKED
    with ranked.open("wb") as file:
        for data in context.store.stream(join(run.result or "", result_layout.RANKED)):
            file.write(data)
    summary = run.summary or {}
    typed = result_layout.find_typed(summary["file"], Roles.from_json(summary["roles"]).first("amount"))
    rows = pl.scan_parquet(ranked, glob=False, hive_partitioning=False).select(
        pl.col(result_layout.own_column("fraud_score")).alias(_SCORES),
        (pl.lit(None) if typed is None else pl.col(typed)).alias(_AMOUNTS),
    )
    numbers = rows.select(pl.all().cast(pl.Float64, strict=False).fill_null(np.nan)).collect()
    return {name: numbers[name].to_numpy() for name in (_SCORES, _AMOUNTS)}
