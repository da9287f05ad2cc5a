"""A client of the API of Vigie's web app, with the standard library alone.

    VIGIE_URL=https://vigie.example.org VIGIE_TOKEN=vigie_… python examples/api_client.py payments.csv scored.csv

Scores a table, prints the first rows to review with their reasons, and writes the table with scores, alerts and labels.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any


class Vigie:
    """One installation.

    Args:
        url: address of the installation.
        token: API token of the settings page.
    """

    def __init__(self, url: str, token: str) -> None:
        self._api, self._token = url.rstrip("/") + "/api/v1", token

    def upload(self, path: Path) -> str:
        """Send a file in parts and return the id of the upload; a part that fails may be sent again."""
        found = self.ask("POST", "/uploads", {"name": path.name, "size": path.stat().st_size})
        with path.open("rb") as file:
            number = 0
            while part := file.read(found["part_bytes"]):
                number += 1
                self.send("PUT", f"/uploads/{found['id']}/parts/{number}", part)
        self.send("POST", f"/uploads/{found['id']}/complete", b"")
        return str(found["id"])

    def score(self, upload: str, **options: Any) -> dict[str, Any]:
        """Score an upload, wait, and return the prediction; options are those of `POST /predictions`."""
        run = self.ask("POST", "/predictions", {"upload_id": upload, **options})
        while run["state"] in {"queued", "running"}:
            time.sleep(1)
            run = self.ask("GET", f"/predictions/{run['id']}")
        if run["state"] != "done":
            raise RuntimeError(f"{run['state']}: {run['error']}")
        return run

    def alerts(self, run: dict[str, Any], n: int) -> list[dict[str, Any]]:
        """Return the first rows to review; rows count from 1."""
        rows: list[dict[str, Any]] = self.ask(
            "GET", f"/predictions/{run['id']}/rows?budget={run['budget']}&size={n}"
        )["rows"]
        return rows

    def label(
        self, run: dict[str, Any], labels: dict[int, str], comments: dict[int, str] | None = None
    ) -> None:
        """Label rows: `fraud`, `fine` or `unsure`, each with a comment where there is one."""
        self.ask("PUT", f"/predictions/{run['id']}/marks", {"marks": labels, "comments": comments or {}})

    def download(self, run: dict[str, Any], path: Path) -> None:
        """Write the table with scores, alerts and labels; the ending of the name chooses CSV, Parquet or Excel."""
        kind = path.suffix.removeprefix(".")
        path.write_bytes(self.send("GET", f"/predictions/{run['id']}/result?format={kind}"))

    def score_live(
        self, run: dict[str, Any], rows: list[dict[str, Any]], last: int = 1
    ) -> list[dict[str, Any]]:
        """Score the last of some rows, written as in the table; the rows before them are their history."""
        body = {"prediction_id": run["id"], "rows": rows, "last": last}
        found: list[dict[str, Any]] = self.ask("POST", "/score", body)["rows"]
        return found

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send JSON and return the JSON of the response."""
        data = None if body is None else json.dumps(body).encode()
        found: dict[str, Any] = json.loads(self.send(method, path, data, "application/json"))
        return found

    def send(
        self, method: str, path: str, data: bytes | None = None, media_type: str = "application/octet-stream"
    ) -> bytes:
        """Send bytes and return those of the response; an error is an HTTPError whose body is a problem+json."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media_type}
        request = urllib.request.Request(self._api + path, data, headers, method=method)  # noqa: S310 - the caller names it
        with urllib.request.urlopen(request) as response:  # noqa: S310 - the same address
            return bytes(response.read())


def main(source: Path, target: Path) -> None:
    """Score one file."""
    vigie = Vigie(os.environ["VIGIE_URL"], os.environ["VIGIE_TOKEN"])
    run = vigie.score(vigie.upload(source))
    for row in vigie.alerts(run, 5):
        sys.stdout.write(f"{row['row']}\t{row['fraud_score']}\t{row['reasons']}\n")
    vigie.download(run, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
