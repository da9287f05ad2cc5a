"""The examples of docs/web.md, as they stand there, against a server and a worker."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from tests.jobs.conftest import CSV, ROWS, Start, free_port, is_up
from tests.waiting import LIMIT, wait_until

from vigie.app import User, tokens
from vigie.web.services import Services

CLIENT = Path(__file__).resolve().parents[2] / "examples" / "api_client.py"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "web.md"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.skipif(
    not shutil.which("jq") or not shutil.which("curl"), reason="the examples need curl and jq"
)
def test_the_examples_work_as_they_stand(services: Services, ada: User, start: Start, tmp_path: Path) -> None:
    """curl and Python: the file comes back scored."""
    text = PAGE.read_text()
    bash, python = (re.findall(f"```{name}\n(.*?)```", text, re.DOTALL)[0] for name in ("bash", "python"))
    _, secret = tokens.create(services.engine, ada.id, "docs", ["write"], None)
    port = free_port()
    start("serve", "--port", str(port), "--no-link", "--worker")
    wait_until(lambda: is_up(port), pause=0.05)
    (tmp_path / "payments.csv").write_text(CSV)
    known = {"VIGIE_URL": f"http://127.0.0.1:{port}", "VIGIE_TOKEN": secret}
    for command in (["bash", "-euo", "pipefail", "-c", bash], [sys.executable, "-c", python]):
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | known,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if command[0] == "bash":
            assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["1", "2", "3", "4", "5"]
            assert pl.read_csv(tmp_path / "predictions.csv").height == ROWS
        else:
            assert done.stdout == f"done {ROWS // 100}\n"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_client_scores_labels_and_downloads(
    services: Services, ada: User, start: Start, tmp_path: Path
) -> None:
    """As a program, and as a class: rows count from 1 in what it reads, labels and downloads."""
    _, secret = tokens.create(services.engine, ada.id, "client", ["write"], None)
    port = free_port()
    start("serve", "--port", str(port), "--no-link", "--worker")
    wait_until(lambda: is_up(port), pause=0.05)
    source, target = tmp_path / "payments.csv", tmp_path / "scored.csv"
    source.write_text(CSV)
    known = {"VIGIE_URL": f"http://127.0.0.1:{port}", "VIGIE_TOKEN": secret}
    command = [sys.executable, str(CLIENT), str(source), str(target)]
    done = subprocess.run(
        command, env=os.environ | known, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr
    first = int(done.stdout.split()[0])
    assert pl.read_csv(target)["fraud_score"].arg_max() == first - 1
    spec = importlib.util.spec_from_file_location("api_client", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vigie = module.Vigie(known["VIGIE_URL"], secret)
    run = vigie.score(vigie.upload(source), budget=7)
    vigie.label(run, {first: "fraud"}, {first: "seen"})
    vigie.download(run, tmp_path / "scored.parquet")
    table = pl.read_parquet(tmp_path / "scored.parquet")
    assert table["alert"].sum() == 7
    assert (table["verdict"][first - 1], table["comment"][first - 1]) == ("fraud", "seen")
    names = CSV.splitlines()[0].split(",")
    rows = [dict(zip(names, line.split(","), strict=True)) for line in CSV.splitlines()[1:]]
    assert len(vigie.score_live(run, rows[:50])) == 1
