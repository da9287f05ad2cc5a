"""Lines that do not fit are mended where only one reading is possible, else set aside; the others are rows."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from vigie.errors import MalformedTable
from vigie.table import chunks, read, write_set_aside
from vigie.table.options import ReadLimits, ReadOptions

ROW = '{i},C{i},2024-01-{d:02},{i}.5,"a, b",\n'
HEADER = "id,client,date,amount,note,extra\n"
ROWS = 100


def text_with(line: str, at: int = 50) -> str:
    """The table with one more line, which is line `at` + 2 of the file."""
    rows = [ROW.format(i=i, d=1 + i % 28) for i in range(ROWS)]
    return HEADER + "".join([*rows[:at], line, *rows[at:]])


BAD = [
    ("1,C1,2024-01-01,1.5\n", "cells"),
    ("1,C1,2024-01-01,1.5,x,y,z\n", "cells"),
    ("1,C1,,2024-01-01,1.5,x,y,\n", "cells"),
    ("1,Paris, France,2024-01-01,1.5,,\n", "cells"),
    ('1,C1,2024-01-01,1.5"a, b",\n', "quote"),
    ('1,C1,2024-01-01,1.5,"a, b,\n', "quote"),
    ('"1,C1,2024-01-01,1.5,"a, b",\n', "quote"),
    ('1,C1,2024-01-01,1.5,"a" b,\n', "quote"),
    ("1;C1;2024-01-01;1.5;x;\n", "cells"),
    (HEADER, "header"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_line_is_set_aside(tmp_path: Path, line: str, reason: str) -> None:
    """The others are scored, unchanged and in order, in memory and in chunks alike."""
    path = tmp_path / "t.csv"
    path.write_text(text_with(line))
    clean = tmp_path / "clean.csv"
    clean.write_text(text_with(""))
    table = read(path)
    assert table.frame.equals(read(clean).frame)
    assert [(one.line, one.reason, one.text) for one in table.report.set_aside] == [
        (52, reason, line.rstrip())
    ]
    with chunks.open_chunked(path, tmp_path, source="t", limits=ReadLimits(999, 9)) as opened:
        assert pl.concat(list(opened.chunks())).equals(table.frame)
        assert opened.rows == ROWS
        assert opened.report.set_aside == table.report.set_aside
    with pytest.raises(MalformedTable, match="line 52"):
        read(path, options=ReadOptions(strict=True))
    assert line.strip() not in str(table.report.to_json())


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1,C1,2024-01-01,1.5,5" pipe,y\n', ("1", "C1", "2024-01-01", "1.5", '5" pipe', "y")),
        ('1,C1,2024-01-01,1.5,"a\nb, ""c""",y\n', ("1", "C1", "2024-01-01", "1.5", 'a\nb, "c"', "y")),
    ],
)
def test_a_line_with_one_reading_is_mended(tmp_path: Path, line: str, cells: tuple[str, ...]) -> None:
    """Stray quotes within a cell, cells over several lines."""
    path = tmp_path / "t.csv"
    path.write_text(text_with("1,C1\n", at=90).replace(ROW.format(i=7, d=8), line))
    table = read(path)
    assert table.frame.row(7) == cells
    assert len(table.report.set_aside) == 1


def test_too_many_bad_lines_refuse_the_file(tmp_path: Path) -> None:
    """Up to one line in twenty, and three in any file."""
    path = tmp_path / "t.csv"
    for count, fits in ((3, True), (5, True), (6, False)):
        path.write_text(text_with("1,C1\n" * count))
        if fits:
            assert len(read(path).report.set_aside) == count
        else:
            with pytest.raises(MalformedTable, match="line 52: found 2 cells, expected 6"):
                read(path)
    path.write_text("a,b\n" + "1,2\n" * 4 + "3\n" * 3)
    assert read(path).frame.height == 4


def test_a_second_table_refuses_the_file(tmp_path: Path) -> None:
    """Its rows are never read as rows of the first."""
    path = tmp_path / "t.csv"
    path.write_text(text_with("") + HEADER.strip() + ",more\n" + "1,C1,2024-01-01,1.5,x,,\n" * 50)
    with pytest.raises(MalformedTable, match="line 102"):
        read(path)


@pytest.mark.parametrize(
    ("first", "last", "reasons"),
    [
        ("", "Total,,,9999,,\n", ["total"]),
        ("", ",Grand total,,9999,,\n", ["total"]),
        ("", "Solde final au 31/01/2024,,,9999,,\n", ["total"]),
        ("", ",,,,,\nEdité le 31 janvier,,,,,\n", ["footer", "footer"]),
        (
            "",
            "\nSTATEMENT SUMMARY :-,,,,,\nOpening,Count,Debits,Credits,x,\n9000,30,1,2,3,\n",
            ["footer"] * 3,
        ),
        (",,(JJ/MM/AAAA),(EUR),,\n", "", ["units"]),
        ("n°,code,jj/mm/aaaa,FCFA,texte libre,\n", "", ["units"]),
        ("int,text,date,EUR,,\n", "Somme :,,,9999,,\n", ["units", "total"]),
    ],
)
def test_totals_and_units_are_no_rows(tmp_path: Path, first: str, last: str, reasons: list[str]) -> None:
    """A line of units under the header and totals at the end are set apart, in memory and in chunks alike."""
    path = tmp_path / "t.csv"
    path.write_text(text_with(first, at=0) + last)
    table = read(path)
    assert table.frame.height == ROWS
    assert [one.reason for one in table.report.set_aside] == reasons
    assert table.report.columns == ()
    with chunks.open_chunked(path, tmp_path, source="t", limits=ReadLimits(999, 9)) as opened:
        assert pl.concat(list(opened.chunks())).equals(table.frame)
        assert opened.report.set_aside == table.report.set_aside


def test_the_ends_of_a_long_file(tmp_path: Path) -> None:
    """Totals, units and a second header are found without reading all of a long regular file."""
    rows = "".join(f"{i},C{i},2024-01-{1 + i % 28:02},{i}.5,x,y\n" for i in range(5000))
    path = tmp_path / "t.csv"
    path.write_text(HEADER + "int,text,date,EUR,,\n" + rows + "Total,,,9999,,\n\n")
    with chunks.open_chunked(path, tmp_path, source="t", limits=ReadLimits(9999, 9)) as opened:
        assert opened.report.set_aside == read(path).report.set_aside
        assert [(one.line, one.reason) for one in opened.report.set_aside] == [(2, "units"), (5003, "total")]
        assert opened.rows == sum(piece.height for piece in opened.chunks()) == 5000
    for end in ("Total,,,9999,,", "Total,,,9999,,\nEdité le 31 janvier,,,,,"):
        path.write_text(HEADER + rows + end)
        table = read(path)
        with chunks.open_chunked(path, tmp_path, source="t", limits=ReadLimits(9999, 9)) as opened:
            assert len(opened.report.set_aside) == len(end.splitlines())
            assert opened.report.set_aside == table.report.set_aside
            assert pl.concat(list(opened.chunks())).equals(table.frame)
    path.write_text((HEADER + rows) * 2)
    with chunks.open_chunked(path, tmp_path, source="t", limits=ReadLimits(99999, 9)) as opened:
        assert [(one.line, one.reason) for one in opened.report.set_aside] == [(5002, "header")]
        assert opened.rows == sum(piece.height for piece in opened.chunks()) == 10_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Sous-total C{n},,,{n},,", "total"),
        ("C{n} Total,,,{n},,", "total"),
        (",Total octobre,,{n},,", "total"),
        (",,Subtotal,{n},,", "total"),
        ("Total for C{n},,,{n},,", "total"),
        ("{n},SALDO DO DIA,2024-01-05,,z,", "total"),
        (",Solde reporté,,{n},,", "total"),
        (",Balance brought forward,,{n},,", "total"),
        ("Suma y sigue,,,{n},,", "total"),
        (",,,{sum:.1f},,", "total"),
        ("Page {n} / 3,,,,,", "page"),
        ("x,Total octobre,2024-01-31,{sum:.1f},z,", "total"),
        ("x,Subtotal,2024-01-31,{sum:.1f},z,", "total"),
        ("Agence Nord :,,,,,", "heading"),
        ("-----,------,------,-----,---,", "ruler"),
    ],
)
def test_totals_between_the_rows_are_no_rows(tmp_path: Path, line: str, reason: str) -> None:
    """Of groups, days and pages, named or not, in memory and in chunks; merchants of the same name are rows."""
    rows = [
        f"{i},{'TOTAL' if i % 9 == 0 else 'Shop'},2024-01-{1 + i % 28:02},{i}.5,z{i % 7}," for i in range(60)
    ]
    at = (20, 40, 55)
    sums = (
        sum(float(row.split(",")[3]) for row in rows[low:n]) for low, n in zip((0, 20, 40), at, strict=True)
    )
    lines = list(rows)
    for n, total in reversed(list(zip(at, sums, strict=True))):
        lines.insert(n, line.format(n=n, sum=total))
    path = tmp_path / "t.csv"
    path.write_text("id,name,date,amount,note,\n\n" + "\n".join(lines) + "\n")
    table = read(path)
    assert table.frame["amount"].to_list() == [row.split(",")[3] for row in rows]
    assert [(one.line, one.reason) for one in table.report.set_aside] == [
        (n + 3 + i, reason) for i, n in enumerate(at)
    ]
    with chunks.open_chunked(path, tmp_path, source="t", limits=ReadLimits(999, 9)) as opened:
        assert pl.concat(list(opened.chunks())).equals(table.frame)
        assert opened.report.set_aside == table.report.set_aside


@pytest.mark.parametrize(
    "line", [",1", "Total Wines,1", "Dupont 3,", "Shop 24 x,,,", "C9 Total,2024-01-01,9", ",,30"], ids=str
)
def test_a_row_that_lacks_cells_is_a_row(tmp_path: Path, line: str) -> None:
    """Also where its number is that of another row, or its only text begins as those of others do."""
    width = line.count(",") + 1
    rows = [
        ",".join(f"Shop {i % 7} x" if place == 0 else f"{place}" for place in range(width)) for i in range(12)
    ]
    path = tmp_path / "t.csv"
    path.write_text(
        "\n".join([",".join(f"c{place}" for place in range(width)), *rows[:6], line, line, *rows[6:]]) + "\n"
    )
    assert read(path).frame.height == 14


@pytest.mark.parametrize("name", ["Total Station 4", "TOTAL", "Subtotal Inc", "Opening balance"])
def test_a_name_of_complete_rows_is_no_total(tmp_path: Path, name: str) -> None:
    """Also of rows that lack a cell which the others have."""
    rows = [
        f"{i},{name if i % 5 == 0 else 'Shop'},{'' if i == 25 else '2024-01-01'},{i}.5\n" for i in range(60)
    ]
    path = tmp_path / "t.csv"
    path.write_text("id,name,date,amount\n" + "".join(rows))
    assert read(path).frame.height == 60


@pytest.mark.parametrize("kinds", [("total", "partial"), ("Opening balance transfer", "Closing balance fee")])
def test_a_value_of_a_column_is_no_total(tmp_path: Path, kinds: tuple[str, str]) -> None:
    """Rows at either end that are like the others stay, whatever their words; a total below them is set aside."""
    path = tmp_path / "t.csv"
    rows = "".join(f"{i},{kinds[i % 2]},{i}.5,{'note' if i % 3 else ''}\n" for i in range(41))
    path.write_text(f"id,kind,amount,note\n{rows}Total,,820,\n")
    table = read(path)
    assert table.frame.height == 41
    assert [(line.line, line.reason) for line in table.report.set_aside] == [(43, "total")]


@pytest.mark.parametrize("below", ["9,8\n", "a text\n", "\n9,8\n\nmore, text\n"])
def test_a_total_keeps_its_number_above_lines_that_are_set_aside(tmp_path: Path, below: str) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"2024-01-{1 + i % 28:02d},A{i},{i}.5,n{i}\n" for i in range(40))
    path.write_text(f"date,client,amount,note\n{rows}Total,,820,x\n{below}")
    lines = path.read_text().splitlines()
    found = read(path).report.set_aside
    assert found[0].line == 42
    assert [line.text for line in found] == [lines[line.line - 1] for line in found]


def test_totals_of_groups_and_of_all_are_found_by_their_sums(tmp_path: Path) -> None:
    """None has a word. In time that grows with their number: a report of some years has thousands."""
    path, groups = tmp_path / "t.csv", 3000
    lines = ["date,client,label,amount"]
    for group in range(groups):
        lines += [f"2024-01-0{i + 1},C{group % 97},achat,{group + i}.5" for i in range(4)]
        lines.append(f",,,{4 * group + 8}")
    lines.append(f",,,{2 * groups * (groups - 1) + 8 * groups}")
    path.write_text("\n".join(lines) + "\n")
    table = read(path)
    assert table.frame.height == 4 * groups
    assert len(table.report.set_aside) == groups + 1


def test_a_total_is_written_with_the_separator_of_the_file(tmp_path: Path) -> None:
    """So that its cells are separated where they hold a decimal comma."""
    path = tmp_path / "t.csv"
    rows = "".join(f"{i};C{i};{i},5\n" for i in range(ROWS))
    path.write_text("id;client;montant\n" + rows + "Total;;9999,5\n")
    assert [one.text for one in read(path).report.set_aside] == ["Total;;9999,5"]


def test_set_aside_lines_are_written(tmp_path: Path) -> None:
    """Number, reason and text of each line, beside the predictions."""
    path = tmp_path / "t.csv"
    path.write_text(text_with("=1,C1\n"))
    lines = read(path).report.set_aside
    target = write_set_aside(lines, tmp_path / "out.csv.gz")
    assert target == tmp_path / "out.set-aside.csv"
    assert target.read_text() == 'line,reason,text\n52,cells,"\'=1,C1"\n'
    assert write_set_aside(lines, "-") is None
    assert write_set_aside((), tmp_path / "other.csv") is None
    assert not (tmp_path / "other.set-aside.csv").exists()


def test_a_file_without_a_header_is_read(tmp_path: Path) -> None:
    """The columns get names of their own, and the report says so; strict reading refuses it."""
    path = tmp_path / "t.csv"
    path.write_text(text_with("").removeprefix(HEADER))
    table = read(path)
    assert table.frame.columns == [f"column_{i}" for i in range(1, 7)]
    assert (table.frame.height, table.report.header_line) == (ROWS, 0)
    with pytest.raises(MalformedTable, match="values where the names"):
        read(path, options=ReadOptions(strict=True))
    path.write_text("Export\nby,me\n" + text_with(""))
    assert read(path, options=ReadOptions(header_row=3)).frame.columns == HEADER.strip().split(",")
