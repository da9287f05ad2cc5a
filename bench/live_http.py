"""How soon the web app answers one transaction with 200 rows of history, and how many it answers a second.

    .venv/bin/python bench/live_http.py [processes] [rows]        2 web processes, a plan of 20,000 rows

Starts `vigie serve` in a folder of its own, scores a made-up table there, and asks `POST /api/v1/score`: one client, then
8, 16 and 32 at once, each as soon as it has its answer. Clients and server share the machine.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import polars as pl

import payments
from vigie import settings
from vigie.app import tokens, users
from vigie.db import database

PORT, HISTORY, ANSWERS = 8798, 200, 1200


def token(home: Path) -> str:
    """A key of the one who works alone on this installation."""
    engine = database.open(settings.load({"VIGIE_HOME": str(home)}).database_url)
    try:
        return tokens.create(engine, users.list_all(engine)[0].id, "bench", ["read", "write"], None)[1]
    finally:
        engine.dispose()


class Client:
    """A connection that is kept, and costs as little as it can."""

    def __init__(self, secret: str) -> None:
        self.head = f"Host: 127.0.0.1:{PORT}\r\nAuthorization: Bearer {secret}\r\n"
        self.socket = socket.create_connection(("127.0.0.1", PORT))

    def ask(self, path: str, body: bytes, method: str = "POST", kind: str = "application/json") -> bytes:
        """The body of an answer; refuses any that is no success."""
        head = f"{method} /api/v1{path} HTTP/1.1\r\n{self.head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        data = self.socket.recv(1 << 16)
        if not data.startswith(b"HTTP/1.1 2"):
            raise SystemExit(data.decode(errors="replace"))
        start = data.index(b"\r\n\r\n") + 4
        size = re.search(rb"(?i)content-length: (\d+)", data[:start])
        while size and len(data) < start + int(size[1]):
            data += self.socket.recv(1 << 16)
        return data[start:]


def scored(client: Client, folder: Path, rows: int) -> str:
    """The run that scored a made-up table."""
    table = payments.write(folder / "payments.csv", rows).read_bytes()
    sent = json.loads(client.ask("/uploads/content?name=payments.csv", table, "PUT", "text/csv"))
    run = json.loads(client.ask("/predictions", json.dumps({"upload_id": sent["id"]}).encode()))
    while run["state"] in ("queued", "running"):
        time.sleep(0.5)
        run = json.loads(client.ask(f"/predictions/{run['id']}", b"", "GET"))
    return str(run["id"])


def measure(secret: str, bodies: list[bytes], clients: int) -> None:
    """Prints answers a second and percentiles of seconds."""

    def work(number: int) -> list[float]:
        client, seconds = Client(secret), []
        for turn in range(ANSWERS // clients):
            start = time.perf_counter()
            client.ask("/score", bodies[(37 * number + turn) % len(bodies)])
            seconds.append(time.perf_counter() - start)
        return seconds

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        seconds = np.concatenate([np.array(one) for one in pool.map(work, range(clients))])
    rate = len(seconds) / (time.perf_counter() - start)
    low, high, most = (1000 * x for x in np.percentile(seconds[len(seconds) // 20 :], (50, 90, 99)))
    print(
        f"{clients:2} clients {rate:4.0f} answers a second, p50 {low:6.1f} ms, p90 {high:6.1f} ms, p99 {most:6.1f} ms"
    )


def main() -> None:
    processes, rows = (int(text) for text in (sys.argv[1:] + ["2", "20000"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        arguments = ["-m", "vigie", "serve", "--port", str(PORT), "--processes", str(processes)]
        server = subprocess.Popen(
            [sys.executable, *arguments],
            env=os.environ | {"VIGIE_HOME": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            answering()
            secret = token(home)
            run = scored(Client(secret), home, rows)
            later = payments.frame(HISTORY + 100, start=rows, rows=2 * rows)
            rows_to_score = later.with_columns(pl.selectors.temporal().cast(pl.String)).to_dicts()
            bodies = [
                json.dumps({"prediction_id": run, "rows": rows_to_score[n : n + HISTORY + 1]}).encode()
                for n in range(100)
            ]
            print(f"{processes} web processes, a plan of {rows:,} rows, load {os.getloadavg()[0]:.1f}")
            for clients in (1, 8, 16, 32):
                measure(secret, bodies, clients)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)


def answering() -> None:
    """Until the server answers; refuses to wait for ever."""
    for _ in range(300):
        try:
            connection = HTTPConnection("127.0.0.1", PORT, timeout=10)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not answer")


if __name__ == "__main__":
    main()
