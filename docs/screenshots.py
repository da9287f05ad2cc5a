"""Takes the pictures of the web app's pages that the documentation shows; `make docs` runs it.

A real `vigie serve` with its worker, in a home that is thrown away, and a real Chromium: a new user signs in, uploads
`examples/mobile_money_fr.csv`, and walks the way that docs/en/analyst.md describes, once in English and once in French.
Nothing on a page is drawn by hand. One thing is set: the days and hours at which files were uploaded and scored become
those of `_DAY`, so that a picture changes only when the page does. Where there is no Chromium the pictures stay as they are,
and it is said.

    python docs/screenshots.py [FOLDER]     into docs/img, or another folder
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.web.pages import browser  # noqa: E402  the same server and the same Chromium as in the tests

LANGUAGES = ("en", "fr")
LARGEST = 150_000
"""Bytes of a picture."""
_COLOURS = 128
_FOUND = ("fraud", "fine", "unsure", "fraud", "fine", "fraud")
"""Verdicts of a user on the first rows."""
_WATCHED = "scoring"
_SHADE = 24
"""How far a pixel may be off, of 255, without a picture being another one."""
_WIDTH, _HEIGHT = 1180, 860
_PHONE = (390, 844)
_LINES = browser.EXAMPLE.read_text("utf-8-sig").splitlines()
_DAY = {"en": ["5 Oct 2026", "4 Nov 2026"], "fr": ["5 oct. 2026", "4 nov. 2026"]}
_SET_DAY = """([day, later]) => {
    for (const place of document.querySelectorAll(".facts:not(.of-case), .recent, table.files")) {
        const walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            const text = walk.currentNode;
            text.data = text.data.replace(/\\d{1,2} \\p{L}+\\.? 20\\d\\d/u, /\\d:\\d\\d/.test(text.data) ? day : later).replace(/\\d\\d:\\d\\d/, "09:00");
        }
    }
}"""
_FIXED = ("mono", "Menlo", "Consolas", "Cascadia")
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><match target="pattern">{tests}
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match></fontconfig>""".format(
    tests="".join(
        f'<test name="family" qual="all" compare="not_contains"><string>{name}</string></test>'
        for name in _FIXED
    )
)
"""The pages ask for the system's font, and here that is Inter, which `tests/chromium.sh` installs; but for code."""


@dataclass(frozen=True)
class Studio:
    """Where pictures are taken: a signed-in page in one language, and the folder they go to."""

    page: Page
    url: str
    language: str
    folder: Path

    def take(self, name: str, *, at: str = "", height: int = _HEIGHT) -> str:
        """Writes what a window of that height shows; refuses a picture that is too large.

        Args:
            at: A selector of what the window is scrolled to; the top of the page where empty.
        """
        width = self.page.evaluate("innerWidth")
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.mouse.move(0, 0)
        self.page.evaluate(_SET_DAY, _DAY[self.language])
        self.page.locator(at or "html").first.evaluate("e => e.scrollIntoView({block: 'start'})")
        self.page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        path = self.folder / f"{name}.{self.language}.png"
        small = reduced(self.page.screenshot(animations="disabled"))
        if len(small) > LARGEST:
            raise ValueError(
                f"{path.name}: {len(small):,} bytes, expected at most {LARGEST:,}: show less of the page"
            )
        if not (path.exists() and looks_like(small, path.read_bytes())):
            path.write_bytes(small)
        return path.name

    def upload(self, name: str, data: bytes, until: str) -> None:
        """Gives a file to the first page and waits for what comes of it."""
        self.page.goto(self.url)
        self.page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": data})
        self.page.wait_for_selector(until)

    def score(self) -> None:
        """Starts from the check page; waits for the rows."""
        self.page.click("button[value=score]")
        self.page.wait_for_selector("#rows tr[data-rank='1']")

    def budget(self, rows: int) -> None:
        """Number of rows a user can review."""
        with self.page.expect_response(f"**/rows?*budget={rows}&*"):
            self.page.fill("#exact", str(rows))
        self.page.wait_for_selector("#rows:not([aria-busy]) tr[data-rank='1']")
        self.page.locator("#exact").blur()


def reduced(shot: bytes) -> bytes:
    """The picture with so few colours that a page of documentation stays light; the same picture gives the same bytes."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def looks_like(one: bytes, other: bytes) -> bool:
    """Whether the pictures look the same: a browser does not always draw an edge in the same shade."""
    first, second = (Image.open(io.BytesIO(data)).convert("RGB") for data in (one, other))
    if first.size != second.size:
        return False
    return max(high for _, high in ImageChops.difference(first, second).getextrema()) <= _SHADE


def at_the_door(studio: Studio) -> Iterator[str]:
    """The pages without signing in."""
    studio.page.goto(f"{studio.url}/sign-in")
    yield studio.take("web-sign-in", height=680)


def walk(studio: Studio) -> Iterator[str]:
    """From the door's other side to the refined ranking; yields each picture's name."""
    page = studio.page
    page.goto(studio.url)
    yield studio.take("web-upload", height=960)
    studio.upload(browser.EXAMPLE.name, browser.EXAMPLE.read_bytes(), "#check")
    yield studio.take("web-check", height=1180)
    yield watched(studio)
    page.wait_for_selector("#rows tr[data-rank='1']")
    yield studio.take("web-results", height=720)
    yield studio.take("web-charts", at="section[aria-labelledby=where]")
    studio.budget(20)
    for rank, mark in enumerate(_FOUND, 1):
        with page.expect_response("**/marks"):
            page.click(f"#rows tr[data-rank='{rank}'] button[data-mark={mark}]")
    yield studio.take("web-rows", at="section[aria-labelledby=table-title]")
    page.click("#rows tr[data-rank='1'] .open-row")
    page.wait_for_selector("#drawer[open] .other")
    yield studio.take("web-row", height=1180)
    page.keyboard.press("Escape")
    page.evaluate("scrollTo(0, 0)")
    page.click(".menu summary")
    yield studio.take("web-download", height=640)
    before = page.url
    page.keyboard.press("Escape")
    page.click("#labels-bar button")
    page.wait_for_url(lambda url: "/runs/run_" in url and url != before)
    page.wait_for_selector("#rows tr[data-rank='1']")
    yield studio.take("web-refined", at="section[aria-labelledby=table-title]", height=720)


def cases(studio: Studio) -> Iterator[str]:
    """The queue, and its first case with the network around it."""
    page = studio.page
    page.goto(f"{studio.url}/cases")
    yield studio.take("web-cases", height=900)
    page.click("#cases .name >> nth=0")
    page.wait_for_selector("#around .months")
    yield studio.take("web-case", height=1000)
    yield studio.take("web-network", at="#surroundings", height=760)


def watched(studio: Studio) -> str:
    """The page of a run that is under way: it is shown the server's first answer of a stage, and no later one.

    The clock of the browser stands still, so that the page does not guess how many seconds are left.
    """
    page = studio.page
    requested: list[Route] = []
    page.route("**/api/v1/predictions/*", lambda route: requested.append(route))
    page.clock.set_fixed_time(0)
    page.click("button[value=score]")
    page.wait_for_selector("#watch")
    address = f"{studio.url}/api/v1/predictions/{page.get_attribute('#watch', 'data-run')}"
    while (answer := page.request.get(address)).json()["stage"] != _WATCHED:
        if answer.json()["state"] not in {"queued", "running"}:
            raise RuntimeError(f"the run was over before anybody saw it at {_WATCHED!r}")
    requested[0].fulfill(response=answer)
    page.wait_for_selector(f"[data-stage='{_WATCHED}'].now")
    taken = studio.take("web-waiting", height=820)
    for route in requested[1:]:
        route.abort()
    page.unroute_all()
    page.reload()
    return taken


def on_a_phone(studio: Studio) -> Iterator[str]:
    """The results, dark and narrow."""
    studio.page.goto(f"{studio.url}/uploads")
    studio.page.click("table.files a.name >> nth=-1")
    studio.page.wait_for_selector("#rows tr[data-rank='1']")
    yield studio.take("web-phone", height=_PHONE[1])


def troubles(studio: Studio) -> Iterator[str]:
    """Separators that are in the cells, too, columns too few for probabilities, and a column whose name says nothing."""
    broken = [line.replace(";", ",") for line in _LINES]
    studio.upload("export_abime.csv", "\n".join(broken).encode(), ".note.signal")
    yield studio.take("web-refused", height=640)
    two = ["{1};{5}".format(*line.split(";")) for line in _LINES]
    studio.upload("deux_colonnes.csv", "\n".join(two).encode(), "#check")
    studio.score()
    yield studio.take("web-abstains", height=680)
    unnamed = [_LINES[0].replace("Montant (FCFA)", "X1"), *_LINES[1:]]
    studio.upload("sans_nom.csv", "\n".join(unnamed).encode(), "#check")
    studio.page.select_option("select[name=role5]", "amount")
    yield studio.take("web-correct", at="section[aria-labelledby=meanings]")


def models(studio: Studio) -> Iterator[str]:
    """What can be known of a reference model."""
    studio.page.goto(f"{studio.url}/models/mobile_money_any")
    yield studio.take("web-model", height=900)


def shoot(started: Browser, language: str, folder: Path) -> Iterator[str]:
    """All pictures in one language, in a home of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="vigie-pictures-") as place,
        browser.serving(Path(place)) as (url, _),
    ):
        link = _new_user(Path(place), url)
        session, laptop = Path(place) / "session.json", (_WIDTH, _HEIGHT)
        sets: tuple[tuple[Callable[[Studio], Iterator[str]], tuple[int, int], str], ...] = (
            (at_the_door, laptop, "light"), (walk, laptop, "light"), (cases, laptop, "light"), (on_a_phone, _PHONE, "dark"),
            (models, laptop, "light"), (troubles, laptop, "light"),
        )  # fmt: skip
        for set_, (width, height), scheme in sets:
            context = browser.new_context(
                started,
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale="fr-FR" if language == "fr" else "en-GB",
                timezone_id="UTC",
                reduced_motion="reduce",
                storage_state=session if session.exists() else None,
            )
            page = context.new_page()
            yield from set_(Studio(page, url, language, folder))
            if not session.exists():
                page.goto(link)
                page.wait_for_url(f"{url}/")
                context.storage_state(path=session)
            context.close()


def _new_user(home: Path, url: str) -> str:
    """The link that signs in an analyst who has just been added, on the server's address."""
    added = subprocess.run(
        [sys.executable, "-m", "vigie", "users", "add", "awa@example.org", "--name", "Awa"],
        env=browser.environment(home) | {"VIGIE_PUBLIC_URL": url}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return added.stdout.strip()


def main() -> None:
    """Takes all pictures, or says why not."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img"
    path = browser.program()
    if path is None:
        print("NO CHROMIUM: the pictures of the pages stay as they are; `bash tests/chromium.sh` installs it")  # noqa: T201
        return
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as fonts:
        fonts.write(_FONTS)
        fonts.flush()
        with browser.chromium(path, FONTCONFIG_FILE=fonts.name) as started:
            taken = [name for language in LANGUAGES for name in shoot(started, language, folder)]
    print(f"{folder}: {len(taken)} pictures of the pages")  # noqa: T201


if __name__ == "__main__":
    main()
