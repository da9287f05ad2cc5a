"""Requests that the description of the API forbids, made up by schemathesis: refused on both databases, never an error of the server."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as hypothesis_seed
from schemathesis import GenerationMode
from tests.web.conftest import Installation, upload

from vigie.app.cases.queries import CaseQuery

pytestmark = pytest.mark.attack
EXAMPLES = int(os.environ.get("VIGIE_ATTACK_EXAMPLES", "25"))
"""Requests of each operation and mode."""
SEED = int(os.environ.get("VIGIE_ATTACK_SEED", "1"))
_ODD_HEADERS = (
    {},
    {"Accept": "text/html;q=x, */*"},
    {"Accept-Language": "é,fr;q=9"},
    {"Content-Type": "application/json; charset=utf-7"},
    {"Idempotency-Key": "x" * 5000},
    {"Range": "bytes=9-1"},
    {"X-Forwarded-For": "\x7f, ::1"},
)


@pytest.fixture
def here(make: Callable[..., Installation], database_url: str) -> Installation:
    """An installation on either database."""
    return make({"DATABASE_URL": database_url, "VIGIE_PRODUCTION": "no"})


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_is_a_server_error(
    here: Installation, mode: GenerationMode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every operation, by token, half of them on an upload, a run, a case, a watch and a webhook that are there."""
    sent = upload(here)
    known = {"upload_id": sent, "run_id": here.services.predictions.score(here.users["admin"], sent).id}
    here.work()
    headers, client = here.token("admin"), here.app.test_client()
    cases, _ = here.services.cases.list_cases(here.users["admin"], CaseQuery())
    watch = client.post("/api/v1/watches", json={"source": "/none/exports"}, headers=headers).get_json()
    hook = {"url": "https://example.org/", "kinds": ["scored"]}
    webhook = client.post("/api/v1/webhooks", json=hook, headers=headers).get_json()
    known |= {"case_id": cases[0].case.id, "watch_id": watch["id"], "webhook_id": webhook["id"]}
    document = client.get("/api/v1/openapi.json").get_json()
    answers: Counter[int] = Counter()
    failed: list[str] = []
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
        if operation.path == "/api/v1/tokens/{token_id}":
            continue  # would revoke the token of these requests

        @hypothesis_seed(SEED)
        @settings(
            max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            count = answers.total()
            if count % 2 and case.method != "DELETE":
                case.path_parameters |= {name: known[name] for name in case.path_parameters if name in known}
            parts = case.as_transport_kwargs(base_url="http://localhost")
            body = {"json": parts["json"]} if parts.get("json") is not None else {"data": parts.get("data")}
            try:
                answer = client.open(
                    case.formatted_path.replace(" ", "%20"),
                    method=case.method,
                    query_string=parts.get("params") or {},
                    headers={**headers, **_ODD_HEADERS[count % len(_ODD_HEADERS)]},
                    **body,
                )
            except (TypeError, UnicodeError):
                answers[0] += 1  # the test client cannot send it, as no client can
                return
            answers[answer.status_code] += 1
            if answer.status_code >= 500:
                failed.append(
                    f"{answer.status_code} {case.method} {case.formatted_path[:100]} {parts.get('params')}"
                )

        ask()
    with capsys.disabled():
        print(f"\n{mode.value}, seed {SEED}: {answers.total():,} requests, {dict(sorted(answers.items()))}")
    assert failed == []
    assert answers.total() - answers[0] > 10 * EXAMPLES
