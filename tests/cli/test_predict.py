"""`vigie predict` and `vigie match`, whole: streams, files, languages, options, and every bad input of a table."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.waiting import LIMIT

from vigie.cli.commands import cli

pytestmark = pytest.mark.usefixtures("home_with_catalog")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mobile_money_fr.csv"
NEW = ["fraud_score", "fraud_probability", "anomaly_score", "agreement", "risk_level", "alert", "reasons"]
ROWS = 150


def vigie(*arguments: object, stdin: bytes | None = None) -> Result:
    """Runs the command in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The first rows of the example: enough to be scored, few enough to be quick."""
    path = tmp_path / "opérations.csv"
    path.write_bytes(b"".join(EXAMPLE.read_bytes().splitlines(keepends=True)[: ROWS + 1]))
    return path


def cells(data: bytes) -> list[list[str]]:
    """The cells of a CSV like the example."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))


def test_the_upload_comes_back_with_seven_columns(table: Path, tmp_path: Path) -> None:
    """Same columns, rows and order; the report on stdout names the file, and shows no cell."""
    result = vigie("predict", table, "-o", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    before, after = cells(table.read_bytes()), cells((tmp_path / "out.csv").read_bytes())
    assert [row[:13] for row in after] == before
    assert after[0][13:] == NEW
    assert result.stderr == ""
    for word in (
        "What the columns mean",
        "Montant (FCFA)",
        "similarity",
        "suspicious",
        "out.csv",
        f"{ROWS} rows",
    ):
        assert word in result.stdout
    for row in before[1:]:
        assert row[0] not in result.stdout
        assert row[3] not in result.stdout
    assert all(len(line) <= 100 and line == line.rstrip() for line in result.stdout.splitlines())


def test_in_french(table: Path, tmp_path: Path) -> None:
    """The report and the reasons speak French, numbers included."""
    result = vigie("predict", table, "-o", tmp_path / "out.csv", "--lang", "fr", "--alert-budget", "5")
    assert result.exit_code == 0, result.output
    for word in (
        "Ce que veulent dire les colonnes",
        "similarité 0,",
        "Que faire",
        "5 lignes à examiner",
        "Écrit",
    ):
        assert word in result.stdout
    assert "le nom dit" in result.stdout
    for english in ("What", "rows", "similarity", "name says"):
        assert english not in result.stdout


def test_streams_are_kept_apart(table: Path) -> None:
    """As a real process: CSV alone on stdout, the report on stderr, table from stdin, no escape codes in a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "vigie", "predict", "-", "-o", "-"],
        input=table.read_bytes(),
        capture_output=True,
        timeout=LIMIT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr.decode()
    found = cells(done.stdout)
    assert len(found) == ROWS + 1
    assert found[0][13:] == NEW
    assert "What to do" in done.stderr.decode()
    assert b"\x1b[" not in done.stdout + done.stderr


def test_the_summary_as_json(table: Path, tmp_path: Path) -> None:
    """`--json` prints the summary and nothing else."""
    result = vigie("predict", table, "-o", tmp_path / "out.csv.gz", "--json", "--top", "2", "--no-reasons")
    assert result.exit_code == 0, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    assert summary["rows"] == ROWS
    assert len(summary["matches"]) <= 2
    assert len(summary["top"]) == 10
    assert not any(row["reasons"] for row in summary["top"])
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()).count(b"\r\n") >= 0
    assert len(cells(gzip.decompress((tmp_path / "out.csv.gz").read_bytes()))) == ROWS + 1


def test_the_same_seed_gives_the_same_bytes(table: Path, tmp_path: Path) -> None:
    """Two runs, one file."""
    for name in ("a.csv", "b.csv"):
        assert vigie("predict", table, "-o", tmp_path / name, "--seed", 7).exit_code == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(("budget", "alerts"), [("7", 7), ("10%", 15), ("0,02", 3)])
def test_an_alert_budget_is_kept(table: Path, tmp_path: Path, budget: str, alerts: int) -> None:
    """Rows or a share of them, with a point or a comma."""
    result = vigie("predict", table, "-o", tmp_path / "out.parquet", "--alert-budget", budget, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["alerts"] == alerts
    assert pl.read_parquet(tmp_path / "out.parquet")["alert"].sum() == alerts


def test_a_role_the_user_knows(table: Path, tmp_path: Path) -> None:
    """What is said with --role holds, and an ignored column is said to be unused."""
    result = vigie("match", table, "--role", "amount=Solde avant", "--role", "none=Ville", "--json")
    found = {column["column"]: column["role"] for column in json.loads(result.stdout)["roles"]}
    assert found["Solde avant"] == "amount"
    assert found["Ville"] == "none"
    reported = vigie("match", table, "--role", "none=Ville").stdout
    assert "Not used: Ville" in reported


def test_match_shows_every_point(table: Path) -> None:
    """Each point of a similarity has its evidence, and they add up."""
    summary = json.loads(vigie("match", table, "--json").stdout)
    for match in summary["matches"]:
        assert sum(reason["points"] for reason in match["evidence"]) == pytest.approx(
            match["similarity"], abs=0.002
        )
    reported = vigie("match", table).stdout
    assert "of the same type" in reported
    assert "suspicious" not in reported


def test_where_nothing_matches(table: Path, tmp_path: Path) -> None:
    """Vigie abstains from probabilities, says so, and still ranks."""
    result = vigie("predict", table, "-o", tmp_path / "out.csv", "--min-similarity", "1")
    assert result.exit_code == 0, result.output
    assert "No reference model is similar enough" in result.stdout
    assert "No probabilities" in result.stdout
    at = NEW.index("fraud_probability") + 13
    assert {row[at] for row in cells((tmp_path / "out.csv").read_bytes())[1:]} == {""}


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    """The report gives the names that are really in the file."""
    lines = EXAMPLE.read_text("utf-8-sig").splitlines()[:60]
    clash = [lines[0] + ";Alert;alert_2", *(f"{line};1;2" for line in lines[1:])]
    path = tmp_path / "in.csv"
    path.write_text("\n".join(clash), "utf-8")
    result = vigie("predict", path, "-o", tmp_path / "out.csv")
    assert result.exit_code == 0, result.output
    head = cells((tmp_path / "out.csv").read_bytes())[0]
    assert "alert_3" in head
    assert "alert_3" in result.stdout


GOOD = EXAMPLE.read_text("utf-8-sig").splitlines()[:40]
SECRET = "jeanne.martin@example.org"


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("t.csv", b"", 3, "an empty file"),
        ("t.csv", GOOD[0].encode(), 3, "a header and no rows"),
        ("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 3, "a PNG image"),
        ("t.csv", bytes(range(1, 256)) * 8, 3, "binary data"),
        ("t.csv.gz", b"a,b\n1,2\n", 3, "not gzip"),
        ("t.parquet", b"PAR1 and no more", 3, "cannot be read"),
        ("t.xlsx", b"not a workbook", 3, "found text, not a workbook"),
        ("t.docx", b"PK\x03\x04", 3, "the extension '.docx'"),
        (
            "t.csv",
            ("id,pays\n" + "".join(f"{i},SN\n" for i in range(30))).encode(),
            3,
            "no column that says anything",
        ),
    ],
)
def test_bad_tables(tmp_path: Path, name: str, data: bytes, code: int, words: str) -> None:
    """Refused with exit code 3, naming file and line, with a hint, without a cell, and nothing is written."""
    (tmp_path / name).write_bytes(data)
    result = vigie("predict", tmp_path / name, "-o", tmp_path / "out.csv")
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert name in result.stderr
    assert "hint: " in result.stderr
    assert SECRET not in result.output
    assert result.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "vigie-home") == [name]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a,b\n1,2\n" + SECRET.encode() + b"\n", "line 3: found 1 cell"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "a quote that is not closed"),
    ],
)
def test_a_bad_line_is_refused_where_strict(tmp_path: Path, data: bytes, words: str) -> None:
    """Otherwise it is set aside."""
    (tmp_path / "t.csv").write_bytes(data)
    result = vigie("predict", tmp_path / "t.csv", "-o", tmp_path / "out.csv", "--strict")
    assert result.exit_code == 3, result.output
    assert words in result.stderr
    assert SECRET not in result.output
    assert not (tmp_path / "out.csv").exists()


def test_limits(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of the settings hold, for rows and for columns."""
    for setting, unit in (("VIGIE_MAX_ROWS", "150 rows"), ("VIGIE_MAX_COLUMNS", "13 columns")):
        with monkeypatch.context() as patch:
            patch.setenv(setting, "5")
            result = vigie("predict", table, "-o", tmp_path / "out.csv")
        assert result.exit_code == 3
        assert f"found {unit}, expected at most 5" in result.stderr


def test_places_that_cannot_be(table: Path, tmp_path: Path) -> None:
    """No such input, no such folder, a folder, the input itself, by whatever name."""
    link = tmp_path / "link.csv"
    link.symlink_to(table)
    before = table.read_bytes()
    for source, output, code, words in (
        (tmp_path / "absent.csv", tmp_path / "out.csv", 4, "no file 'absent.csv'"),
        (tmp_path, tmp_path / "out.csv", 3, "a folder"),
        (table, tmp_path / "no" / "out.csv", 4, "no folder"),
        (table, tmp_path, 2, "it is a folder"),
        (table, table, 2, "is the input itself"),
        (table, link, 2, "is the input itself"),
    ):
        result = vigie("predict", source, "-o", output)
        assert (result.exit_code, words in result.stderr) == (code, True), result.output
    assert table.read_bytes() == before


def test_columns_and_roles_that_do_not_exist(table: Path, tmp_path: Path) -> None:
    """The nearest names are offered."""
    result = vigie("predict", table, "-o", tmp_path / "out.csv", "--role", "amount=Montant")
    assert result.exit_code == 3
    assert "Montant (FCFA)" in result.stderr
    result = vigie("match", table, "--role", "amuont=Frais")
    assert result.exit_code == 4
    assert "the nearest roles: amount" in result.stderr


def test_what_was_not_understood_is_reported(table: Path, tmp_path: Path) -> None:
    """Cells and lines in the report and in --json, the text of the lines beside the output; --strict refuses the file."""
    lines = table.read_bytes().decode("utf-8-sig").splitlines()
    cells = lines[7].split(";")
    cells[5] = "voir note"
    dirty = tmp_path / "dirty.csv"
    cut = ";".join(lines[8].split(";")[:2])
    dirty.write_text("\n".join([*lines[:7], ";".join(cells), *lines[8:], cut]) + "\n", "utf-8")
    found = vigie("predict", dirty, "-o", tmp_path / "out.csv", "--json")
    assert found.exit_code == 0, found.output
    read = json.loads(found.stdout)["read"]
    assert read["columns"][0]["unreadable"] == {"count": 1, "first_rows": [7]}
    assert (read["set_aside"]["count"], read["set_aside"]["first_lines"]) == (1, [ROWS + 2])
    with (tmp_path / "out.set-aside.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["line", "reason", "text"], [str(ROWS + 2), "cells", cut]]
    reported = vigie("match", dirty, "--lang", "fr").output
    assert "n'est pas un nombre, à la ligne 7" in reported
    assert "mise à part" in reported
    refused = vigie("predict", dirty, "-o", tmp_path / "out.csv", "--strict")
    assert refused.exit_code == 3
    assert f"line {ROWS + 2}" in refused.output


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ("Datum|Částka\n01/02/2024|1,5\n".encode("cp852"), ["--encoding", "cp852", "--separator", "|"]),
        ("x;y;z\nfoo;bar\nDatum;Částka\n01/02/2024;1,5\n".encode(), ["--header-row", "3", "--decimal", ","]),
    ],
)
def test_the_format_of_the_file_can_be_stated(tmp_path: Path, data: bytes, options: list[str]) -> None:
    """What is found out wrongly is said by an option."""
    path = tmp_path / "t.csv"
    rows = data.splitlines(keepends=True)
    path.write_bytes(b"".join(rows) + b"".join(rows[-1:]).replace(b"1,5", b"2,5") * 9)
    found = vigie("match", path, "--json", *options)
    assert found.exit_code == 0, found.output
    assert [role["column"] for role in json.loads(found.stdout)["roles"]] == ["Datum", "Částka"]
