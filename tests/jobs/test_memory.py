"""What an upload costs a web process in memory."""

from __future__ import annotations

import http.client
from pathlib import Path

import pytest
from tests.jobs.conftest import Start, free_port, is_up
from tests.waiting import LIMIT, wait_until

from vigie.app import User, tokens
from vigie.web.services import Services

SIZE = 300 * 1024**2
BLOCK = 1024**2


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_upload_is_never_held_in_memory(
    services: Services, ada: User, start: Start, tmp_path: Path
) -> None:
    """300 MB sent at once: the process grows by a few parts, not by the file; and all of it arrives."""
    _, secret = tokens.create(services.engine, ada.id, "test", ["write"], None)
    port = free_port()
    server = start("serve", "--port", str(port), "--no-link", "--no-worker")
    wait_until(lambda: is_up(port), pause=0.05)

    def peak() -> int:
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        status = [Path(f"/proc/{pid}/status").read_text() for pid in (str(server.pid), *children)]
        return sum(int(text.partition("VmHWM:")[2].split()[0]) for text in status if "VmHWM" in text)

    before = peak()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    connection.putrequest("PUT", "/api/v1/uploads/content?name=big.csv")
    connection.putheader("Authorization", f"Bearer {secret}")
    connection.putheader("Content-Length", str(SIZE))
    connection.endheaders()
    block = b"x" * BLOCK
    for _ in range(SIZE // BLOCK):
        connection.send(block)
    answer = connection.getresponse()
    assert answer.status == 201
    answer.read()
    connection.close()
    assert (peak() - before) < 100 * 1024
    assert services.uploads.list_for(ada)[0].size == SIZE
