"""Score, read, mark, download; the same words and numbers as the command line."""

from __future__ import annotations

import io
import math
import re
from html import unescape
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from tests.web.conftest import CSV, Installation, upload

from vigie import resources
from vigie.engine import pipeline, refine
from vigie.engine.options import Options, ScoringContext
from vigie.i18n.messages import Message
from vigie.table import read


@pytest.fixture
def scored(here: Installation) -> tuple[Installation, str]:
    """A scored table of ada's, with an alert budget of 12."""
    sent = upload(here)
    answer = here.app.test_client().post(
        "/api/v1/predictions", json={"upload_id": sent, "budget": 12}, headers=here.token("ada")
    )
    assert answer.status_code == 202
    here.work()
    return here, str(answer.get_json()["id"])


def test_the_web_app_agrees_with_the_command_line(scored: tuple[Installation, str], tmp_path: Path) -> None:
    """Every row's numbers, in the ranking, in the download, and from the library itself."""
    here, run = scored
    client, ada = here.app.test_client(), here.token("ada")
    path = tmp_path / "payments.csv"
    path.write_text(CSV)
    with resources.open_catalog(here.settings) as catalog:
        options = Options(alert_budget=12)
        expected = pipeline.predict(
            read(path), ScoringContext(catalog, resources.bundle_loader(here.settings), options)
        )
    reported = client.get(f"/api/v1/predictions/{run}", headers=ada).get_json()
    assert (reported["state"], reported["share"], reported["error"]) == ("done", 1.0, None)
    assert reported["summary"]["alerts"] == expected.summary["alerts"] == 12
    page = client.get(f"/api/v1/predictions/{run}/rows?size=500", headers=ada).get_json()
    assert page["total"] == 240
    score = expected.additions["fraud_score"].to_list()
    assert [row["rank"] for row in page["rows"]] == list(range(1, 241))
    assert [row["fraud_score"] for row in page["rows"]] == sorted(score, reverse=True)
    assert all(row["fraud_score"] == score[row["row"] - 1] for row in page["rows"])
    lines = CSV.splitlines()[1:]
    assert all(list(row["cells"].values()) == lines[row["row"] - 1].split(",") for row in page["rows"])
    assert [row["alert"] for row in page["rows"]] == [True] * 12 + [False] * 228
    csv = client.get(f"/api/v1/predictions/{run}/result", headers=ada)
    assert csv.headers["Content-Disposition"].startswith('attachment; filename="payments-predictions.csv"')
    again = pl.read_csv(csv.data)
    assert again["fraud_score"].to_list() == pytest.approx(score, abs=1e-6)
    parquet = client.get(f"/api/v1/predictions/{run}/result?format=parquet", headers=ada)
    assert pl.read_parquet(io.BytesIO(parquet.data))["customer"].to_list() == again["customer"].to_list()
    book = client.get(f"/api/v1/predictions/{run}/result?format=xlsx", headers=ada)
    sheet = pl.read_excel(io.BytesIO(book.data), engine="calamine")
    assert sheet["row"].to_list()[:12] == [row["row"] for row in page["rows"][:12]]
    assert client.get(f"/api/v1/predictions/{run}/result?format=pdf", headers=ada).status_code == 422


def test_rows_are_sorted_searched_and_filtered(scored: tuple[Installation, str]) -> None:
    """Numbers as numbers, within the budget, by cell, by text, by mark."""
    here, run = scored
    client, ada = here.app.test_client(), here.token("ada")

    def rows(query: str) -> list[dict[str, object]]:
        answer = client.get(f"/api/v1/predictions/{run}/rows?{query}", headers=ada)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: list[dict[str, object]] = answer.get_json()["rows"]
        return found

    by_amount = [float(row["cells"]["amount"]) for row in rows("sort=amount&descending=true&size=240")]  # type: ignore[index]
    assert by_amount == sorted(by_amount, reverse=True)
    assert {row["rank"] for row in rows("budget=5&sort=amount")} == {1, 2, 3, 4, 5}
    assert {row["cells"]["customer"] for row in rows("column=customer&cell=C3&size=500")} == {"C3"}  # type: ignore[index]
    assert len(rows("column=customer&cell=C3&size=500")) == CSV.count(",C3,")
    assert all("C16" in str(row["cells"]) for row in rows("search=c16"))
    assert rows("search=%5Bnothing%28") == []
    assert [row["rank"] for row in rows("page=2&size=7")] == list(range(8, 15))
    assert client.get(f"/api/v1/predictions/{run}/rows?sort=nope", headers=ada).status_code == 404
    assert client.get(f"/api/v1/predictions/{run}/rows?page=0", headers=ada).status_code == 422
    first = rows("size=1")[0]
    client.put(f"/api/v1/predictions/{run}/marks", json={"marks": {first["row"]: "fraud"}}, headers=ada)  # type: ignore[dict-item]
    assert [row["row"] for row in rows("marked=fraud")] == [first["row"]]
    assert rows("marked=fine") == []
    assert first["row"] not in [row["row"] for row in rows("marked=none&size=500")]


def test_related_rows_are_those_of_the_same_customer(scored: tuple[Installation, str]) -> None:
    """All of them, in the order of the upload."""
    here, run = scored
    found = here.services.results.related(here.users["ada"], run, 3)
    assert found["column"] == "customer"
    assert [row["row"] for row in found["rows"]] == list(range(3, 240, 17))


def test_charts_add_up(scored: tuple[Installation, str]) -> None:
    """Each budget's alerts are all in one of the buckets; all rows in one of all."""
    here, run = scored
    charts = here.services.results.charts(here.users["ada"], run)
    assert sum(charts["scores"]["counts"]) == 240
    for part in ("over_time", "by_amount", "by_category"):
        assert sum(charts[part]["rows"]) == 240
        for budget in charts["budgets"]:
            assert sum(budget[part]) == budget["alerts"]
            assert len(budget[part]) == len(charts[part]["rows"])
    assert [budget["alerts"] for budget in charts["budgets"]] == [1, 2, 5, 10, 12, 20, 50, 100, 200, 240]


def test_marks_are_kept_changed_and_taken_back(scored: tuple[Installation, str]) -> None:
    """By users who may; of existing rows; and suggestions leave them out."""
    here, run = scored
    client, ada = here.app.test_client(), here.token("ada")
    where = f"/api/v1/predictions/{run}/marks"
    client.put(where, json={"marks": {"3": "fraud", "4": "fine"}}, headers=ada)
    reported = client.put(
        where, json={"marks": {"3": "unsure", "4": None}}, headers=here.token("mate")
    ).get_json()
    assert [(mark["row"], mark["verdict"], mark["user_name"]) for mark in reported["marks"]] == [
        (3, "unsure", "mate")
    ]
    assert client.put(where, json={"marks": {"241": "fraud"}}, headers=ada).status_code == 404
    assert client.put(where, json={"marks": {"3": "maybe"}}, headers=ada).status_code == 422
    requested = client.get(f"/api/v1/predictions/{run}/suggest?n=5", headers=ada).get_json()["rows"]
    assert len(requested) == 5
    client.put(where, json={"marks": {str(requested[0]): "fine"}}, headers=ada)
    assert (
        requested[0]
        not in client.get(f"/api/v1/predictions/{run}/suggest?n=5", headers=ada).get_json()["rows"]
    )
    assert client.post(f"/api/v1/predictions/{run}/refine", headers=ada).status_code == 202


def test_the_chart_of_amounts_has_bins_of_one_width_up_to_the_maximum(
    scored: tuple[Installation, str],
) -> None:
    """On a logarithmic scale; the rows between two edges are as many as the bar says."""
    here, run = scored
    chart = here.services.results.charts(here.users["ada"], run)["by_amount"]
    edges = chart["edges"]
    amounts = [float(line.split(",")[2]) for line in CSV.splitlines()[1:]]
    assert (edges[0], edges[-1]) == (min(amounts), max(amounts))
    widths = [math.log10(high / low) for low, high in pairwise(edges)]
    assert max(widths) == pytest.approx(min(widths), rel=0.05)
    page = here.browser("ada").get(f"/runs/{run}?budget=240").get_data(as_text=True)
    links = re.findall(r'href="([^"]*least=[^"]*)"', page)
    assert len(links) == len(chart["rows"])
    for link, (low, high) in zip(links, pairwise(edges), strict=True):
        shown = here.browser("ada").get(unescape(link).partition("#")[0]).get_data(as_text=True)
        inside = sum(low <= amount <= high for amount in amounts)
        assert re.search(rf"of {inside}</span>", shown) if inside else "of-rows" in shown


def test_labels_are_compared_with_the_estimate(scored: tuple[Installation, str]) -> None:
    """Chosen rows bound the frauds; a labelled random sample estimates them."""
    here, run = scored
    client, ada = here.app.test_client(), here.token("ada")
    at = f"/api/v1/predictions/{run}"
    top = client.get(f"{at}/rows?budget=100&size=100", headers=ada).get_json()["rows"]
    client.put(f"{at}/marks", json={"marks": {str(row["row"]): "fraud" for row in top[:14]}}, headers=ada)
    stated = client.get(f"{at}/reviewed?budget=100", headers=ada).get_json()
    assert {name: stated[name] for name in ("alerts", "known", "frauds", "sample", "low", "high")} == {
        "alerts": 100, "known": 14, "frauds": 14, "sample": 0, "low": 14, "high": 100,
    }  # fmt: skip
    assert stated["rate"] == pytest.approx([0.7684, 1.0], abs=1e-4)
    drawn = client.get(f"{at}/sample?budget=100", headers=ada).get_json()["rows"]
    assert len(drawn) == 20
    assert set(drawn) <= {row["row"] for row in top}
    missing = {str(row): "fine" for row in drawn if row not in {one["row"] for one in top[:14]}}
    client.put(f"{at}/marks", json={"marks": missing}, headers=ada)
    stated = client.get(f"{at}/reviewed?budget=100", headers=ada).get_json()
    assert stated["sample"] == 20
    assert 14 <= stated["low"] < stated["high"] < 60
    page = here.browser("ada").get(f"/runs/{run}?budget=100&lang=en").get_data(as_text=True)
    assert "You reviewed a random sample of 20 rows" in page


def test_a_repeated_request_does_its_work_once(here: Installation) -> None:
    """The same key, the same answer; another request with that key is refused; what was refused may be tried again."""
    client, ada = here.app.test_client(), here.token("ada")
    sent = upload(here)
    key = {**ada, "Idempotency-Key": "abc"}
    body = {"upload_id": sent}
    assert (
        client.post("/api/v1/predictions", json={"upload_id": "up_nothing"}, headers=key).status_code == 404
    )
    first = client.post("/api/v1/predictions", json=body, headers=key)
    again = client.post("/api/v1/predictions", json=body, headers=key)
    assert first.status_code == again.status_code == 202
    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert client.post("/api/v1/predictions", json={**body, "seed": 1}, headers=key).status_code == 400
    listed = client.get("/api/v1/predictions", headers=ada).get_json()["predictions"]
    assert [one["id"] for one in listed] == [first.get_json()["id"]]


def test_a_cancelled_run_is_not_computed(here: Installation) -> None:
    """And says so; its rows are refused."""
    client, ada = here.app.test_client(), here.token("ada")
    run = client.post("/api/v1/predictions", json={"upload_id": upload(here)}, headers=ada).get_json()["id"]
    assert client.post(f"/api/v1/predictions/{run}/cancel", headers=ada).get_json()["state"] == "cancelled"
    assert here.work() == 1  # only the inspection
    refused = client.get(f"/api/v1/predictions/{run}/rows", headers=ada)
    assert refused.status_code == 409
    assert "cancelled" in refused.get_json()["detail"]


def test_live_rows_are_scored_as_their_table_was(scored: tuple[Installation, str]) -> None:
    """Sent again with all before it, a row gets the score it had; a cell that cannot be read is refused by its place."""
    here, run = scored
    client, ada = here.app.test_client(), here.token("ada")
    names = CSV.splitlines()[0].split(",")
    rows = [
        {**dict(zip(names, line.split(","), strict=True)), "amount": float(line.split(",")[2])}
        for line in CSV.splitlines()[1:]
    ]
    body = {"prediction_id": run, "rows": rows, "last": 240}
    answer = client.post("/api/v1/score", json=body, headers=ada)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    page = client.get(f"/api/v1/predictions/{run}/rows?size=500", headers=ada).get_json()["rows"]
    known = {row["row"] - 1: row["fraud_score"] for row in page}
    live = [row["fraud_score"] for row in answer.get_json()["rows"]]
    assert live == pytest.approx([known[number] for number in range(240)], abs=1e-9)
    client.put(f"/api/v1/predictions/{run}/budget", json={"budget": 7}, headers=ada)
    alerts = [row["alert"] for row in client.post("/api/v1/score", json=body, headers=ada).get_json()["rows"]]
    assert [number for number, alert in enumerate(alerts) if alert] == sorted(
        row["row"] - 1 for row in page[:7]
    )
    one = client.post(
        "/api/v1/score", json={"prediction_id": run, "rows": rows[-30:]}, headers=ada
    ).get_json()
    assert len(one["rows"]) == 1
    assert set(one["rows"][0]) == {"fraud_score", "fraud_probability", "anomaly_score", "agreement", "risk_level",
                                   "alert", "reasons"}  # fmt: skip
    wrong = client.post(
        "/api/v1/score", json={"prediction_id": run, "rows": [{**rows[0], "amount": "douze"}]}, headers=ada
    )
    assert wrong.status_code == 422
    assert "row 1, column 'amount'" in wrong.get_json()["detail"]
    assert "douze" not in wrong.get_data(as_text=True)
    unknown = client.post("/api/v1/score", json={"prediction_id": run, "rows": [{"nope": 1}]}, headers=ada)
    assert unknown.status_code == 422
    for nothing in ("many", 3, [3], [rows[0], [1]], []):
        odd = client.post("/api/v1/score", json={"prediction_id": run, "rows": nothing}, headers=ada)
        assert (odd.status_code, "rows" in odd.get_data(as_text=True)) == (422, True)
    assert client.post("/api/v1/score", json={**body, "last": 241}, headers=ada).status_code == 400
    outsider = client.post("/api/v1/score", json=body, headers=here.token("bob"))
    assert outsider.status_code == 404


def test_labels_give_a_new_ranking_and_both_stay(scored: tuple[Installation, str]) -> None:
    """Refined like the command line would, from the marks of the moment it was asked for."""
    here, run = scored
    client, ada = here.app.test_client(), here.token("ada")
    assert client.post(f"/api/v1/predictions/{run}/refine", headers=ada).status_code == 409
    requested = here.services.results.suggest(here.users["ada"], run, 10)
    rows = [line.split(",") for line in CSV.splitlines()[1:]]
    marks = {row: "fraud" if rows[row][3] == "b" else "fine" for row in requested} | {1: "fraud", 2: "unsure"}
    here.services.predictions.set_labels(here.users["ada"], run, marks)  # type: ignore[arg-type]
    refined = client.post(f"/api/v1/predictions/{run}/refine", headers=ada).get_json()
    here.services.predictions.set_labels(here.users["ada"], run, {5: "fraud"})
    here.work()
    reported = client.get(f"/api/v1/predictions/{refined['id']}", headers=ada).get_json()
    assert (reported["state"], reported["error"], reported["parent_id"]) == ("done", None, run)
    pages = [
        client.get(f"/api/v1/predictions/{one}/rows?size=500", headers=ada).get_json()["rows"]
        for one in (run, refined["id"])
    ]
    assert {row["row"] for row in pages[0]} == {row["row"] for row in pages[1]}
    assert [row["row"] for row in pages[0]] != [row["row"] for row in pages[1]]
    with resources.open_catalog(here.settings) as catalog:
        path = here.settings.home / "again.csv"
        path.write_text(CSV)
        stated = {row: verdict == "fraud" for row, verdict in marks.items() if verdict != "unsure"}
        options = Options(alert_budget=12)
        expected = refine.refine(
            read(path), ScoringContext(catalog, resources.bundle_loader(here.settings), options), stated
        )
    score = expected.additions["fraud_score"].to_list()
    assert [row["fraud_score"] for row in pages[1]] == pytest.approx(
        [score[row["row"] - 1] for row in pages[1]], abs=1e-9
    )


@pytest.mark.slow
def test_a_model_is_trained_registered_and_matched(here: Installation) -> None:
    """From a table with labels, as the command line does it; a label that is not there is refused at once."""
    client, ada = here.app.test_client(), here.token("ada")
    lines = CSV.splitlines()
    label = [int(float(line.split(",")[2]) > 4000 or i % 41 == 0) for i, line in enumerate(lines[1:] * 4)]
    # A column that tells the label is left out, and its name, whatever it is, stands on the card.
    head = f"{lines[0]},is_fraud,copy<script>alert(1)</script>"
    rows = (f"{line},{fraud},{fraud}" for line, fraud in zip(lines[1:] * 4, label, strict=True))
    text = "\n".join([head, *rows])
    sent = upload(here, text=text)
    here.work()
    body = {"upload_id": sent, "label": "nope", "name": "ours", "seconds": 2}
    assert client.post("/api/v1/trainings", json=body, headers=ada).status_code == 422
    run = client.post("/api/v1/trainings", json={**body, "label": "is_fraud"}, headers=ada).get_json()["id"]
    here.work()
    reported = client.get(f"/api/v1/trainings/{run}", headers=ada).get_json()
    assert (reported["state"], reported["error"]) == ("done", None)
    assert reported["summary"]["model"]["name"] == "ours"
    assert [Message.from_json(one) for one in reported["summary"]["warnings_said"]] == reported["summary"][
        "warnings"
    ]
    card = client.get("/api/v1/models/ours", headers=ada).get_json()
    assert card["version"] == reported["summary"]["model"]["version"]
    assert card["active"]
    page = here.browser("ada")
    assert "/models/ours/card?version=" in page.get("/models/ours").get_data(as_text=True)
    written = page.get("/models/ours/card")
    assert (written.status_code, written.mimetype) == (200, "text/html")
    assert written.headers["Content-Security-Policy"].endswith("sandbox")
    text = written.get_data(as_text=True)
    assert "Curves on the rows held out" in text
    assert "<script>alert" not in text
    assert "copy&lt;script&gt;alert(1)" in text
