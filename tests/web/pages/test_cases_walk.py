"""Two analysts and a viewer, in English and French, go through the cases of two monthly files in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.web.test_cases import month

from . import browser
from .conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ALERTS = 24


@pytest.fixture
def sign_in(server: Server, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Adds a user of one team and opens the start page as them; any message on the console fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(name: str, language: str, role: str = "analyst") -> Page:
        command = [
            "users",
            "add",
            f"{name}@example.org",
            "--name",
            name,
            "--role",
            role,
            "--team",
            "walk",
            "--url",
            server.url,
        ]
        added = subprocess.run(
            [sys.executable, "-m", "vigie", *command],
            capture_output=True,
            text=True,
            check=True,
            env=browser.environment(server.state.parent),
        )
        context = browser.new_context(
            chromium, locale="fr-FR" if language == "fr" else "en-GB", reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: faults.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        found = re.search(rf"{server.url}/\S+", added.stdout)
        assert found
        page.goto(found[0])
        page.wait_for_url(f"{server.url}/**")
        page.goto(f"{server.url}/?lang={language}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def test_two_analysts_and_a_viewer_go_through_two_months(
    sign_in: Callable[..., Page], tmp_path: Path
) -> None:
    """Scored, labelled, taken, commented; the second month joins; a stale decision is refused; merged, decided, looked at."""
    ada, mathieu = sign_in("Ada", "en"), sign_in("Mathieu", "fr")
    _score(ada, tmp_path / "january.csv", month(1))
    ada.click("nav.main a[href='/cases']")
    ada.wait_for_url("**/cases")  # loaded, so that its script has the keys
    assert "2 receivers collect" in ada.inner_text(".lead")
    ada.keyboard.press("j")
    name = ada.evaluate("document.activeElement.textContent")
    ada.keyboard.press("Enter")
    ada.wait_for_selector("#around .months")
    assert name in ada.inner_text("h1")
    assert ada.locator(".network .centre").count() == 1
    page_of_case = ada.url
    ada.click(".case-alerts .file a >> nth=0")
    ada.wait_for_url("**/runs/**")
    ada.focus("#rows .open-row >> nth=0")
    with ada.expect_response("**/marks"):
        ada.keyboard.press("f")
    ada.goto(page_of_case)
    assert ada.locator(".case-alerts .pill.signal").count() == 1
    ada.keyboard.press("a")
    ada.wait_for_selector("#assignee option[selected]:text-is('Ada')", state="attached")
    ada.fill("#note", "Twelve customers within an hour.")
    ada.click("#history button")
    ada.wait_for_selector(".timeline .written")
    stale = ada.url

    _score(mathieu, tmp_path / "fevrier.csv", month(2, mule=" {} "))
    mathieu.click("nav.main a[href='/cases']")
    assert "2 bénéficiaires réunissent" in mathieu.inner_text(".lead")
    row = mathieu.locator("#cases tbody tr", has=mathieu.locator(f"text={name.strip()}"))
    assert "Ada" in row.locator(".worker").inner_text()
    row.locator(".name").click()
    assert "Ada a ce dossier ouvert en ce moment." in mathieu.inner_text("main")
    assert mathieu.locator(".timeline", has_text="nouvelles alertes ajoutées").count() == 1
    assert set(mathieu.locator(".case-alerts .file a").all_inner_texts()) == {"january.csv", "fevrier.csv"}

    assert ada.url == stale
    ada.keyboard.press("f")
    ada.wait_for_selector(".notes .signal")
    assert "was changed by Vigie" in ada.inner_text(".notes")
    assert "new alerts have joined it" in ada.inner_text(".notes")

    mathieu.on("dialog", lambda dialog: dialog.accept())
    other = mathieu.locator("#other option", has_text="MULE-").first
    mathieu.select_option("#other", other.get_attribute("value"))
    mathieu.click("#merge-title ~ form button")
    mathieu.wait_for_selector(".notes")
    assert mathieu.locator(".timeline", has_text="Un autre dossier de").count() == 1
    mathieu.wait_for_selector("#around .months")
    assert mathieu.locator(".network .centre").count() == 2
    mathieu.keyboard.press("f")
    mathieu.wait_for_selector(".notes:has-text('confirmé'), .empty")
    assert mathieu.locator("h1", has_text="MULE").count() == 0

    ada.goto(f"{ada.url.split('/cases')[0]}/cases?status=confirmed&lang=en")
    confirmed: Any = ada.locator("#cases tbody tr")
    assert confirmed.count() == 1
    assert "confirmed" in confirmed.inner_text()
    _look(sign_in("Vera", "fr", "viewer"), tmp_path)


def _look(vera: Page, folder: Path) -> None:
    """A viewer reads queue, case, results, report and exports in French; nothing on the way decides anything."""
    sent: list[str] = []
    vera.on("request", lambda one: sent.append(f"{one.method} {one.url}") if one.method != "GET" else None)
    vera.click("nav.main a[href='/cases']")
    vera.wait_for_url("**/cases")
    vera.keyboard.press("j")
    for key in "flu":
        vera.keyboard.press(key)
    vera.select_option(".case-filters select[name=status]", "confirmed")
    vera.click(".case-filters button")
    vera.click("#cases .name")
    vera.wait_for_selector("#around .months")
    assert "Twelve customers within an hour." in vera.inner_text("#history")
    vera.keyboard.press("f")
    assert vera.locator("main form[method=post], #keys, #decide, main button:visible").count() == 0
    vera.locator(".case-alerts .file a", has_text="fevrier.csv").first.click()
    vera.wait_for_selector("#rows tr[data-row]")
    vera.wait_for_load_state()
    vera.focus("#rows .open-row >> nth=0")
    vera.keyboard.press("f")
    assert (
        vera.locator("[data-mark], #labels-bar, #sample, #suggest, #keys, main form[method=post]").count()
        == 0
    )
    vera.fill("#exact", "9")  # only how many are shown
    vera.wait_for_selector("#report[href*='budget=9']", state="attached")
    files = {name: _download(vera, name, folder) for name in ("report", "csv", "xlsx", "parquet")}
    assert sent == []
    report = unescape(files["report"].read_text("utf-8"))
    assert "fevrier.csv" in report
    assert "confirmé : 1" in report.replace("\u00a0", " ").replace("\u202f", " ")
    _check_exports(folder / "fevrier.csv", files, 9)


def _download(page: Page, name: str, folder: Path) -> Path:
    if not page.locator(".menu[open]").count():
        page.click(".menu summary")
    with page.expect_download() as waited:
        page.click("#report" if name == "report" else f".menu a[href*='format={name}']")
    path = folder / f"export.{name}"
    waited.value.save_as(path)
    return path


def _check_exports(upload: Path, files: dict[str, Path], budget: int) -> None:
    """Every cell of the upload is there, as text or typed; alerts are those of the budget, verdicts those of the case."""
    cells = pl.read_csv(upload, infer_schema=False)
    typed = cells.with_columns(
        pl.col("date").str.to_datetime("%Y-%m-%d %H:%M"), pl.col("montant").cast(pl.Int64)
    )
    csv = pl.read_csv(files["csv"], infer_schema=False)
    assert csv.select(cells.columns).equals(cells)
    parquet = pl.read_parquet(files["parquet"])
    assert parquet.select(pl.col("date").cast(pl.Datetime("us")), *cells.columns[1:]).equals(typed)
    assert parquet["verdict_at"].dtype.is_temporal()
    book = pl.read_excel(files["xlsx"], sheet_id=0)
    assert list(book) == ["À examiner", "Toutes les lignes"]
    review, every = book.values()
    assert every.select(pl.col("date").cast(pl.Datetime("us")), *cells.columns[1:4], pl.col("montant").cast(pl.Int64)).equals(typed.with_columns(pl.col("destinataire")))  # fmt: skip
    assert [every.schema[name].is_numeric() for name in ("montant", "fraud_score", "alert")] == [True] * 3
    alerts = [i for i, one in enumerate(csv["alert"], start=1) if one == "1"]
    assert len(alerts) == budget
    assert [i for i, one in enumerate(parquet["alert"], start=1) if one] == alerts
    assert [i for i, one in enumerate(every["alert"], start=1) if one] == alerts
    assert sorted(review["row"]) == alerts
    frauds = [i for i, one in enumerate(csv["verdict"], start=1) if one == "fraud"]
    assert frauds
    assert {csv["destinataire"][i - 1].strip() for i in frauds} == {"MULE-07", "MULE-08"}
    assert {csv["verdict_by"][i - 1] for i in frauds} == {"Mathieu"}
    for table in (parquet, every):
        assert [i for i, one in enumerate(table["verdict"], start=1) if one == "fraud"] == frauds


def _score(page: Page, path: Path, text: str) -> None:
    path.write_text(text)
    page.set_input_files("#file", path)
    page.wait_for_selector("#check")
    page.click("button[value=score]")
    page.wait_for_selector("#rows tr[data-row]")
    page.wait_for_load_state()  # the script of the page: without it the field is part of an ordinary form
    page.fill("#exact", str(ALERTS))
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#budget[data-kept='{ALERTS}']")
    page.wait_for_selector("#rows:not([aria-busy])")
