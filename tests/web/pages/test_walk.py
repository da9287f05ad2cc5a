"""The whole way of a file, as a person walks it in a real browser, in both languages."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, Route
from tests.waiting import wait_until

from .browser import EXAMPLE
from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS = {
    "en": {
        "upload": "Which rows should you review first?",
        "fit": "These models match your file well.",
        "role": "region",
        "changed": "1 meaning changed.",
        "marked": "10 rows labelled",
        "reason": "large",
    },
    "fr": {
        "upload": "Quelles lignes examiner en premier",
        "fit": "Ces modèles correspondent bien à votre fichier.",
        "role": "country",
        "changed": "1 sens changé.",
        "marked": "10 lignes étiquetées",
        "reason": "montant",
    },
}
KEYS = {"en": ("f", "l", "u"), "fr": ("f", "l", "i")}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_upload_check_score_mark_download_and_refine(
    visit: Callable[..., Visit], language: str, tmp_path: Path
) -> None:
    """Upload, change a role, watch, move the slider, mark ten rows, download, refine: the figures are the same everywhere."""
    stated = WORDS[language]
    seen = visit(language=language)
    page = seen.page
    seen.go("/")
    assert stated["upload"] in page.inner_text("h1")

    page.set_input_files("#file", EXAMPLE)
    page.wait_for_selector("#check")
    assert page.inner_text(".verdict-word") == stated["fit"]
    assert page.input_value("select[name=role5]") == "amount"
    page.select_option("select[name=role11]", stated["role"])
    assert page.inner_text("#changed") == stated["changed"]
    page.click("#again")
    page.wait_for_selector("#check select[name=role11]")
    assert page.input_value("select[name=role11]") == stated["role"]

    page.click("button[value=score]")
    page.wait_for_url(re.compile(r"/runs/run_"))
    page.reload()
    page.wait_for_selector("#rows")

    _look_at(page, 50)
    assert page.locator("#rows tr[data-row]").count() == 50
    assert page.inner_text("#count") == "50"
    assert stated["reason"] in page.inner_text("#rows").lower()
    bars = page.eval_on_selector_all("#chart-by_category b", "found => found.map(b => Number(b.textContent))")
    assert sum(bars) == 50
    before = page.inner_text("#ten")
    _look_at(page, 2)
    assert page.locator("#rows tr[data-row]").count() == 2
    assert float(page.inner_text("#ten").replace(",", ".")) >= float(before.replace(",", "."))
    _look_at(page, 50)

    _mark_ten(page, KEYS[language])
    assert page.inner_text("#labels-count") == stated["marked"]
    page.wait_for_selector("#budget[data-kept='50']")
    page.goto(page.url.partition("?")[0])
    assert page.inner_text("#labels-count") == stated["marked"]
    # The number of rows to review is kept with the prediction, not in the address alone.
    assert page.inner_text("#count") == "50"
    assert page.locator("#rows button[aria-pressed=true]").count() == 10

    _check_downloads(page, tmp_path)

    before_refining = page.url
    page.click("#labels-bar button")
    page.wait_for_url(lambda url: "/runs/run_" in url and url != before_refining)
    page.wait_for_selector("#rows")
    assert page.get_attribute(".facts a", "href") in before_refining
    assert page.inner_text("#labels-count") == stated["marked"]
    seen.must_be_clean()


def test_a_row_opens_with_the_same_customers_other_rows_and_closes_where_it_was(
    visit: Callable[..., Visit], scored: str
) -> None:
    """Enter opens the drawer, Escape closes it, and the focus is where it was."""
    seen = visit()
    page = seen.page
    seen.go(f"{scored}?budget=30")
    page.focus("#rows tr[data-rank='3'] .open-row")
    page.keyboard.press("Enter")
    page.wait_for_selector("#drawer[open] .other")
    customer = page.inner_text("#drawer dt:text-is('N° client') + dd")
    assert customer.startswith("C7")
    assert page.locator("#drawer .other tbody tr").count() > 1
    assert page.locator("#drawer .other tr.self").count() == 1
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('tr').dataset.rank") == "3"
    seen.must_be_clean()


def test_a_number_typed_before_the_script_came_is_the_budget(
    visit: Callable[..., Visit], scored: str
) -> None:
    """On a slow line a page can be typed into before its script is there."""
    seen = visit()
    page, held = seen.page, list[Route]()
    page.route("**/results*.js*", lambda route: held.append(route))
    page.goto(seen.server.url + scored, wait_until="commit")
    page.fill("#exact", "7")
    wait_until(lambda: page.evaluate("1") and held)
    held[0].continue_()
    page.wait_for_selector("#budget[data-kept='7']")
    wait_until(lambda: page.locator("#rows tr[data-row]").count() == 7)
    assert page.input_value("#exact") == "7"
    page.click("#proposed")
    page.wait_for_selector(f"#budget[data-kept='{page.get_attribute('#budget', 'data-proposed')}']")
    seen.must_be_clean()


def test_filters_and_search_narrow_the_rows(visit: Callable[..., Visit], scored: str) -> None:
    """What is searched is in every row that is left."""
    seen = visit()
    page = seen.page
    seen.go(f"{scored}?budget=60")
    with page.expect_response("**/rows?*search=transfert*"):
        page.fill("#filters [name=search]", "transfert")
    page.wait_for_selector("#rows:not([aria-busy]) tr[data-row]")
    left = page.locator("#rows tr[data-row]").all_inner_texts()
    assert left
    assert all("transfert" in text.lower() for text in left)
    page.fill("#filters [name=search]", "no such thing anywhere")
    page.wait_for_selector("#rows .empty")
    seen.must_be_clean()


def test_an_upload_can_be_cancelled_and_a_wrong_file_is_refused_at_once(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """Neither leaves anything behind."""
    seen = visit()
    page = seen.page
    seen.go("/")
    page.set_input_files("#file", {"name": "photo.png", "mimeType": "image/png", "buffer": b"not a table"})
    assert "CSV" in page.inner_text("#problem")
    # A part that never ends: the person has time to press the button.
    page.route("**/parts/*", lambda route: None)
    page.set_input_files(
        "#file", {"name": "halfway.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n" * 1000}
    )
    # The user sees it at once; the page sends it to the server meanwhile.
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.click("#stop")
        assert "cancelled" in page.inner_text("#problem")
    page.unroute("**/parts/*")
    seen.go("/uploads?q=halfway")
    assert page.locator("table.files tbody tr").count() == 0


def test_a_file_can_be_dropped_and_survives_a_connection_that_breaks(visit: Callable[..., Visit]) -> None:
    """The part that was lost is sent again; the person does nothing."""
    seen = visit()
    page = seen.page
    seen.go("/")
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort("connectionreset")

    page.route("**/parts/*", lose_the_first)
    page.evaluate(
        """() => {
            const rows = Array.from({length: 80}, (_, i) => `2026-01-${String(i % 28 + 1).padStart(2, "0")},c${i % 9},${i * 7 % 90}`);
            const moved = new DataTransfer();
            moved.items.add(new File(["date,customer,amount\\n" + rows.join("\\n")], "dropped.csv", {type: "text/csv"}));
            document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: moved, bubbles: true, cancelable: true}));
        }"""
    )
    page.wait_for_selector("#check")
    assert page.inner_text("h1") == "dropped.csv"
    assert len(lost) == 1


def test_a_mark_survives_the_end_of_the_session(visit: Callable[..., Visit], scored: str) -> None:
    """The sign-in page is shown; after signing in as the same user the label is there, with the address as it was."""
    seen = visit()
    page = seen.page
    seen.go(f"{scored}?budget=7&lang=en")
    page.wait_for_selector("#rows tr[data-rank='5']")
    row = page.get_attribute("#rows tr[data-rank='5']", "data-row")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.focus("#rows tr[data-rank='5'] .open-row")
    page.keyboard.press("l")
    page.wait_for_url("**/sign-in?next=*")
    assert "budget%3D7" in page.url
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    with page.expect_response("**/marks"):
        seen.go(f"{scored}?budget=7&lang=en")
    label = f"#rows tr[data-row='{row}'] [data-mark=fine][aria-pressed=true]"
    page.wait_for_selector(label)
    with page.expect_response("**/marks"):
        page.click(label)


def test_an_upload_that_was_interrupted_is_resumed_from_the_list(visit: Callable[..., Visit]) -> None:
    """The part that arrived is not sent again; another file is refused."""
    seen = visit()
    page = seen.page
    seen.go("/")
    text = b"date,client,montant\n" + b"".join(
        b"2026-01-%02d,c%d,%d\n" % (i % 28 + 1, i % 9, i * 7 % 90) for i in range(80)
    )
    sent = page.evaluate(
        """async (text) => {
            const { api, csrf } = await import(document.querySelector("script[src*=layout]").src.replace("layout", "lib"));
            const upload = await api("/uploads", { method: "POST", body: { name: "halfway.csv", size: text.length } });
            await fetch(`/api/v1/uploads/${upload.id}/parts/1`, { method: "PUT", headers: { "X-CSRFToken": csrf() }, body: text });
            return upload.id;
        }""",
        text.decode(),
    )
    seen.go("/uploads?q=halfway")
    page.click(f"a[href*='resume={sent}']")
    page.set_input_files("#file", {"name": "other.csv", "mimeType": "text/csv", "buffer": text})
    assert "halfway.csv" in page.inner_text("#problem")
    parts: list[str] = []
    page.on("request", lambda requested: parts.append(requested.url) if "/parts/" in requested.url else None)
    page.set_input_files("#file", {"name": "halfway.csv", "mimeType": "text/csv", "buffer": text})
    page.wait_for_selector("#check")
    assert sent in page.url
    assert parts == []
    seen.must_be_clean()


def test_a_refused_form_keeps_what_was_typed(visit: Callable[..., Visit]) -> None:
    """The way back leads to the form, with its fields."""
    seen = visit()
    page = seen.page
    seen.go("/settings/users")
    page.fill("main form [name=email]", "not-an-address")
    page.fill("main form [name=name]", "Ada Lovelace")
    page.eval_on_selector(
        "main form [name=email]", "field => { field.form.noValidate = true; field.form.requestSubmit(); }"
    )
    page.click("[data-refill]")
    page.wait_for_url("**/settings/users")
    assert page.input_value("main form [name=email]") == "not-an-address"
    assert page.input_value("main form [name=name]") == "Ada Lovelace"


def test_a_hostile_table_is_only_text(visit: Callable[..., Visit]) -> None:
    """Markup in names and cells is shown as it was written, on every page it comes to."""
    seen = visit()
    page = seen.page
    seen.go("/")
    evil = "<img src=x onerror=alert(1)>"
    lines = [f'{evil},"""><script>alert(2)</script>",amount,date']
    lines += [f"{evil}{i % 7},</td><b>{i % 5}</b>,{i * 13 % 97},2026-03-{i % 28 + 1:02d}" for i in range(90)]
    page.set_input_files(
        "#file", {"name": f"{evil}.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    )
    page.wait_for_selector("#check")
    assert evil in page.inner_text("h1")
    assert page.locator("main img, main table script, main table b").count() == 0
    page.click("button[value=score]")
    page.wait_for_selector("#rows")
    page.fill("#exact", "20")
    page.wait_for_selector("#rows tr[data-rank='20']")
    page.click("#rows tr[data-rank='1'] .open-row")
    page.wait_for_selector("#drawer[open] .dl")
    assert evil in page.inner_text("#drawer")
    assert page.locator("main img, #drawer img, #rows b, #drawer b").count() == 0
    seen.must_be_clean()


@pytest.mark.parametrize(
    ("language", "stated"),
    [("en", "expected a Parquet file"), ("fr", "attendu\u00a0: un fichier Parquet")],
    ids=["en", "fr"],
)
def test_a_file_that_is_no_table_is_refused_in_words(
    visit: Callable[..., Visit], language: str, stated: str
) -> None:
    """The page says what was found and what to do, as the command line does, in the reader's language."""
    seen = visit(language=language)
    page = seen.page
    seen.go("/")
    page.set_input_files("#file", {"name": "broken.parquet", "mimeType": "text/csv", "buffer": b"PAR0" * 50})
    page.wait_for_selector(".note.signal")
    assert "broken.parquet" in page.inner_text(".note.signal")
    assert stated in page.inner_text(".note.signal")


@pytest.mark.slow
def test_a_model_is_trained_from_a_labelled_file_and_its_card_opens(visit: Callable[..., Visit]) -> None:
    """In French; a label that is none is refused in words, and a column's name is only text on the card."""
    seen = visit(language="fr", width=390, scheme="dark")
    page = seen.page
    seen.go("/")
    evil = "<img src=x onerror=alert(1)>"
    lines = [
        f"2026-01-{1 + i % 28:02d} {i % 24:02d}:10:00,C{i * 7 % 61},{i * 37 % 400},{'abc'[i * 5 % 3]},{int(i * 13 % 37 < 4)}"
        for i in range(1200)
    ]
    text = f"date,client,montant,{evil},est_fraude\n" + "\n".join(lines)
    page.set_input_files("#file", {"name": "labelled.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.wait_for_selector("#check")
    _train(seen, "client")
    page.wait_for_selector(".note.signal")
    assert "61 valeurs différentes trouvées, deux attendues" in page.inner_text(".note.signal")
    _train(seen, "est_fraude")
    page.wait_for_selector("main a[href='/models/du_test']")
    seen.go("/models/du_test")
    page.click("a[href^='/models/du_test/card']")
    page.wait_for_selector("svg polyline")
    assert page.locator("img, script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen.must_be_clean()


def _train(seen: Visit, label: str) -> None:
    seen.go("/models")
    seen.page.fill("#name", "du_test")
    seen.page.select_option("#label", label)
    seen.page.click("section[aria-labelledby=train] button.main")


def test_every_page_requires_signing_in(visit: Callable[..., Visit], scored: str) -> None:
    """The door is shown instead, and a wrong password is refused in the reader's language."""
    seen = visit(signed_in=False, language="fr")
    page = seen.page
    seen.go(scored)
    assert "/sign-in" in page.url
    page.fill("#email", "personne@example.org")
    page.fill("#password", "faux mot de passe")
    page.click(".sign-in button")
    assert "incorrect" in page.inner_text("[role=alert]")


def _look_at(page: Page, rows: int) -> None:
    """Sets the budget and waits for the server's word on it."""
    with page.expect_response(f"**/rows?*budget={rows}&*"):
        page.fill("#exact", str(rows))
    page.wait_for_selector("#rows:not([aria-busy]) tr[data-rank='1']")


def _mark_ten(page: Page, keys: tuple[str, str, str]) -> None:
    page.focus("#rows tr[data-rank='1'] .open-row")
    for i in range(10):
        with page.expect_response("**/marks"):
            page.keyboard.press(keys[i % 3])
        page.keyboard.press("ArrowDown")


def _check_downloads(page: Page, folder: Path) -> None:
    """The CSV is the upload and more columns; all have the alerts of the page; the report stands alone."""
    saved = {}
    for kind in ("csv", "xlsx", "parquet"):
        page.click(".menu summary")
        with page.expect_download() as download:
            page.click(f".menu a[href*='format={kind}']")
        saved[kind] = folder / f"result.{kind}"
        download.value.save_as(saved[kind])
    before = EXAMPLE.read_text("utf-8-sig").splitlines()
    after = saved["csv"].read_text("utf-8-sig").splitlines()
    assert len(after) == len(before)
    assert all(new.startswith(old + ";") for old, new in zip(before, after, strict=True))
    table = pl.read_parquet(saved["parquet"])
    assert table.height == len(before) - 1
    assert table["alert"].sum() == int(page.inner_text("#count"))
    assert table["verdict"].drop_nulls().len() == 10
    assert pl.read_excel(saved["xlsx"], engine="calamine").height == int(page.inner_text("#count"))
    top = table.with_row_index("row").sort("fraud_score", descending=True)["row"].head(1).item()
    assert page.get_attribute("#rows tr[data-rank='1']", "data-row") == str(top + 1)
    assert zipfile.is_zipfile(saved["xlsx"])
    page.click(".menu summary")
    with page.expect_download() as download:
        page.click("#report")
    report = folder / "report.html"
    download.value.save_as(report)
    text = report.read_text()
    assert "<script" not in text
    assert not re.search(r"(?:src|href)=", text.split("</head>")[0] + text.split("<body>")[1])
