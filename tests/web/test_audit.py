"""The audit log in words: who did what to which file, filtered, in both languages, and as CSV."""

from __future__ import annotations

import csv
import html
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.web.conftest import Installation, upload

from vigie.app import uploads

HIDE = {"action": "hide", "conditions": [{"column": "kind", "operation": "is", "value": "a"}]}


@pytest.fixture
def used(here: Installation) -> Installation:
    """Ada scored and labelled two files, made a rule on one of them and switched it off; the viewer looked at it."""
    client, ada = here.app.test_client(), here.token("ada")
    for file in ("october.csv", "november.csv"):
        body = {"upload_id": upload(here, file=file)}
        run = client.post("/api/v1/predictions", json=body, headers=ada).get_json()["id"]
        here.work()
        marks = {"marks": {"8": "fraud"}} if file == "october.csv" else {"marks": {"1": "fine", "2": None}}
        client.put(f"/api/v1/predictions/{run}/marks", json=marks, headers=ada)
        client.get(f"/api/v1/predictions/{run}/rows", headers=here.token("viewer"))
        if file == "october.csv":
            rule = client.post("/api/v1/rules", json=HIDE | {"prediction_id": run}, headers=ada).get_json()
            client.patch(f"/api/v1/rules/{rule['id']}", json={"state": "off"}, headers=ada)
    return here


def words(here: Installation, **query: Any) -> list[str]:
    """Sentences of the exported log, newest first."""
    answer = here.browser("admin").get("/settings/audit.csv", query_string={"lang": "en", **query})
    assert answer.status_code == 200
    return [row[2] for row in csv.reader(io.StringIO(answer.get_data(as_text=True)))][1:]


def test_lines_name_the_user_the_action_and_the_file(used: Installation) -> None:
    """Rows by number, files and people by name, rules by number and never by value."""
    found = words(used)
    for sentence in (
        "ada uploaded october.csv",
        "ada scored october.csv",
        "ada marked row 8 of october.csv as fraud",
        "ada labelled 2 rows of november.csv",
        "ada made rule 1, which hides alerts",
        "ada set rule 1 to off",
        "viewer saw rows of october.csv",
    ):
        assert sentence in found
    page = used.browser("admin").get("/settings/audit?lang=fr").get_data(as_text=True)
    assert "Ada a marqué la ligne 8 de october.csv comme fraude" in html.unescape(page)


def test_lines_are_filtered_by_user_action_file_and_day(used: Installation) -> None:
    """Rules of a file are among the lines of the file; filters combine, and hold on the page as in the CSV."""
    assert set(words(used, actor="viewer@example.org")) == {
        "viewer saw rows of october.csv",
        "viewer saw rows of november.csv",
    }
    october = words(used, file="OCTO")
    assert "ada set rule 1 to off" in october
    assert not [one for one in october if "november" in one]
    assert words(used, file="october", action="mark") == ["ada marked row 8 of october.csv as fraud"]
    today = datetime.now(UTC).date()
    assert words(used, actor="ada@example.org", to=str(today - timedelta(days=1))) == []
    assert len(words(used, action="mark", **{"from": str(today - timedelta(days=1))})) == 2
    page = (
        used.browser("admin").get("/settings/audit?lang=en&file=october&action=mark").get_data(as_text=True)
    )
    assert page.count("marked row") == 1
    assert "labelled 2 rows" not in page


def test_a_deleted_file_has_lines_and_no_formula_is_exported(used: Installation) -> None:
    """The log outlives its files; a name that a spreadsheet would execute is text."""
    services, admin = used.services, used.users["admin"]
    for one in services.uploads.list_for(admin, limit=9):
        services.uploads.delete(admin, one.id)
        uploads.purge(services.engine, one.id)
    for name in ("=cmd()", "\n+cmd", "＝cmd"):
        services.audit.record(name, "sign in", "session")
    exported = words(used)
    assert all(f"'{name} signed in" in exported for name in ("=cmd()", "\n+cmd", "＝cmd"))
    assert "ada marked row 8 of a deleted file as fraud" in exported
    assert used.browser("ada").get("/settings/audit.csv").status_code == 403
