"""A production setup: catalog in PostgreSQL, models on S3, and the cache when the store is unavailable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from tests.waiting import LIMIT

from vigie.simulator import generate

BUCKET = "fraud-detection-models"
KEYS = {"AWS_ACCESS_KEY_ID": "vigie", "AWS_SECRET_ACCESS_KEY": "only-for-tests"}


def vigie(environ: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "vigie", *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=LIMIT)


def predict(environ: dict[str, str], table: Path, out: Path) -> dict[str, Any]:
    done = vigie(environ, "predict", table, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@pytest.mark.slow
def test_predictions_without_the_store(postgres_url: str, tmp_path: Path) -> None:
    """From a catalog in PostgreSQL and a bucket the cache is filled; then it serves the same bytes without the store."""
    table = tmp_path / "table.parquet"
    generate("mobile_money", 3, 1500).frame.write_parquet(table)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("VIGIE_", "AWS_"))},
        **KEYS,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "DATABASE_URL": postgres_url,
        "STORAGE_TYPE": "s3",
        "S3_MODEL_BUCKET": BUCKET,
        "MODEL_CACHE_DIR": str(tmp_path / "cache"),
        "VIGIE_HOME": str(tmp_path / "home"),
        "VIGIE_STORE_TOTAL_SECONDS": "3",
    }
    try:
        boto3.client(
            "s3",
            endpoint_url=environ["AWS_ENDPOINT_URL"],
            aws_access_key_id="vigie",
            aws_secret_access_key="only-for-tests",
            region_name="us-east-1",
        ).create_bucket(Bucket=BUCKET)
        assert vigie(environ, "db", "upgrade").returncode == 0
        local = predict(environ, table, tmp_path / "local.csv")
        moved = vigie(environ, "migrate", "--to", f"s3://{BUCKET}/automl_models")
        assert moved.returncode == 0, moved.stderr
        assert not list((tmp_path / "cache").glob("sha256/*/*")), "a migration must not fill the cache"
        remote = predict(environ, table, tmp_path / "remote.csv")
        assert list((tmp_path / "cache").glob("sha256/*/*"))
    finally:
        server.stop()
    offline = predict(environ, table, tmp_path / "offline.csv")
    assert [m["name"] for m in local["matches"]] == [m["name"] for m in remote["matches"]]
    assert [m["name"] for m in remote["matches"]] == [m["name"] for m in offline["matches"]]
    assert len(remote["matches"]) == 3
    written = [(tmp_path / f"{name}.csv").read_bytes() for name in ("local", "remote", "offline")]
    assert written[0] == written[1] == written[2]
