"""Every route, every role, the upload of another user."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.web.conftest import PEOPLE, Installation, csrf, upload
from werkzeug.routing import Rule

from vigie import settings, web
from vigie.app.cases.queries import CaseQuery
from vigie.errors import NotAllowed
from vigie.web import authorization
from vigie.web.services.access import ROLE_RANK

OUTSIDERS = ("bob",)
RULE = {
    "prediction_id": "{run}",
    "action": "hide",
    "conditions": [{"column": "kind", "operation": "is", "value": "a"}],
}
_BODIES = {
    "POST /api/v1/uploads": {"name": "t.csv"},
    "POST /api/v1/predictions": {"upload_id": "{upload}"},
    "POST /api/v1/trainings": {"upload_id": "{upload}", "label": "kind", "name": "m"},
    "POST /api/v1/score": {"prediction_id": "{run}", "rows": [{"amount": 1}]},
    "PUT /api/v1/uploads/<upload_id>/mapping": {"mapping": {}},
    "PUT /api/v1/uploads/<upload_id>/read-options": {"strict": True},
    "PUT /api/v1/predictions/<run_id>/budget": {"budget": 1},
    "PUT /api/v1/predictions/<run_id>/marks": {"marks": {"1": "fraud"}},
    "POST /api/v1/rules": RULE,
    "POST /api/v1/rules/try": RULE,
    "PATCH /api/v1/rules/<number>": {"state": "off"},
    "PATCH /api/v1/cases/<case_id>": {"version": 1},
    "POST /api/v1/cases/<case_id>/notes": {"note": "seen"},
    "POST /api/v1/cases/<case_id>/merge": {"version": 1, "other": "{case}", "other_version": 1},
    "POST /api/v1/cases/<case_id>/split": {"version": 1, "alerts": [{"upload_id": "{upload}", "row": 1}]},
    "POST /api/v1/tokens": {"name": "t", "scopes": ["read"]},
    "POST /api/v1/watches": {"source": "/none/exports"},
    "PUT /api/v1/watches/<watch_id>/active": {"active": True},
    "POST /api/v1/webhooks": {"url": "https://example.org/", "kinds": ["scored"]},
    "PUT /api/v1/notices/choices": {"choices": {"scored": "daily"}},
}
_QUERIES = {"/api/v1/uploads/content": "?name=t.csv", "/api/v1/predictions/<run_id>/related": "?row=1"}
# Where a wrong way in is answered otherwise than by 401, 403 or 404: what is not found looks the same.
_NOT_THEIRS = {403, 404}
_NOT_SEEN = {
    "mate": ("webhook_id", "token_id"),
    "bob": ("upload_id", "run_id", "case_id", "watch_id", "number", "webhook_id", "token_id"),
}
"""Name -> variables of routes whose values, those of what ada has, do not exist for that user."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all: nothing that succeeds here matters to another case."""
    home = tmp_path_factory.mktemp("matrix")
    chosen, mine = settings.load({"VIGIE_HOME": str(home)}), settings.WebSettings()
    made = Installation(web.create_app(chosen, mine), chosen, mine)
    from vigie.app import users

    for name, (role, team) in PEOPLE.items():
        made.users[name] = users.add(made.services.engine, f"{name}@example.org", name, role, team=team)
    yield made
    made.services.close()


@pytest.fixture(scope="module")
def browsers() -> dict[str, tuple[FlaskClient, dict[str, str]]]:
    """Clients that are signed in, with the header of their page."""
    return {}


@pytest.fixture(scope="module")
def run(here: Installation) -> dict[str, str]:
    """Variable of a route -> the id of what ada has: an upload with a finished run and a case, a watch and so on."""
    sent = upload(here)
    requested = here.services.predictions.score(here.users["ada"], sent)
    here.work()
    cases, _ = here.services.cases.list_cases(here.users["ada"], CaseQuery())
    ids = {"upload_id": sent, "run_id": requested.id, "case_id": cases[0].case.id}
    client, headers = here.app.test_client(), here.token("ada")
    for kind, name in (("watches", "watch_id"), ("webhooks", "webhook_id"), ("rules", "number")):
        body = filled(_BODIES[f"POST /api/v1/{kind}"], ids)
        answer = client.post(f"/api/v1/{kind}", json=body, headers=headers)
        assert answer.status_code == 201, answer.get_json()
        ids[name] = str(answer.get_json()["id"])
    ids["token_id"] = here.services.tokens.list_own(here.users["ada"])[0].id
    return ids


def routes() -> list[tuple[str, Rule]]:
    """Every method and rule of the app, pages included."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="vigie-routes-") as folder:
        app = web.create_app(settings.load({"VIGIE_HOME": folder}), settings.WebSettings())
        app.extensions["vigie"].close()
    return sorted(
        (
            (method, rule)
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ),
        key=lambda pair: (pair[1].rule, pair[0]),
    )


ROUTES = routes()


def filled(body: Any, ids: dict[str, str]) -> Any:
    """The body with the ids of what ada has."""
    if isinstance(body, dict):
        return {name: filled(value, ids) for name, value in body.items()}
    known = {"{upload}": "upload_id", "{run}": "run_id", "{case}": "case_id"}
    return ids[known[body]] if isinstance(body, str) and body in known else body


def path_of(rule: Rule, ids: dict[str, str]) -> str:
    """The address of a rule, with the ids of what ada has in it."""
    known = {"row": "1", "name": "mobile_money_full", "user_id": "1", "filename": "nothing"} | ids
    address = re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: known[found[1]], rule.rule)
    return address + _QUERIES.get(rule.rule.replace("string:", ""), "")


def ask(
    here: Installation,
    client: FlaskClient,
    method: str,
    rule: Rule,
    run: dict[str, str],
    **more: object,
) -> int:
    """The status of a request that is well formed as far as the route is concerned."""
    plain = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"<\1>", rule.rule)
    body = _BODIES.get(f"{method} {plain}")
    body = filled(body, run)
    if body is None and method == "PUT":
        more["data"] = b"x"
    answer = client.open(path_of(rule, run), method=method, json=body, **more)  # type: ignore[arg-type]
    return answer.status_code


IDS = [f"{method} {rule.rule}" for method, rule in ROUTES]


@pytest.mark.parametrize(("method", "rule"), ROUTES, ids=IDS)
def test_every_route_requires_authentication(
    here: Installation, run: dict[str, str], method: str, rule: Rule
) -> None:
    """Programs get 401, browsers the sign-in page; only what says it is public is answered."""
    needed = authorization.needed_by(here.app.view_functions[rule.endpoint])
    assert needed is not None
    status = ask(here, here.app.test_client(), method, rule, run)
    if needed == "public":
        assert status < 500
        assert status != 403
    elif rule.rule.startswith("/api/"):
        assert status == 401
    else:
        assert status in {302, 400, 401}


@pytest.mark.parametrize("name", ["viewer", "mate", "bob", "admin"])
@pytest.mark.parametrize(("method", "rule"), ROUTES, ids=IDS)
def test_roles_and_ownership_hold_on_every_route(
    here: Installation,
    browsers: dict[str, tuple[FlaskClient, dict[str, str]]],
    run: dict[str, str],
    method: str,
    rule: Rule,
    name: str,
) -> None:
    """Too low a role is refused; what belongs to a stranger does not exist; nothing is a server error."""
    needed = authorization.needed_by(here.app.view_functions[rule.endpoint])
    # What signs out, or is an administrator's to delete, would change what the other cases see.
    if needed == "public" or rule.rule == "/sign-out" or (name == "admin" and method in {"DELETE", "POST"}):
        return
    if name not in browsers:
        client = here.browser(name)
        browsers[name] = client, csrf(client)
    client, headers = browsers[name]
    status = ask(here, client, method, rule, run, headers=headers)
    role = PEOPLE[name][0]
    assert needed is not None
    if ROLE_RANK[role] < ROLE_RANK[needed]:
        assert status == 403
    elif any(f"{one}>" in rule.rule for one in _NOT_SEEN.get(name, ())):
        assert status in _NOT_THEIRS
    elif name in OUTSIDERS and f"{method} {rule.rule}" in {
        "POST /api/v1/score",
        "POST /api/v1/predictions",
        "POST /api/v1/trainings",
        "POST /api/v1/rules",
        "POST /api/v1/rules/try",
    }:
        assert status == 404
    else:
        assert status < 500


SCOPES = {"read": "viewer", "write": "analyst", "admin": "admin"}
TOKENS = [(name, scope) for name in ("viewer", "ada", "admin") for scope in SCOPES]


@pytest.mark.parametrize(("name", "scope"), TOKENS, ids=[f"{name}-{scope}" for name, scope in TOKENS])
def test_a_token_opens_only_the_api_and_what_scope_and_role_both_allow(
    here: Installation, run: dict[str, str], name: str, scope: str
) -> None:
    """Every route by every scope of every role: no page, no password, no session, no token, no account."""
    headers, wrong = here.token(name, scope), []
    before = {user.id: user for user in here.services.accounts.list_all(here.users["admin"])}
    kept = {name: len(here.services.tokens.list_own(user)) for name, user in here.users.items()}
    for method, rule in ROUTES:
        needed = authorization.needed_by(here.app.view_functions[rule.endpoint])
        if rule.rule.startswith("/api/v1/") and (
            (method == "DELETE" and name != "viewer") or rule.rule.endswith("/cancel")
        ):
            continue  # allowed, and would change what the other cases see
        client = here.app.test_client()
        status = ask(here, client, method, rule, run, headers=headers)
        allowed = min(ROLE_RANK[SCOPES[scope]], ROLE_RANK[PEOPLE[name][0]])
        if rule.endpoint == "static" or rule.rule in {"/healthz", "/readyz", "/metrics"}:
            right = status < 500 and status != 403
        elif not rule.rule.startswith("/api/v1/"):
            right = status == 403
        elif needed == "public":
            right = status == 200
        elif rule.rule.startswith("/api/v1/tokens") and method != "GET":
            right = status == 403
        else:
            # what is another's is changed by an administrator, which takes the scope admin
            theirs = "upload_id>" in rule.rule or "watch_id>" in rule.rule
            foreign = name == "admin" and theirs and method != "GET"
            least = ROLE_RANK["admin" if foreign else str(needed)]
            right = status < 500 and (status == 403) == (allowed < least)
        with client.session_transaction() as cookie:
            right = right and "session" not in cookie
        if not right:
            wrong.append((method, rule.rule, status))
    assert wrong == []
    assert {user.id: user for user in here.services.accounts.list_all(here.users["admin"])} == before
    assert {name: len(here.services.tokens.list_own(user)) for name, user in here.users.items()} == kept


def test_a_service_refuses_what_a_token_may_not_do_whatever_view_calls_it(here: Installation) -> None:
    """A view that forgets the check changes nothing: accounts and tokens ask the user they are handed."""
    services, admin = here.services, here.users["admin"]
    _, secret = services.tokens.create(admin, "all", ["admin"])
    found = services.tokens.authenticate(secret)
    assert found is not None
    by_token, ada = found[0], here.users["ada"]
    calls: list[Callable[[], object]] = [
        lambda: services.tokens.create(by_token, "more", ["admin"]),
        lambda: services.tokens.revoke(by_token, found[1].id),
        lambda: services.accounts.set_password(by_token, "correct horse battery"),
        lambda: services.accounts.set_language(by_token, "fr"),
        lambda: services.accounts.add(by_token, "eve@example.org", "Eve", "admin"),
        lambda: services.accounts.change(by_token, ada.id, role="admin"),
        lambda: services.accounts.create_link(by_token, ada.id),
    ]
    for call in calls:
        with pytest.raises(NotAllowed, match="with an API token"):
            call()
    _, secret = services.tokens.create(admin, "reading", ["read"])
    found = services.tokens.authenticate(secret)
    assert found is not None
    with pytest.raises(NotAllowed, match="read the audit log with this token"):
        services.audit.list_lines(found[0])


def test_headers_that_a_proxy_adds_to_pages_are_not_read(here: Installation) -> None:
    """Basic authentication, or a token that is none of ours, neither lets in nor locks out."""
    for header in ("Basic YTpi", "Bearer eyJhbGciOi"):
        client = here.browser("ada")
        assert client.get("/settings", headers={"Authorization": header}).status_code == 200
        assert here.app.test_client().get("/settings", headers={"Authorization": header}).status_code == 302


def test_a_team_mate_sees_and_marks_but_does_not_delete(here: Installation, run: dict[str, str]) -> None:
    """Uploads are private to their owner and team; only the owner changes them."""
    client, sent, scored = here.app.test_client(), run["upload_id"], run["run_id"]
    mate = here.token("mate")
    assert client.get(f"/api/v1/predictions/{scored}/rows", headers=mate).status_code == 200
    assert (
        client.put(
            f"/api/v1/predictions/{scored}/marks", json={"marks": {"2": "fine"}}, headers=mate
        ).status_code
        == 200
    )
    for method, path in (("DELETE", ""), ("PUT", "/mapping")):
        answer = client.open(
            f"/api/v1/uploads/{sent}{path}", method=method, json={"mapping": {}}, headers=mate
        )
        assert answer.status_code == 403
    assert sent not in [
        one["id"] for one in client.get("/api/v1/uploads", headers=here.token("bob")).get_json()["uploads"]
    ]


@pytest.mark.parametrize(("scope", "allowed"), [("read", 403), ("write", 201)])
def test_a_token_does_no_more_than_its_scope(here: Installation, scope: str, allowed: int) -> None:
    """Even where its owner may do more; and it cannot make a stronger one."""
    client = here.app.test_client()
    headers = here.token("ada", scope)
    assert client.get("/api/v1/uploads", headers=headers).status_code == 200
    assert client.post("/api/v1/uploads", json={"name": "t.csv"}, headers=headers).status_code == allowed
    stronger = here.token("admin", "write")
    body = {"name": "x", "scopes": ["admin"]}
    assert client.post("/api/v1/tokens", json=body, headers=stronger).status_code == 403


def test_a_view_without_a_declared_role_stops_the_start(tmp_path: Path) -> None:
    """The guard checks the whole map, not a list kept by hand."""
    app = web.create_app(settings.load({"VIGIE_HOME": str(tmp_path)}), settings.WebSettings())
    app.extensions["vigie"].close()
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(RuntimeError, match="forgotten"):
        authorization.check(app)
