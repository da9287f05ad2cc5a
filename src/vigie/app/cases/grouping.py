"""Which entity an alert is gathered by.

An alert belongs to one case. It joins an open case of an entity that it names; otherwise the entity that gathers most alerts
gets a new case. So six numbers that receive fifty alerts are six cases, rather than fifty customers with one each.
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
) -> dict[Entity | str, list[RankedAlert]]:
    """Group alerts by the case that they join, or by the entity of a new case.

    Args:
        alerts: of one run, without a case.
        cases: entity -> its open case.
        upload_id: the upload; names the entity of an alert that has none.

    Returns:
        Id of an open case, or entity of a new one -> its alerts, by rank. The same for the same alerts in any order.
    """
    groups: dict[Entity | str, list[RankedAlert]] = {}
    left = []
    for alert in sorted(alerts, key=lambda one: one.rank):
        joined = next((cases[key] for key in map(_key, alert.candidates) if key in cases), None)
        if joined is None:
            left.append(alert)
        else:
            groups.setdefault(joined, []).append(alert)
    for key, members in _by_entity(left, upload_id).items():
        groups.setdefault(key, []).extend(members)
    return groups


def _by_entity(alerts: Sequence[RankedAlert], upload_id: str) -> dict[Entity, list[RankedAlert]]:
    """Group alerts by new entities: those shared by several customers first, by their number of alerts."""
    counts: Counter[Entity] = Counter()
    for alert in alerts:
        counts.update({_key(one) for one in alert.candidates[:-1] if one.gathers})
    order = {key: (-n, key) for key, n in counts.items() if n >= MIN_SHARED_ALERTS}
    groups: dict[Entity, list[RankedAlert]] = {}
    for alert in alerts:
        shared = [_key(one) for one in alert.candidates[:-1] if _key(one) in order]
        own = _key(alert.candidates[-1]) if alert.candidates else (ROW, f"{upload_id}:{alert.row}")
        groups.setdefault(min(shared, key=order.__getitem__, default=own), []).append(alert)
    return groups


def _key(candidate: Candidate) -> Entity:
    return candidate.kind, candidate.entity
