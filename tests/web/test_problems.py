"""Errors in the reader's language: on pages that of the user, in the API English unless another is requested."""

from __future__ import annotations

import pytest
from tests.web.conftest import CSV, Installation, upload

from vigie.i18n.messages import msg
from vigie.web.pages.layout import training_warnings

ROWS = "".join(f"2026-01-01 10:10:00,C{i},{i}.50,a\n" for i in range(20))
RAGGED = CSV.splitlines()[0] + "\n" + ROWS + "2026-01-01 10:10:00,C1\n" * 4
"""More bad lines than are set aside: at most 3, or 5 % of the rows."""
BROKEN = {
    "ragged": (RAGGED, "ligne 22", "2 cellules", "4, comme dans l'en-tête", "mettez entre guillemets"),
    "header alone": ("when,amount\n", "un en-tête sans aucune ligne", "exportez de nouveau la table"),
    "binary": (
        b"when,amount\n\x00\x01\x02\xff" * 50,
        "un octet nul",
        "le fichier est binaire ou abîmé",
        "enregistrez de nouveau le fichier en CSV",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_refused_file_is_explained_in_french_and_in_english(here: Installation, case: str) -> None:
    """The same stored error in each reader's language; the API keeps English."""
    text, *french = BROKEN[case]
    sent = upload(here, text=text)
    here.work()
    ada = here.browser("ada")
    ada.set_cookie("lang", "fr")
    here.services.accounts.set_language(here.users["ada"], "fr")
    page = _plain(ada.get(f"/uploads/{sent}").get_data(as_text=True))
    assert all(part in page for part in french), page
    assert "expected" not in page
    reported = ada.get(f"/api/v1/uploads/{sent}").get_json()
    assert reported["state"] == "refused"
    assert set(reported["error"]) == {"message", "hint", "kind"}
    assert "expected" in reported["error"]["message"]
    here.services.accounts.set_language(here.users["ada"], "en")
    assert reported["error"]["message"] in _plain(ada.get(f"/uploads/{sent}").get_data(as_text=True))


def test_programs_read_english_unless_they_ask_for_french(here: Installation) -> None:
    """Accept-Language chooses; the detail and the hint, not the kind."""
    client, ada = here.app.test_client(), here.token("ada")
    requested = {"path": "/api/v1/uploads/nope", "headers": ada}
    english = client.get(**requested).get_json()
    assert english["detail"] == "no upload 'nope'"
    french = client.get(
        requested["path"], headers={**ada, "Accept-Language": "fr-FR,fr;q=0.9,en;q=0.5"}
    ).get_json()
    assert _plain(french["detail"]) == "fichier envoyé introuvable : « nope »"
    assert french[
        "hint"
    ] == "il a peut-être été supprimé ; la page Fichiers liste les fichiers envoyés".replace(" ;", "\u202f;")
    assert french["kind"] == english["kind"]
    wrong = client.post(
        "/api/v1/uploads", json={"nam": 1}, headers={**ada, "Accept-Language": "fr"}
    ).get_json()
    assert _plain(wrong["detail"]).startswith("champs refusés : ")


def test_a_refused_page_explains_in_french(here: Installation) -> None:
    """What a user may not do, and who can allow it."""
    viewer = here.browser("viewer")
    here.services.accounts.set_language(here.users["viewer"], "fr")
    page = _plain(viewer.get("/settings/audit").get_data(as_text=True))
    assert "vous n'avez pas le droit de" in page
    assert "you may not" not in page


def test_warnings_of_training_are_shown_in_french() -> None:
    """From the stored phrases; what an older Vigie stored stays English."""
    stated = msg("trained on {rows:,} rows of whole customers, drawn from the table", rows=300_000)
    summary = {"warnings": [str(stated)], "warnings_said": [stated.to_json()]}
    assert [_plain(text) for text in training_warnings(summary, "fr")] == [
        "entraîné sur 300 000 lignes de clients entiers, tirées de la table"
    ]
    assert (
        training_warnings(summary, "en")
        == [str(stated)]
        == training_warnings({"warnings": [str(stated)]}, "fr")
    )


def _plain(page: str) -> str:
    """The page with plain spaces and apostrophes."""
    return page.replace("&#39;", "'").replace("\u202f", " ").replace("\u00a0", " ").replace("&gt;", ">")
