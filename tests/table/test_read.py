"""Every cell of an upload arrives as it was written."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigie.errors import InputRefused, UnreadableTable
from vigie.table import encoding, read

FRENCH = (
    "référence;date;montant;motif\n1;03/04/2024;1 234,50;épicerie\n2;25/12/2024;-12,5;«\u202fcafé\u202f»\n"
)


@pytest.mark.parametrize(
    ("codec", "name", "bom"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", True),
        ("utf-16", "utf-16-le", True),
        ("utf-16-le", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", False),
        ("utf-32", "utf-32-le", True),
    ],
)
def test_unicode_encodings_give_the_same_table(write_bytes, codec, name, bom):
    """UTF-8, UTF-16 and UTF-32 are distinguished by their mark, and UTF-16 also by its zeros."""
    table = read(write_bytes("achats.csv", FRENCH.encode(codec)))
    assert table.frame.columns == ["référence", "date", "montant", "motif"]
    assert table.frame["motif"].to_list() == ["épicerie", "«\u202fcafé\u202f»"]
    assert (table.dialect.encoding, table.dialect.bom) == (name, bom)
    assert (table.dialect.separator, table.dialect.decimal) == (";", ",")


@pytest.mark.parametrize(("codec", "text"), [("windows-1252", "café €"), ("iso-8859-1", "café \x81")])
def test_single_byte_encodings(write_bytes, codec, text):
    """What is not UTF-8 is Windows-1252, or Latin-1 where Windows-1252 has no such byte."""
    table = read(write_bytes("t.csv", f"nom,n\n{text},1\n".encode(codec)))
    assert table.frame.rows() == [(text, "1")]
    assert table.dialect.encoding == codec


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(write_bytes, separator):
    """The separator is the one that splits the header and the rows alike."""
    text = "\n".join(separator.join(row) for row in (["a", "b", "c"], ["1.5", "x y", "2"], ["2.5", "z", "3"]))
    table = read(write_bytes("t.csv", text.encode()))
    assert table.dialect.separator == separator
    assert table.frame.rows() == [("1.5", "x y", "2"), ("2.5", "z", "3")]


def test_decimal_commas_do_not_pass_for_separators(write_bytes):
    """Every row has a comma and a semicolon; only one of them is in the header."""
    table = read(write_bytes("t.csv", b"lieu;montant\nA;1,5\nB;2,5\n"))
    assert table.dialect.separator == ";"
    assert table.typed["montant"].to_list() == [1.5, 2.5]


def test_a_french_table(write_bytes):
    """Decimal commas, spaces between thousands, days before months, oui and non."""
    text = (
        "N° opération;Date;Montant;Solde;Carte présente;Code postal\r\n"
        "1;03/04/2024 08:15;1\u202f234,50;10\u00a0000,00;oui;01000\r\n"
        "2;25/12/2024 23:59;-12,5;9 987,50;non;75011\r\n"
    )
    table = read(
        write_bytes("releve.csv", text.encode("windows-1252", errors="replace").replace(b"?", b"\xa0"))
    )
    assert [str(dtype) for dtype in table.typed.dtypes] == [
        "Int64",
        "Datetime(time_unit='us', time_zone=None)",
        "Float64",
        "Float64",
        "Boolean",
        "String",
    ]
    assert table.typed["Montant"].to_list() == [1234.5, -12.5]
    assert table.typed["Solde"].to_list() == [10000.0, 9987.5]
    assert [str(day) for day in table.typed["Date"]] == ["2024-04-03 08:15:00", "2024-12-25 23:59:00"]
    assert table.typed["Carte présente"].to_list() == [True, False]


def test_quoted_line_breaks_and_quotes(write_bytes):
    """A quoted cell may hold separators, line breaks and doubled quotes."""
    table = read(write_bytes("t.csv", b'a,"b\nb"\n"1,\r\n2","say ""hi"""\n"",x\n'))
    assert table.frame.columns == ["a", "b\nb"]
    assert table.frame.rows() == [("1,\r\n2", 'say "hi"'), ("", "x")]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        pytest.param(b'a,b\n5" pipe,1\nx,2\n', [('5" pipe', "1"), ("x", "2")], id="stray quote"),
        pytest.param(b"a,b\r1,2\r3,4\r", [("1", "2"), ("3", "4")], id="old Mac"),
        pytest.param(b'a,b\r\n"1\r2",2\r\n3,4', [("1\r2", "2"), ("3", "4")], id="CR in a cell"),
        pytest.param(b"a,b\n1,2\n\n\n3,4\n\n", [("1", "2"), ("3", "4")], id="blank lines"),
        pytest.param(b"\n\r\n\na,b\n1,2\n", [("1", "2")], id="blank lines first"),
        pytest.param(b"sep=;\r\na;b\r\n1,5;2\r\n", [("1,5", "2")], id="sep="),
        pytest.param(b"a,b\n,\n , x \n", [("", ""), (" ", " x ")], id="empty cells"),
        pytest.param(b"a\n1\n\n3\n\n\n", [("1",), ("",), ("3",)], id="one column"),
        pytest.param(b'a\n1\n\n"3"" "\n\n\n', [("1",), ("",), ('3" ',)], id="one column, quoted"),
        pytest.param(b'a\nx"1\n\n3\n\n\n', [('x"1',), ("",), ("3",)], id="one column, stray quote"),
        pytest.param(b'a,b\n"1"" ",\n', [('1" ', "")], id="quote at the end"),
    ],
)
def test_odd_but_clear(write_bytes, data, rows):
    """Files that readers disagree about, where there is only one sensible reading."""
    assert read(write_bytes("t.csv", data)).frame.rows() == rows


def test_one_column(write_bytes):
    """A table without any separator is one column; it is written with commas."""
    table = read(write_bytes("t.csv", b"nom\nA\nB\n"))
    assert (table.frame.rows(), table.dialect.separator) == ([("A",), ("B",)], ",")


def test_an_index_column_may_have_no_name(write_bytes):
    """Data frames are often written with an unnamed index."""
    table = read(write_bytes("t.csv", b",a\n0,1\n"))
    assert table.frame.columns == ["column_1", "a"]
    assert table.report.renamed == ((1, "", "column_1"),)


def test_gzip_and_other_extensions(write_bytes):
    """Compressed and tab-separated files, whatever the case of the extension."""
    assert read(write_bytes("t.CSV.GZ", gzip.compress(b"a,b\n1,2\n"))).frame.rows() == [("1", "2")]
    assert read(write_bytes("t.tsv", b"a\tb\n1\t2\n")).frame.rows() == [("1", "2")]
    assert read(write_bytes("my.data.2024.csv", b"a,b\n1,2\n")).source == "my.data.2024.csv"


def test_stdin(monkeypatch):
    """A dash reads CSV from stdin."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    table = read("-")
    assert (table.source, table.frame.rows()) == ("stdin", [("1", "2")])


def test_workbook(write_workbook):
    """The first sheet with its own types; a column is judged by all its rows."""
    rows = [["id", "montant", "code"], *([i, i / 2, i] for i in range(1500)), [1500, None, "late text"]]
    table = read(write_workbook(rows))
    assert table.frame.height == 1501
    assert table.typed["montant"].to_list()[:3] == [0.0, 0.5, 1.0]
    assert table.frame["code"].to_list()[-1] == "late text"
    assert table.frame["code"].null_count() == 0
    assert table.dialect is None


def test_parquet(tmp_path):
    """Native types stay in the frame and become fewer in the typed columns."""
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]}, schema={"a": pl.Int8, "b": pl.Categorical})
    frame.write_parquet(tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table.frame.schema == frame.schema
    assert table.typed.schema == {"a": pl.Int64, "b": pl.String}


_CELL = st.text(
    st.one_of(
        st.sampled_from('",;\t|\n\r =é’\u00a0"'),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    max_size=12,
)
_ROWS = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(_CELL, min_size=width, max_size=width), min_size=1)
)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=_ROWS,
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    chunk=st.sampled_from([7, 64, encoding.CHUNK_BYTES]),
)
def test_any_text_survives(tmp_path_factory, rows, separator, quoting, codec, chunk):
    """Whatever the cells hold, they are read as they were written, also across the borders of chunks."""
    header = [f"colonne {number}" for number in range(len(rows[0]))]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, quoting=quoting).writerows([header, *rows])
    path = Path(tmp_path_factory.mktemp("any")) / "t.csv"
    path.write_bytes(buffer.getvalue().encode(codec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "CHUNK_BYTES", chunk)
        table = read(path)
    assert table.frame.columns == header
    assert table.frame.rows() == [tuple(row) for row in rows]
    assert table.typed.height == len(rows)


def test_json_lines(write_bytes):
    """One object a line; keys that are missing are empty cells."""
    table = read(
        write_bytes(
            "t.jsonl", b'{"id": "a", "montant": "1,50"}\n{"id": "b"}\n{"id": "c", "montant": "2,00"}\n'
        )
    )
    assert table.frame.columns == ["id", "montant"]
    assert table.typed["montant"].to_list() == [1.5, None, 2.0]
    with pytest.raises(UnreadableTable):
        read(write_bytes("u.jsonl", b"a,b\n1,2\n"))
    with pytest.raises(InputRefused):
        read(write_bytes("v.jsonl", b'{"id": {"x": 1}}\n'))
