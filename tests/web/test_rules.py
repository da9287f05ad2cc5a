"""Rules in the web app: one set of alerts everywhere, trials, states, teams, and what is logged."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from tests.web import workbooks
from tests.web.conftest import Installation, csrf, upload

from vigie.app.cases.tables import case_alerts
from vigie.app.tables import audit, runs
from vigie.db import database

ROWS = 240
HEADER = "when,customer,receiver,amount\n"
RENAMED = "date,client,to,montant\n"


def table(header: str, month: int = 1) -> str:
    """Payments; receivers R0 to R6, and an employer who pays large amounts."""
    return header + "".join(
        f"2026-{month:02d}-{1 + i % 28:02d} {i % 24:02d}:10:00,C{i % 17},"
        f"{'EMPLOYER-' + str(i % 3) if i % 20 == 0 else 'R' + str(i % 7)},{90_000 + i if i % 20 == 0 else 10 + i * 37 % 400}\n"
        for i in range(ROWS)
    )


def score(here: Installation, text: str, **options: Any) -> str:
    """Run of a table."""
    body = {"upload_id": upload(here, text=text), "budget": 20, **options}
    answer = here.app.test_client().post("/api/v1/predictions", json=body, headers=here.token("ada"))
    here.work()
    return str(answer.get_json()["id"])


@pytest.fixture
def scored(here: Installation) -> tuple[Installation, str]:
    """A table with a budget of 20 rows."""
    return here, score(here, table(HEADER), language="fr")


def call(here: Installation, path: str, body: Any = None, name: str = "ada", method: str = "POST") -> Any:
    """JSON of a request to the API."""
    client, headers = here.app.test_client(), here.token(name)
    if body is None:
        return client.get(f"/api/v1/{path}", headers=headers).get_json()
    return client.open(f"/api/v1/{path}", method=method, json=body, headers=headers).get_json()


def hide(run: str, value: str = "EMPLOYER-*", **more: Any) -> dict[str, Any]:
    """A rule that hides receivers."""
    operation = "like" if "*" in value else "is"
    conditions = [{"column": "receiver", "operation": operation, "value": value}]
    return {"prediction_id": run, "action": "hide", "conditions": conditions, **more}


def rows(here: Installation, run: str, more: str = "") -> list[dict[str, Any]]:
    """Rows of the API."""
    found: list[dict[str, Any]] = call(here, f"predictions/{run}/rows?size=500{more}")["rows"]
    return found


def alerts(here: Installation, run: str) -> dict[str, list[int]]:
    """Rows of the alerts, from 1, wherever alerts are shown."""
    client, headers = here.app.test_client(), here.token("ada")

    def download(kind: str) -> bytes:
        return client.get(f"/api/v1/predictions/{run}/result?format={kind}", headers=headers).data

    book = workbooks.read(download("xlsx"))
    first, second = ([[cell.value for cell in row] for row in sheet] for sheet in book.values())
    csv, parquet = pl.read_csv(io.BytesIO(download("csv"))), pl.read_parquet(io.BytesIO(download("parquet")))
    report = here.browser("ada").get(f"/runs/{run}/report.html?lang=en").get_data(as_text=True)
    listed = re.findall(r'<tr><td class="number">(\d+)</td>', report)
    found = {
        "api": [row["row"] for row in rows(here, run) if row["alert"]],
        "api at the budget": [row["row"] for row in rows(here, run, "&budget=20")],
        "csv": [n for n, alert in enumerate(csv["alert"], 1) if alert],
        "parquet": [n for n, alert in enumerate(parquet["alert"], 1) if alert],
        "sheet 1": [int(str(row[0]).removesuffix(".0")) for row in first[1:]],
        "sheet 2": [n for n, row in enumerate(second[1:], 1) if row[second[0].index("alert")]],
        "report": [int(number) for number in listed],
    }
    return {place: sorted(numbers) for place, numbers in found.items()}


def test_every_export_page_and_report_has_the_alerts_that_rules_leave(
    scored: tuple[Installation, str],
) -> None:
    """Hidden and added rows are the same everywhere, and their reasons say why, in the reader's language."""
    here, run = scored
    before = alerts(here, run)
    scores = [row["fraud_score"] for row in rows(here, run)]
    assert {place for place, numbers in before.items() if numbers != before["csv"]} == set()
    salaries = {n for n in range(1, ROWS + 1) if (n - 1) % 20 == 0}
    assert salaries & set(before["csv"])
    last = next(row for row in reversed(rows(here, run)) if row["row"] not in salaries)
    call(here, "rules", hide(run))
    added = [{"column": "receiver", "operation": "is", "value": last["cells"]["receiver"]},
             {"column": "amount", "operation": "at_most", "value": float(last["cells"]["amount"])}]  # fmt: skip
    call(here, "rules", hide(run) | {"action": "alert", "conditions": added})
    after = alerts(here, run)
    assert {place for place, numbers in after.items() if numbers != after["csv"]} == set()
    assert not salaries & set(after["csv"])
    assert last["row"] in after["csv"]
    assert [row["fraud_score"] for row in rows(here, run)] == scores
    counted = call(here, f"predictions/{run}/rules")
    assert counted["alerts"] == len(after["csv"]) == 20 - counted["hidden"] + counted["added"]
    assert call(here, f"predictions/{run}/reviewed")["alerts"] == counted["alerts"]
    hidden = next(row for row in rows(here, run) if row["row"] in salaries & set(before["csv"]))
    assert "pas d'alerte par la règle 1\u00a0: receiver est de la forme EMPLOYER-*" in hidden["reasons"]
    assert (
        "alerte par la règle 2"
        in next(row for row in rows(here, run) if row["row"] == last["row"])["reasons"]
    )
    client = here.app.test_client()
    path = f"/api/v1/predictions/{run}/result?format=csv&language=en"
    csv = pl.read_csv(io.BytesIO(client.get(path, headers=here.token("viewer")).data))
    assert "no alert by rule 1: receiver matches EMPLOYER-*" in csv["reasons"][hidden["row"] - 1]
    assert csv["reasons"].str.contains("by rule").sum() == counted["hidden"] + counted["added"]


def test_a_rule_is_tried_counted_in_shadow_applied_and_switched_off(scored: tuple[Installation, str]) -> None:
    """Only a rule that is on changes alerts; a trial says what is marked fraud."""
    here, run = scored
    before = alerts(here, run)["csv"]
    hidden = [n for n in before if (n - 1) % 20 == 0]
    marks = {str(hidden[0]): "fraud", str(hidden[1]): "fine"}
    call(here, f"predictions/{run}/marks", {"marks": marks}, method="PUT")
    trial = call(here, "rules/try", hide(run))["trials"]
    assert [(one["changed"], one["frauds"], one["legitimate"]) for one in trial] == [(len(hidden), 1, 1)]
    assert call(here, "rules")["rules"] == []
    stored = call(here, "rules", hide(run, state="shadow"))
    assert alerts(here, run)["csv"] == before
    effect = call(here, f"predictions/{run}/rules")
    assert (effect["hidden"], effect["rules"][0]["changed"]) == (0, len(hidden))
    call(here, f"rules/{stored['id']}", {"state": "on"}, method="PATCH", name="mate")
    assert alerts(here, run)["csv"] == [n for n in before if n not in hidden]
    call(here, f"rules/{stored['id']}", {"state": "off"}, method="PATCH")
    assert alerts(here, run)["csv"] == before


def test_a_rule_may_be_about_days_and_first_times_in_time(scored: tuple[Installation, str]) -> None:
    """Both need the times of the rows, whatever the order of the file."""
    here, run = scored
    late = [{"column": "when", "operation": "at_least", "value": "2026-01-20"}]
    by_row = {row["row"]: row["cells"] for row in rows(here, run)}
    trial = call(here, "rules/try", hide(run) | {"conditions": late})["trials"][0]
    assert trial["matched"] == sum(cells["when"] >= "2026-01-20" for cells in by_row.values())
    new = [
        {"column": "receiver", "operation": "is", "value": "R3"},
        {"column": "receiver", "operation": "new"},
    ]
    call(here, "rules", hide(run) | {"action": "alert", "conditions": new})
    first: dict[str, tuple[str, int]] = {}
    for number, cells in by_row.items():
        if cells["receiver"] == "R3":
            key = cells["customer"]
            first[key] = min(first.get(key, ("9", 0)), (cells["when"], number))
    found = {row["row"] for row in rows(here, run) if row["alert"] and row["cells"]["receiver"] == "R3"}
    assert found >= {number for _, number in first.values()}


def test_a_rule_is_kept_for_the_next_file_and_ends(scored: tuple[Installation, str]) -> None:
    """Also where its columns have other names; not for earlier files, other teams, or after its last day."""
    here, run = scored
    early = score(here, table(HEADER, month=2))
    with database.writing(here.services.engine) as connection:
        at = sa.select(runs.c.created_at).where(runs.c.id == run)
        created = connection.execute(at).scalar_one()
        earlier = sa.update(runs).where(runs.c.id == early).values(created_at=created - timedelta(days=9))
        connection.execute(earlier)
    rule = call(here, "rules", hide(run, expires_on=str(created.date())))
    later = score(here, table(RENAMED, month=3))
    assert [call(here, f"predictions/{one}/rules")["hidden"] > 0 for one in (run, early, later)] == [
        True,
        False,
        True,
    ]
    with database.writing(here.services.engine) as connection:
        tomorrow = sa.update(runs).where(runs.c.id == later).values(created_at=created + timedelta(days=1))
        connection.execute(tomorrow)
    assert call(here, f"predictions/{later}/rules")["hidden"] == 0
    call(here, f"rules/{rule['id']}", {"expires_on": None}, method="PATCH")
    assert call(here, f"predictions/{later}/rules")["hidden"] > 0
    assert call(here, "rules", name="bob")["rules"] == []
    assert call(here, f"rules/{rule['id']}", {"state": "off"}, method="PATCH", name="bob")["status"] == 404


def test_confirmed_fraud_of_an_earlier_file_alerts(scored: tuple[Installation, str]) -> None:
    """A receiver with a row marked fraud, in any file of the team, for as many days."""
    here, run = scored
    later = score(here, table(RENAMED, month=2))
    behind = next(row for row in reversed(rows(here, run)) if row["cells"]["receiver"] == "R3")
    conditions = [{"column": "to", "operation": "confirmed", "value": 90}]
    call(here, "rules", {"prediction_id": later, "action": "alert", "conditions": conditions})
    assert call(here, f"predictions/{later}/rules")["added"] == 0
    call(here, f"predictions/{run}/marks", {"marks": {str(behind["row"]): "fraud"}}, method="PUT")
    same = [row["row"] for row in rows(here, later) if row["cells"]["to"] == "R3"]
    assert {row["row"] for row in rows(here, later) if row["alert"]} >= set(same)


def test_lists_and_cases_follow_a_rule_and_a_label_that_a_rule_reads_at_once(
    scored: tuple[Installation, str],
) -> None:
    """The list of files, the API's list and the cases have the alerts of the rows, before any worker is at work."""
    here, run = scored
    later = score(here, table(RENAMED, month=2))
    behind = next(row for row in reversed(rows(here, run)) if row["cells"]["receiver"] == "R3")
    conditions = [{"column": "to", "operation": "confirmed", "value": 90}]
    call(here, "rules", {"prediction_id": later, "action": "alert", "conditions": conditions})
    assert _counted(here, later) == {20}
    marks = f"predictions/{run}/marks"
    call(here, marks, {"marks": {str(behind["row"]): "fraud"}}, method="PUT")
    (more,) = _counted(here, later)
    assert more > 20
    rule = call(here, "rules", hide(run))
    (fewer,) = _counted(here, run)
    assert fewer < 20
    report = here.browser("ada").get(f"/runs/{run}/report.html?lang=fr").get_data(as_text=True)
    assert report.count("comptent les lignes par le score, avant les règles") == 2
    call(here, f"rules/{rule['id']}", {"state": "off"}, method="PATCH")
    assert _counted(here, run) == {20}
    assert _counted(here, later) == {more}
    call(here, marks, {"marks": {str(behind["row"]): None}}, method="PUT")
    assert _counted(here, later) == {20}
    call(here, f"predictions/{later}/budget", {"budget": 1}, method="PUT")
    assert _counted(here, later) == {1}
    case = next(one for one in call(here, "cases")["cases"] if _has_alert_of(here, one["id"], run))
    call(here, f"cases/{case['id']}", {"version": case["version"], "status": "confirmed"}, method="PATCH")
    (confirmed,) = _counted(here, later)
    assert confirmed > 1


def _has_alert_of(here: Installation, case: str, run: str) -> bool:
    """Whether an alert of a case is one of a run."""
    return run in {alert["prediction_id"] for alert in call(here, f"cases/{case}")["alert_list"]}


def _counted(here: Installation, run: str) -> set[int]:
    """Numbers of alerts of a run, by place."""
    (listed,) = (one for one in call(here, "predictions?limit=50")["predictions"] if one["id"] == run)
    page = here.browser("ada").get("/uploads?lang=en").get_data(as_text=True)
    line = next(line for line in page.split("<tr>") if f"/runs/{run}" in line)
    shown = re.search(r'data-label="Alerts">(\d+)<', line)
    in_cases = sa.select(sa.func.count()).where(case_alerts.c.upload_id == listed["upload_id"])
    with database.reading(here.services.engine) as connection:
        cases = connection.execute(in_cases).scalar_one()
    found = {row["row"] for row in rows(here, run) if row["alert"]}
    assert shown is not None
    return {listed["alerts"], int(shown[1]), int(cases), len(found)}


def test_a_page_makes_a_rule_of_a_row_and_no_value_is_logged(scored: tuple[Installation, str]) -> None:
    """The form proposes what the row has; what is wrong with a field is said on the form."""
    here, run = scored
    row = next(row for row in rows(here, run) if row["cells"]["receiver"].startswith("EMPLOYER"))
    client = here.browser("ada")
    address = f"/runs/{run}/rows/{row['row']}/rule"
    page = client.get(f"{address}?lang=en").get_data(as_text=True)
    assert f'value="{row["cells"]["receiver"]}"' in page
    assert "Would hide" in page
    form = {"action": "hide", "column": "receiver", "value": "EMPLOYER-*", "least": "abc"}
    headers = csrf(client)
    refused = client.post(address, data=form | {"do": "apply"}, headers=headers).get_data(as_text=True)
    assert "EMPLOYER-*" in refused
    assert call(here, "rules")["rules"] == []
    answer = client.post(address, data=form | {"least": "50 000", "do": "apply"}, headers=headers)
    assert answer.status_code == 303
    (rule,) = call(here, "rules", name="viewer")["rules"]
    assert rule["text"] == "never alert where receiver matches EMPLOYER-* and amount is 50,000 or more"
    assert "EMPLOYER-*" in here.browser("viewer").get("/rules?lang=fr").get_data(as_text=True)
    exported = json.loads(client.get("/rules/export").data)
    assert [one["action"] for one in exported["rules"]] == ["hide"]
    with database.reading(here.services.engine) as connection:
        lines = [str(dict(line)) for line in connection.execute(sa.select(audit)).mappings()]
    assert any("add rule" in line for line in lines)
    assert not [line for line in lines if "EMPLOYER" in line]


def test_live_rows_follow_the_rules_too(scored: tuple[Installation, str]) -> None:
    """Hidden, added, and as they are where no rule matches; the history is not returned."""
    here, run = scored
    salary = {"when": "2026-01-29 09:10:00", "customer": "C3", "receiver": "EMPLOYER-9", "amount": 95_000}
    earlier, payment = (dict(row["cells"]) for row in rows(here, run)[-2:])
    body = {"prediction_id": run, "rows": [earlier, salary, payment], "last": 2}
    before = call(here, "score", body)["rows"]
    assert [row["alert"] for row in before] == [True, False]
    call(here, "rules", hide(run))
    small = [{"column": "amount", "operation": "at_most", "value": float(payment["amount"])}]
    call(here, "rules", hide(run) | {"action": "alert", "conditions": small})
    after = call(here, "score", body)["rows"]
    assert [row["alert"] for row in after] == [False, True]
    assert [row["fraud_score"] for row in after] == [row["fraud_score"] for row in before]
    assert "pas d'alerte par la règle 1" in after[0]["reasons"]
