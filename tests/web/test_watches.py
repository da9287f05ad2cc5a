"""Watches, notices and webhooks in the app: by API and by page, within what each may see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.web.conftest import Installation, csrf, upload

from vigie.app import watches
from vigie.errors import NotAllowed, NotFound, UsageRefused
from vigie.jobs.context import open_context
from vigie.jobs.watching.follow_up import FollowUp
from vigie.jobs.watching.loops import look_once


def test_a_watch_takes_columns_roles_and_budget_of_an_earlier_prediction(
    here: Installation, tmp_path: Path
) -> None:
    """Through the API; the next look is a worker's."""
    sent = upload(here)
    run = here.services.predictions.score(here.users["ada"], sent, budget=12, top=2)
    here.work()
    client, headers = here.app.test_client(), here.token("ada")
    body = {"source": str(tmp_path), "pattern": "*.csv", "like": run.id, "write_back": True}
    answer = client.post("/api/v1/watches", json=body, headers=headers)
    assert answer.status_code == 201
    found = answer.get_json()
    assert (found["columns"], found["schedule"]) == (["when", "customer", "amount", "kind"], "")
    stored = watches.find(here.services.engine, found["id"])
    assert (stored.options["budget"], stored.options["top"]) == (12, 2)
    assert stored.url == tmp_path.as_uri()
    again = client.post("/api/v1/watches", json=body, headers=headers)
    assert again.status_code == 409
    with open_context(here.settings, here.web) as context:
        assert look_once(context, "w")
        assert FollowUp(context).run() == 0
    assert client.get(f"/api/v1/watches/{found['id']}", headers=headers).get_json()["looked_at"]
    assert client.put(f"/api/v1/watches/{found['id']}/active", json={"active": False}, headers=headers).get_json()["active"] is False  # fmt: skip
    assert client.delete(f"/api/v1/watches/{found['id']}", headers=headers).status_code == 204
    assert client.get("/api/v1/watches", headers=headers).get_json() == {"watches": []}


def test_a_watch_is_seen_by_its_team_and_changed_by_its_owner(here: Installation, tmp_path: Path) -> None:
    """Not by others; an administrator may change it."""
    service, users = here.services.watches, here.users
    watch = service.add(users["ada"], str(tmp_path))
    assert service.find(users["mate"], watch.id) == watch
    with pytest.raises(NotFound):
        service.find(users["bob"], watch.id)
    for change in (
        lambda user: service.remove(user, watch.id),
        lambda user: service.set_active(user, watch.id, False),
    ):
        with pytest.raises(NotAllowed):
            change(users["mate"])
        with pytest.raises(NotFound):
            change(users["bob"])
    service.remove(users["admin"], watch.id)


def test_where_others_use_the_server_only_named_locations_are_watched(
    make: Callable[..., Installation], tmp_path: Path
) -> None:
    """A user could otherwise read whatever the server can."""
    shared = make(production=True, secret="s" * 40, watch_roots=(str(tmp_path / "exports"),))
    service, ada = shared.services.watches, shared.users["ada"]
    service.add(ada, str(tmp_path / "exports" / "2026"))
    for source in (str(tmp_path), "/", "s3://bucket/x", "exports"):
        with pytest.raises(UsageRefused):
            service.add(ada, source, name=source)
    closed = make(production=True, secret="s" * 40)
    with pytest.raises(UsageRefused, match="may watch"):
        closed.services.watches.add(closed.users["admin"], str(tmp_path))


def test_webhooks_and_choices_are_each_users_and_their_teams(here: Installation) -> None:
    """The key is in one answer only; a stranger sees no webhook."""
    client, headers = here.app.test_client(), here.token("ada")
    body = {"url": "https://example.org/vigie", "kinds": ["scored", "watch_failed"], "team": True}
    made = client.post("/api/v1/webhooks", json=body, headers=headers).get_json()
    assert made["secret"].startswith("whsec_")
    listed = client.get("/api/v1/webhooks", headers=here.token("mate"))
    assert made["id"] in listed.get_data(as_text=True)
    assert "whsec_" not in listed.get_data(as_text=True)
    assert client.get("/api/v1/webhooks", headers=here.token("bob")).get_json() == {"webhooks": []}
    assert client.delete(f"/api/v1/webhooks/{made['id']}", headers=here.token("mate")).status_code == 403
    assert client.delete(f"/api/v1/webhooks/{made['id']}", headers=here.token("bob")).status_code == 404
    assert client.get(f"/api/v1/webhooks/{made['id']}/attempts", headers=headers).get_json() == {
        "attempts": []
    }
    for url in ("http://example.org/", "https://127.0.0.1/", "https://169.254.169.254/latest"):
        assert client.post("/api/v1/webhooks", json={**body, "url": url}, headers=headers).status_code == 400
    here.services.notices.set_team_choices(here.users["mate"], {"scored": "daily"})
    chosen = client.put("/api/v1/notices/choices", json={"choices": {"scored": "never"}}, headers=headers)
    assert chosen.get_json() == {"user": {"scored": "never"}, "team": {"scored": "daily"}}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_pages_show_what_there_is(here: Installation, tmp_path: Path, language: str) -> None:
    """Forms add a watch and a webhook; a cause of a failure is said in the language of the page."""
    client = here.browser("ada")
    headers = csrf(client)
    away = tmp_path / "away"
    form = {"source": str(away), "pattern": "*.csv", "cron": "30 6 * * 1-5", "timezone": "Europe/Paris",
            "write_back": "on", "max_fraud_share": "2,5"}  # fmt: skip
    assert client.post("/settings/watches", data=form, headers=headers).status_code == 303
    (watch,) = here.services.watches.list_for(here.users["ada"])
    assert watch.max_fraud_share == 0.025
    here.services.watches.look(here.users["ada"], watch.id)
    with open_context(here.settings, here.web) as context:
        assert look_once(context, "w")
    page = client.get(f"/settings/watches?lang={language}").get_data(as_text=True)
    assert {"en": "no folder &#39;away&#39;", "fr": "dossier introuvable"}[language] in page
    assert "30 6 * * 1-5" in page
    hook = {"url": "https://example.org/", "kinds": ["scored"]}
    assert "whsec_" in client.post("/settings/webhooks", data=hook, headers=headers).get_data(as_text=True)
    page = client.get(f"/settings/notices?lang={language}").get_data(as_text=True)
    assert "https://example.org/" in page
    assert "whsec_" not in page
    assert (
        client.post(f"/settings/watches/{watch.id}", data={"do": "remove"}, headers=headers).status_code
        == 303
    )
    assert here.services.watches.list_for(here.users["ada"]) == []
