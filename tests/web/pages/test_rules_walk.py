"""A month and the next, as an analyst walks them: a rule in two clicks, the comparison, the report, the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page

from .browser import EXAMPLE
from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

A4_HEIGHT = 1016
"""Pixels between the margins of an A4 page."""
BUDGET = 100
_PAGES = re.compile(rb"/Type\s*/Page\b")


def months(folder: Path) -> list[Path]:
    """October and November: every other row of the example, less its last column, so that no other file is touched."""
    lines, found = [line.rpartition(";")[0] for line in EXAMPLE.read_text("utf-8-sig").splitlines()], []
    for name, part in (("october.csv", lines[1::2]), ("november.csv", lines[2::2])):
        found.append(folder / name)
        found[-1].write_text("\n".join([lines[0], *part]), "utf-8")
    return found


def score(seen: Visit, file: Path) -> str:
    """Upload and score a file; returns its address."""
    page = seen.page
    seen.go("/")
    page.set_input_files("#file", file)
    page.wait_for_selector("#check")
    page.click("button[value=score]")
    page.wait_for_selector("#rows tr[data-row]")
    page.wait_for_load_state()  # the script of the page: without it the field is part of an ordinary form
    page.fill("#exact", str(BUDGET))
    page.wait_for_selector(f"#budget[data-kept='{BUDGET}']")
    return page.url.partition("?")[0]


def test_a_rule_of_one_month_holds_in_the_next_which_is_compared_and_reported(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """Opened row, "never alert", "apply": two clicks; the file says so, and so do the next month and the report."""
    seen = visit()
    page = seen.page
    october, november = (score(seen, file) for file in months(tmp_path))
    seen.page.goto(october)
    page.locator("#rows tr[data-row]", has_text="EMPLOYEUR").first.locator(".open-row").click()
    number = page.get_attribute("#drawer[open] .drawer-in", "data-row")
    page.click("#drawer a:text('Never alert on such rows')")
    receiver = page.input_value("#value")
    assert receiver.startswith("EMPLOYEUR")
    page.fill("#value", "EMPLOYEUR-*")
    page.click(".rule-fields ~ button[value=try]")
    would = int(re.findall(r"Would hide (\d+)", page.inner_text(".rule-form"))[0])
    assert would > 0
    page.click("button[value=apply]")
    page.wait_for_selector("#rules li")
    hidden = [_hidden(page)]
    assert not page.locator("#rows tr[data-row]", has_text="EMPLOYEUR").count()
    page.click("#rules a:text('Show the hidden rows')")
    page.wait_for_selector("#rows .why")
    assert page.locator("#rows tr[data-row]").count() == min(hidden[0], 50)
    assert "matches EMPLOYEUR-*" in page.inner_text("#rows")

    page.goto(november)
    hidden.append(_hidden(page))
    assert sum(hidden) == would
    page.click(".menu summary")
    with page.expect_download() as download:
        page.click(".menu a:has-text('Parquet')")
    download.value.save_as(tmp_path / "november.parquet")
    table = pl.read_parquet(tmp_path / "november.parquet")
    changed = table.filter(pl.col("reasons").str.contains("no alert by rule"))
    assert changed.height == hidden[1]
    assert changed["alert"].sum() == 0

    page.click(".head a:has-text('Compare with october.csv')")
    page.wait_for_selector("#totals")
    assert "stable" in page.inner_text(".dl")
    page.goto(november)
    _check_report(seen, tmp_path)
    seen.go("/settings/audit?file=october")
    assert re.search(r"made rule \d+, which hides alerts", page.inner_text("table"))
    seen.go("/rules")
    page.locator("tbody tr", has_text="EMPLOYEUR-*").first.locator("button[value=off]").click()
    page.goto(f"{october}?lang=en&search=EMPLOYEUR")
    page.wait_for_selector(f"#rows tr[data-row='{number}']")
    seen.must_be_clean()


def _hidden(page: Page) -> int:
    return int(re.findall(r"(\d+) hidden by rules", page.inner_text("#rules"))[0])


def _check_report(seen: Visit, folder: Path) -> None:
    """The first page of the printed report is the summary, on one page of A4; the annex follows."""
    page = seen.page
    page.click(".menu summary")
    with page.expect_download() as download:
        page.click("#report")
    download.value.save_as(folder / "report.html")
    paper = page.context.new_page()
    paper.goto(f"file://{folder}/report.html")
    assert "hidden by rules" in paper.inner_text(".first-page")
    whole = len(_PAGES.findall(paper.pdf(prefer_css_page_size=True)))
    paper.evaluate("document.querySelector('.annex').remove()")
    assert len(_PAGES.findall(paper.pdf(prefer_css_page_size=True))) == 1 < whole
    paper.emulate_media(media="print")
    paper.set_viewport_size({"width": 688, "height": A4_HEIGHT})
    assert paper.locator(".first-page").bounding_box()["height"] < A4_HEIGHT  # type: ignore[index]
    paper.close()
