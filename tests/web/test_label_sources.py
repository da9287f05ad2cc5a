"""A refinement that starts from the labels of an earlier file: offered, used, recorded, kept, and undone."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from tests.web.conftest import Installation, csrf
from tests.web.test_cases import month
from tests.web.test_comparison import ask, score

LABELLED = 12


def put(here: Installation, run: str, marks: dict[str, str]) -> None:
    here.app.test_client().put(
        f"/api/v1/predictions/{run}/marks", json={"marks": marks}, headers=here.token("ada")
    )


@pytest.fixture
def months(here: Installation) -> tuple[Installation, str, str]:
    """October with twelve labels, the mules' payments among them, and November without any."""
    october = score(here, month(10), "october.csv")
    rows = ask(here, f"{october}/rows?size={LABELLED}", "ada")["rows"]
    put(
        here,
        october,
        {str(one["row"]): "fraud" if "MULE" in one["cells"]["destinataire"] else "fine" for one in rows},
    )
    put(here, october, {"1": "fine", "2": "unsure", "3": "fine"})
    return here, october, score(here, month(11), "november.csv")


def refine(here: Installation, run: str, status: int = 202, **body: Any) -> Any:
    answer = here.app.test_client().post(
        f"/api/v1/predictions/{run}/refine", json=body or None, headers=here.token("ada")
    )
    assert answer.status_code == status, answer.get_data(as_text=True)
    here.work()
    return answer.get_json()


def test_november_starts_from_the_labels_of_october(months: tuple[Installation, str, str]) -> None:
    """The record, the pages, the report and the audit log say so; it stays until it is undone, and gives the same twice."""
    here, october, november = months
    (offer,) = ask(here, f"{november}/label-sources")["sources"]
    assert (offer["prediction_id"], offer["name"]) == (october, "october.csv")
    assert ask(here, f"{october}/label-sources")["sources"] == []
    assert refine(here, november, 409)["status"] == 409
    assert refine(here, november, 404, earlier=november)["status"] == 404
    client = here.browser("ada")
    assert "Start from the labels of october.csv" in client.get(f"/runs/{november}?lang=en").get_data(
        as_text=True
    )
    started = client.post(f"/runs/{november}/refine", data={"earlier": october}, headers=csrf(client))
    first = started.headers["Location"].rpartition("/")[2]
    here.work()
    second = refine(here, november, earlier=october)["id"]
    scores = [
        [row["fraud_score"] for row in ask(here, f"{run}/rows?size=500")["rows"]]
        for run in (november, first, second)
    ]
    assert scores[1] == scores[2] != scores[0]
    record = ask(here, first)
    assert (record["kind"], record["parent_id"], record["options"]["earlier"]["run"]) == (
        "refine",
        november,
        october,
    )
    assert record["summary"]["refined"]["earlier"] == {"marks": offer["labels"], "frauds": offer["frauds"]}
    for path in (f"/runs/{first}", f"/runs/{first}/report.html"):
        text = unescape(client.get(f"{path}?lang=fr").get_data(as_text=True))
        assert f"affiné avec {offer['labels']} étiquettes de october.csv" in text
    log = here.browser("admin").get("/settings/audit?lang=en").get_data(as_text=True)
    assert f"Ada refined the ranking of november.csv with {offer['labels']} labels of october.csv" in log

    put(here, first, {"4": "fine"})
    kept = ask(here, refine(here, first)["id"])
    assert (kept["summary"]["refined"]["marks"], kept["options"]["earlier"]["run"]) == (1, october)
    put(here, first, {"4": None})  # type: ignore[dict-item]
    undone = ask(here, refine(here, kept["id"], earlier="")["id"])
    assert (undone["kind"], "earlier" in undone["options"]) == ("score", False)
    assert [row["fraud_score"] for row in ask(here, f"{undone['id']}/rows?size=500")["rows"]] == scores[0]
