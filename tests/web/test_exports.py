"""Exports: the same alerts in every format, verdicts, and cells of their type, read again with libraries."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.web import workbooks
from tests.web.conftest import Installation, upload

from vigie.app.tables import runs as runs_table
from vigie.cli.commands import cli
from vigie.db import database

ROWS = 300
HEADER = "Le;Client;Numéro;Montant;Prix;Heure;Note;Vu"
LINES = [
    f"{1 + i % 28:02d}/0{1 + i % 6}/2026;C{i % 17};{700_000 + i};{'' if i == 3 else f'{1 + i * 37 % 40} {i % 1000:03d},50'};"
    f"{i % 90},25 €;{i % 24:02d}:{i % 60:02d};{'N/A' if i % 50 == 0 else i % 7};2026-01-{1 + i % 28:02d} 10:{i % 60:02d}:00"
    for i in range(ROWS)
]
TABLE = "\n".join([HEADER, *LINES]) + "\n"


@pytest.fixture
def scored(here: Installation) -> tuple[Installation, str]:
    """A scored table in French style, with a proposed budget of 12."""
    body = {"upload_id": upload(here, text=TABLE), "budget": 12, "language": "fr"}
    answer = here.app.test_client().post("/api/v1/predictions", json=body, headers=here.token("ada"))
    here.work()
    return here, str(answer.get_json()["id"])


def _get(here: Installation, address: str, name: str = "ada") -> Any:
    answer = here.app.test_client().get(f"/api/v1/predictions/{address}", headers=here.token(name))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer


def _csv(here: Installation, run: str, more: str = "") -> pl.DataFrame:
    data = _get(here, f"{run}/result?format=csv{more}").data
    return pl.read_csv(io.BytesIO(data), separator=";", infer_schema=False)


def _alerts(here: Installation, run: str, more: str = "") -> dict[str, list[int]]:
    """Rows of the alerts, from 1, by where they are shown."""
    csv = _csv(here, run, more)
    parquet = pl.read_parquet(io.BytesIO(_get(here, f"{run}/result?format=parquet{more}").data))
    book = workbooks.read(_get(here, f"{run}/result?format=xlsx{more}").data)
    first, second = ([[cell.value for cell in row] for row in sheet] for sheet in book.values())
    place = second[0].index("alert")
    page = _get(here, f"{run}/rows?size=500").get_json()["rows"]
    found = {
        "csv": [i for i, alert in enumerate(csv["alert"], start=1) if alert == "1"],
        "parquet": [i for i, alert in enumerate(parquet["alert"], start=1) if alert],
        "sheet 1": sorted(int(str(row[0]).removesuffix(".0")) for row in first[1:]),
        "sheet 2": [number for number, row in enumerate(second[1:], start=1) if row[place]],
    }
    if not more:
        found["api"] = sorted(row["row"] for row in page if row["alert"])
    return found


def test_every_export_follows_the_budget_of_the_prediction(scored: tuple[Installation, str]) -> None:
    """As proposed, as set, and as asked for in the address."""
    here, run = scored
    for count, more in ((12, ""), (5, "&budget=5")):
        found = _alerts(here, run, more)
        assert {len(rows) for rows in found.values()} == {count}
        assert len({tuple(rows) for rows in found.values()}) == 1
    client, mate = here.app.test_client(), here.token("mate")
    kept = client.put(f"/api/v1/predictions/{run}/budget", json={"budget": 31}, headers=mate).get_json()
    assert (kept["budget"], kept["summary"]["alerts"]) == (31, 12)
    assert {len(rows) for rows in _alerts(here, run).values()} == {31}
    report = here.browser("ada").get(f"/runs/{run}/report.html").get_data(as_text=True)
    assert "31 lignes sont proposées" in report or "31 rows are proposed" in report


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.02, 0.02, "You stated that 2.0% of the rows are fraud."),
        (0.01, 0.6, "and at least 1.0%; the file gives no upper bound."),
        (0.01, 0.1, "(between 1.0% and 10%), estimated without labels."),
    ],
)
def test_the_report_names_the_source_of_the_share_of_fraud(
    scored: tuple[Installation, str], low: float, high: float, text: str
) -> None:
    """In the words of the results page: a given share is not called an estimate."""
    here, run = scored
    summary = dict(here.services.predictions.find(here.users["ada"], run).summary or {})
    summary["prevalence"] = {"estimate": 0.02, "low": low, "high": high}
    with database.writing(here.services.engine) as connection:
        connection.execute(sa.update(runs_table).where(runs_table.c.id == run).values(summary=summary))
    assert text in here.browser("ada").get(f"/runs/{run}/report.html?lang=en").get_data(as_text=True)


@pytest.mark.parametrize(("name", "status"), [("viewer", 403), ("bob", 404)])
def test_a_budget_is_set_by_analysts_of_the_team(
    scored: tuple[Installation, str], name: str, status: int
) -> None:
    """A viewer may read; another team sees nothing."""
    here, run = scored
    answer = here.app.test_client().put(
        f"/api/v1/predictions/{run}/budget", json={"budget": 3}, headers=here.token(name)
    )
    assert answer.status_code == status


@pytest.mark.parametrize("budget", [-1, ROWS + 1, 2.5, "many", None])
def test_a_budget_outside_the_table_is_refused(scored: tuple[Installation, str], budget: object) -> None:
    """From no row to all rows."""
    here, run = scored
    answer = here.app.test_client().put(
        f"/api/v1/predictions/{run}/budget", json={"budget": budget}, headers=here.token("ada")
    )
    assert answer.status_code in {400, 422}


def test_a_csv_keeps_every_cell_as_it_was_uploaded(scored: tuple[Installation, str]) -> None:
    """Each line begins with the line of the upload."""
    here, run = scored
    lines = _get(here, f"{run}/result").data.decode("utf-8-sig").splitlines()
    assert [line.startswith(before) for line, before in zip(lines, TABLE.splitlines(), strict=True)] == [
        True
    ] * (ROWS + 1)


def test_parquet_and_workbook_hold_numbers_and_dates(scored: tuple[Installation, str]) -> None:
    """Text stays text: times of day, and a column in which a number is missing stays whole in Parquet."""
    here, run = scored
    parquet = pl.read_parquet(io.BytesIO(_get(here, f"{run}/result?format=parquet").data))
    assert parquet.schema["Le"] == pl.Date
    assert isinstance(parquet.schema["Vu"], pl.Datetime)
    assert (parquet.schema["Montant"], parquet.schema["Prix"]) == (pl.Float64, pl.Float64)
    assert (parquet.schema["Client"], parquet.schema["Heure"], parquet.schema["Note"]) == (pl.String,) * 3
    assert parquet["Note"][50] == "N/A"
    assert (parquet["Montant"][1], parquet["Montant"][3], parquet["Prix"][2]) == (38_001.5, None, 2.25)
    book = workbooks.read(_get(here, f"{run}/result?format=xlsx&language=fr").data)
    assert list(book) == ["À examiner", "Toutes les lignes"]
    head, *rows = book["Toutes les lignes"]
    by_name = dict(zip([cell.value for cell in head], rows[1], strict=True))
    assert by_name["Le"].moment == datetime(2026, 2, 2)
    assert by_name["Le"].format == "dd/mm/yyyy"
    assert by_name["Vu"].moment == datetime(2026, 1, 2, 10, 1)
    assert (by_name["Montant"].value, by_name["Numéro"].value) == (38_001.5, 700_001)
    assert "€" in by_name["Prix"].format
    assert by_name["Heure"].value == "01:01"
    assert isinstance(by_name["fraud_score"].value, float)
    assert rows[50][[cell.value for cell in head].index("Note")].value == "N/A"
    assert by_name["Note"].value == 1


def test_verdicts_and_comments_are_in_every_export(scored: tuple[Installation, str]) -> None:
    """Who said what, when, and why; a comment needs a verdict, and goes with it."""
    here, run = scored
    client, ada, mate = here.app.test_client(), here.token("ada"), here.token("mate")
    where = f"/api/v1/predictions/{run}/marks"
    refused = client.put(where, json={"comments": {"5": "why?"}}, headers=ada)
    assert refused.status_code == 400
    client.put(where, json={"marks": {"5": "fraud", "10": "fine"}, "comments": {"5": "=cmd()"}}, headers=ada)
    reported = client.put(where, json={"comments": {"10": "a salary"}}, headers=mate).get_json()["marks"]
    assert [(mark["row"], mark["verdict"], mark["user_name"], mark["comment"]) for mark in reported] == [
        (5, "fraud", "ada", "=cmd()"),
        (10, "fine", "mate", "a salary"),
    ]
    names = ["verdict", "verdict_by", "verdict_at", "comment"]
    csv = _csv(here, run)
    assert csv.columns[-4:] == names
    assert csv.select("verdict", "verdict_by", "comment").row(4) == ("fraud", "ada", "'=cmd()")
    assert (
        datetime.fromisoformat(csv["verdict_at"][4]).date()
        == datetime.fromisoformat(reported[0]["at"]).date()
    )
    assert csv["verdict"].drop_nulls().len() == 2
    parquet = pl.read_parquet(io.BytesIO(_get(here, f"{run}/result?format=parquet").data))
    assert parquet.select("verdict", "verdict_by", "comment").row(9) == ("fine", "mate", "a salary")
    book = workbooks.read(_get(here, f"{run}/result?format=xlsx").data)
    described = book["All rows"][5][-4:]
    assert [described[0].value, described[1].value, described[3].value] == ["fraud", "ada", "=cmd()"]
    row = next(row for row in _get(here, f"{run}/rows?size=500").get_json()["rows"] if row["row"] == 10)
    assert (row["verdict"], row["verdict_by"], row["comment"]) == ("fine", "mate", "a salary")
    reported = client.put(where, json={"marks": {"5": None}}, headers=ada).get_json()["marks"]
    assert [mark["row"] for mark in reported] == [10]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_refine_reads_an_exported_table(
    scored: tuple[Installation, str], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`vigie refine` and `vigie suggest` take the verdicts from the file; the result columns are written anew."""
    here, run = scored
    rows = _get(here, f"{run}/rows?size=10").get_json()["rows"]
    marks = {str(row["row"]): "fraud" if i % 2 else "fine" for i, row in enumerate(rows)}
    here.app.test_client().put(
        f"/api/v1/predictions/{run}/marks", json={"marks": marks}, headers=here.token("ada")
    )
    exported, better = tmp_path / f"exported.{kind}", tmp_path / "better.csv"
    exported.write_bytes(_get(here, f"{run}/result?format={kind}").data)
    monkeypatch.setenv("VIGIE_HOME", str(here.settings.home))
    for more in ([], ["--labels", str(exported)]):
        done = CliRunner().invoke(cli, ["refine", str(exported), "-o", str(better), "--json", *more])
        assert done.exit_code == 0, done.output
        assert '"marks": 10' in done.stdout
        found = pl.read_csv(better, separator=";" if kind == "csv" else ",", infer_schema=False)
        assert found.height == ROWS
        assert "verdict" not in found.columns
    requested = CliRunner().invoke(cli, ["suggest", str(exported), "--json", "-n", "100"])
    assert requested.exit_code == 0, requested.output
    assert not {f'"row": {row},' for row in marks} & set(requested.stdout.split("\n"))


def test_reasons_are_in_the_requested_language(scored: tuple[Installation, str]) -> None:
    """Scored in French, exported in English, with the numbers of the table."""
    here, run = scored
    texts = {}
    for language in ("en", "fr"):
        csv = _csv(here, run, f"&language={language}")
        texts[language] = [text for text in csv["reasons"] if text]
    assert len(texts["en"]) == len(texts["fr"]) >= 10
    assert any("customer" in text for text in texts["en"])
    assert not any("customer" in text for text in texts["fr"])
    rows = _get(here, f"{run}/rows?size=10").get_json()["rows"]
    assert all({"feature"} <= set(fact) for row in rows for fact in row["facts"])
