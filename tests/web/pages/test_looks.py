"""Every page, at both widths, in light and dark: accessible, inside its width, silent, and from our own host."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Route

from vigie.starter_models import registry

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
MODELS = json.loads((registry.MODELS / "index.json").read_text())["models"]
PAGES = (
    "/", "/uploads", "/uploads?q=nothing-is-called-so", "{run}", "{run}?budget=30", "/cases",
    "/cases?view=mine", "/models",
    f"/models/{MODELS[0]}", f"/models/{MODELS[0]}?against={MODELS[-1]}", "/settings", "/settings/tokens",
    "/settings/watches", "/settings/notices", "/settings/users", "/settings/audit", "/settings/server", "/api",
    "/rules", "{run}/compare", "{run}/rows/1/rule",
)  # fmt: skip
LOOKS = [(1280, "light", "en"), (390, "dark", "fr")]


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_every_page_is_accessible_and_fits(
    visit: Callable[..., Visit], scored: str, width: int, scheme: str, language: str
) -> None:
    """axe finds nothing serious, nothing is wider than the screen, the console is silent."""
    seen = visit(width=width, scheme=scheme, language=language)
    for path in PAGES:
        seen.go(path.format(run=scored))
        seen.page.wait_for_load_state("networkidle")
        _check(seen, path)
    seen.must_be_clean()


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_the_drawer_and_the_columns_are_accessible(
    visit: Callable[..., Visit], scored: str, width: int, scheme: str, language: str
) -> None:
    """What only opens on demand."""
    seen = visit(width=width, scheme=scheme, language=language)
    seen.go(f"{scored}?budget=5")
    seen.page.click("#rows .open-row >> nth=0")
    seen.page.wait_for_selector("#drawer[open] .dl")
    _check(seen, "drawer")
    seen.go(scored)
    seen.page.click(".head a.button")
    seen.page.wait_for_selector("#check")
    _check(seen, "check")
    seen.go("/cases")
    seen.page.click("#cases .name >> nth=0")
    seen.page.wait_for_selector("#around .months")
    _check(seen, "case")
    seen.must_be_clean()


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_a_refused_file_is_read_again_with_the_options_of_the_page(
    visit: Callable[..., Visit], width: int, scheme: str, language: str
) -> None:
    """The refusal and the check page after it are accessible, fit, and say how the file was read."""
    seen = visit(width=width, scheme=scheme, language=language)
    noise, page = "".join(map(chr, range(0xA0, 0x100))), seen.page
    rows = "".join(f"2026-01-{1 + i % 28:02d};C{i % 9};{i}.5{width};{language}\n" for i in range(60))
    data = f"day;client;amount;{language}{width}\n{rows}2026-01-02;{noise};7;x\nTotal;;99;\n".encode(
        "latin-1"
    )
    seen.go("/")
    page.set_input_files("#file", {"name": "noise.csv", "mimeType": "text/csv", "buffer": data})
    page.wait_for_selector(".note.signal")
    _check(seen, "refused")
    page.select_option("#encoding", "iso8859-1")
    page.click(".read-options button")
    page.wait_for_selector("#check")
    assert "iso8859-1" in page.inner_text("section[aria-labelledby=reading] .facts")
    with page.expect_download() as download:
        page.click("section[aria-labelledby=reading] a[download]")
    assert download.value.suggested_filename == "noise.set-aside.csv"
    _check(seen, "read")
    seen.must_be_clean()


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_the_label_of_a_file_is_chosen_from_its_columns(
    visit: Callable[..., Visit], width: int, scheme: str, language: str
) -> None:
    """The column that looks like a label comes first; the one that is chosen is sent, with a name for the model."""
    seen = visit(width=width, scheme=scheme, language=language)
    page, sent = seen.page, []
    rows = "".join(f"C{i % 9},{i}.5{width},{i % 3},{int(i % 20 == 0)}\n" for i in range(200))
    data = f"client,amount,channel,is_fraud\n{rows}".encode()
    seen.go("/")
    page.set_input_files("#file", {"name": "labelled.csv", "mimeType": "text/csv", "buffer": data})
    page.wait_for_selector("#check")
    assert "is_fraud" in page.inner_text("section[aria-labelledby=train]")
    assert page.input_value("#label") == "is_fraud"
    assert page.locator("#label option").all_inner_texts() == ["is_fraud", "client", "amount", "channel"]
    assert page.input_value("#model-name") == "labelled"
    _check(seen, "label")
    seen.must_be_clean()

    def keep(route: Route) -> None:
        sent.append(parse_qs(route.request.post_data or ""))
        route.fulfill(status=204)

    page.route("**/models", keep)
    page.select_option("#label", "channel")
    with page.expect_response("**/models"):
        page.click("section[aria-labelledby=train] button")
    assert [(form["label"], form["name"]) for form in sent] == [(["channel"], ["labelled"])]


def test_the_door_and_an_error_are_accessible(visit: Callable[..., Visit]) -> None:
    """Pages for people who are not inside, or lost."""
    seen = visit(signed_in=False)
    seen.go("/sign-in")
    _check(seen, "/sign-in")
    lost = visit()
    lost.go("/no-such-page")
    assert lost.page.locator("main h1").count() == 1
    _check(lost, "404")


def test_light_and_dark_can_be_chosen_and_are_kept(visit: Callable[..., Visit]) -> None:
    """The button wins over the system, and the next page is drawn so from the start."""
    seen = visit(scheme="light")
    seen.go("/")
    light = seen.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    seen.page.click("#theme")
    seen.go("/uploads")
    dark = seen.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert seen.page.get_attribute("html", "data-theme") == "dark"
    assert light != dark


def _check(seen: Visit, name: str) -> None:
    page = seen.page
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} pixels too wide"
    page.evaluate(AXE + "; 0")
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    grave = [
        (one["id"], one["impact"], one["nodes"][0]["html"][:200])
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    assert grave == [], f"{name}: {grave}"
