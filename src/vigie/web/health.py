"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from vigie.app import runs
from vigie.errors import NotFound
from vigie.web import authorization
from vigie.web.services import Services, current_services

bp = Blueprint("health", __name__)
_ours = CollectorRegistry()
_requests = Counter(
    "vigie_requests_total", "Answered requests of this process", ["method", "route", "status"], registry=_ours
)
_seconds = Histogram(
    "vigie_request_seconds", "What they took", ["route"], registry=_ours,
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)  # fmt: skip


def blueprints() -> list[Blueprint]:
    """What create_app registers."""
    return [bp]


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Counts a request; by route, not by address: ids would make a series each."""
    _requests.labels(method, route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


@bp.get("/healthz")
@authorization.public
def healthz() -> ResponseReturnValue:
    """This process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@authorization.public
def readyz() -> ResponseReturnValue:
    """Database and store answer too; anything else is a 503 in words."""
    here = current_services()
    here.accounts.count()
    for _ in here.store.list("uploads/none"):
        break
    return jsonify(status="ready")


@bp.get("/metrics")
@authorization.public
def metrics() -> ResponseReturnValue:
    """For Prometheus: this process's requests, and the jobs of the whole installation."""
    here = current_services()
    if not _may_read(here):
        raise NotFound("page", "/metrics", hint="send VIGIE_METRICS_TOKEN as a bearer token")
    jobs = CollectorRegistry()
    jobs.register(_Jobs(here))
    return Response(generate_latest(_ours) + generate_latest(jobs), content_type="text/plain; version=0.0.4")


class _Jobs(Collector):
    """Counted in the database, so that every web process says the same."""

    def __init__(self, here: Services) -> None:
        self._engine = here.engine

    def collect(self) -> Iterable[Any]:
        """The metrics."""
        count = GaugeMetricFamily("vigie_runs", "Runs by kind and state", labels=["kind", "state"])
        for kind, state, number in runs.count_by_state(self._engine):
            count.add_metric([kind, state], number)
        yield count
        oldest = runs.oldest_queued(self._engine)
        waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily("vigie_oldest_waiting_seconds", "Age of the oldest waiting run", value=waited)


def _may_read(here: Services) -> bool:
    token = here.web.metrics_token
    if token:
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        )
    return not here.web.production and request.remote_addr in {"127.0.0.1", "::1"}
