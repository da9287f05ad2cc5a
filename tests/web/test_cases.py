"""Cases over two monthly files, by the API and the pages: what two analysts and a viewer can do, and what is refused."""

from __future__ import annotations

import csv
import io
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.web.conftest import Installation, csrf, upload

from vigie.app import uploads
from vigie.cases import making
from vigie.jobs import retention
from vigie.jobs.context import open_context
from vigie.web.stored_results import RankedTable

MULES = ("MULE-07", "MULE-08")


def month(number: int, *, mule: str = "{}", header: str = "date,client,destinataire,appareil,montant") -> str:
    """A month of payments; each mule receives twelve large ones from as many customers, its own spelling in each file."""
    draw = random.Random(number)
    lines, start = [header], datetime(2026, number, 1)
    for _ in range(400):
        at = start + timedelta(minutes=draw.randrange(28 * 1440))
        client = draw.randrange(60)
        lines.append(
            f"{at:%Y-%m-%d %H:%M},C{client:03d},SHOP{draw.randrange(8)},D{client},{draw.randrange(500, 9000)}"
        )
    for n in range(24):
        at = start + timedelta(days=9, hours=2, minutes=3 * n)
        client = 60 + n % 12
        lines.append(
            f"{at:%Y-%m-%d %H:%M},C{client:03d},{mule.format(MULES[n % 2])},D{60 + client % 3},{draw.randrange(300, 400)}000"
        )
    return "\n".join(lines) + "\n"


Call = Callable[..., Any]


@pytest.fixture
def scored(here: Installation) -> tuple[Installation, list[str], list[str]]:
    """Two months, scored with a budget of 24; ids of the uploads and of the runs."""
    sent = [
        upload(here, file="jan.csv", text=month(1)),
        upload(here, "mate", "feb.csv", month(2, mule=" {}  ", header="Date,Sender,Receiver,Device,Amount")),
    ]
    runs = []
    for one in sent:
        runs.append(here.services.predictions.score(here.users["ada"], one, budget=24).id)
        here.work()
    return here, sent, runs


def caller(here: Installation, name: str) -> Call:
    """Requests the API as a user; checks the status and returns the JSON."""
    client, headers = here.app.test_client(), here.token(name)

    def call(method: str, path: str, code: int = 200, language: str = "en", **body: Any) -> Any:
        answer = client.open(
            f"/api/v1{path}",
            method=method,
            json=body or None,
            headers=headers | {"Accept-Language": language},
        )
        assert answer.status_code == code, answer.get_data(as_text=True)
        return answer.get_json()

    return call


def test_a_case_lives_through_two_files(
    scored: tuple[Installation, list[str], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    """Found by name, assigned, commented, decided once, undone, merged and split; labels reach files and refinement."""
    here, _, runs = scored
    caplog.set_level(logging.DEBUG)
    ada, mate = caller(here, "ada"), caller(here, "mate")
    (mule,) = ada("GET", "/cases?search=%20mule-07&kind=counterparty")["cases"]
    assert mule["name"].strip() in MULES
    shown = ada("GET", f"/cases/{mule['id']}")
    assert {alert["upload_name"] for alert in shown["alert_list"]} == {"jan.csv", "feb.csv"}
    assert shown["alerts"] == len(shown["alert_list"]) >= 12
    assert shown["amount"] == sum(alert["amount"] for alert in shown["alert_list"])
    assert all(alert["reasons"] for alert in shown["alert_list"])
    assert [event["action"] for event in shown["events"]] == ["alerts", "made"]

    around = ada("GET", f"/cases/{mule['id']}/surroundings")
    assert [month["start"] for month in around["months"]] == ["2026-01-01", "2026-02-01"]
    assert around["total"] == 24
    assert [node["key"] for node in around["nodes"] if node["centre"]] == ["mule-07"]
    assert len([edge for edge in around["edges"] if edge["target"] == "mule-07"]) >= 6
    assert any(edge["uses"] for edge in around["edges"])

    version, user = shown["version"], here.users["mate"].id
    taken = mate("PATCH", f"/cases/{mule['id']}", version=version, assignee_id=user, due="2026-03-05")
    assert (taken["status"], taken["assignee_name"], taken["due"]) == ("open", "mate", "2026-03-05")
    ada("POST", f"/cases/{mule['id']}/notes", 201, note="same devices")
    late = ada("PATCH", f"/cases/{mule['id']}", 409, "fr", version=version, status="cleared")
    assert "a été modifié par mate" in late["detail"]
    decided = mate("PATCH", f"/cases/{mule['id']}", version=taken["version"], status="confirmed")
    assert {alert["verdict"] for alert in decided["alert_list"]} == {"fraud"}
    for n, run in enumerate(runs):
        data = here.app.test_client().get(
            f"/api/v1/predictions/{run}/result?format=csv", headers=here.token("viewer")
        )
        rows = list(csv.DictReader(io.StringIO(data.get_data(as_text=True))))
        labelled = [row for row in rows if row["verdict"] == "fraud"]
        assert {row[["destinataire", "Receiver"][n]].strip() for row in labelled} == {"MULE-07"}
        assert {row["verdict_by"] for row in labelled} == {"mate"}
    assert here.services.predictions.refine(here.users["ada"], runs[0]).options["marks"]

    again = ada("PATCH", f"/cases/{mule['id']}", version=decided["version"], status="open")
    assert {alert["verdict"] for alert in again["alert_list"]} == {None}
    (other,) = ada("GET", "/cases?search=MULE-08&kind=counterparty")["cases"]
    merged = ada(
        "POST",
        f"/cases/{mule['id']}/merge",
        version=again["version"],
        other=other["id"],
        other_version=other["version"],
    )
    assert merged["alerts"] == again["alerts"] + other["alerts"]
    moving = [
        {"upload_id": alert["upload_id"], "row": alert["row"]}
        for alert in merged["alert_list"]
        if alert["upload_name"] == "feb.csv"
    ]
    new = ada("POST", f"/cases/{mule['id']}/split", 201, version=merged["version"], alerts=moving)
    assert (new["alerts"], new["assignee_name"]) == (len(moving), "mate")
    assert not any(name in caplog.text for name in (*MULES, "C060", "same devices"))
    lines = here.services.audit.list_lines(here.users["admin"], limit=50)
    assert {"change case", "add note", "merge cases", "split case"} <= {line.action for line in lines}


def test_viewers_look_outsiders_find_nothing_and_the_queue_leads_on(
    scored: tuple[Installation, list[str], list[str]],
) -> None:
    """A viewer of the team reads every part and changes none; another team's cases do not exist."""
    here, _, _ = scored
    viewer, bob = caller(here, "viewer"), caller(here, "bob")
    first = viewer("GET", "/cases")["cases"][0]
    viewer("GET", f"/cases/{first['id']}")
    viewer("PATCH", f"/cases/{first['id']}", 403, version=first["version"], status="cleared")
    viewer("POST", f"/cases/{first['id']}/notes", 403, note="x")
    assert bob("GET", "/cases") == {"cases": [], "total": 0}
    for path in ("", "/surroundings", "/notes"):
        bob("GET", f"/cases/{first['id']}{path}", 404)
    bob("PATCH", f"/cases/{first['id']}", 404, version=first["version"], status="cleared")
    ada = caller(here, "ada")
    ada("PATCH", f"/cases/{first['id']}", 400, version=first["version"], assignee_id=here.users["bob"].id)

    _walk_the_queue(here)


def _walk_the_queue(here: Installation) -> None:
    """Deciding opens the next case of the same queue; who else has it open is shown; a conflict is said in words."""
    ada, mate = here.browser("ada"), here.browser("mate")
    cases, _ = here.services.cases.list_cases(here.users["ada"], _query())
    first, second = cases[0].case, cases[1].case
    queue = ada.get("/cases?lang=en").get_data(as_text=True)
    assert queue.index(first.id) < queue.index(second.id)
    assert "2 receivers collect" in queue
    assert "mate has this case open" not in ada.get(f"/cases/{first.id}?lang=en").get_data(as_text=True)
    mate.get(f"/cases/{first.id}")
    assert "mate has this case open" in ada.get(f"/cases/{first.id}?lang=en").get_data(as_text=True)
    decided = _decide(ada, first.id, first.version, "cleared")
    assert decided.headers["Location"].startswith(f"/cases/{second.id}")
    refused = _decide(mate, first.id, first.version, "confirmed")
    page = mate.get(refused.headers["Location"]).get_data(as_text=True)
    assert "was changed by ada" in page
    assert here.services.cases.find(here.users["ada"], first.id).case.status == "cleared"


def test_cases_follow_the_budget_and_go_with_their_files(
    scored: tuple[Installation, list[str], list[str]],
) -> None:
    """Fewer rows to review are fewer alerts at once; what is deleted is in no case, and its rows leave the database."""
    here, sent, runs = scored
    services, ada = here.services, here.users["ada"]

    def alerts() -> int:
        return sum(one.case.alerts for one in services.cases.list_cases(ada, _query())[0])

    assert alerts() == 48
    services.predictions.set_budget(ada, runs[0], 10)
    assert alerts() == 34
    services.predictions.set_budget(ada, runs[0], 30)
    assert alerts() == 54
    services.uploads.delete(ada, sent[0])
    assert alerts() == 24
    with open_context(here.settings, here.web) as context:
        uploads.mark_deleted(services.engine, sent[1])
        retention.delete_expired(context)
    assert services.cases.list_cases(ada, _query()) == ([], 0)


def test_the_name_of_a_case_is_read_once(
    scored: tuple[Installation, list[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a cell of a stored result, which may be large."""
    ada, reads, cells = caller(scored[0], "ada"), [], RankedTable.cells
    (case, *_) = ada("GET", "/cases")["cases"]
    monkeypatch.setattr(
        RankedTable, "cells", lambda *arguments: reads.append(arguments[1]) or cells(*arguments)
    )
    assert ada("GET", f"/cases/{case['id']}")["name"] == case["name"]
    assert len(reads) == 1


def test_cases_made_while_the_budget_changes_are_those_of_the_new_budget(
    scored: tuple[Installation, list[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another request sets it, and makes its cases, between reading the alerts and storing them."""
    here, _, (run, _) = scored
    services, ada, read = here.services, here.users["ada"], making.read_alerts

    def read_late(*arguments: Any) -> Any:
        found = read(*arguments)
        monkeypatch.setattr(making, "read_alerts", read)
        services.predictions.set_budget(ada, run, 10)
        return found

    monkeypatch.setattr(making, "read_alerts", read_late)
    services.predictions.set_budget(ada, run, 30)
    assert services.predictions.find(ada, run).alerts == 10
    found, _ = services.cases.list_cases(ada, _query())
    assert sum(one.case.alerts for one in found) == 34


def _query() -> Any:
    from vigie.app.cases.queries import CaseQuery

    return CaseQuery()


def _decide(client: FlaskClient, case_id: str, version: int, status: str) -> Any:
    form = {"version": str(version), "status": status}
    answer = client.post(f"/cases/{case_id}?lang=en", data=form, headers=csrf(client))
    assert answer.status_code == 303
    return answer
