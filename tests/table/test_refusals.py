"""What is refused, with its class, its line and a hint."""

from __future__ import annotations

import gzip
import zipfile

import polars as pl
import pytest

from vigie.errors import (
    InputRefused,
    MalformedTable,
    NotFound,
    TableTooLarge,
    UnreadableTable,
    UsageRefused,
    VigieError,
)
from vigie.table import chunks, encoding, from_frame, read
from vigie.table.options import ReadLimits, ReadOptions

STRICT = ReadOptions(strict=True)
GOOD = b"id,montant,note\n" + b"".join(b"%d,1.5,x\n" % i for i in range(5))


def packed(data: bytes) -> bytes:
    """Gzip without the time of day: the names of these tests are made of these bytes, in several processes."""
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"a,b\n1,2\n3\n", 3, "found 1 cell, expected 2"),
        (b"a,b\n1,2\n3,4,5\n", 3, "found 3 cells, expected 2"),
        (b'a,b\n"x\n\ny",2\n\n3,4,5\n', 6, "found 3 cells"),
        (b'a,b\r\n"x\r\ny",2\r\n3\r\n', 4, "found 1 cell"),
        (b'a,b\n5" pipe,2\n"x\ny",3\n4\n', 5, "found 1 cell"),
        (b"a,b\r1,2\r3\r", 3, "found 1 cell"),
        (b"\n\na,b\n1,2\n3\n", 5, "found 1 cell"),
        (b"sep=;\na;b\n1;2\n3\n", 4, "found 1 cell"),
        (b"a,b\n1,2,\n3,4,\n", 2, "found 3 cells"),
        (b"Export of May\n\na,b,c\n1,2,3\n4,5,6\n7,8,9\n", 1, "found 1 cell"),
        (b"a,b,a\n1,2,3\n", 1, "the name 'a' for both column 1 and column 3"),
        (b"a,,\n1,2,3\n", 1, "no name for both column 2 and column 3"),
        (b"1,2,3\n4,5,6\n", 1, "values where the names"),
        (b"C1,PAYMENT,9839.64\nC2,PAYMENT,1.5\n", 1, "values where the names"),
        (b"2024-05-01,x\n2024-05-02,y\n", 1, "values where the names"),
        (b"\nC1;12,50\nC2;3,00\n", 2, "values where the names"),
        (b'a,b\n1,2\n3,"4\n5,6\n', 3, "a quote that is not closed"),
        (b'a,b\n1,2\n"x\ny",1\n3,"4\n5,"6"\n7,8\n', 5, "a quote that is not closed"),
        (b'a,"b\n1,2\n', 1, "a quote that is not closed"),
        (b'a,b\n1,"x"y\n', 2, "a quote that is not closed"),
        (b"a,b\n1,2\n3,\x004\n", 3, "a NUL byte"),
        ("a,b\né,è\n1,2\nü,".encode() + b"\xe9\n", 4, "a byte that is not UTF-8"),
        ("a,b\né,1\n".encode("utf-16") + b"\x00", 3, "bytes that are not utf-16-le"),
        (b"a,b\n1,2\na,b\n3,4\n", 3, "the header again"),
        (b'a,b\n1,"2\n2"\na,b\n3,4\n', 4, "the header again"),
    ],
)
def test_lines_that_cannot_be_trusted(write_bytes, data, line, words):
    """A malformed table is refused at its line as an editor counts it."""
    with pytest.raises(MalformedTable) as caught:
        read(write_bytes("achats.csv", data), options=STRICT)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"achats.csv, line {line}: ")
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("chunk", [5, 16, 64])
def test_lines_are_counted_across_chunks(write_bytes, monkeypatch, chunk):
    """A large file is walked in pieces."""
    monkeypatch.setattr(encoding, "CHUNK_BYTES", chunk)
    data = b'a,b\n"x\ny",2\n' + b"1,2\n" * 20 + b'"z\n\n",2\n3,4,5\n6,7\n'
    with pytest.raises(MalformedTable) as caught:
        read(write_bytes("t.csv", data), options=STRICT)
    assert caught.value.line == 27


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.csv", b"", "an empty file"),
        ("t.csv", b"\n\r\n\n", "an empty file"),
        ("t.csv", b"\xef\xbb\xbf", "an empty file"),
        ("t.csv", b"a,b\n", "a header and no rows"),
        ("t.csv", b"a,b", "a header and no rows"),
        ("t.csv", b'a,5" b\n\n', "a header and no rows"),
        ("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image"),
        ("t.csv", b"PK\x03\x04\x14\x00", "a zip archive"),
        ("t.csv", b"%PDF-1.4\n", "a PDF"),
        ("t.csv", bytes(range(1, 256)) * 8, "binary data"),
        ("t.csv", packed(b"a,b\n1,2\n"), "gzip data"),
        ("t.csv.gz", packed(GOOD * 50)[:-20], "ends too early"),
        ("t.csv.gz", GOOD, "not gzip"),
        ("t.csv.gz", packed(GOOD)[:-8] + bytes(8), "not gzip"),
        ("t.csv.gz", packed(b""), "an empty file"),
        ("t.parquet", b"PAR1 and no more", "cannot be read"),
        ("t.parquet", GOOD, "cannot be read"),
        ("t.xlsx", GOOD, "text, not a workbook"),
        ("t.xlsx", b"PK\x03\x04\x14\x00", "cannot be read"),
        ("t.docx", b"PK\x03\x04", "the extension '.docx'"),
        ("t.zip", b"PK\x03\x04", "the extension '.zip'"),
        ("t.json", b'[{"a": 1}]', "JSON, not a table"),
        ("t.csv", b'"a,b"\n' + b'"1,""2"""\n' * 6, "lines that are quoted as a whole"),
        ("t.gz", packed(GOOD), "the extension '.gz'"),
        ("table", GOOD, "no extension"),
    ],
)
def test_not_a_table(write_bytes, name, data, words):
    """What is no table at all is refused by what it is."""
    with pytest.raises(UnreadableTable) as caught:
        read(write_bytes(name, data))
    assert words in caught.value.message
    assert name in caught.value.message
    assert caught.value.hint


def test_damaged_parquet(tmp_path):
    """A Parquet file cut short, or with its footer overwritten, is refused and never crashes."""
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": range(1000), "b": ["x" * 9] * 1000}).write_parquet(path)
    data = path.read_bytes()
    footer = int.from_bytes(data[-8:-4], "little")
    for damaged in (data[:-9], data[: len(data) // 2], data[: -8 - footer] + b"\x15" * footer + data[-8:]):
        path.write_bytes(damaged)
        with pytest.raises(UnreadableTable):
            read(path)
    path.write_bytes(b"\xff" * (len(data) - footer - 8) + data[-footer - 8 :])
    with pytest.raises(UnreadableTable):
        read(path)


def test_workbooks(write_workbook, tmp_path):
    """Workbooks follow the rules of the header, and need rows."""
    for rows in ([], [["a", "b"]]):
        with pytest.raises(UnreadableTable):
            read(write_workbook(rows))
    for rows in ([["a", "a"], [1, 2]], [[1.5, 2], [3, 4]], [["a", None, None], [1, 2, 3]]):
        with pytest.raises(MalformedTable) as caught:
            read(write_workbook(rows), options=STRICT)
        assert caught.value.line == 1
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("readme.txt", "not a workbook")
    with pytest.raises(UnreadableTable):
        read(tmp_path / "other.xlsx")


def test_nested_parquet_columns(tmp_path):
    """A list is not a cell."""
    pl.DataFrame({"id": [1], "items": [[1, 2]]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputRefused, match=r"t\.parquet, column 'items'"):
        read(tmp_path / "t.parquet")
    with pytest.raises(InputRefused, match="column 'raw'"):
        from_frame(pl.DataFrame({"raw": [b"x"]}))


def test_limits(write_bytes, write_workbook, tmp_path):
    """Rows, columns and bytes beyond the limits are refused in every format."""
    parquet = tmp_path / "t.parquet"
    pl.DataFrame({"id": range(5), "montant": [1.5] * 5, "note": ["x"] * 5}).write_parquet(parquet)
    workbook = write_workbook([["id", "montant", "note"], *([i, 1.5, "x"] for i in range(5))])
    stray = write_bytes("stray.csv", GOOD.replace(b"x", b'x"'))
    for path in (
        write_bytes("t.csv", GOOD),
        write_bytes("t.csv.gz", packed(GOOD)),
        stray,
        parquet,
        workbook,
    ):
        assert read(path, max_rows=5, max_columns=3).frame.shape == (5, 3)
        with pytest.raises(TableTooLarge, match="found 5 rows, expected at most 4"):
            read(path, max_rows=4)
        with pytest.raises(TableTooLarge, match="found 3 columns, expected at most 2"):
            read(path, max_columns=2)
        with pytest.raises(TableTooLarge, match="bytes"):
            read(path, max_bytes=20)
    workbook = write_workbook([["id"], *([7] for _ in range(1000))])
    with pytest.raises(TableTooLarge, match="bytes"):
        read(workbook, max_bytes=workbook.stat().st_size + 10)
    zipped = write_bytes("zeros.csv.gz", packed(b"a,b\n" + b"1,2\n" * 100_000))
    with pytest.raises(TableTooLarge):
        read(zipped, max_bytes=zipped.stat().st_size * 10)


def test_paths(tmp_path):
    """A missing file, a folder and a file without an extension."""
    with pytest.raises(NotFound):
        read(tmp_path / "absent.csv")
    with pytest.raises(UnreadableTable, match="a folder"):
        read(tmp_path)


def test_no_message_holds_a_cell(write_bytes):
    """Fraud tables hold personal data: messages give lines and counts only."""
    secret = b"jeanne.martin@example.org"
    for data in (b"a,b\n1,2\n" + secret + b"\n", b'a,b\n"' + secret + b",2\n", secret + b",1\nx,2\n"):
        with pytest.raises(VigieError) as caught:
            read(write_bytes("t.csv", data), options=STRICT)
        assert secret.decode() not in str(caught.value)


@pytest.mark.parametrize("chosen", ["utf-8", "ascii", "cp1253"])
def test_a_chosen_encoding_that_is_not_that_of_the_file_is_refused(write_bytes, chosen):
    """With the line of the first byte that is not of it, in memory and in chunks alike."""
    path = write_bytes("t.csv", b"id,client\n" + b"1,a\n" * 9 + b"2,\xff\n")
    options = ReadOptions(encoding=chosen)
    with pytest.raises(MalformedTable, match=f"line 11: found bytes that are not {chosen}"):
        read(path, options=options)
    with (
        pytest.raises(MalformedTable, match=f"line 11: found bytes that are not {chosen}"),
        chunks.open_chunked(path, path.parent, source="t", limits=ReadLimits(99, 9), options=options),
    ):
        pass


@pytest.mark.parametrize(
    "chosen",
    [{"encoding": "hex"}, {"encoding": "no"}, {"separator": ""}, {"separator": ";;"}, {"separator": '"'}],
)
def test_an_option_that_fits_no_file_is_refused(chosen):
    """An encoding of no text, and separators of no or several characters."""
    with pytest.raises(UsageRefused):
        ReadOptions(**chosen)
