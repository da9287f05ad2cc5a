"""A long table is scored in passes: the same numbers where both ways can be walked, and the same promises."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import busy_table

from vigie import resources, settings, tempdirs
from vigie.catalog import Catalog
from vigie.engine import disk, disk_partitions, files, out_of_core, pipeline, spill, value_counts
from vigie.engine.options import BundleLoader, Options, ScoringContext
from vigie.engine.output import RESULT_COLUMNS
from vigie.errors import InputRefused, UnwritableOutput
from vigie.table import Table, from_frame, read, stream, write

LOOK = sys.modules["vigie.engine.profiling"]
ROWS = 4000


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    return settings.load({"VIGIE_HOME": str(tmp_path_factory.mktemp("home"))})


@pytest.fixture(scope="module")
def catalog(chosen: settings.Settings) -> Iterator[Catalog]:
    with resources.open_catalog(chosen) as opened:
        yield opened


@pytest.fixture(scope="module")
def open_bundle(chosen: settings.Settings) -> BundleLoader:
    return resources.bundle_loader(chosen)


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pieces, many parts and many rounds of counting, of a table that one would do for."""
    for module in (stream, spill, disk, disk_partitions):
        monkeypatch.setattr(module, "PIECE", 700)
    monkeypatch.setattr(disk, "HALF", 300)
    monkeypatch.setattr(disk_partitions, "PART", 900)
    monkeypatch.setattr(value_counts, "AT_ONCE", 1000)


def scored(
    table: Table, catalog: Catalog, open_bundle: BundleLoader, folder: Path, options: Options | None = None
):
    rows = spill.of_table(table, folder / "typed")
    found = out_of_core.score(rows, ScoringContext(catalog, open_bundle, options or Options()), folder)
    return pl.concat(list(found.pieces())), found.summary


@pytest.mark.parametrize(
    ("flows", "timed"), [(False, "moments"), (True, "moments"), (True, "parts"), (False, "")]
)
def test_the_same_numbers(
    flows: bool,
    timed: str,
    catalog: Catalog,
    open_bundle: BundleLoader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the samples are the whole table, passes give what memory gives, row by row."""
    monkeypatch.setattr(LOOK, "SAMPLE_ROWS", 3 * ROWS)
    table = from_frame(busy_table(1, flows=flows, timed=timed))
    whole = pipeline.predict(table, ScoringContext(catalog, open_bundle))
    found, summary = scored(table, catalog, open_bundle, tmp_path)
    for name in ("fraud_score", "fraud_probability", "anomaly_score", "agreement"):
        np.testing.assert_allclose(
            found[name].to_numpy(), whole.additions[name].to_numpy(), atol=1e-9, err_msg=name
        )
    for name in ("risk_level", "alert", "reasons"):
        assert found[name].equals(whole.additions[name]), name
    same = (
        "rows",
        "columns",
        "alerts",
        "risk_levels",
        "prevalence",
        "alert_precision",
        "calibrated",
        "roles",
    )
    assert {name: summary[name] for name in same} == {name: whole.summary[name] for name in same}
    assert [one["row"] for one in summary["top"]] == [one["row"] for one in whole.summary["top"]]


def test_samples_change_little(
    catalog: Catalog, open_bundle: BundleLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terms of a third of the rows rank the rows nearly as those of all do."""
    monkeypatch.setattr(LOOK, "SAMPLE_ROWS", ROWS // 3)
    monkeypatch.setattr(LOOK, "MIN_CUSTOMER_ROWS", 100)
    table = from_frame(busy_table(2, flows=False))
    whole = pipeline.predict(table, ScoringContext(catalog, open_bundle)).additions["fraud_score"]
    found, _ = scored(table, catalog, open_bundle, tmp_path)
    assert np.corrcoef(whole.rank(), found["fraud_score"].rank())[0, 1] > 0.9


@pytest.mark.parametrize("budget", [37, 0.02])
def test_a_budget_is_kept_to_the_row(
    budget: float,
    catalog: Catalog,
    open_bundle: BundleLoader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many alerts as asked for, the most suspicious rows of the whole table."""
    monkeypatch.setattr(LOOK, "SAMPLE_ROWS", ROWS // 4)
    found, summary = scored(
        from_frame(busy_table(3, flows=False)), catalog, open_bundle, tmp_path, Options(alert_budget=budget)
    )
    wanted = 37 if budget == 37 else round(0.02 * ROWS)
    alerts = found.filter(pl.col("alert") == 1)
    assert alerts.height == summary["alerts"] == wanted
    assert float(alerts["fraud_score"].min()) >= float(
        found.filter(pl.col("alert") == 0)["fraud_score"].max()
    )


def test_one_customer_with_a_third_of_the_rows(
    catalog: Catalog, open_bundle: BundleLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is divided, and nobody is the whole sample."""
    monkeypatch.setattr(LOOK, "SAMPLE_ROWS", ROWS // 4)
    frame = busy_table(4, flows=False)
    frame = frame.with_columns(
        customer=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("C9999")).otherwise("customer")
    )
    found, _ = scored(from_frame(frame), catalog, open_bundle, tmp_path)
    assert found.height == ROWS
    assert found["fraud_score"].null_count() == 0


def test_copies_of_a_few_rows_are_refused(
    catalog: Catalog, open_bundle: BundleLoader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to draw a sample from."""
    monkeypatch.setattr(LOOK, "SAMPLE_ROWS", 1000)
    table = from_frame(pl.concat([busy_table(5, flows=False).head(3)] * 4000))
    with pytest.raises(InputRefused, match="copies of a few"):
        scored(table, catalog, open_bundle, tmp_path)


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".parquet"])
def test_files(
    extension: str,
    catalog: Catalog,
    open_bundle: BundleLoader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The output of passes is the output of memory: every cell of the upload, and our columns."""
    monkeypatch.setattr(LOOK, "SAMPLE_ROWS", 3 * ROWS)
    monkeypatch.setattr(out_of_core, "OUT_OF_CORE_MIN_ROWS", 1000)
    text = busy_table(6, flows=False).write_csv(
        separator=";", decimal_comma=True, datetime_format="%d/%m/%Y %H:%M:%S"
    )
    source = tmp_path / "in.csv"
    source.write_bytes(text.encode("windows-1252"))
    limits = files.Limits(10_000, 100, tmp_path / "room")
    files.predict_file(
        str(source), tmp_path / f"out{extension}", ScoringContext(catalog, open_bundle, Options()), limits
    )
    table = read(source)
    write(
        table,
        pipeline.predict(table, ScoringContext(catalog, open_bundle)).additions,
        tmp_path / f"whole{extension}",
    )
    one, other = (_cells(tmp_path / f"{name}{extension}") for name in ("out", "whole"))
    assert one.columns == other.columns == [*table.frame.columns, *RESULT_COLUMNS]
    close = ("fraud_score", "fraud_probability", "anomaly_score", "agreement")
    for name in one.columns:
        if name in close:
            # The sixth decimal may be rounded the other way: sums of a piece are not sums of the whole.
            np.testing.assert_allclose(one[name].cast(float), other[name].cast(float), atol=1.5e-6)
        else:
            assert one[name].equals(other[name]), name
    assert list((tmp_path / "room").iterdir()) == []


def _cells(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    frame = pl.read_csv(path, separator=";", infer_schema=False)
    return frame.with_columns(pl.col(RESULT_COLUMNS[:4]).str.replace(",", ".", literal=True))


def test_a_short_file_is_scored_in_memory(
    catalog: Catalog, open_bundle: BundleLoader, tmp_path: Path
) -> None:
    """The same file as `vigie.engine.pipeline.predict` and `write` make; no working folder is needed."""
    context = ScoringContext(catalog, open_bundle)
    busy_table(7, flows=False).write_csv(tmp_path / "in.csv")
    limits = files.Limits(10_000, 100, tmp_path / "room")
    files.predict_file(str(tmp_path / "in.csv"), tmp_path / "out.csv", context, limits)
    table = read(tmp_path / "in.csv")
    write(table, pipeline.predict(table, context).additions, tmp_path / "whole.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not (tmp_path / "room").exists()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """Cells of a table do not outlive the process that worked on them by more than the next one."""
    dead = tmp_path / "999999999-abc"
    dead.mkdir()
    with tempdirs.temporary_workdir(tmp_path) as mine:
        assert tempdirs.remove_stale(tmp_path) == 1
        assert mine.is_dir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "raised",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        pl.exceptions.ComputeError("cannot write: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_said_in_words(tmp_path: Path, raised: Exception) -> None:
    """Whoever notices it first."""
    with pytest.raises(UnwritableOutput, match="MODEL_CACHE_DIR"), tempdirs.temporary_workdir(tmp_path):
        raise raised
    with pytest.raises(pl.exceptions.ComputeError), tempdirs.temporary_workdir(tmp_path):
        raise pl.exceptions.ComputeError("something else")


def test_a_cell_that_the_look_did_not_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column falls back to text for all rows where one cell of it is text."""
    monkeypatch.setattr(spill, "LOOKED_AT", 40)
    cells = [str(i) for i in range(ROWS)]
    cells[ROWS // 2 + 3] = "x12"
    pl.DataFrame({"a": cells, "b": [f"{i}.5" for i in range(ROWS)]}).write_csv(tmp_path / "in.csv")
    with stream.open_file(tmp_path / "in.csv", tmp_path, source="x", max_rows=ROWS, max_columns=5) as upload:
        rows, mark = spill.of_stream(upload, tmp_path / "typed")
    typed = rows.scan().collect()
    assert typed.schema["a"] == pl.String
    assert typed["a"].to_list() == cells
    assert (typed.schema["b"], mark) == (pl.Float64, ".")
    assert typed[spill.ROW].to_list() == list(range(ROWS))
