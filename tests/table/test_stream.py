"""A table in pieces is the table that `read` gives: cells, types and refusals."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from vigie.engine.backends import spill
from vigie.errors import MalformedTable, TableTooLarge, UnreadableTable
from vigie.table import chunks, read
from vigie.table.options import ReadLimits, ReadOptions
from vigie.table.parsing.column_parsers import candidate_parsers

ROWS = 1000


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that small files have many."""
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 64)
    monkeypatch.setattr(chunks, "_READ", 50)


def french(separator: str = ";") -> str:
    lines = [separator.join(["date", "montant", "client", "ok"])]
    for i in range(ROWS):
        cell = '"Durand; fils"' if i % 7 == 0 else f"Société {i % 9}"
        lines.append(
            separator.join(
                [
                    f"{1 + i % 28:02}/{1 + i % 12:02}/2026 10:{i % 60:02}",
                    f"{i},{i % 90:02}",
                    cell,
                    "oui" if i % 3 else "non",
                ]
            )
        )
    return "\n".join(lines) + "\n"


def written(tmp_path: Path, name: str) -> Path:
    text = french()
    path = tmp_path / name
    match name:
        case "latin.csv":
            path.write_bytes(text.encode("windows-1252"))
        case "wide.csv":
            path.write_bytes(text.encode("utf-16"))
        case "packed.csv.gz":
            path.write_bytes(gzip.compress(text.encode()))
        case "quotes.csv":
            path.write_bytes(text.replace("Société 1", 'So"ciété 1').encode())
        case "marks.csv":
            header, *lines = text.splitlines(keepends=True)
            joined = ["\ufeff", header, *lines[:500], "\ufeff", header, *lines[500:]]
            path.write_bytes("".join(joined).encode())
        case "carets.csv":
            path.write_bytes(french("^").encode())
        case "blanks.csv":
            path.write_bytes(text.replace("\n", "\n\n").encode())
        case "rows.parquet":
            pl.read_csv(text.encode(), separator=";").write_parquet(path)
        case _:
            path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "name",
    [
        "plain.csv",
        "latin.csv",
        "wide.csv",
        "packed.csv.gz",
        "quotes.csv",
        "blanks.csv",
        "marks.csv",
        "carets.csv",
        "rows.parquet",
    ],
)
def test_the_same_cells(tmp_path: Path, name: str) -> None:
    """Whatever the encoding, the packing and the quotes, and as often as it is asked."""
    path = written(tmp_path, name)
    whole = read(path)
    with chunks.open_chunked(path, tmp_path, source=name, limits=ReadLimits(ROWS, 9)) as table:
        assert table.rows == ROWS
        assert table.columns == tuple(whole.frame.columns)
        for _ in range(2):
            pieces = list(table.chunks())
            assert {piece.height for piece in pieces[:-1]} == {64}
            assert pl.concat(pieces).equals(whole.frame)
        if whole.dialect is not None and table.dialect is not None:
            assert (table.dialect.encoding, table.dialect.separator, table.dialect.bom) == (
                whole.dialect.encoding,
                whole.dialect.separator,
                whole.dialect.bom,
            )


def test_the_same_types(tmp_path: Path) -> None:
    """Read piece by piece by what some rows proposed, each column says what it says as a whole."""
    whole = read(written(tmp_path, "plain.csv"))
    ways, mark = candidate_parsers(whole.frame.gather_every(9), comma_by_default=True)
    assert mark == ","
    for name in whole.frame.columns:
        parts = [ways[name][0].parse(piece[name]) for piece in whole.frame.iter_slices(64)]
        assert all(part is not None for part in parts), name
        assert pl.concat([part.values for part in parts if part is not None]).equals(whole.typed[name]), name


@pytest.mark.parametrize(
    ("proposed", "then", "kinds"),
    [
        (["1", "2", "3"], ["4", "x7"], ["numbers", "numbers", "numbers~", "numbers~", "text"]),
        (["1", "2", "3"], ["4.5"], ["numbers", "numbers", "numbers~", "numbers~", "text"]),
        (["yes", "no"], ["maybe"], ["flags", "text"]),
        (["yes", "no", "?"], ["maybe"], ["flags", "text"]),
        (["01/02/2026", "02/03/2026"], ["25/03/2026"], ["dates", "dates", "dates~", "dates~", "text"]),
        (["2026-01-01", "2026-01-02"], ["soon"], ["dates", "dates~", "text"]),
        (["10:30", "11:45"], ["25:99"], ["clock", "clock~", "text"]),
        (["1030", "0945"], ["2599"], ["clock", "clock~", "text"]),
    ],
)
def test_a_piece_objects(proposed: list[str], then: list[str], kinds: list[str]) -> None:
    """The next parser is tried where a piece objects; the tolerant ones (~) leave cells out, and text reads all."""
    ways = candidate_parsers(
        pl.DataFrame({"date" if "/" in proposed[0] else "time": proposed}), comma_by_default=False
    )[0]
    (parsers,) = ways.values()
    assert [parser.kind + "~" * parser.tolerant for parser in parsers] == kinds
    piece = pl.Series("x", then)
    objections = [parser.parse(piece) is None for parser in parsers]
    assert objections[-1] is False
    if then != ["25/03/2026"]:
        assert objections[0] is True
    assert all(parser.parse(pl.Series("x", ["", "NA"])) is not None for parser in parsers)


AMOUNTS = [f"{i % 97}.{i % 90:02}" for i in range(ROWS)]
MOMENTS = [f"{1 + i % 28:02}/{1 + i % 12:02}/2026 10:{i % 60:02}" for i in range(ROWS)]


def with_cells(cells: list[str], *, every: int, text: str) -> list[str]:
    """The cells with a text in some of them."""
    return [text if i % every == every // 2 else cell for i, cell in enumerate(cells)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Amount", with_cells(AMOUNTS, every=997, text="see note")),
        ("Amount", with_cells(AMOUNTS, every=13, text="see note")),
        ("Amount", with_cells(AMOUNTS, every=4, text="see note")),
        ("Amount", with_cells(AMOUNTS, every=6, text="—")),
        ("ratio", with_cells(AMOUNTS, every=30, text="see note")),
        ("ratio", with_cells(AMOUNTS, every=13, text="see note")),
        ("Montant", with_cells([c.replace(".", ",") for c in AMOUNTS], every=300, text="voir note")),
        ("count", with_cells([c[:-3] for c in AMOUNTS], every=300, text="many")),
        ("count", with_cells([c[:-3] for c in AMOUNTS], every=30, text="many")),
        ("account", with_cells([c[:-3] for c in AMOUNTS], every=300, text="A12")),
        ("Date", with_cells(MOMENTS, every=997, text="Pending")),
        ("Date", with_cells(MOMENTS, every=15, text="31/02/2026 10:00")),
        ("Date", with_cells(MOMENTS, every=5, text="later")),
        ("seen", with_cells(MOMENTS, every=50, text="later")),
        ("Heure", with_cells([m[-5:] for m in MOMENTS], every=40, text="midi")),
    ],
)
def test_pieces_are_typed_by_share_as_the_whole_is(tmp_path: Path, name: str, cells: list[str]) -> None:
    """The same values and the same report of the cells that were left out, in memory and piece by piece."""
    table = pl.DataFrame({name: cells, "client": [f"C{i % 9}" for i in range(ROWS)]})
    path = tmp_path / "table.csv"
    table.write_csv(path)
    whole = read(path)
    with chunks.open_chunked(path, tmp_path, source="x", limits=ReadLimits(ROWS, 9)) as opened:
        rows, _ = spill.spill_stream(opened, tmp_path / "typed")
    typed = pl.read_parquet(tmp_path / "typed").select(table.columns)
    assert typed.equals(whole.typed)
    assert rows.report.columns == whole.report.columns


def test_refusals(tmp_path: Path) -> None:
    """As `read` has them: too long, joined files, gzip that was cut."""
    path = written(tmp_path, "plain.csv")
    with (
        pytest.raises(TableTooLarge),
        chunks.open_chunked(path, tmp_path, source="x", limits=ReadLimits(9, 9)),
    ):
        pass
    joined = tmp_path / "joined.csv"
    joined.write_text(french() + french())
    with (
        pytest.raises(MalformedTable, match=r"line 1002.*header again"),
        chunks.open_chunked(
            joined, tmp_path, source="x", limits=ReadLimits(5000, 9), options=ReadOptions(strict=True)
        ),
    ):
        pass
    with chunks.open_chunked(joined, tmp_path, source="x", limits=ReadLimits(5000, 9)) as table:
        assert table.rows == 2 * ROWS
        assert [(one.line, one.reason) for one in table.report.set_aside] == [(1002, "header")]
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(written(tmp_path, "packed.csv.gz").read_bytes()[:-20])
    with (
        pytest.raises(UnreadableTable),
        chunks.open_chunked(cut, tmp_path, source="x", limits=ReadLimits(9, 9)),
    ):
        pass
