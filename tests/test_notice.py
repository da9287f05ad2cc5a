"""NOTICE names every installed library whose license is not permissive."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_RECIPROCAL = re.compile(r"GPL|MPL|Mozilla|EUPL|CDDL|EPL-|Eclipse Public|SSPL|BUSL")


def _names(file: str) -> set[str]:
    return set(re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / file).read_text(), re.MULTILINE))


def _license(name: str) -> str:
    found = metadata(name)
    declared = found.get("License-Expression") or (found.get("License") or "").split("\n")[0]
    classified = [line for line in found.get_all("Classifier") or [] if line.startswith("License")]
    return " ".join([declared, *classified])


def test_the_libraries_of_an_installation_with_reciprocal_licenses_are_named() -> None:
    """Of requirements/run.txt, which the image installs; a package of another system cannot be looked up."""
    text = (ROOT / "NOTICE").read_text()
    looked_up = 0
    for name in sorted(_names("requirements/run.txt")):
        try:
            license_ = _license(name)
        except PackageNotFoundError:
            continue
        looked_up += 1
        if _RECIPROCAL.search(license_):
            assert re.search(rf"\b{re.escape(name)}\b", text), f"{name}: {license_}"
    assert looked_up > 30


def test_notice_is_in_the_wheel() -> None:
    """Beside the license."""
    assert 'license-files = ["LICENSE", "NOTICE"]' in (ROOT / "pyproject.toml").read_text()
