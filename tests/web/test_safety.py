"""Signing in, forged requests, headers, secrets, logs."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.web.conftest import Installation, csrf, upload

from vigie import errors, settings, web
from vigie.app import audit, result_layout, sessions, tokens
from vigie.errors import SignInRefused, TooManyAttempts, UsageRefused
from vigie.logs import JsonLines
from vigie.stores.base import join
from vigie.web import error_handlers, passwords
from vigie.web.services.accounts import LINK_LIFETIME

GOOD = "correct horse battery"
SECRET = "s" * 40
SLOW = passwords._HASHER


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with the least memory and time: guesses are counted here, not computed."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._dummy_hash.cache_clear()


def with_password(here: Installation, name: str = "ada") -> None:
    here.services.accounts.set_password(here.users[name], GOOD)


def test_a_password_opens_its_account_and_nothing_else(here: Installation) -> None:
    """Whatever the capitals of the address; a wrong one says nothing of whether the account exists."""
    with_password(here)
    user, secret = here.services.sessions.sign_in(" ADA@example.org", GOOD)
    assert user.id == here.users["ada"].id
    assert here.services.sessions.find_user(secret) is not None
    reported = set()
    for email, password in (
        ("ada@example.org", "wrong"),
        ("unknown@example.org", GOOD),
        ("bob@example.org", ""),
    ):
        with pytest.raises(SignInRefused) as refused:
            here.services.sessions.sign_in(email, password)
        reported.add(str(refused.value))
    assert len(reported) == 1
    here.services.sessions.end(secret)
    assert here.services.sessions.find_user(secret) is None


def test_a_link_replaces_a_forgotten_password(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within an hour and in that session alone the old password is not asked for."""
    with_password(here)
    client = here.browser("ada")
    assert 'name="old"' not in client.get("/settings").get_data(as_text=True)
    sent = client.post("/settings/password", data={"new": "another good one"}, headers=csrf(client))
    assert sent.status_code == 303
    user, secret = here.services.sessions.sign_in("ada@example.org", "another good one")
    assert user.id == here.users["ada"].id
    here.services.sessions.end(secret)
    assert 'name="old"' in client.get("/settings").get_data(as_text=True)
    refused = client.post("/settings/password", data={"new": "a third good one"}, headers=csrf(client))
    assert refused.status_code == 401
    later = here.browser("ada")
    monkeypatch.setattr("vigie.web.session.LINK_RENEWS_PASSWORD", timedelta(seconds=-1))
    assert 'name="old"' in later.get("/settings").get_data(as_text=True)


def test_the_sign_in_page_explains_what_to_do_without_a_password(here: Installation) -> None:
    """In both languages."""
    client = here.app.test_client()
    assert "Forgot your password?" in client.get("/sign-in?lang=en").get_data(as_text=True)
    assert "Mot de passe oublié" in client.get("/sign-in?lang=fr").get_data(as_text=True)


def test_guessing_is_slowed_down_per_account_and_per_address(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right password no longer helps either, until the window has passed."""
    with_password(here)
    monkeypatch.setattr("vigie.web.services.sessions._MAX_ATTEMPTS_PER_ADDRESS", 12)
    for _ in range(8):
        with pytest.raises(SignInRefused):
            here.services.sessions.sign_in("ada@example.org", "wrong", "10.0.0.1")
    with pytest.raises(TooManyAttempts) as slow:
        here.services.sessions.sign_in("ada@example.org", GOOD, "10.0.0.2")
    assert 1 <= slow.value.seconds <= 901
    for number in range(12):
        with pytest.raises(SignInRefused):
            here.services.sessions.sign_in(f"user{number}@example.org", "wrong", "10.0.0.9")
    with pytest.raises(TooManyAttempts):
        here.services.sessions.sign_in("someone@example.org", "wrong", "10.0.0.9")


def test_wrong_passwords_of_others_do_not_lock_the_owner_out(here: Installation) -> None:
    """From an address from which the owner signed in before; there, the owner's own mistakes count."""
    with_password(here)
    sign_in = here.services.sessions.sign_in
    here.services.audit.address = lambda: "10.0.0.1"
    sign_in("ada@example.org", GOOD)
    here.services.audit.address = lambda: "10.0.0.66"
    for _ in range(8):
        with pytest.raises(SignInRefused):
            sign_in("ada@example.org", "wrong")
    with pytest.raises(TooManyAttempts):
        sign_in("ada@example.org", GOOD)
    here.services.audit.address = lambda: "10.0.0.1"
    assert sign_in("ADA@example.org", GOOD)[0].id == here.users["ada"].id
    for _ in range(8):
        with pytest.raises(SignInRefused):
            sign_in("ada@example.org", "wrong")
    with pytest.raises(TooManyAttempts):
        sign_in("ada@example.org", GOOD)


def test_refusals_and_the_end_of_a_session_are_in_the_audit_log(here: Installation) -> None:
    """Which account was tried, who signed out, who was refused what; never an address that has no account."""
    with_password(here)
    for email in ("ada@example.org", "correct horse battery@x.org"):
        with pytest.raises(SignInRefused):
            here.services.sessions.sign_in(email, "wrong")
    client = here.browser("ada")
    assert client.get("/settings/users").status_code == 403
    assert client.post("/sign-out", headers=csrf(client)).status_code == 303
    lines = here.services.audit.list_lines(here.users["admin"])
    found = {(line.actor, line.action, line.object) for line in lines}
    assert (audit.ANONYMOUS, "sign in refused", f"user:{here.users['ada'].id}") in found
    assert (audit.ANONYMOUS, "sign in refused", "session") in found
    assert ("ada@example.org", "refused", "GET /settings/users") in found
    assert ("ada@example.org", "sign out", "session") in found
    assert not any("horse" in str(line) for line in lines)


def test_callers_are_counted_by_their_own_address(make: Callable[..., Installation]) -> None:
    """The proxy's word counts only where the settings believe it; the audit log keeps it."""

    def used(here: Installation, forwarded: str) -> str:
        client = here.app.test_client()
        secret = sessions.create_link(here.services.engine, here.users["ada"].id, LINK_LIFETIME)
        client.get(f"/sign-in/link?token={secret}", headers={"X-Forwarded-For": forwarded})
        return here.services.audit.list_lines(here.users["admin"])[0].address

    assert used(make(), "10.1.2.3") == "127.0.0.1"
    assert used(make(proxies=1), "6.6.6.6, 10.1.2.3") == "10.1.2.3"


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "x" * 1001])
def test_what_is_easily_guessed_is_no_password(password: str) -> None:
    """Too short, of one letter, or endless."""
    with pytest.raises(UsageRefused):
        passwords.hash_password(password)


def test_passwords_are_kept_as_argon2id(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 64 MiB; salted: the same one twice is kept differently."""
    monkeypatch.setattr(passwords, "_HASHER", SLOW)
    kept = passwords.hash_password(GOOD)
    assert kept.startswith("$argon2id$v=19$m=65536,")
    assert kept != passwords.hash_password(GOOD)
    assert passwords.verify(kept, GOOD)
    assert not passwords.verify(None, "another password")


def test_a_link_opens_once_and_not_for_long(here: Installation) -> None:
    """And never for a deactivated user."""
    engine, ada = here.services.engine, here.users["ada"]
    client = here.app.test_client()
    secret = sessions.create_link(engine, ada.id, LINK_LIFETIME)
    assert client.get(f"/sign-in/link?token={secret}").status_code == 302
    assert here.app.test_client().get(f"/sign-in/link?token={secret}").status_code == 401
    old = sessions.create_link(engine, ada.id, -timedelta(seconds=1))
    assert here.app.test_client().get(f"/sign-in/link?token={old}").status_code == 401
    fresh = sessions.create_link(engine, ada.id, LINK_LIFETIME)
    here.services.accounts.change(here.users["admin"], ada.id, active=False)
    assert here.app.test_client().get(f"/sign-in/link?token={fresh}").status_code == 401
    assert client.get("/api/v1/me").status_code == 401


def test_who_loses_a_role_is_signed_out_and_the_last_administrator_stays(here: Installation) -> None:
    """Sessions end with the rights they were opened with."""
    client = here.browser("ada")
    assert client.get("/api/v1/me").status_code == 200
    here.services.accounts.change(here.users["admin"], here.users["ada"].id, role="viewer")
    assert client.get("/api/v1/me").status_code == 401
    for change in ({"role": "viewer"}, {"active": False}):
        with pytest.raises(UsageRefused, match="last administrator"):
            here.services.accounts.change(here.users["admin"], here.users["admin"].id, **change)  # type: ignore[arg-type]


def test_other_peoples_pages_cannot_use_a_session(here: Installation) -> None:
    """With a cookie alone nothing is changed; with a token in the header nothing else is needed."""
    client = here.browser("ada")
    body = {"name": "t.csv"}
    refused = client.post("/api/v1/uploads", json=body)
    assert refused.status_code == 400
    assert refused.get_json()["kind"] == "CsrfRefused"
    assert client.post("/api/v1/uploads", json=body, headers=csrf(client)).status_code == 201
    assert (
        here.app.test_client().post("/api/v1/uploads", json=body, headers=here.token("ada")).status_code
        == 201
    )


def test_tokens_are_kept_as_digests_and_can_be_ended(here: Installation) -> None:
    """Shown once; used, it says so; ended or too old, it opens nothing."""
    client, ada = here.app.test_client(), here.token("ada")
    browser = here.browser("ada")
    own = csrf(browser)
    made = browser.post(
        "/api/v1/tokens", json={"name": "ci", "scopes": ["read"], "days": 1}, headers=own
    ).get_json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert client.get("/api/v1/me", headers=headers).get_json()["scopes"] == ["read"]
    listed = client.get("/api/v1/tokens", headers=ada).get_json()["tokens"]
    assert made["secret"] not in json.dumps(listed)
    assert next(one for one in listed if one["id"] == made["id"])["used_at"]
    assert made["secret"].encode() not in Path(here.settings.home, "catalog.sqlite").read_bytes()
    bob = here.browser("bob")
    assert bob.delete(f"/api/v1/tokens/{made['id']}", headers=csrf(bob)).status_code == 404
    assert browser.delete(f"/api/v1/tokens/{made['id']}", headers=own).status_code == 204
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    _, old = tokens.create(here.services.engine, here.users["ada"].id, "old", ["read"], -timedelta(seconds=1))
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {old}"}).status_code == 401
    for wrong in ("Basic YTpi", "Bearer", "Bearer nonsense"):
        assert client.get("/api/v1/me", headers={"Authorization": wrong}).status_code == 401


@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/v1/me", "/nothing", "/healthz"])
def test_every_answer_carries_the_safety_headers(here: Installation, path: str) -> None:
    """No inline script or style, no frame, nothing kept in a cache."""
    answer = here.app.test_client().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_production_needs_a_secret_and_keeps_cookies_encrypted(
    make: Callable[..., Installation], tmp_path: Path
) -> None:
    """No default secret, no short one; on one's own machine a file only its owner reads."""
    chosen = settings.load({"VIGIE_HOME": str(tmp_path)})
    for secret in ("", "short"):
        with pytest.raises(UsageRefused, match="VIGIE_SECRET"):
            web.create_app(chosen, settings.WebSettings(production=True, secret=secret))
    here = make(production=True, secret=SECRET)
    answer = here.app.test_client().get(
        f"/sign-in/link?token={sessions.create_link(here.services.engine, here.users['ada'].id, LINK_LIFETIME)}"
    )
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("__Host-vigie", "Secure", "HttpOnly", "SameSite=Lax"))
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    own = make()
    kept = own.settings.home / "secret"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert SECRET not in repr(here.web)


def test_a_shared_database_requires_production() -> None:
    """Forgetting VIGIE_PRODUCTION does not open the door."""
    assert settings.load_web({"DATABASE_URL": "postgresql://h/d"}).production
    assert not settings.load_web({}).production
    assert settings.load_web({"VIGIE_PRODUCTION": "yes"}).production


def test_metrics_are_for_those_who_know_the_token(make: Callable[..., Installation]) -> None:
    """In production; on one's own machine for that machine."""
    assert "vigie_runs" in make().app.test_client().get("/metrics").get_data(as_text=True)
    here = make(production=True, secret=SECRET, metrics_token="m" * 20)
    client = here.app.test_client()
    assert client.get("/metrics").status_code == 404
    reported = client.get("/metrics", headers={"Authorization": f"Bearer {'m' * 20}"}).get_data(as_text=True)
    assert "vigie_oldest_waiting_seconds 0.0" in reported
    assert "vigie_requests_total" in reported


def test_no_cell_reaches_the_log_or_the_database(
    here: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """Cells, searches and tokens stay out of both, also where a bug quotes them."""
    caplog.set_level(logging.INFO, "vigie")
    secret = "Zebulon-Quirk"
    text = f"when,customer,amount\n2026-01-01,{secret},5\n" + "2026-01-02,Ann,7\n" * 80
    sent = upload(here, text=text)
    run = here.services.predictions.score(here.users["ada"], sent)
    here.work()
    client, ada = here.app.test_client(), here.token("ada")
    answer = client.get(f"/api/v1/predictions/{run.id}/rows?search={secret.lower()}", headers=ada)
    assert answer.get_json()["total"] == 1
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "/api/v1/predictions/<string:run_id>/rows" in lines
    kept = b"".join(path.read_bytes() for path in here.settings.home.glob("catalog.sqlite*"))
    for word in (secret, secret.lower()):
        assert word not in lines
        assert word.encode() not in kept


def test_an_unexpected_error_is_logged_by_its_place_only(
    here: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer and the log name neither the message nor a cell in it."""

    def broken() -> str:
        raise ValueError("could not convert 'Zebulon-Quirk'")

    here.app.view_functions["health.healthz"] = web.authorization.public(broken)
    answer = here.app.test_client().get("/healthz")
    assert answer.status_code == 500
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "Zebulon" not in answer.get_data(as_text=True) + lines + caplog.text
    assert "ValueError" in lines
    assert "test_safety.py" in lines


def test_every_error_has_a_status() -> None:
    """A new class of error is answered like its parent, never as a bug."""
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.VigieError)
    ]
    assert len(classes) > 15
    for kind in classes:
        status = next(error_handlers.STATUS[one] for one in kind.__mro__ if one in error_handlers.STATUS)
        assert (status == 500) == (kind is errors.VigieError)


def test_a_result_that_was_changed_in_the_store_is_not_opened(make: Callable[..., Installation]) -> None:
    """The row of the run holds the digests: a scorer, charts or rows of another run are refused, not loaded."""
    here = make()
    run = here.services.predictions.score(here.users["ada"], upload(here))
    here.work()
    done = here.services.predictions.find(here.users["ada"], run.id)
    digests = (done.summary or {})["file"]["digests"]
    assert set(digests) >= {result_layout.RANKED, result_layout.CHARTS, result_layout.SCORER}
    store, client, ada = here.services.store, here.app.test_client(), here.token("ada")
    row = {"when": "2026-01-05 10:10:00", "customer": "C1", "amount": 12.5, "kind": "a"}
    body = {"prediction_id": run.id, "rows": [row]}
    for name, call in (
        (result_layout.SCORER, lambda: client.post("/api/v1/score", json=body, headers=ada)),
        (result_layout.CHARTS, lambda: client.get(f"/api/v1/predictions/{run.id}/charts", headers=ada)),
    ):
        key = join(done.result or "", name)
        good = store.get(key)
        store.delete(key)
        store.put(key, good[:-1] + bytes([good[-1] ^ 1]))
        assert call().status_code == 503
        store.delete(key)
        store.put(key, good)
        assert call().status_code == 200
