"""Public tables, through several dialects and back: the same numbers, whatever the writing."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from vigie.table import parse, read, write

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = sorted(DATA.glob("*.parquet"))
ROWS = 5_000

pytestmark = pytest.mark.skipif(
    not FILES, reason=f"the evaluation tables are not in {DATA}: NOTHING IS TESTED HERE"
)


def _english(frame: pl.DataFrame, path: Path) -> None:
    frame.write_csv(path)


def _french(frame: pl.DataFrame, path: Path) -> None:
    text = frame.write_csv(
        separator=";", decimal_comma=True, line_terminator="\r\n", quote_style="non_numeric"
    )
    path.write_bytes(text.encode("windows-1252", errors="strict"))


def _tabbed(frame: pl.DataFrame, path: Path) -> None:
    path.write_bytes(frame.write_csv(separator="\t").encode("utf-16"))


@pytest.mark.parametrize("path", FILES or [DATA], ids=lambda path: path.stem)
@pytest.mark.parametrize("dialect", [_english, _french, _tabbed])
def test_dialects_agree(path, dialect, tmp_path):
    """The types found in a CSV are those found in the Parquet file it was made from."""
    table = read(path)
    frame = table.frame.gather_every(max(1, table.frame.height // ROWS))
    dialect(frame, tmp_path / "t.csv")
    found = read(tmp_path / "t.csv")
    assert_frame_equal(found.typed, parse(frame), rel_tol=1e-9)
    write(found, pl.DataFrame({"score": [0.5] * frame.height}), tmp_path / "out.csv")
    assert_frame_equal(read(tmp_path / "out.csv").frame.drop("score"), found.frame)


@pytest.mark.parametrize("path", FILES or [DATA], ids=lambda path: path.stem)
def test_nothing_real_becomes_null(path):
    """Parsing leaves null only what was empty."""
    table = read(path)
    for name in table.frame.columns:
        raw = table.frame[name]
        empty = raw.is_null() | (raw.str.strip_chars() == "") if raw.dtype == pl.String else raw.is_null()
        assert table.typed[name].null_count() == int(empty.sum()), name
