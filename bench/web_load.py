"""Fifty people at once: each uploads a table of 10 MB, waits until it is looked at, and reads the history.

    python bench/web_load.py [people] [megabytes] [file]

Starts `vigie serve` with its worker in a folder of its own and prints what the requests took and how the web process's
memory grew. The processes share the machine with this script, so the figures are of the worst case.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 50
MEGABYTES = int(sys.argv[2]) if len(sys.argv) > 2 else 10
FILE = Path(sys.argv[3]) if len(sys.argv) > 3 else None
PORT = 8797


def table(number: int) -> bytes:
    """A table of one person: the file that was named, whatever its size, or one that is made up."""
    if FILE is not None:
        return FILE.read_bytes()
    line = "2026-01-{:02d} {:02d}:{:02d}:00,C{},M{},{}.50,{}\n"
    some = "".join(
        line.format(
            1 + i % 28, i % 24, i % 60, (i + number) * 7919 % 997, i % 53, 10 + i * 37 % 4000, "abc"[i % 3]
        )
        for i in range(2000)
    ).encode()
    return b"when,customer,merchant,amount,kind\n" + some * (MEGABYTES * 1024**2 // len(some) + 1)


def ask(method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=300)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def peak(pid: int) -> int:
    """Kibibytes the web processes ever took; the worker, a child too, left out."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    web = [child for child in children if b"\0worker\0" not in Path(f"/proc/{child}/cmdline").read_bytes()]
    return sum(int(Path(f"/proc/{one}/status").read_text().partition("VmHWM:")[2].split()[0]) for one in web)


def quantiles(values: list[float]) -> dict[str, float]:
    """Median, 95th and worst, in seconds."""
    ordered = sorted(values)
    at = {"p50": len(ordered) // 2, "p95": int(0.95 * (len(ordered) - 1)), "max": len(ordered) - 1}
    return {name: round(ordered[place], 2) for name, place in at.items()}


def main() -> None:
    """Starts, loads, tells, stops."""
    home = tempfile.mkdtemp(prefix="vigie-load-")
    environ = os.environ | {"VIGIE_HOME": home, "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "vigie", "serve", "--port", str(PORT)],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        link = urlsplit(server.stdout.readline().decode().strip())
        while True:
            try:
                if ask("GET", "/readyz", {})[0] == 200:
                    break
            except OSError:
                time.sleep(0.2)
        headers = _token(f"{link.path}?{link.query}")
        before = peak(server.pid)
        took: dict[str, list[float]] = {"upload": [], "looked at": [], "history": []}
        failed: list[str] = []

        def person(number: int) -> None:
            data, started = table(number), time.perf_counter()
            status, answer = ask("PUT", f"/api/v1/uploads/content?name=table{number}.csv", headers, data)
            took["upload"].append(time.perf_counter() - started)
            if status != 201:
                failed.append(f"upload {status}")
                return
            sent = json.loads(answer)["id"]
            state = "received"
            while state == "received":
                time.sleep(0.5)
                status, answer = ask("GET", f"/api/v1/uploads/{sent}", headers)
                state = json.loads(answer).get("state", "") if status == 200 else f"{status}"
            if state != "ready":
                failed.append(f"state {state}")
            took["looked at"].append(time.perf_counter() - started)
            started = time.perf_counter()
            if ask("GET", "/api/v1/uploads", headers)[0] != 200:
                failed.append("history")
            took["history"].append(time.perf_counter() - started)

        threads = [threading.Thread(target=person, args=(number,)) for number in range(PEOPLE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reported = {
            "people": PEOPLE,
            "megabytes": MEGABYTES,
            "failed": failed,
            "seconds": {name: quantiles(values) for name, values in took.items() if values},
            "web_peak_before_mb": before // 1024,
            "web_peak_after_mb": peak(server.pid) // 1024,
            "load": os.getloadavg()[0],
        }
        print(json.dumps(reported, indent=2))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _token(link: str) -> dict[str, str]:
    """Headers of a token, made by the person whom the link signs in."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request("GET", link)
    answer = connection.getresponse()
    cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
    answer.read()
    connection.request("GET", "/", headers={"Cookie": cookie})
    answer = connection.getresponse()
    page = answer.read().decode()
    cookie = str(answer.getheader("Set-Cookie", cookie)).partition(";")[0]
    found = re.search(r'csrf-token" content="([^"]+)', page)
    assert found
    connection.request(
        "POST", "/api/v1/tokens", json.dumps({"name": "load", "scopes": ["write"]}),
        {"Cookie": cookie, "X-CSRFToken": found[1], "Content-Type": "application/json"},
    )  # fmt: skip
    secret = json.loads(connection.getresponse().read())["secret"]
    connection.close()
    return {"Authorization": f"Bearer {secret}"}


main()
