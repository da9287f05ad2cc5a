"""What the strict Content-Security-Policy would forbid is not in our pages to begin with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[3] / "src" / "vigie" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
STATIC = sorted(path for path in (WEB / "static").iterdir())
LARGEST = 80_000


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_have_no_inline_script_style_or_handler(path: Path) -> None:
    """The report, which is opened from a disk, alone carries its style."""
    text = path.read_text()
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"\sstyle=", text)
    assert path.name == "report.html" or "<style" not in text
    for script in re.findall(r"<script[^>]*>", text):
        assert 'type="application/json"' in script or "src=" in script


@pytest.mark.parametrize("path", [*TEMPLATES, *STATIC], ids=lambda p: p.name)
def test_nothing_comes_from_another_host(path: Path) -> None:
    """No address but those that only name a vocabulary."""
    found = set(re.findall(r"https?://[\w.-]+", path.read_text())) - {"http://www.w3.org"}
    assert found == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_no_template_trusts_a_value(path: Path) -> None:
    """Every cell is escaped: `safe` is never said."""
    assert "|safe" not in path.read_text().replace(" ", "")


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if "<form" in path.read_text()], ids=lambda p: p.name
)
def test_every_form_that_changes_something_has_its_token(path: Path) -> None:
    """As many tokens as forms that post, at least."""
    text = path.read_text()
    posts = len(re.findall(r'<form[^>]*method="post"', text))
    tokens = text.count("{{ csrf() }}") + text.count("{{ csrf_token() }}")
    assert tokens >= posts


def test_a_page_is_light() -> None:
    """All scripts and the style sheet together weigh less than one photograph."""
    assert sum(path.stat().st_size for path in STATIC) < LARGEST
