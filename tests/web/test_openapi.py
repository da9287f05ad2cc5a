"""The API against its own description."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from tests.web.conftest import Installation, upload

from vigie.app.cases.queries import CaseQuery


def document(here: Installation) -> dict[str, Any]:
    """The description, as machines get it."""
    answer = here.app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_the_description_is_openapi_3_1_and_names_every_route(here: Installation) -> None:
    """Generated from the code, so that it cannot be out of date; pages are not in it."""
    found = document(here)
    assert found["openapi"].startswith("3.1")
    reported = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, methods in found["paths"].items()
        for method in methods
    }
    real = {
        (method, rule.rule.replace("string:", "").replace("int:", ""))
        for rule in here.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api_meta.openapi"
    }
    assert reported == real
    assert all(one.get("summary") for methods in found["paths"].values() for one in methods.values())


@pytest.mark.slow
def test_no_request_the_description_allows_is_a_server_error(here: Installation) -> None:
    """Made-up requests to every operation; the answers say 2xx or 4xx and never 5xx."""
    sent = upload(here)
    known = {"upload_id": sent, "run_id": here.services.predictions.score(here.users["admin"], sent).id}
    here.work()
    known["case_id"] = here.services.cases.list_cases(here.users["admin"], CaseQuery())[0][0].case.id
    headers = here.token("admin")
    schema = schemathesis.openapi.from_dict(document(here))
    tried = 0
    client = here.app.test_client()
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) == ("DELETE", "/api/v1/tokens/{token_id}"):
            continue

        @settings(
            max_examples=8, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck), derandomize=True,
        )  # fmt: skip
        @_example_value(operation)
        def check(case: Any) -> None:
            nonlocal tried
            tried += 1
            if tried % 2 and case.method != "DELETE":  # half of them of what is really there
                case.path_parameters |= {name: known[name] for name in case.path_parameters if name in known}
            parts = case.as_transport_kwargs(base_url="http://localhost")
            query = parts.get("params") or {}
            body = {"json": parts["json"]} if parts.get("json") is not None else {"data": parts.get("data")}
            answer = client.open(
                case.formatted_path.replace(" ", "%20"),
                method=case.method,
                query_string=query,
                headers=headers,
                **body,
            )
            assert answer.status_code < 500, f"{case.method} {case.formatted_path}"
            if answer.status_code >= 400:
                assert answer.content_type == "application/problem+json"
                assert answer.get_json()["detail"]

        check()
    assert tried > 100


def _example_value(operation: Any) -> Any:
    from hypothesis import given

    return given(case=operation.as_strategy())
