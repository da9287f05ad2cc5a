"""The metrics, and the dashboard and alert rules that read them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.web.conftest import Installation, upload

from vigie.app import notices
from vigie.db import database
from vigie.jobs.context import open_context
from vigie.jobs.watching.loops import look_once

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"


def samples(here: Installation) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Name -> labels and values."""
    client = here.app.test_client()
    client.get("/healthz")
    text = client.get("/metrics").get_data(as_text=True)
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def test_every_metric_of_the_dashboard_and_the_alerts_exists(here: Installation) -> None:
    """With the labels and the values of labels that they select."""
    here.services.predictions.score(here.users["ada"], upload(here))
    here.work()
    found = samples(here)
    dashboard = json.loads((FOLDER / "grafana.json").read_text())
    rules: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    expressions += [rule["expr"] for rule in alerts]
    named = {name for text in expressions for name in re.findall(r"\bvigie_\w+", text)}
    assert len(named) > 6
    assert named - set(found) == set()
    for text in expressions:
        for name, label in re.findall(r"(\bvigie_\w+)\{(\w+)=", text):
            assert any(label in labels for labels, _ in found[name]), text
    assert all(rule["annotations"]["summary"] for rule in alerts)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_metrics_count_watches_that_fail_and_notices_that_wait(here: Installation, tmp_path: Path) -> None:
    """A folder that is away, and a notice that is not delivered yet."""
    watch = here.services.watches.add(here.users["ada"], str(tmp_path / "away"))
    with open_context(here.settings, here.web) as context:
        look_once(context, "w")
    with database.writing(here.services.engine) as connection:
        notices.emit(connection, "drift", "e1", here.users["ada"].id, {"file": "a.csv"})
    found = samples(here)
    assert ({"state": "failing"}, 1.0) in found["vigie_watches"]
    assert ({"channel": "email", "state": "waiting"}, 1.0) in found["vigie_notices"]
    here.services.watches.set_active(here.users["ada"], watch.id, False)
    assert ({"state": "paused"}, 1.0) in samples(here)["vigie_watches"]
