"""Pages are sent compressed to those who accept it, with the same content."""

from __future__ import annotations

import gzip

import pytest
from tests.web.conftest import Installation


@pytest.mark.parametrize("path", ["/models", "/static/vigie.css", "/api/v1/openapi.json", "/sign-in"])
def test_text_is_compressed_for_those_who_accept_it(here: Installation, path: str) -> None:
    """And only for them; `Vary` names it to caches."""
    client = here.browser("ada") if path == "/models" else here.app.test_client()
    plain = client.get(path, buffered=True)
    packed = client.get(path, headers={"Accept-Encoding": "gzip, br"}, buffered=True)
    assert (plain.status_code, packed.status_code) == (200, 200)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    if path.startswith("/static"):
        assert gzip.decompress(packed.data) == plain.data


def test_a_static_file_that_is_known_is_not_sent_again(here: Installation) -> None:
    """Its tag with compression is another than without."""
    client = here.app.test_client()
    known = {"Accept-Encoding": "gzip"}
    tag = client.get("/static/vigie.css", headers=known, buffered=True).headers["ETag"]
    assert tag != client.get("/static/vigie.css", buffered=True).headers["ETag"]
    again = client.get("/static/vigie.css", headers={**known, "If-None-Match": tag}, buffered=True)
    assert (again.status_code, again.data) == (304, b"")
