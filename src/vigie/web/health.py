"""Health checks and Prometheus metrics: /healthz, /readyz, /metrics."""

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

from vigie.app import notices, runs, watched_files, watches
from vigie.app.notice_tables import CHANNELS, NOTICE_STATES
from vigie.errors import NotFound
from vigie.web import authorization
from vigie.web.services import Services, current_services

bp = Blueprint("health", __name__)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
"""Methods that metrics and logs name."""
_REGISTRY = CollectorRegistry()
_REQUESTS = Counter(
    "vigie_requests_total", "Requests of this process", ["method", "route", "status"], registry=_REGISTRY
)
_SECONDS = Histogram(
    "vigie_request_seconds", "Duration of requests", ["route"], registry=_REGISTRY,
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)  # fmt: skip


def blueprints() -> list[Blueprint]:
    """Return the blueprints that create_app registers."""
    return [bp]


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request by its route; addresses hold ids, and clients make up methods, each of which would be a series."""
    _REQUESTS.labels(method if method in METHODS else "other", route, str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


@bp.get("/healthz")
@authorization.public
def healthz() -> ResponseReturnValue:
    """Report that this process responds."""
    return jsonify(status="ok")


@bp.get("/readyz")
@authorization.public
def readyz() -> ResponseReturnValue:
    """Report that database and store respond; 503 otherwise."""
    services = current_services()
    services.accounts.count()
    for _ in services.store.list("uploads/none"):
        break
    return jsonify(status="ready")


@bp.get("/metrics")
@authorization.public
def metrics() -> ResponseReturnValue:
    """Return the metrics of this process's requests and of all runs of the installation."""
    services = current_services()
    if not _may_read(services):
        raise NotFound("page", "/metrics", hint="send VIGIE_METRICS_TOKEN as a bearer token")
    jobs = CollectorRegistry()
    jobs.register(_RunCollector(services))
    return Response(
        generate_latest(_REGISTRY) + generate_latest(jobs), content_type="text/plain; version=0.0.4"
    )


class _RunCollector(Collector):
    """Counts runs, watches and notices in the database, so that all web processes report the same."""

    def __init__(self, services: Services) -> None:
        self._engine = services.engine

    def collect(self) -> Iterable[Any]:
        """Yield the metrics."""
        count = GaugeMetricFamily("vigie_runs", "Runs by kind and state", labels=["kind", "state"])
        for kind, state, number in runs.count_by_state(self._engine):
            count.add_metric([kind, state], number)
        yield count
        yield from self._watches_and_notices()
        oldest = runs.oldest_queued(self._engine)
        waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily("vigie_oldest_waiting_seconds", "Age of the oldest waiting run", value=waited)

    def _watches_and_notices(self) -> Iterable[Any]:
        states = GaugeMetricFamily("vigie_watches", "Watches by state", labels=["state"])
        for state, number in watches.count_by_state(self._engine).items():
            states.add_metric([state], number)
        yield states
        files = GaugeMetricFamily(
            "vigie_watched_files", "Files that watches found, by state", labels=["state"]
        )
        for state, number in watched_files.count_by_state(self._engine).items():
            files.add_metric([state], number)
        yield files
        sent = GaugeMetricFamily("vigie_notices", "Notices by channel and state", labels=["channel", "state"])
        counted = {
            (channel, state): number for channel, state, number in notices.count_by_state(self._engine)
        }
        for channel in CHANNELS:
            for state in NOTICE_STATES:
                sent.add_metric([channel, state], counted.get((channel, state), 0))
        yield sent
        oldest = notices.oldest_waiting(self._engine)
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "vigie_oldest_notice_seconds", "Age of the oldest notice that is tried again", value=age
        )


def _may_read(services: Services) -> bool:
    token = services.web.metrics_token
    if token:
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        )
    return not services.web.production and request.remote_addr in {"127.0.0.1", "::1"}
