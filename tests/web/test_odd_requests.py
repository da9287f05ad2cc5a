"""Requests that no page of ours makes: refused with 4xx on both databases, never an error of the server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from tests.web.conftest import Installation, csrf, upload
from werkzeug.datastructures import ImmutableMultiDict

from vigie.web.pages.layout import safe_redirect_target

DIGITS = "9" * 30
ODD = (
    "%00",
    DIGITS,
    "-1",
    "1e400",
    "%ED%A0%80",
    "a%0d%0ab",
    "x" * 3000,
    "0001-01-01T00:00:00+14:00",
    "NaN",
    "0",
)
NAMES = (
    *(
        "page",
        "row",
        "before",
        "n",
        "limit",
        "size",
        "budget",
        "search",
        "sort",
        "column",
        "cell",
        "level",
        "marked",
    ),
    *("q", "version", "against", "format", "name", "next", "token", "lang", "suggest", "domain"),
)
DOCUMENTS = (
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"name": ' + b"9" * 100_000 + b"}",
    b'{"name": 1e999, "size": -1}',
    b'{"name": "\\ud800", "upload_id": "\\u0000"}',
    b'{"name": "\\u0000.csv"}',
    b'{"name": "t.csv", "size": ' + DIGITS.encode() + b"}",
    b'{"upload_id": "' + b"x" * 10_000 + b'", "seed": 1e30, "budget": 1e308}',
    b'{"marks": {"' + DIGITS.encode() + b'": "fraud"}}',
    b'{"marks": {"-1": "fraud", "1e5": "fine"}}',
    b'{"mapping": {"\\ud800": "amount"}}',
    b'{"marks": {' + b",".join(b'"%d": "fraud"' % row for row in range(1, 10_002)) + b"}}",
    b'{"encoding": "punycode"}',
    b'{"prediction_id": "x", "rows": [{"amount": 1' + b"0" * 400 + b"}]}",
    b'{"budget": ' + DIGITS.encode() + b"}",
    b'{"name": NaN}',
    b"\xff\xfe\x00",
    b"",
)


@pytest.fixture
def here(make: Callable[..., Installation], database_url: str) -> Installation:
    """An installation on either database."""
    return make({"DATABASE_URL": database_url, "VIGIE_PRODUCTION": "no"})


def addresses(here: Installation, values: dict[str, str]) -> list[tuple[str, str]]:
    """Every method and route, with these values for its parameters and an odd one for those that are not named."""
    found = []
    for rule in here.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            names = re.findall(r"<(?:[^:<>]+:)?(\w+)>", rule.rule)
            for odd in ODD if set(names) - set(values) else ODD[:1]:
                filled = re.sub(
                    r"<(?:[^:<>]+:)?(\w+)>", lambda part, odd=odd: values.get(part[1], odd), rule.rule
                )
                found.append((method, filled))
    return found


def test_no_odd_address_is_an_error_of_the_server(here: Installation) -> None:
    """Every route with every odd value as a part of its address, by token and without."""
    headers, bad = here.token("admin"), []
    for method, path in addresses(here, {}):
        for sent in (headers, {}):
            status = here.app.test_client().open(path, method=method, headers=sent, json={}).status_code
            if status >= 500:
                bad.append((method, path[:80], status, bool(sent)))
    assert bad == []


class Parameters(ImmutableMultiDict[str, str]):
    """The parameters of a request; the names that were read are kept."""

    read: ClassVar[set[str]] = set()

    def __getitem__(self, key: str) -> str:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)

    def getlist(self, key: str, *provided: Any, **named: Any) -> list[Any]:
        self.read.add(key)
        return super().getlist(key, *provided, **named)

    def items(self, multi: bool = False) -> Iterator[tuple[str, str]]:  # type: ignore[override]
        self.read.update(self)
        return super().items(multi)


def test_no_odd_parameter_is_an_error_of_the_server(here: Installation, database_url: str) -> None:
    """Every route that reads, of an upload and a run that are there, with every odd value: of all parameters, and of each one that it looks at.

    Each database gets every other value of each parameter.
    """
    sent = upload(here)
    run = here.services.predictions.score(here.users["ada"], sent).id
    here.work()
    api, browser, bad = here.token("admin"), here.browser("admin"), []
    here.app.request_class = type(
        "Request", (here.app.request_class,), {"parameter_storage_class": Parameters}
    )
    values = {"upload_id": sent, "run_id": run, "name": "mobile_money_full", "row": "1", "number": "1",
              "user_id": "1", "token_id": "x", "filename": "x"}  # fmt: skip
    tried = set()
    for method, path in addresses(here, values):
        if method != "GET" or "/static/" in path or path.startswith("/sign-in/"):
            continue
        on_api = path.startswith("/api/")
        client = here.app.test_client() if on_api else browser

        def ask(query: str, client: Any = client, path: str = path, on_api: bool = on_api) -> None:
            answer = client.get(f"{path}?{query}", headers=api if on_api else {})
            if answer.status_code >= 500:
                bad.append((path, query[:60], answer.status_code))

        Parameters.read.clear()
        for query in ("", *("&".join(f"{name}={odd}" for name in NAMES) for odd in ODD[:9])):
            ask(query)
        for at, name in enumerate(sorted(Parameters.read)):
            tried.add(name)
            for odd in ODD[(at + database_url.startswith("sqlite")) % 2 : 9 : 2]:
                ask(f"{name}={odd}")
    assert bad == []
    assert tried >= {"page", "row", "before", "n", "limit", "size", "budget"}


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_no_odd_document_is_an_error_of_the_server(here: Installation, number: int) -> None:
    """Every route that takes one, by token, and by a browser's form the same bytes as texts."""
    headers, bad = here.token("admin") | {"Content-Type": "application/json"}, []
    values = {"upload_id": "up_none", "run_id": "run_none", "name": "none", "row": "1", "number": "1",
              "user_id": "999", "token_id": "x", "filename": "x"}  # fmt: skip
    for method, path in addresses(here, values):
        if method in {"POST", "PUT"}:
            answer = here.app.test_client().open(path, method=method, headers=headers, data=DOCUMENTS[number])
            if answer.status_code >= 500:
                bad.append((method, path, answer.status_code))
    assert bad == []


@pytest.mark.parametrize("value", ["\0", "\ud800", "x" * 5000, "0" * 40, "é\u202e", "1\0@x.org"])
def test_no_odd_form_is_an_error_of_the_server(here: Installation, value: str) -> None:
    """Without an account (the address of the sign-in page), and signed in: every field that a page has."""
    fields = ("email", "password", "next", "name", "team", "role", "days", "scopes", "new", "old", "language", "back", "do",
              "budget", "rate", "upload", "label", "active", "version", "setup", "lang")  # fmt: skip
    form = "&".join(f"{field}={quote(value, errors='surrogatepass')}" for field in fields)
    content = {"Content-Type": "application/x-www-form-urlencoded"}
    values = {"upload_id": "up_none", "run_id": "run_none", "name": "none", "row": "1", "user_id": "999",
              "token_id": "x", "filename": "x", "number": "1"}  # fmt: skip
    bad = []
    for name in ("", "admin"):
        client = here.browser(name) if name else here.app.test_client()
        own = csrf(client, "/" if name else "/sign-in")
        for method, path in addresses(here, values):
            if method == "POST" and not path.startswith("/api/") and path != "/sign-out":
                answer = client.post(path, data=form, headers=own | content)
                if answer.status_code >= 500:
                    bad.append((path, answer.status_code))
    assert bad == []


def test_rows_scored_online_that_cannot_be_read_are_refused(here: Installation) -> None:
    """A month 99, a number of 400 digits, a name without a letter, a list in a cell."""
    run = here.services.predictions.score(here.users["ada"], upload(here)).id
    here.work()
    headers = here.token("ada") | {"Content-Type": "application/json"}
    good = {"when": "2026-01-05 10:10:00", "customer": "C1", "amount": 12.5, "kind": "a"}
    for row in (
        {**good, "when": "2024-99-99"},
        {**good, "when": "0000-00-00 99:99:99"},
        {**good, "amount": "1e999"},
        {**good, "amount": 1e308},
        {**good, "amount": -(2**62)},
        {**good, "": 1},
        {**good, "customer": [1]},
        {**good, "customer": "x" * 100_000},
        {"unknown": 1},
        {},
    ):
        body = json.dumps({"prediction_id": run, "rows": [row, good]})
        answer = here.app.test_client().post("/api/v1/score", data=body, headers=headers)
        assert answer.status_code < 500, row


ELSEWHERE = (
    "//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\\/evil.example",
    "https://evil.example", "/ /evil.example", "/\x00/evil.example", "javascript:alert(1)", "/\u2028/evil.example",
    "/\ud800", "///evil.example", "", "evil", "/a\\b", "/\x7f/x", "\t//evil.example", "//[evil",
)  # fmt: skip


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_redirect_stays_on_this_site(address: str) -> None:
    """What browsers change in an address is refused."""
    assert safe_redirect_target(address) == "/"


def test_choosing_a_language_stays_on_this_site(here: Installation) -> None:
    """Whatever address the form gives to go back to; one that no database can hold is refused."""
    client = here.browser("ada")
    for address in ELSEWHERE:
        form = {"language": "fr", "back": address.encode(errors="replace").decode()}
        answer = client.post("/language", data=form, headers=csrf(client))
        if "\0" in address:
            assert answer.status_code == 400, address
        else:
            assert (answer.status_code, answer.headers["Location"]) == (303, "/"), address


@pytest.mark.parametrize("address", ["/", "/uploads?q=a%20b&x=1", "/runs/run_1#row", "/models/été"])
def test_an_address_of_this_site_is_kept(address: str) -> None:
    """With its parameters."""
    assert safe_redirect_target(address) == address
