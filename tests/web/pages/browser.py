"""What the tests of the pages and the pictures of the documentation share: a real server, and a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, sync_playwright
from tests.waiting import LIMIT, wait_until

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "mobile_money_fr.csv"
_LIMIT = 1000 * LIMIT
"""Milliseconds, as Playwright counts."""
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


def program() -> str | None:
    """Where the system's Chromium is, if there is one."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium(path: str, **environ: str) -> Iterator[Browser]:
    """A started Chromium; `environ` is added to its environment."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=_ARGUMENTS, env={**os.environ, **environ}, timeout=_LIMIT
        )
        yield browser
        browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A session of the browser that waits as long as tests may wait."""
    context = browser.new_context(**options)
    context.set_default_timeout(_LIMIT)
    return context


def environment(home: Path) -> dict[str, str]:
    """That of this process, but for everything that says where another Vigie keeps its things."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VIGIE_") and name != "DATABASE_URL"
    }
    return kept | {"VIGIE_HOME": str(home), "OMP_NUM_THREADS": "1"}


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, str]]:
    """`vigie serve` as a person starts it on their own machine; yields its address and the link that signs them in.

    It is ended with its worker. Refuses to wait for a server that has ended.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigie", "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(home),
        )
    assert process.stdout is not None
    try:
        link = process.stdout.readline().strip()
        url = f"http://127.0.0.1:{port}"
        _wait(url, process)
        yield url, link
    finally:
        process.terminate()
        process.wait(LIMIT)
        process.stdout.close()


def _wait(url: str, process: subprocess.Popen[str]) -> None:
    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"vigie serve ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/sign-in", timeout=LIMIT):
                return True
        except OSError:
            return False

    wait_until(answers)
