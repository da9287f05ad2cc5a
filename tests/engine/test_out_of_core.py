"""A large table is scored out of core: the same numbers where both ways are possible, and the same promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.helpers.memory_backend import MemoryBackend
from tests.helpers.tables import busy_table

from vigie import resources, settings
from vigie.engine import files, pipeline
from vigie.engine.backends.disk import DiskBackend
from vigie.engine.backends.spill import spill_stream, spill_table
from vigie.engine.options import Options, ScoringContext, Sizes
from vigie.engine.output import RESULT_COLUMNS
from vigie.errors import InputRefused
from vigie.table import chunks, from_frame, read, write
from vigie.table.options import ReadLimits
from vigie.table.table import Table

ROWS = 4000
Score = Callable[..., tuple[pl.DataFrame, dict[str, Any]]]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringContext]:
    """The shipped models; a sample is the whole table, in small partitions."""
    chosen = settings.load({"VIGIE_HOME": str(tmp_path_factory.mktemp("home"))})
    with resources.open_catalog(chosen) as catalog:
        sizes = Sizes(sample=3 * ROWS, min_customer_rows=100, partition=900, thread=300, counts=1000)
        yield ScoringContext(catalog, resources.bundle_loader(chosen), sizes=sizes)


@pytest.fixture(scope="module")
def in_memory(context: ScoringContext) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A busy table, and what memory gives for it; computed once."""
    frame = busy_table(2, flows=False)
    return frame, pipeline.predict(from_frame(frame), context).additions


@pytest.fixture(scope="module")
def upload(
    context: ScoringContext, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Table, pl.DataFrame]:
    """A French file, its table, and what memory gives for it; computed once for all kinds of output."""
    text = busy_table(6, flows=False).write_csv(
        separator=";", decimal_comma=True, datetime_format="%d/%m/%Y %H:%M:%S"
    )
    source = tmp_path_factory.mktemp("upload") / "in.csv"
    source.write_bytes(text.encode("windows-1252"))
    table = read(source)
    return source, table, pipeline.predict(table, context).additions


@pytest.fixture
def score(context: ScoringContext, tmp_path: Path) -> Score:
    """`score(frame, sample=..., **options)` on disk: the result columns and the summary."""

    def run(
        frame: pl.DataFrame, sample: int = 3 * ROWS, **options: Any
    ) -> tuple[pl.DataFrame, dict[str, Any]]:
        sizes = replace(context.sizes, sample=sample)
        rows = spill_table(from_frame(frame), tmp_path / "typed", chunk_rows=700)
        backend = DiskBackend(rows, tmp_path, sizes)
        found = pipeline.predict_out_of_core(
            backend, replace(context, options=Options(**options), sizes=sizes)
        )
        return pl.concat(list(found.rows.chunks())), found.summary

    return run


def same(found: pl.DataFrame, expected: pl.DataFrame) -> None:
    """The same result columns."""
    for name in ("fraud_score", "fraud_probability", "anomaly_score", "agreement"):
        np.testing.assert_allclose(found[name].to_numpy(), expected[name].to_numpy(), atol=1e-9, err_msg=name)
    for name in ("risk_level", "alert", "reasons"):
        assert found[name].equals(expected[name]), name


@pytest.mark.parametrize(
    ("flows", "timed"), [(False, "moments"), (True, "moments"), (True, "parts"), (False, "")]
)
def test_the_same_numbers(score: Score, context: ScoringContext, flows: bool, timed: str) -> None:
    """Where the samples are the whole table, a disk gives what memory gives, row by row."""
    frame = busy_table(1, flows=flows, timed=timed)
    whole = pipeline.predict(from_frame(frame), context)
    found, summary = score(frame)
    same(found, whole.additions)
    names = (
        "rows", "columns", "alerts", "risk_levels", "prevalence", "alert_precision", "calibrated", "roles", "agreement",
    )  # fmt: skip
    assert {name: summary[name] for name in names} == {name: whole.summary[name] for name in names}
    assert [one["row"] for one in summary["top"]] == [one["row"] for one in whole.summary["top"]]


def test_rows_in_memory_may_be_scored_as_those_on_disk(score: Score, context: ScoringContext) -> None:
    """The pipeline depends on what a backend promises and on nothing else."""
    frame = busy_table(8, flows=True)
    found, summary = score(frame, alert_budget=50)
    backend = MemoryBackend(from_frame(frame))
    again = pipeline.predict_out_of_core(backend, replace(context, options=Options(alert_budget=50)))
    same(again.rows, found)
    assert {**again.summary, "seconds": 0} == {**summary, "seconds": 0}


@pytest.mark.parametrize(("sample", "least"), [(ROWS // 2, 0.9), (ROWS // 3, 0.85)])
def test_samples_change_little(
    score: Score, in_memory: tuple[pl.DataFrame, pl.DataFrame], sample: int, least: float
) -> None:
    """A scorer fitted on some of the rows ranks all of them nearly as one fitted on all.

    What a sample this small changes is self-training, which learns from 3 % of it: from a third, twenty rows in each half.
    """
    frame, whole = in_memory
    found, _ = score(frame, sample=sample)
    for name, bound in (("fraud_score", least), ("anomaly_score", 0.95)):
        assert np.corrcoef(whole[name].rank(), found[name].rank())[0, 1] > bound, name


@pytest.mark.parametrize("budget", [37, 0.02])
def test_a_budget_is_kept_to_the_row(score: Score, budget: float) -> None:
    """As many alerts as asked for, the most suspicious rows of the whole table."""
    found, summary = score(busy_table(3, flows=False), sample=ROWS // 4, alert_budget=budget)
    wanted = 37 if budget == 37 else round(0.02 * ROWS)
    alerts = found.filter(pl.col("alert") == 1)
    assert alerts.height == summary["alerts"] == wanted
    assert float(alerts["fraud_score"].min()) >= float(
        found.filter(pl.col("alert") == 0)["fraud_score"].max()
    )


def test_one_customer_with_a_third_of_the_rows(score: Score) -> None:
    """No entity is divided, and none is the whole sample."""
    frame = busy_table(4, flows=False)
    third = pl.int_range(pl.len()) % 3 == 0
    frame = frame.with_columns(customer=pl.when(third).then(pl.lit("C9999")).otherwise("customer"))
    found, _ = score(frame, sample=ROWS // 4)
    assert found.height == ROWS
    assert found["fraud_score"].null_count() == 0


def test_copies_of_a_few_rows_are_refused(score: Score) -> None:
    """There is nothing to draw a sample from."""
    with pytest.raises(InputRefused, match="copies of a few"):
        score(pl.concat([busy_table(5, flows=False).head(3)] * 4000), sample=1000)


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".parquet"])
def test_files(
    extension: str,
    upload: tuple[Path, Table, pl.DataFrame],
    context: ScoringContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A large file is written as a small one is: every cell of the upload, and the result columns."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 700)
    source, table, additions = upload
    limits = files.Limits(10_000, 100, tmp_path / "work")
    large = replace(context, sizes=replace(context.sizes, out_of_core=1000))
    files.predict_file(str(source), tmp_path / f"out{extension}", large, limits)
    write(table, additions, tmp_path / f"whole{extension}")
    one, other = (_cells(tmp_path / f"{name}{extension}") for name in ("out", "whole"))
    assert one.columns == other.columns == [*table.frame.columns, *RESULT_COLUMNS]
    close = ("fraud_score", "fraud_probability", "anomaly_score", "agreement")
    for name in one.columns:
        if name in close:
            # The sixth decimal may be rounded the other way: sums of a chunk are not sums of the whole.
            np.testing.assert_allclose(one[name].cast(float), other[name].cast(float), atol=1.5e-6)
        else:
            assert one[name].equals(other[name]), name
    assert list((tmp_path / "work").iterdir()) == []


def _cells(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    frame = pl.read_csv(path, separator=";", infer_schema=False)
    return frame.with_columns(pl.col(RESULT_COLUMNS[:4]).str.replace(",", ".", literal=True))


def test_a_small_file_is_scored_in_memory(context: ScoringContext, tmp_path: Path) -> None:
    """The same file as `vigie.engine.pipeline.predict` and `write` make; no working folder is needed."""
    busy_table(7, flows=False).write_csv(tmp_path / "in.csv")
    limits = files.Limits(10_000, 100, tmp_path / "work")
    files.predict_file(str(tmp_path / "in.csv"), tmp_path / "out.csv", context, limits)
    table = read(tmp_path / "in.csv")
    write(table, pipeline.predict(table, context).additions, tmp_path / "whole.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not (tmp_path / "work").exists()


def test_a_large_table_in_memory(score: Score, context: ScoringContext, tmp_path: Path) -> None:
    """Its rows are in memory, its features go to disk, and the working folder is removed."""
    frame = busy_table(9, flows=False)
    large = replace(context, sizes=replace(context.sizes, out_of_core=1000))
    found = files.predict_table(from_frame(frame), large, tmp_path / "work")
    same(found.additions, score(frame)[0])
    assert list((tmp_path / "work").iterdir()) == []


def test_a_cell_that_the_probe_did_not_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cell of text is unreadable; one in fifty makes the column text, in all rows."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 700)
    cells = [f"x{i}" if i % 50 == 3 else str(i) for i in range(ROWS)]
    one = [f"x{i}" if i == ROWS // 2 + 3 else f"{i}" for i in range(ROWS)]
    table = pl.DataFrame({"a": cells, "b": [f"{i}.5" for i in range(ROWS)], "c": one})
    table.write_csv(tmp_path / "in.csv")
    with chunks.open_chunked(tmp_path / "in.csv", tmp_path, source="x", limits=ReadLimits(ROWS, 5)) as upload:
        rows, mark = spill_stream(upload, tmp_path / "typed", probed=40)
    typed = pl.read_parquet(rows.folder / "*.parquet")
    assert typed.schema["a"] == pl.String
    assert typed["a"].to_list() == cells
    assert (typed.schema["b"], mark) == (pl.Float64, ".")
    assert typed["c"].null_count() == 1
    assert [(c.column, c.unreadable.first_rows) for c in rows.report.columns] == [("c", (ROWS // 2 + 4,))]
    assert typed["v:row"].to_list() == list(range(ROWS))
