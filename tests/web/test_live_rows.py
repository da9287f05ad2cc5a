"""Live rows are read as the file writes them; remembered columns apply from the first run."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.conftest import Installation, upload

HEADER = "date;client;montant;actif;heure"


def _table(day: str) -> str:
    """240 rows, with dates in one order of day and month."""
    lines = (
        f"{day.format(d=1 + i % 28, m=1 + i % 6)};C{i % 17};{1 + i * 37 % 40} {i % 1000:03d},50;{'oui' if i % 5 else 'non'};{i % 24:02d}:{i % 60:02d}"
        for i in range(240)
    )
    return "\n".join([HEADER, *lines])


def _score(here: Installation, text: str) -> tuple[str, dict[int, float], list[dict[str, Any]]]:
    run = here.services.predictions.score(here.users["ada"], upload(here, text=text)).id
    here.work()
    page = here.app.test_client().get(f"/api/v1/predictions/{run}/rows?size=500", headers=here.token("ada"))
    cells = [dict(zip(HEADER.split(";"), line.split(";"), strict=True)) for line in text.splitlines()[1:]]
    return run, {row["row"]: row["fraud_score"] for row in page.get_json()["rows"]}, cells


@pytest.mark.parametrize("day", ["{d:02d}/{m:02d}/2026", "{m:02d}/{d:02d}/2026", "2026-{m:02d}-{d:02d}"])
def test_cells_may_be_sent_as_the_file_has_them(here: Installation, day: str) -> None:
    """Decimal commas, spaces between thousands, yes and no, times of day, and days in either order."""
    run, known, cells = _score(here, _table(day))
    client, ada = here.app.test_client(), here.token("ada")
    body = {"prediction_id": run, "rows": cells, "last": 240}
    answer = client.post("/api/v1/score", json=body, headers=ada)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    live = [row["fraud_score"] for row in answer.get_json()["rows"]]
    assert live == pytest.approx([known[number] for number in range(1, 241)], abs=1e-9)
    # A few rows alone do not show how their dates and decimals are written: the table does.
    few = client.post("/api/v1/score", json={**body, "last": 1}, headers=ada).get_json()["rows"]
    assert few[-1]["fraud_score"] == pytest.approx(known[240], abs=1e-9)
    numbers = [{**row, "montant": float(row["montant"].replace(" ", "").replace(",", "."))} for row in cells]
    mixed = client.post("/api/v1/score", json={**body, "rows": cells[:100] + numbers[100:]}, headers=ada)
    assert [row["fraud_score"] for row in mixed.get_json()["rows"]] == pytest.approx(live, abs=1e-9)


def test_a_cell_that_cannot_be_read_is_named_by_its_row_from_1(here: Installation) -> None:
    """Without its value."""
    run, _, cells = _score(here, _table("{d:02d}/{m:02d}/2026"))
    wrong = [*cells[:2], {**cells[2], "montant": "beaucoup"}]
    answer = here.app.test_client().post(
        "/api/v1/score", json={"prediction_id": run, "rows": wrong}, headers=here.token("ada")
    )
    assert answer.status_code == 422
    assert "row" in answer.get_json()["detail"]
    assert "beaucoup" not in answer.get_data(as_text=True)


def test_remembered_columns_apply_to_a_prediction_that_is_started_at_once(here: Installation) -> None:
    """Also before the upload has been inspected."""
    text, ada = _table("2026-{m:02d}-{d:02d}"), here.users["ada"]
    first = upload(here, text=text)
    here.work()
    here.services.uploads.set_mapping(ada, first, {"actif": "none"})
    here.work()
    run = here.services.predictions.score(ada, upload(here, text=text)).id
    here.work()
    summary = here.services.predictions.find(ada, run).summary or {}
    roles = {item["column"]: item["role"] for item in summary["roles"]}
    assert roles["actif"] == "none"


def test_the_document_describes_authentication(here: Installation) -> None:
    """By a token in the header, or by the session of the pages."""
    spec = here.app.test_client().get("/api/v1/openapi.json").get_json()
    schemes = spec["components"]["securitySchemes"]
    assert (schemes["token"]["type"], schemes["token"]["scheme"]) == ("http", "bearer")
    assert schemes["session"]["in"] == "cookie"
    assert {name for one in spec["security"] for name in one} == set(schemes)
