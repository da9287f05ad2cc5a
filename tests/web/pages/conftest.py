"""A real server with its worker, and a real Chromium that may reach nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from . import browser
from .browser import EXAMPLE


@dataclass
class Server:
    """A running `vigie serve` with an administrator's session."""

    url: str
    state: Path
    runs: dict[str, str] = field(default_factory=dict)


@dataclass
class Visit:
    """A page, and everything that went wrong on it."""

    page: Page
    server: Server
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Opens one of our pages."""
        self.page.goto(self.server.url + path)

    def must_be_clean(self) -> None:
        """Refuses any message on the console, any failed request and any other host."""
        assert self.faults == []


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the tests are left out, but never on CI."""
    path = browser.program()
    if path is None:
        reason = "no Chromium on this machine, so the pages are not tried in a browser: run tests/chromium.sh"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with browser.chromium(path) as started:
        yield started


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Server]:
    """`vigie serve` as a person starts it on their own machine; ended with its worker."""
    home = tmp_path_factory.mktemp("serve")
    with browser.serving(home) as (url, link):
        state = home / "session.json"
        context = browser.new_context(chromium)
        page = context.new_page()
        page.goto(link)
        page.wait_for_url(f"{url}/")
        context.storage_state(path=state)
        context.close()
        yield Server(url, state)


@pytest.fixture
def visit(server: Server, chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a page as a signed-in person: width, light or dark, language."""
    opened: list[BrowserContext] = []

    def open_(
        *, width: int = 1280, scheme: str = "light", language: str = "en", signed_in: bool = True
    ) -> Visit:
        context = browser.new_context(
            chromium,
            viewport={"width": width, "height": 900 if width > 600 else 844},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="fr-FR" if language == "fr" else "en-GB",
            storage_state=server.state if signed_in else None,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        opened.append(context)
        page = context.new_page()
        found = Visit(page, server)
        host = urlsplit(server.url).netloc

        def requested(request: Request) -> None:
            if urlsplit(request.url).scheme in {"http", "https"} and urlsplit(request.url).netloc != host:
                found.faults.append(f"another host: {request.url}")

        page.on("request", requested)
        page.on("console", lambda m: found.faults.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: found.faults.append(str(error)))
        return found

    yield open_
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def scored(server: Server, chromium: Browser) -> str:
    """The path of the results of the example, scored once for all tests that only look."""
    context = browser.new_context(chromium, storage_state=server.state)
    page = context.new_page()
    page.goto(server.url)
    page.set_input_files("#file", EXAMPLE)
    page.wait_for_selector("#check")
    page.click("button[value=score]")
    page.wait_for_selector("#rows")
    path = urlsplit(page.url).path
    context.close()
    return path
