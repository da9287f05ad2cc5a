"""No English on French pages: every page, and what they say when something is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from markupsafe import Markup
from tests.web.conftest import Installation, csrf, upload

from vigie.app.cases.queries import CaseQuery
from vigie.i18n.catalogue import catalogue

_SHORTEST = 12
"""Characters from which a text can hardly be of both languages."""


def _texts(language: str) -> Iterator[str]:
    """Every fixed part of every text of a language."""
    for section in catalogue(language).sections.values():
        for text in section.values():
            for form in [text] if isinstance(text, str) else text.values():
                yield from (part.strip() for part in re.split(r"\{[^}]*\}|`", form))


ENGLISH = {text for text in _texts("en") if len(text) >= _SHORTEST and " " in text} - set(_texts("fr"))


def _shown(html: str) -> str:
    """The text of a page, with that of labels and hints, as a reader has it."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    named = " ".join(re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', html))
    return " ".join(Markup(f"{html} {named}").striptags().split())


def _english(html: str) -> list[str]:
    shown = _shown(html)
    return sorted(text for text in ENGLISH if text in shown)


@pytest.fixture
def scored(here: Installation) -> tuple[Installation, str, str]:
    """A scored table with a label and a comment."""
    sent = upload(here)
    run = here.services.predictions.score(here.users["ada"], sent, budget=12, language="fr").id
    here.work()
    here.services.predictions.set_labels(here.users["ada"], run, {3: "fraud"}, {3: "vu"})
    return here, sent, run


def test_the_check_itself_finds_english(scored: tuple[Installation, str, str]) -> None:
    """On the English page, many of these texts."""
    here, _, run = scored
    assert len(_english(here.browser("ada").get(f"/runs/{run}?lang=en").get_data(as_text=True))) > 10


def test_no_page_in_french_has_english_text(scored: tuple[Installation, str, str]) -> None:
    """Every page that a GET answers with HTML."""
    here, sent, run = scored
    values = {"upload_id": sent, "run_id": run, "row": 3, "name": "bank_transfer_business"}
    client, seen = here.browser("admin"), 0
    models = here.services.models.list_all(here.users["admin"])
    values["name"] = models[0].name
    cases, _ = here.services.cases.list_cases(here.users["admin"], CaseQuery())
    values["case_id"] = cases[0].case.id
    for rule in here.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith(("/api/", "/static")):
            continue
        with here.app.test_request_context():
            address = here.app.url_map.bind("localhost").build(rule.endpoint, values, append_unknown=False)
        answer = client.get(f"{address}?lang=fr")
        if answer.mimetype != "text/html" or answer.status_code in {301, 302, 303}:
            continue
        assert _english(answer.get_data(as_text=True)) == [], address
        seen += 1
    assert seen >= 15


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/uploads/{sent}", {"do": "score", "budget": "many"}),
        ("/settings/password", {"new": "short", "old": ""}),
        ("/settings/users", {"email": "nothing", "name": "", "role": "admin"}),
        ("/settings/users", {"email": "a@b.cd", "name": "", "role": "king"}),
        ("/uploads/nothing/delete", {}),
        ("/sign-in", {"email": "a@b.cd", "password": "wrong"}),
        ("/no/such/page", {}),
    ],
)
def test_no_refusal_in_french_has_english_text(
    scored: tuple[Installation, str, str], path: str, form: dict[str, str]
) -> None:
    """Refused forms, as the page says it after all redirects."""
    here, sent, _ = scored
    client = here.browser("admin")
    token = csrf(client)
    here.services.accounts.set_language(here.users["admin"], "fr")
    answer = client.post(
        path.format(sent=sent),
        data=form,
        headers={**token, "Referer": "http://localhost/settings", "Accept-Language": "fr"},
        follow_redirects=True,
    )
    assert _english(answer.get_data(as_text=True)) == []
