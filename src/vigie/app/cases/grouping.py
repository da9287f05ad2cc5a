"""Which entity an alert is gathered by.

An alert belongs to one case. So six numbers that receive fifty alerts are six cases, rather than fifty customers with one each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from vigie.app.cases.records import Candidate, RankedAlert
from vigie.app.cases.tables import ROW

Entity = tuple[str, str]
"""Kind and digest."""
MIN_SHARED_ALERTS = 3
"""Alerts of a counterparty or device that gathers them: fewer stay with their customers."""


def group(
    alerts: Sequence[RankedAlert], cases: Mapping[Entity, str], upload_id: str
) -> dict[int, tuple[Entity, str | None]]:
    """Return the entity by which each alert is gathered, and the open case that it joins.

    An alert joins the open case of a counterparty or device that it names. Otherwise it belongs to the counterparty or device
    that gathers most alerts, and otherwise to its customer, whose open case it joins.

    Args:
        alerts: of one run, without a case.
        cases: entity -> its open case.
        upload_id: the upload; names the entity of an alert that has none.

    Returns:
        Row -> entity, and id of its open case or None. The same for the same alerts in any order.
    """
    found: dict[int, tuple[Entity, str | None]] = {}
    left = []
    for alert in alerts:
        joined = next((key for key in map(_key, alert.candidates[:-1]) if key in cases), None)
        if joined is None:
            left.append(alert)
        else:
            found[alert.row] = joined, cases[joined]
    order = _gathering(left)
    for alert in left:
        shared = [_key(one) for one in alert.candidates[:-1] if _key(one) in order]
        own = _key(alert.candidates[-1]) if alert.candidates else (ROW, f"{upload_id}:{alert.row}")
        key = min(shared, key=order.__getitem__, default=own)
        found[alert.row] = key, cases.get(key)
    return found


def _gathering(alerts: Sequence[RankedAlert]) -> dict[Entity, tuple[int, Entity]]:
    """Return the shared entities that gather alerts, with their order: the most alerts first."""
    counts: Counter[Entity] = Counter()
    owners: dict[Entity, set[Candidate]] = {}
    for alert in alerts:
        for key in {_key(one) for one in alert.candidates[:-1] if one.gathers}:
            counts[key] += 1
            owners.setdefault(key, set()).add(alert.candidates[-1])
    # What one customer alone uses says no more than the customer.
    return {key: (-n, key) for key, n in counts.items() if n >= MIN_SHARED_ALERTS and len(owners[key]) > 1}


def _key(candidate: Candidate) -> Entity:
    return candidate.kind, candidate.entity
