"""The whole way on PostgreSQL and an object store, as in production, and on one's own machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.web.conftest import Installation, upload

from vigie.jobs.context import open_context
from vigie.jobs.retention import delete_expired


@pytest.mark.slow
def test_production_keeps_nothing_on_the_web_machine(
    make: Callable[..., Installation], postgres_url: str, s3: str
) -> None:
    """Upload, inspection, scores, rows, download and deletion, with two web machines that share nothing local."""
    environ = {
        "DATABASE_URL": postgres_url,
        "STORAGE_TYPE": "s3",
        "S3_MODEL_BUCKET": s3.removeprefix("s3://").partition("/")[0],
    }
    here = make(environ, production=True, secret="s" * 40)
    other = make(environ, people=False, production=True, secret="s" * 40)
    sent, ada = upload(here), here.token("ada")
    client = other.app.test_client()
    run = client.post("/api/v1/predictions", json={"upload_id": sent, "budget": 9}, headers=ada).get_json()[
        "id"
    ]
    assert here.work() == 2
    assert client.get(f"/api/v1/predictions/{run}", headers=ada).get_json()["state"] == "done"
    rows = client.get(f"/api/v1/predictions/{run}/rows?budget=9", headers=ada).get_json()
    assert (rows["total"], rows["rows"][0]["rank"]) == (9, 1)
    assert client.get(f"/api/v1/predictions/{run}/result", headers=ada).data.count(b"\n") == 241
    assert client.get(f"/api/v1/predictions/{run}/charts", headers=ada).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert not (here.settings.home / "models").exists()
    assert client.delete(f"/api/v1/uploads/{sent}", headers=ada).status_code == 204
    with open_context(here.settings, here.web) as context:
        assert delete_expired(context) == 1
        assert not list(context.store.list("uploads"))
    assert client.get(f"/api/v1/predictions/{run}/rows", headers=ada).status_code == 404
