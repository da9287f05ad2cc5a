"""Predictions beside the file they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigie import tempdirs
from vigie.app import Run, result_layout
from vigie.i18n.messages import translate
from vigie.jobs.context import JobContext
from vigie.jobs.ranked_rows import open_ranked
from vigie.jobs.upload_files import temporary_root
from vigie.sources import patterns
from vigie.sources.open import open_source
from vigie.stores.base import join

if TYPE_CHECKING:
    import polars as pl

    from vigie.alerts.decision import Alerts

_BATCH = 100_000


def write_beside(context: JobContext, url: str, key: str, run: Run, alerts: Alerts) -> None:
    """Write the predictions of a finished run as a CSV beside its file, whole or not at all.

    Args:
        context: resources of the installation.
        url: address of the watched location.
        key: path of the file below it.
        run: the run.
        alerts: its alerts, as every other place shows them.

    Raises:
        Unavailable: the location cannot be written, or the result cannot be read.
    """
    import polars as pl

    source, description = open_source(url), (run.summary or {})["file"]
    with open_ranked(context, run) as path:
        ranked = alerts.select(pl.scan_parquet(path, glob=False, hive_partitioning=False))
        alert_rows = ranked.select(result_layout.own_column("row")).collect().to_series()
    language = str(run.options.get("language", "en"))
    reasons = {row: translate(reason, language) for row, reason in alerts.reasons().items()}
    changed = pl.DataFrame(
        {"row": list(reasons), "rule": list(reasons.values())}, {"row": pl.Int64, "rule": pl.String}
    )
    with tempdirs.temporary_workdir(temporary_root(context)) as folder:
        rows, text = folder / result_layout.ROWS, folder / "predictions.csv"
        with rows.open("wb") as file:
            for data in context.store.stream(join(run.result or "", result_layout.ROWS)):
                file.write(data)
        with text.open("wb") as file:
            for data in _csv(rows, description, alert_rows, changed):
                file.write(data)
        source.put(patterns.result_key(key), text)


def _csv(
    rows: Path, description: Mapping[str, Any], alert_rows: pl.Series, changed: pl.DataFrame
) -> Iterator[bytes]:
    """Yield the stored rows as a CSV in the format of the upload.

    Args:
        rows: path of the stored rows.
        description: of the ranked rows, as `vigie.jobs.result_files.write_all` returns it.
        alert_rows: rows of the alerts, from 0.
        changed: `row` and `rule`, why a rule changes it.
    """
    import polars as pl

    from vigie.table import CsvFormat
    from vigie.table.writing import csv_chunks

    stored = pl.scan_parquet(rows)
    height, width = int(stored.select(pl.len()).collect().item()), len(description["columns"])
    dialect = CsvFormat(**description["dialect"]) if description.get("dialect") else None

    def batches() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for start in range(0, max(height, 1), _BATCH):
            part = stored.slice(start, _BATCH).collect()
            numbers = pl.arange(start, start + part.height, eager=True, dtype=pl.Int64)
            yield part[:, :width], _with_alerts(part[:, width:], numbers, alert_rows, changed)

    return csv_chunks(batches(), dialect)


def _with_alerts(
    additions: pl.DataFrame, numbers: pl.Series, alert_rows: pl.Series, changed: pl.DataFrame
) -> pl.DataFrame:
    """Return the result columns of some rows with the alerts, and with the reasons of rules."""
    import polars as pl

    from vigie.engine.output import RESULT_COLUMNS

    # A column of the upload may have the name of a result column: then the stored one has another.
    names = dict(zip(RESULT_COLUMNS, additions.columns, strict=True))
    alert = numbers.is_in(alert_rows.implode()).cast(additions[names["alert"]].dtype)
    found = additions.with_columns(alert.alias(names["alert"]))
    if not changed.height:
        return found
    by_rule = numbers.to_frame("row").join(changed, on="row", how="left", maintain_order="left")["rule"]
    own = pl.col(names["reasons"])
    both = pl.concat_str(own.replace("", None), by_rule, separator="; ", ignore_nulls=True)
    return found.with_columns(
        pl.when(by_rule.is_not_null()).then(both).otherwise(own).alias(names["reasons"])
    )
