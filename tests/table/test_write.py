"""The upload comes back as it was, with our columns after its own."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from vigie.errors import InputRefused, NotFound, UnwritableOutput, UsageRefused
from vigie.table import from_frame, read, write

ADDITIONS = pl.DataFrame(
    {
        "fraud_score": [0.5, 0.12345678, 1e-6],
        "fraud_probability": [None, 1.0, 0.0],
        "alert": [1, 0, 0],
        "reasons": ["a; b", None, "c"],
    }
)


def test_separator_and_decimal_mark_are_those_of_the_upload(write_bytes, tmp_path):
    """French in, French out, with the mark that Excel needs for accents; foreign numbers stay as they were."""
    path = write_bytes(
        "t.csv", 'id;montant;nom\n1;"1 234,50";é\n2;2.5;=1+1\n3;;"a;b"\n'.encode("windows-1252")
    )
    write(read(path), ADDITIONS, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().decode("utf-8") == (
        "\ufeffid;montant;nom;fraud_score;fraud_probability;alert;reasons\n"
        '1;1 234,50;é;0,5;;1;"a; b"\n'
        "2;2.5;=1+1;0,123457;1;0;\n"
        '3;;"a;b";0,000001;0;0;c\n'
    )


@pytest.mark.parametrize(
    ("data", "bom"), [(b"a,b\n1,2\n", False), (b"\xef\xbb\xbfa,b\n1,2\n", True), (b"a;b\n1;2\n", True)]
)
def test_byte_order_mark(write_bytes, tmp_path, data, bom):
    """Written when the upload had one, and for semicolons."""
    write(read(write_bytes("t.csv", data)), ADDITIONS.head(1), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf") is bom


def test_a_name_that_begins_with_the_mark_keeps_it(write_bytes, tmp_path):
    """Where the header is not the first line: read as the mark of the file, the name would be another."""
    table = read(write_bytes("t.csv", "payments of May\n\n\ufeffid,amount\n1,2\n3,4\n".encode()))
    write(table, ADDITIONS.head(2), tmp_path / "out.csv")
    assert table.frame.columns == read(tmp_path / "out.csv").frame.columns[:2] == ["\ufeffid", "amount"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＠x"])
def test_only_our_cells_are_made_safe(tmp_path, cell):
    """No cell of ours is a formula; the upload's are the user's."""
    table = from_frame(pl.DataFrame({"theirs": [cell]}))
    write(table, pl.DataFrame({"ours": [cell], "safe": ["a=b"]}), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == [cell, "'" + cell, "a=b"]


def test_a_name_that_is_taken_gets_a_suffix(tmp_path):
    """Neither the upload nor the additions lose a column, whatever the case of its name."""
    table = from_frame(pl.DataFrame({"Fraud_Score": [1], "fraud_score_2": [2]}))
    write(table, pl.DataFrame({"fraud_score": [0.5], "fraud_score_3": [0.1]}), tmp_path / "out.csv")
    assert read(tmp_path / "out.csv").frame.columns == [
        "Fraud_Score",
        "fraud_score_2",
        "fraud_score_3",
        "fraud_score_3_2",
    ]


def test_rows_must_match():
    """Additions that do not line up are a bug of ours."""
    with pytest.raises(ValueError, match="2 rows"):
        write(from_frame(pl.DataFrame({"a": [1]})), pl.DataFrame({"b": [1, 2]}), "-")


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet", "out.tsv"])
def test_same_input_same_bytes(tmp_path, name):
    """No time, no random name and no order of threads in the output; an older file is replaced."""
    table = from_frame(pl.DataFrame({"a": ["x", "", "é"], "n": [1, None, 3]}))
    written = []
    for _ in range(2):
        write(table, ADDITIONS, tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert [path.name for path in tmp_path.glob("*out*")] == [name]
    assert not list(tmp_path.glob(".*"))


def test_gzip(write_bytes, tmp_path):
    """The same text, compressed."""
    table = read(write_bytes("t.csv", b"a,b\n1,2\n"))
    write(table, ADDITIONS.head(1), tmp_path / "out.csv")
    write(table, ADDITIONS.head(1), tmp_path / "out.csv.gz")
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == (tmp_path / "out.csv").read_bytes()


def test_parquet_keeps_native_types(tmp_path):
    """Types of the upload are untouched; our decimals are rounded."""
    frame = pl.DataFrame(
        {"n": [1, 2, 3], "day": [datetime(2024, 5, 1)] * 3, "t": ["=1", None, ""]},
        schema_overrides={"n": pl.Int8, "day": pl.Datetime("ms", "Europe/Paris")},
    )
    write(from_frame(frame), ADDITIONS, tmp_path / "out.parquet")
    result = pl.read_parquet(tmp_path / "out.parquet")
    assert_frame_equal(result.select(frame.columns), frame)
    assert result["fraud_score"].to_list() == [0.5, 0.123457, 1e-6]


def test_typed_uploads_become_plain_csv(tmp_path):
    """A Parquet upload written as CSV has commas, points and ISO dates."""
    frame = pl.DataFrame(
        {
            "x": [1.5, None],
            "when": [datetime(2024, 5, 1, 12, 30, 0, 250000), None],
            "zoned": pl.Series([datetime(2024, 5, 1)] * 2, dtype=pl.Datetime("us", "Europe/Paris")),
            "day": pl.Series([datetime(2024, 5, 1)] * 2).cast(pl.Date),
            "flag": [True, False],
            "text": ["", None],
        }
    )
    write(from_frame(frame), pl.DataFrame({"s": [0.25, float("nan")]}), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (
        "x,when,zoned,day,flag,text,s\n"
        "1.5,2024-05-01T12:30:00.250,2024-05-01T02:00:00+02:00,2024-05-01,true,,0.25\n"
        ",,2024-05-01T02:00:00+02:00,2024-05-01,false,,\n"
    )


def test_stdout(capsysbinary):
    """A dash writes CSV to stdout."""
    write(from_frame(pl.DataFrame({"a": ["é"]})), pl.DataFrame({"s": [0.5]}), "-")
    assert capsysbinary.readouterr().out == "a,s\né,0.5\n".encode()


def test_unwritable_outputs(tmp_path):
    """A bad place for the result is refused and leaves nothing behind."""
    table, ours = from_frame(pl.DataFrame({"a": [1]})), pl.DataFrame({"s": [0.5]})
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageRefused, match="folder"):
        write(table, ours, tmp_path / "folder.csv")
    with pytest.raises(UsageRefused, match=r"expected \.csv"):
        write(table, ours, tmp_path / "out.xlsx")
    with pytest.raises(NotFound):
        write(table, ours, tmp_path / "absent" / "out.csv")
    if Path("/proc").is_dir():
        with pytest.raises(UnwritableOutput):
            write(table, ours, "/proc/vigie-out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet"])
def test_a_failure_keeps_the_old_file(tmp_path, monkeypatch, name):
    """A full disk leaves the earlier result whole and no half of the new one."""
    target = tmp_path / name
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnwritableOutput, match="No space left"):
        write(from_frame(pl.DataFrame({"a": [1]})), pl.DataFrame({"s": [0.5]}), target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]


def test_a_link_is_followed(tmp_path):
    """Writing to a link replaces what it points to."""
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write(from_frame(pl.DataFrame({"a": [1]})), pl.DataFrame({"s": [0.5]}), tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "a,s\n1,0.5\n"


_CELL = st.text(
    st.one_of(st.sampled_from("\",;\t|\n\r =+-@é'"), st.characters(exclude_categories=["Cs", "Cc"])),
    max_size=10,
)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=5),
    separator=st.sampled_from(",;\t|"),
    name=st.sampled_from(["out.csv", "out.csv.gz", "out.parquet"]),
)
def test_the_upload_survives_the_round_trip(tmp_path_factory, rows, separator, name):
    """Upload, predictions, and the predictions read again: no cell of the upload has changed."""
    folder = Path(tmp_path_factory.mktemp("trip"))
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator).writerows([("premier", "second"), *rows])
    (folder / "in.csv").write_bytes(buffer.getvalue().encode())
    table = read(folder / "in.csv")
    # Cells may be made that say they are a balance, in a row that is none; the others keep their order.
    left, records = iter(rows), table.frame.rows()
    assert all(row in left for row in records)
    assert len(records) + len(table.report.set_aside) == len(rows)
    write(table, pl.DataFrame({"s": [0.5] * len(records)}), folder / name)
    again = read(folder / name)
    assert again.frame.select("premier", "second").rows() == records
    assert again.frame.columns == ["premier", "second", "s"]


NAME = st.text(st.sampled_from(list("abAB12 _-.,;:'\"\t|éß中=+@#()[]{}%&/\\\n")), min_size=0, max_size=8)


@settings(max_examples=150, deadline=None)
@given(names=st.lists(NAME, min_size=2, max_size=6), separator=st.sampled_from([",", ";", "\t"]))
def test_hostile_headers_come_back(tmp_path_factory, names, separator):
    """What Vigie accepts and writes, it reads again: the same names in the file, the same cells."""
    folder = tmp_path_factory.mktemp("headers")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(names)
    for i in range(12):
        writer.writerow([f"c{i}", *(f"{i}.{j}" for j in range(len(names) - 1))])
    (folder / "t.csv").write_text(out.getvalue(), "utf-8")
    try:
        table = read(folder / "t.csv")
    except InputRefused:
        return
    if table.report.header_line != 1 or table.frame.width != len(names):
        return
    write(table, pl.DataFrame({"fraud_score": [0.5] * table.frame.height}), folder / "out.csv")
    again = read(folder / "out.csv")
    assert again.frame.drop("fraud_score").rows() == table.frame.rows()
    first, second = (found.dialect.names or tuple(found.frame.columns) for found in (table, again))
    assert second == (*first, "fraud_score")
