"""Each hint names the cause: what it says is done, and the problem is gone."""

from __future__ import annotations

import ast
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from vigie import table as tables
from vigie.errors import TableTooLarge, UsageRefused, VigieError
from vigie.table import read
from vigie.table.options import ReadOptions

ROWS = "".join(f"{i},C{i},{i}.5\n" for i in range(9))
TABLE = "id,client,amount\n" + ROWS
NOISE = "".join(map(chr, range(0xA0, 0x100)))
FIXED = "Date        Cust   Amount\n" + "".join(f"2024-01-0{i}  C000{i}  {i}00.50\n" for i in range(1, 9))
STRICT = ReadOptions(strict=True)

CASES = Path(__file__).parent / "cases"


def parquet(rows: int = 3, *, nested: bool = False) -> bytes:
    """A Parquet file of so many rows."""
    out = io.BytesIO()
    frame = pl.DataFrame({"id": range(rows), "amount": [float(i) for i in range(rows)]})
    (frame.with_columns(tags=pl.lit([1])) if nested else frame).write_parquet(out)
    return out.getvalue()


def workbook() -> bytes:
    """A workbook with an empty sheet and one with a table."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.add_worksheet("Empty")
    sheet = book.add_worksheet("Table")
    for row, line in enumerate(TABLE.splitlines()):
        sheet.write_row(row, 0, line.split(","))
    book.close()
    return out.getvalue()


def zipped() -> bytes:
    """An archive with a table."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("t.csv", TABLE)
    return out.getvalue()


Mend = Callable[[Path, bytes], tuple[Path, ReadOptions]]


def rewritten(change: Callable[[bytes], bytes], name: str = "mended.csv") -> Mend:
    """Change the file as a hint says."""

    def mend(path: Path, data: bytes) -> tuple[Path, ReadOptions]:
        target = path.with_name(name)
        target.write_bytes(change(data))
        return target, STRICT if name.endswith(".csv") else ReadOptions()

    return mend


def with_options(**chosen: object) -> Mend:
    """Say what a hint asks for."""
    return lambda path, _: (path, ReadOptions(**chosen))  # type: ignore[arg-type]


REFUSALS: list[tuple[str, bytes, ReadOptions, str, Mend]] = [
    ("t.csv", b"Export of May\n\n" + TABLE.encode(), STRICT, "remove the lines above the header",
     rewritten(lambda data: data.split(b"\n\n", 1)[1])),
    ("t.csv", ROWS.encode(), STRICT, "add a line with the name of each column", rewritten(lambda data: b"id,client,amount\n" + data)),
    ("t.csv", b"a,b,a\n" + ROWS.encode(), STRICT, "rename or remove", rewritten(lambda data: data.replace(b"b,a", b"b,c"))),
    ("t.csv", (TABLE * 2).encode(), STRICT, "remove all headers but the first",
     rewritten(lambda data: data[: len(data) // 2] + data[len(data) // 2 :].split(b"\n", 1)[1])),
    ("t.csv", TABLE.replace("C3,3.5", "C3,3,5").encode(), STRICT, "quote cells that contain the separator",
     rewritten(lambda data: data.replace(b"3,5\n", b'"3,5"\n'))),
    ("t.csv", TABLE.replace("C3", '"C3').encode(), STRICT, "close the quote",
     rewritten(lambda data: data.replace(b'"C3', b'"C3"'))),
    ("t.csv", b'{"id": 1, "amount": 2}\n{"id": 2, "amount": 3}\n', STRICT, ".jsonl",
     rewritten(lambda data: data, "t.jsonl")),
    ("t.csv", FIXED.encode(), ReadOptions(), "export the table as CSV",
     rewritten(lambda data: b"\n".join(b",".join(line.split()) for line in data.splitlines()))),
    ("t.csv", b"".join(b'"%s"\n' % line for line in TABLE.encode().splitlines()), ReadOptions(), "remove the quotes at both ends of the lines",
     rewritten(lambda data: data.replace(b'"', b""))),
    ("t.txt", TABLE.replace(",", " ").encode(), ReadOptions(), "--separator, such as space", with_options(separator=" ")),
    ("t.csv", b"OFXHEADER:100\n<OFX>\n", ReadOptions(), "export the table as CSV", rewritten(lambda data: TABLE.encode())),
    ("t.zip", zipped(), ReadOptions(), "unpack the archive: the table is in it", rewritten(lambda data: zipfile.ZipFile(io.BytesIO(data)).read("t.csv"))),
    ("t.csv", TABLE.replace("C3", NOISE).encode("latin-1"), ReadOptions(), "--encoding",
     with_options(encoding="latin-1")),
    ("t.csv", TABLE.encode() + b"x,y\n" * 9, ReadOptions(), "quote cells that contain the separator",
     rewritten(lambda data: data.replace(b"x,y\n", b"x,,y\n"))),
    ("t.csv", TABLE.encode() + b"id,client,amount,more\n" + b"1,C,2,x\n" * 9, ReadOptions(), "save each table in a file of its own",
     rewritten(lambda data: data[: len(TABLE.encode())])),
    ("t.csv", TABLE.encode(), ReadOptions(header_row=3), "name its line with --header-row", with_options(header_row=1)),
    ("t.csv", TABLE.encode(), ReadOptions(header_row=900), "name another line with --header-row", with_options(header_row=1)),
    ("t.csv", TABLE.encode(), ReadOptions(separator=";"), "--separator", with_options(separator=",")),
    ("t.csv", TABLE.replace("C3", "Zoé").encode("cp1252"), ReadOptions(encoding="utf-8"), "--encoding", with_options(encoding="cp1252")),
    ("t.csv", TABLE.replace("C3", "Zoé é è ç").encode() + b"9,\xe9,1\n", ReadOptions(), "the file mixes encodings or was cut",
     rewritten(lambda data: data.replace(b"\xe9,1", "é,1".encode()))),
    ("t.csv", TABLE.replace("C3", "C\0").encode(), ReadOptions(), "the file is binary or damaged",
     rewritten(lambda data: data.replace(b"\0", b""))),
    ("t.csv", TABLE.replace("C", "\x01\x02").encode(), ReadOptions(), "save the file again as CSV in UTF-8",
     rewritten(lambda data: data.replace(b"\x01\x02", b"C"))),
    ("t.csv", b"", ReadOptions(), "export the table again, with its header", rewritten(lambda data: TABLE.encode())),
    ("t.csv", b"\n\n", ReadOptions(), "export the table again, with its header", rewritten(lambda data: TABLE.encode())),
    ("t.csv", b"id,client,amount\n", ReadOptions(), "export the table again, with its rows", rewritten(lambda data: TABLE.encode())),
    ("t.docx", b"x", ReadOptions(), "export the table as CSV", rewritten(lambda data: TABLE.encode())),
    ("t.csv.gz", gzip.compress(TABLE.encode())[:-9], ReadOptions(), "compress the file again",
     rewritten(lambda data: gzip.compress(TABLE.encode()), "mended.csv.gz")),
    ("t.csv.gz", TABLE.encode(), ReadOptions(), "name it .csv", rewritten(lambda data: data)),
    ("t.csv", parquet(), ReadOptions(), "give the file the extension of what it is", rewritten(lambda data: data, "mended.parquet")),
    ("t.csv", (CASES / "90_statement.xls").read_bytes(), ReadOptions(), "give the file the extension of what it is",
     rewritten(lambda data: data, "mended.xls")),
    ("t.parquet", parquet()[:-40], ReadOptions(), "export it again", rewritten(lambda data: parquet(), "mended.parquet")),
    ("t.parquet", parquet(rows=0), ReadOptions(), "with its rows", rewritten(lambda data: parquet(), "mended.parquet")),
    ("t.parquet", parquet(nested=True), ReadOptions(), "flatten or remove the column",
     rewritten(lambda data: parquet(), "mended.parquet")),
    ("t.xlsx", workbook()[:-90], ReadOptions(), "export it again", rewritten(lambda data: workbook(), "mended.xlsx")),
    ("t.xlsx", workbook(), ReadOptions(sheet="Nowhere"), "Empty", with_options(sheet="Table")),
    ("t.xlsx", workbook(), ReadOptions(sheet="Empty"), "choose another one with --sheet", with_options(sheet="2")),
    ("t.xlsx", workbook(), ReadOptions(sheet="Table", header_row=900), "--header-row", with_options(sheet="Table", header_row=1)),
    ("t.xls", TABLE.encode(), ReadOptions(), "give the file the extension .csv", rewritten(lambda data: data)),
    ("t.xls", b"<html><table><tr><td>id</td></tr></table></html>", ReadOptions(), "open it in a spreadsheet program",
     rewritten(lambda data: workbook(), "mended.xlsx")),
    ("t.csv", b"<?xml version='1.0'?>\n<rows>\n<row/>\n</rows>\n", ReadOptions(), "open it in a spreadsheet program",
     rewritten(lambda data: workbook(), "mended.xlsx")),
    ("t.jsonl", b'{"id": 1}\nnot json\n', ReadOptions(), "export the table again as JSON lines or CSV",
     rewritten(lambda data: data.replace(b"not json", b'{"id": 2}'), "mended.jsonl")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "options", "hint", "mend"),
    REFUSALS,
    ids=[case[3].replace(" ", "-") for case in REFUSALS],
)
def test_a_hint_mends_the_problem(
    tmp_path: Path, name: str, data: bytes, options: ReadOptions, hint: str, mend: Mend
) -> None:
    """The file is refused with this hint; mended as it says, it is read."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(VigieError) as caught:
        read(path, options=options)
    assert hint in caught.value.hint
    target, chosen = mend(path, data)
    assert read(target, options=chosen).frame.height >= 2


@pytest.mark.parametrize(
    ("limits", "hint", "raised"),
    [
        ({"max_rows": 5}, "VIGIE_MAX_ROWS", {"max_rows": 50}),
        ({"max_columns": 2}, "VIGIE_MAX_COLUMNS", {"max_columns": 3}),
        ({"max_bytes": 60}, "VIGIE_MAX_TABLE_BYTES", {"max_bytes": 600}),
    ],
)
def test_a_limit_names_its_setting(
    tmp_path: Path, limits: dict[str, int], hint: str, raised: dict[str, int]
) -> None:
    """The setting that a hint names is the one that refuses the table."""
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    with pytest.raises(TableTooLarge) as caught:
        read(path, **limits)
    assert hint in caught.value.hint
    assert read(path, **raised).frame.height == 9


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"encoding": "nope"}, {"encoding": "cp1250"}),
        ({"separator": ";;"}, {"separator": ";"}),
        ({"decimal": "x"}, {}),
    ],
)
def test_a_value_of_an_option_is_refused_with_one_that_will_do(
    wrong: dict[str, str], right: dict[str, str]
) -> None:
    """The example of the hint is accepted."""
    with pytest.raises(UsageRefused) as caught:
        ReadOptions(**wrong)  # type: ignore[arg-type]
    assert all(value in caught.value.hint for value in right.values())
    ReadOptions(**right)  # type: ignore[arg-type]


def test_every_hint_of_the_readers_is_tried() -> None:
    """A new hint of `vigie.table` needs a case here."""
    source = Path(tables.__file__).parent
    texts = {
        node.value
        for path in source.glob("*.py")
        if path.name not in _NOT_OF_READING
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.keyword | ast.Assign) and _is_hint(call)
        for node in ast.walk(call.value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
    }
    missing = {
        text for text in texts if not any(part in text for part in (*_TRIED, *(case[3] for case in REFUSALS)))
    }
    assert not missing


_NOT_OF_READING = {"atomic.py", "writing.py", "interchange.py", "options.py"}
_TRIED = (
    "VIGIE_MAX_",
    "delete the rows and columns after the table",
    "name one file in it",
    "check the name",
    "check its permissions",
)
"""Hints of other tests: limits, cells far outside (test_isolated), and paths (test_read)."""


def _is_hint(node: ast.keyword | ast.Assign) -> bool:
    names = (
        [node.arg or ""]
        if isinstance(node, ast.keyword)
        else [getattr(target, "id", "") for target in node.targets]
    )
    return any("hint" in name.lower() or name in {"_ADD_A_HEADER", "_SAVE_AS_UTF8"} for name in names)
