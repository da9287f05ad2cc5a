"""A real server with its worker, and a real Chromium that may reach nothing else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "mobile_money_fr.csv"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        reason = "no Chromium on this machine, so nobody walks through the pages: run tests/chromium.sh"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Server]:
    """`vigie serve` as a person starts it on their own machine; ended with its worker."""
    home = tmp_path_factory.mktemp("serve")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
    environment |= {"VIGIE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigie", "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
    assert process.stdout is not None
    link = process.stdout.readline().strip()
    url = f"http://127.0.0.1:{port}"
    _wait(url, process)
    state = home / "session.json"
    context = chromium.new_context()
    page = context.new_page()
    page.goto(link)
    page.wait_for_url(f"{url}/")
    context.storage_state(path=state)
    context.close()
    yield Server(url, state)
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture
def visit(server: Server, chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a page as a signed-in person: width, light or dark, language."""
    opened: list[BrowserContext] = []

    def open_(
        *, width: int = 1280, scheme: str = "light", language: str = "en", signed_in: bool = True
    ) -> Visit:
        context = chromium.new_context(
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

        def asked(request: Request) -> None:
            if urlsplit(request.url).scheme in {"http", "https"} and urlsplit(request.url).netloc != host:
                found.faults.append(f"another host: {request.url}")

        page.on("request", asked)
        page.on("console", lambda m: found.faults.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: found.faults.append(str(error)))
        return found

    yield open_
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def scored(server: Server, chromium: Browser) -> str:
    """The path of the results of the example, scored once for all tests that only look."""
    context = chromium.new_context(storage_state=server.state)
    page = context.new_page()
    page.goto(server.url)
    page.set_input_files("#file", EXAMPLE)
    page.wait_for_selector("#check", timeout=60_000)
    page.click("button[value=score]")
    page.wait_for_selector("#rows", timeout=120_000)
    path = urlsplit(page.url).path
    context.close()
    return path


def _wait(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(120):
        if process.poll() is not None:
            pytest.fail(f"vigie serve ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/sign-in", timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail("vigie serve does not answer")
