"""Files that claim or unpack to more than there is: refused in words, whatever their library does with them."""

from __future__ import annotations

import gzip
import io
import random
import struct
import sys
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from vigie.errors import InputRefused, TableTooLarge, UnreadableTable
from vigie.table import isolated, read, reading
from vigie.table.isolated import open_chunked, read_head
from vigie.table.options import ReadLimits

MIB = 1024**2
FRAME = pl.DataFrame(
    {
        "text": ["é", "", None, "a,b"] * 25,
        "whole": [1, None, -(2**40), 3] * 25,
        "real": [1.5, float("nan"), None, -0.0] * 25,
        "flag": [True, None, False, True] * 25,
        "day": [date(2026, 1, 2), None] * 50,
        "at": [datetime(2026, 1, 2, 3, 4, 5, 6000), None] * 50,
        "clock": [time(3, 4, 5), None] * 50,
        "kind": pl.Series(["a", "b", "a", None] * 25, dtype=pl.Categorical),
    }
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="{type}" Target="{target}"/></Relationships>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(path: Path, sheet: str, *, compressed: bool = True) -> Path:
    """Write a workbook with this XML inside <sheetData> of its only sheet."""
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels", _RELATIONS.format(type=f"{_OFFICE}/officeDocument", target="xl/workbook.xml")
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            _RELATIONS.format(type=f"{_OFFICE}/worksheet", target="worksheets/sheet1.xml"),
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
        )
    return path


def cell(reference: str, text: str = "x") -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{cell("A1", "when")}{cell("B1", "amount")}</row>'
ROW = f'<row r="2">{cell("A2")}{cell("B2", "5")}</row>'


@pytest.mark.parametrize("extension", [".parquet", ".xlsx"])
def test_a_table_read_in_a_child_is_the_table_read_here(tmp_path: Path, extension: str) -> None:
    """Every cell, every type, every column name."""
    path = tmp_path / f"t{extension}"
    if extension == ".xlsx":
        workbook(path, HEADER + ROW)
    else:
        FRAME.write_parquet(path, row_group_size=30)
    here, child = reading.read(path), read(path)
    assert_frame_equal(here.frame, child.frame, categorical_as_str=True)
    assert_frame_equal(here.typed, child.typed, categorical_as_str=True)
    assert here.frame.schema == child.frame.schema
    assert (here.source, here.dialect) == (child.source, child.dialect)
    path.unlink()
    assert child.frame.height == here.frame.height


@pytest.mark.parametrize(
    ("sheet", "unit"),
    [
        (f'{HEADER}<row r="1048576">{cell("XFD1048576")}</row>', "columns"),
        (f'{HEADER}<row r="1048576">{cell("CZZ1048576")}</row>', "columns"),
        (f'{HEADER}{ROW}<row r="1048576">{cell("ZZ1048576")}</row>', "cells"),
        (f"{HEADER}{ROW}<row r='900000000'></row>", "rows"),
    ],
)
def test_a_cell_far_outside_the_table_is_refused_before_the_sheet_is_allocated(
    tmp_path: Path, sheet: str, unit: str
) -> None:
    """5 KB would ask for up to 500 GB."""
    path = workbook(tmp_path / "t.xlsx", sheet)
    with pytest.raises(TableTooLarge, match=unit) as refused:
        read(path, max_bytes=1024 * MIB)
    assert "outside the table" in str(refused.value)


def test_the_extent_of_other_sheets_does_not_count(tmp_path: Path) -> None:
    """Only the first sheet is read."""
    path = workbook(tmp_path / "t.xlsx", HEADER + ROW)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/sheet2.xml", cell("XFD1048576"))
    assert read(path).frame.rows() == [("x", "5")]


def test_a_workbook_is_refused_by_the_bytes_it_unpacks_to(tmp_path: Path) -> None:
    """By what it declares, and by what it holds where it declares less."""
    path = workbook(tmp_path / "t.xlsx", HEADER + ROW + " " * (30 * MIB))
    with pytest.raises(TableTooLarge, match="bytes"):
        read(path, max_bytes=10 * MIB)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.rfind(signature)
        data[at + offset : at + offset + 4] = struct.pack("<I", 500)
    path.write_bytes(data)
    with pytest.raises(InputRefused):
        read(path, max_bytes=10 * MIB)


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_workbook_or_parquet_file_is_refused_or_read(tmp_path: Path, seed: int) -> None:
    """Some bytes changed, versions of the archive among them: an error of ours, or a table."""
    generator = random.Random(seed)
    path = tmp_path / ("t.xlsx" if seed % 2 else "t.parquet")
    if seed % 2:
        workbook(path, HEADER + ROW, compressed=bool(seed % 3))
    else:
        FRAME.write_parquet(path)
    data = bytearray(path.read_bytes())
    for _ in range(generator.choice((1, 3, 20))):
        data[generator.randrange(len(data))] = generator.randrange(256)
    if seed == 1:
        at = data.find(b"PK\x01\x02")
        data[at + 6 : at + 8] = b"\xff\xff"
    path.write_bytes(data)
    try:
        read(path)
    except InputRefused:
        return


def test_a_parquet_file_of_repeated_cells_is_refused_by_what_it_unpacks_to(tmp_path: Path) -> None:
    """A few kilobytes of runs: 20 million numbers, or texts of a megabyte."""
    numbers, texts = tmp_path / "numbers.parquet", tmp_path / "texts.parquet"
    pl.DataFrame(
        {"a": pl.repeat(7, 20_000_000, eager=True), "b": pl.repeat(1, 20_000_000, eager=True)}
    ).write_parquet(numbers)
    pl.DataFrame({"a": ["x" * MIB] * 200, "b": range(200)}).write_parquet(texts)
    assert max(path.stat().st_size for path in (numbers, texts)) < 2 * MIB
    for path in (numbers, texts):
        with pytest.raises(TableTooLarge):
            read(path, max_bytes=100 * MIB)
        with (
            pytest.raises(TableTooLarge),
            open_chunked(path, tmp_path, source="t", limits=ReadLimits(10**9, 9, 100 * MIB)),
        ):
            pass


@pytest.mark.parametrize("data", [b"PAR1", b"PAR1" * 3, b"PAR1\xff\xff\xff\x7fPAR1", b"\0" * 100])
def test_a_parquet_file_of_a_few_bytes_is_refused(tmp_path: Path, data: bytes) -> None:
    """Lengths that no file has."""
    path = tmp_path / "t.parquet"
    path.write_bytes(data)
    with pytest.raises(InputRefused):
        read(path)
    with (
        pytest.raises(InputRefused),
        open_chunked(path, tmp_path, source="t", limits=ReadLimits(9, 9, MIB)),
    ):
        pass
    assert read_head(path, 5) == (0, None)


def test_a_head_is_the_first_rows_with_the_number_of_all(tmp_path: Path) -> None:
    """What the page shows of a Parquet file, without reading the rest."""
    path = tmp_path / "t.parquet"
    FRAME.write_parquet(path)
    rows, head = read_head(path, 5)
    assert rows == FRAME.height
    assert head is not None
    assert_frame_equal(head, FRAME.head(5), categorical_as_str=True)


def test_compressed_text_is_refused_by_the_bytes_it_unpacks_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory, in pieces and from standard input; on the disk no more than the limit is written."""
    text = b"when,amount\n" + b"2026-01-01,5\n" * 2_000_000
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(text))
    assert path.stat().st_size < MIB
    with pytest.raises(TableTooLarge, match="VIGIE_MAX_TABLE_BYTES"):
        read(path, max_bytes=MIB)
    with (
        pytest.raises(TableTooLarge),
        open_chunked(path, tmp_path, source="t", limits=ReadLimits(10**9, 9, MIB)),
    ):
        pass
    assert sum(file.stat().st_size for file in tmp_path.glob("*.csv")) <= MIB
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    with pytest.raises(TableTooLarge):
        read("-", max_bytes=MIB)


def test_missing_memory_is_reported_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that fits the limit but not the machine."""
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")

    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reading, "read", no_memory)
    with pytest.raises(TableTooLarge, match="less memory"):
        read(path)
    parquet = tmp_path / "t.parquet"
    pl.DataFrame({"a": pl.repeat(7, 3_000_000, eager=True)}).write_parquet(parquet)
    monkeypatch.setattr(isolated, "machine_memory", lambda: 0)
    monkeypatch.setattr(isolated, "_LEAST_MEMORY", 30 * MIB)
    with pytest.raises(InputRefused):
        read(parquet)


def test_what_is_no_table_at_all_is_refused_without_a_child(tmp_path: Path) -> None:
    """A folder and a missing file are distinguished from damaged ones."""
    with pytest.raises(UnreadableTable, match="folder"):
        read(tmp_path)
