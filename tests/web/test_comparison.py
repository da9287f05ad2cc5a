"""This month's file against last month's: what the page and the API say of what changed."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from tests.web.conftest import Installation, upload

ROWS = 240


def table(header: str, month: int, kinds: str, factor: float = 1, prefix: str = "R") -> str:
    """Payments of a month."""
    return header + "".join(
        f"2026-{month:02d}-{1 + i % 28:02d} {i % 24:02d}:10:00,C{i % 17},{prefix}{i % 40},"
        f"{factor * (10 + i * 37 % 400):.2f},{kinds[i % len(kinds)]}\n"
        for i in range(ROWS)
    )


def score(here: Installation, text: str, file: str) -> str:
    """Run of a table."""
    body = {"upload_id": upload(here, text=text, file=file), "budget": 12}
    answer = here.app.test_client().post("/api/v1/predictions", json=body, headers=here.token("ada"))
    here.work()
    return str(answer.get_json()["id"])


@pytest.fixture
def months(here: Installation) -> tuple[Installation, str, str, str]:
    """October, an unrelated file, and November: other names, amounts fivefold, a new kind, ten new receivers."""
    october = score(here, table("when,customer,receiver,amount,kind\n", 10, "AAB"), "october.csv")
    other = score(here, "when,amount\n" + "2026-01-01,1\n2026-01-02,7\n" * 40, "other.csv")
    text = table("date,client,to,montant,type\n", 11, "AAC", 5)
    text = "".join(line.replace(",R3,", ",NEW3,") for line in text.splitlines(keepends=True))
    return here, october, other, score(here, text, "november.csv")


def ask(here: Installation, path: str, name: str = "viewer") -> Any:
    """Response of the API."""
    return here.app.test_client().get(f"/api/v1/predictions/{path}", headers=here.token(name)).get_json()


def test_the_file_before_with_these_columns_is_compared(months: tuple[Installation, str, str, str]) -> None:
    """Numbers, distributions in words, new and gone values, receivers that were not there, columns by role."""
    here, october, other, november = months
    rows = ask(here, f"{october}/rows?size=3")["rows"]
    here.app.test_client().put(
        f"/api/v1/predictions/{october}/marks",
        json={"marks": {str(rows[0]["row"]): "fraud", str(rows[1]["row"]): "fine"}},
        headers=here.token("ada"),
    )
    found = ask(here, f"{november}/comparison")
    assert found["earlier"] == october
    before, after = found["before"], found["after"]
    assert (before["rows"], before["alerts"], before["frauds"], before["known"]) == (ROWS, 12, 1, 2)
    assert before["fraud_amount"] == float(rows[0]["cells"]["amount"])
    assert after["amount"] == pytest.approx(5 * before["amount"])
    assert after["median_amount"] == pytest.approx(5 * before["median_amount"])
    assert (after["frauds"], after["known"]) == (0, 0)
    assert found["amounts"]["verdict"] == "changed"
    (kind,) = [one for one in found["categories"] if one["column"] == "type"]
    assert kind["moved"]["verdict"] == "changed"
    assert (kind["new"], kind["gone"]) == (
        [{"name": "C", "before": 0, "after": 80}],
        [{"name": "B", "before": 80, "after": 0}],
    )
    new_entities = {one["column"]: one for one in found["new_entities"]}
    assert (new_entities["to"]["entities"], new_entities["to"]["rows"]) == (1, ROWS // 40)
    assert new_entities["client"]["entities"] == 0
    assert found["renamed"]["receiver"] == "to"
    assert (found["missing"], found["added"]) == ([], [])
    assert ask(here, f"{october}/comparison")["status"] == 404
    chosen = ask(here, f"{november}/comparison?earlier={other}")
    assert "receiver" not in chosen["missing"]
    assert set(chosen["added"]) >= {"client", "to"}
    assert ask(here, f"{november}/comparison", name="bob")["status"] == 404


def test_amounts_of_several_currencies_stay_apart(here: Installation) -> None:
    """In the comparison, the report, the results, the queue, a case and its surroundings, in both languages."""
    sent = []
    for month, codes in ((10, ["EUR"]), (11, ["EUR", "XOF"])):
        head, *lines = table("when,customer,receiver,amount,kind\n", month, "AAB", prefix="M").splitlines()
        # All of October is in one currency: that column has no role, and still says which.
        text = "\n".join(
            [f"{head},currency", *(f"{line},{codes[n % len(codes)]}" for n, line in enumerate(lines))]
        )
        sent.append(score(here, text, f"m{month}.csv"))
    found = ask(here, f"{sent[1]}/comparison")
    before, after = found["before"], found["after"]
    assert [one["currency"] for one in before["amounts"]] == ["EUR"]
    assert before["amount"] == before["amounts"][0]["amount"]
    assert [one["currency"] for one in after["amounts"]] == ["EUR", "XOF"]
    assert (after["amount"], after["alert_amount"], found["amounts"]) == (None, None, None)
    assert list(found["amounts_by_currency"]) == ["EUR"]
    client = here.browser("ada")

    def page(path: str, language: str) -> str:
        answer = client.get(path, query_string={"lang": language})
        assert answer.status_code == 200, path
        return unescape(answer.get_data(as_text=True)).replace("\u00a0", " ")

    compared = page(f"/runs/{sent[1]}/compare", "fr")
    assert "Montant total (EUR)" in compared
    assert "Montant total (XOF)" in compared
    both = re.compile(r"\d EUR \+ [\d,.]+ XOF")
    assert both.search(page(f"/runs/{sent[1]}/report.html", "en"))
    assert "EUR, XOF" in page("/cases", "en")
    assert "ne sont pas convertis" in page("/cases", "fr")
    cases = (
        here.app.test_client().get("/api/v1/cases?size=200", headers=here.token("ada")).get_json()["cases"]
    )
    mixed = [case for case in cases if case["currency"] == "*"]
    assert mixed
    assert all(case["amount"] is case["expected_loss"] is None for case in mixed)
    assert both.search(page(f"/cases/{mixed[0]['id']}", "en"))
    assert both.search(page(f"/cases/{mixed[0]['id']}/surroundings", "en"))


def test_the_page_has_it_in_words_and_the_result_offers_it(
    months: tuple[Installation, str, str, str],
) -> None:
    """In both languages; where nothing was before, the page says so."""
    here, october, _, november = months
    client = here.browser("viewer")
    assert "Compare with october.csv" in client.get(f"/runs/{november}?lang=en").get_data(as_text=True)
    assert "compare?" not in client.get(f"/runs/{october}?lang=en").get_data(as_text=True)
    page = client.get(f"/runs/{november}/compare?lang=fr").get_data(as_text=True)
    assert "très changé" in page
    assert "La colonne receiver s&#39;appelle maintenant to." in page
    assert "1 valeur de to n&#39;était pas dans le fichier précédent" in page
    assert "No earlier file" in client.get(f"/runs/{october}/compare?lang=en").get_data(as_text=True)
    assert client.get(f"/runs/{november}/compare?with={november}").status_code == 404
