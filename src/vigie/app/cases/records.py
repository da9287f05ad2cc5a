"""Cases, alerts and events, as they are read from the database or made for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from vigie.app.cases.tables import DECIDED
from vigie.app.currency_sums import CurrencySum


@dataclass(frozen=True)
class Candidate:
    """An entity that an alert names.

    Attributes:
        kind: role of the column.
        entity: keyed digest of the value.
        gathers: whether a new case of this entity may be made for its alerts: an entity that few customers share, or the
            customer itself.
    """

    kind: str
    entity: str
    gathers: bool


@dataclass(frozen=True)
class RankedAlert:
    """An alert of a run, as its result has it.

    Attributes:
        row: index in the upload, from 0.
        rank: in the run, from 1.
        probability: calibrated; None where the run has none.
        weight: `probability`, or the place among the alerts: 1 for the first, near 0 for the last.
        amount: in `currency`; None without an amount.
        currency: three letters; empty where it is unknown.
        at: time of the transaction; None where it is unknown.
        candidates: the entities it names, in the order in which they are preferred.
    """

    row: int
    rank: int
    score: float
    probability: float | None
    weight: float
    amount: float | None
    currency: str
    at: datetime | None
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Case:
    """A case.

    Attributes:
        kind: role of the entity's column, or `row`.
        entity: keyed digest of the entity.
        status: one of `vigie.app.cases.tables.STATUSES`.
        version: counted up by every change.
        merged_into: the case that has its alerts now.
        viewer_name: who opened it last, at `viewed_at`.
        alerts: number of its alerts.
        amount: their sum; None without amounts and for several currencies.
        currency: of the amount; `*` for several, empty where it is unknown.
        expected_loss: sum of weight times amount; None as `amount`.
        risk: sum of the weights.
        first_at: time of its first transaction.
        last_at: time of its last transaction.
        sample: upload, run, row and kind of entity of an alert that names the entity; None without alerts.
        amounts: the sum of each currency.
        expected_losses: the expected loss of each currency.
    """

    id: str
    scope: str
    kind: str
    entity: str
    status: str
    assignee_id: int | None
    assignee_name: str | None
    due: date | None
    version: int
    merged_into: str | None
    created_at: datetime
    changed_at: datetime
    viewer_id: int | None
    viewer_name: str | None
    viewed_at: datetime | None
    alerts: int
    amount: float | None
    currency: str
    expected_loss: float | None
    risk: float
    first_at: datetime | None
    last_at: datetime | None
    sample: tuple[str, str, int, str] | None = None
    amounts: tuple[CurrencySum, ...] = ()
    expected_losses: tuple[CurrencySum, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether it is confirmed or cleared."""
        return self.status in DECIDED


@dataclass(frozen=True)
class CaseAlert:
    """An alert in a case.

    Attributes:
        upload_name: name of the file.
        run_id: the run whose rank and score it has.
        row: index in the upload, from 0.
        kind: role of the entity by which it came into the case.
        entity: keyed digest of that entity.
        verdict: label of the row; None without one.
        verdict_by: name of the user who gave it.
        case_label: label that the decision of the case gave.
    """

    upload_id: str
    upload_name: str
    run_id: str
    row: int
    kind: str
    entity: str
    rank: int
    score: float
    probability: float | None
    weight: float
    amount: float | None
    currency: str
    at: datetime | None
    verdict: str | None
    verdict_by: str | None
    comment: str | None
    case_label: str | None


@dataclass(frozen=True)
class CaseEvent:
    """A line of the history of a case.

    Attributes:
        user_name: None for what Vigie did.
        action: `made`, `alerts`, `status`, `assignee`, `due`, `note`, `merged`, `split` or `budget`.
        detail: plain JSON without cells.
        note: text of a note.
    """

    id: int
    at: datetime
    user_name: str | None
    action: str
    detail: Mapping[str, Any]
    note: str | None


def scope_of(team: str, user_id: int) -> str:
    """Return whose cases are found together: those of a team, or of a user without one."""
    return f"team:{team}" if team else f"user:{user_id}"
