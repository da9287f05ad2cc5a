"""Cells and names of any length: read as they are, and shown shortened."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from vigie.cli.commands import cli
from vigie.errors import MalformedTable
from vigie.i18n.messages import msg, shorten
from vigie.roles.name_parser import parse_name
from vigie.table import chunks, read
from vigie.table.options import ReadLimits, ReadOptions

LONG = "x" * 200_000
"""Longer than the limit of Python's csv module."""
ROWS = "".join(f"2026-01-{1 + day % 28:02d},{day},ok\n" for day in range(60))


def with_stray_quotes(cell: str) -> bytes:
    return f'time,amount,note\n2026-01-01,5,a "b" c\n2026-01-02,6,{cell}\n{ROWS}'.encode()


@pytest.mark.parametrize("cell", [LONG, f'{LONG}"y', f'"{LONG}"', f'"{LONG}\n{LONG}"'])
def test_a_long_cell_is_read_beside_stray_quotes(write_bytes, tmp_path, cell):
    """Such a file goes through Python's csv module, in memory and in pieces."""
    path = write_bytes("t.csv", with_stray_quotes(cell))
    frame = read(path).frame
    expected = cell.strip('"') if cell.startswith('"') else cell
    assert frame["note"][:2].to_list() == ['a "b" c', expected]
    with chunks.open_chunked(path, tmp_path, source="t.csv", limits=ReadLimits()) as table:
        assert next(table.chunks())["note"][1] == expected


def test_a_line_that_does_not_fit_is_named_whatever_its_length(write_bytes):
    """Not as a quote that is not closed."""
    with pytest.raises(MalformedTable, match="line 63: found 2 cells"):
        read(
            write_bytes("t.csv", f'a,b,c\n1,a "x" y,2\n{ROWS}{LONG},2\n'.encode()),
            options=ReadOptions(strict=True),
        )


def test_a_quote_that_stays_open_over_a_long_text_is_named(write_bytes):
    """In the header and in a row."""
    for data in (f'a,"b\n1,{LONG}\n', f'a,b\n1,2\n3,"{LONG}\n5,6\n'):
        with pytest.raises(MalformedTable, match="a quote that is not closed"):
            read(write_bytes("t.csv", data.encode()), options=ReadOptions(strict=True))


def test_long_column_names_are_shortened_in_messages_and_reports(write_bytes, tmp_path, monkeypatch):
    """Refused twice by a message of a few hundred characters, scored with a report of a few thousand."""
    name = "montant" * 20_000
    with pytest.raises(MalformedTable) as caught:
        read(write_bytes("t.csv", f"time,{name},{name}\n{ROWS}".encode()), options=ReadOptions(strict=True))
    assert len(str(caught.value)) < 600
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    path = write_bytes("one.csv", f"time,amount,{name}\n{ROWS}".encode())
    done = CliRunner().invoke(cli, ["predict", str(path), "-o", str(tmp_path / "out.csv")])
    assert done.exit_code == 0
    assert len(done.output) < 6_000
    assert (tmp_path / "out.csv").read_text().startswith(f"time,amount,{name},")


def test_a_name_is_read_by_its_beginning():
    """Its length does not decide how long that takes."""
    assert parse_name("montant_" * 100_000).concepts == parse_name("montant_" * 20).concepts


def test_shortened_texts_keep_beginning_and_end():
    """A message among the values is never cut."""
    assert shorten("abcdefghij", 10) == "abcdefghij"
    assert shorten("abcdefghijk", 8) == "abcde…jk"
    inner = msg("{a}", a="y" * 299)
    assert str(msg("{one} {two}", one=msg("{b} {c}", b=inner, c=inner), two="z" * 500)).count("y") == 598
