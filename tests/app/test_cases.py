"""Cases on both databases: alerts join them, follow the budget, are decided once, merged, split and deleted with their files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from tests.app.test_races import at_once

from vigie.app import Run, User, feedback, notices, runs, uploads, users
from vigie.app.cases import Candidate, Case, RankedAlert, changes, queries, syncing
from vigie.app.cases.changes import Change
from vigie.app.cases.queries import CaseQuery
from vigie.app.currency_sums import CurrencySum
from vigie.app.tables import runs as run_table
from vigie.db import database
from vigie.errors import ChangedMeanwhile, NotFound, UsageRefused

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY = ("new", "open", "waiting", "confirmed", "cleared")
_clock = count()


@pytest.fixture
def ada(engine: sa.Engine) -> User:
    return users.add(engine, "ada@example.org", "Ada", "analyst", team="blue")


@pytest.fixture
def bob(engine: sa.Engine) -> User:
    return users.add(engine, "bob@example.org", "Bob", "analyst", team="blue")


def finished(engine: sa.Engine, owner: User, alerts: int, upload_id: str = "") -> Run:
    """A finished run of a new upload with that many alerts."""
    sent = upload_id or uploads.begin(engine, owner, "t.csv", ".csv", timedelta(days=1)).id
    run_id = runs.enqueue(engine, sent, owner.id, "score", {})
    done = {
        "state": "done",
        "finished_at": NOW + timedelta(seconds=next(_clock)),
        "summary": {"alerts": alerts, "rows": 1000},
    }
    with database.writing(engine) as connection:
        connection.execute(sa.update(run_table).where(run_table.c.id == run_id).values(done))
    return runs.find(engine, run_id)


def alert(
    row: int,
    customer: str,
    receiver: str = "",
    amount: float | None = 100.0,
    *,
    gathers: bool = True,
    currency: str = "XOF",
) -> RankedAlert:
    """An alert whose rank is its row; it names a customer and perhaps a receiver."""
    shared = [Candidate("counterparty", receiver, gathers)] if receiver else []
    own = Candidate("customer", customer, True)
    return RankedAlert(row, row + 1, 0.9, 0.5, 0.5, amount, currency, NOW, (*shared, own))


def queue(engine: sa.Engine, user: User, statuses: Sequence[str] = EVERY) -> list[Case]:
    """The cases of a user, in the order of the queue."""
    return queries.list_cases(engine, user, CaseQuery(statuses=tuple(statuses))).cases


def test_alerts_are_gathered_by_a_shared_receiver_and_else_by_their_customer(
    engine: sa.Engine, ada: User
) -> None:
    """Three customers who pay one number are one case; a busy shop is none; the largest expected loss comes first."""
    alerts = [alert(n, f"C{n}", "M1", 1000.0) for n in range(3)]
    alerts += [alert(n, f"C{n}", "shop", gathers=False) for n in range(3, 6)] + [alert(6, "C3", "M2")]
    syncing.sync_run(engine, finished(engine, ada, 7), alerts)
    found = queue(engine, ada)
    assert [(case.kind, case.entity, case.alerts, case.expected_loss) for case in found] == [
        ("counterparty", "M1", 3, 1500.0),
        ("customer", "C3", 2, 100.0),
        ("customer", "C4", 1, 50.0),
        ("customer", "C5", 1, 50.0),
    ]
    gathered = queries.gathering(engine, ada, most=6, least_alerts=3)
    assert gathered == queries.Gathering("counterparty", 1, 3, 3 / 7)


def test_amounts_of_several_currencies_are_not_added_and_their_cases_come_in_turn(
    engine: sa.Engine, ada: User
) -> None:
    """Neither in a case nor in the order of the queue; a case without amounts is the last one."""
    alerts = [alert(n, f"X{n}", amount=1e6 / (n + 1)) for n in range(3)]
    alerts += [alert(3 + n, f"E{n}", amount=900.0 / (n + 1), currency="EUR") for n in range(2)]
    alerts += [alert(5, "both", amount=40.0, currency="EUR"), alert(6, "both", amount=20_000.0)]
    alerts += [alert(7, "both", amount=None, currency=""), alert(8, "none", amount=None, currency="")]
    syncing.sync_run(engine, finished(engine, ada, 9), alerts)
    found = queue(engine, ada)
    names = [case.entity for case in found]
    assert names == ["both", "X0", "E0", "X1", "E1", "X2", "none"]
    both = found[0]
    assert (both.amount, both.expected_loss, both.currency, both.alerts) == (None, None, "*", 3)
    assert both.amounts == (CurrencySum("EUR", 40.0), CurrencySum("XOF", 20_000.0))
    assert both.expected_losses == (CurrencySum("EUR", 20.0), CurrencySum("XOF", 10_000.0))
    assert found[2].amounts == (CurrencySum("EUR", 900.0),)
    assert queries.list_currencies(engine, ada) == ["EUR", "XOF"]
    only = queries.list_cases(engine, ada, CaseQuery(currency="EUR"))
    assert [case.entity for case in only.cases] == ["both", "E0", "E1"]
    following = [queries.next_after(engine, ada, case, CaseQuery()) for case in found]
    assert following == [case.id for case in (*found[1:], found[0])]


def test_alerts_of_a_later_file_join_the_open_case_and_a_decided_one_stays(
    engine: sa.Engine, ada: User
) -> None:
    """One alert is enough to join; after the decision the next file makes a new case, which knows the earlier one."""
    syncing.sync_run(engine, finished(engine, ada, 3), [alert(n, f"C{n}", "M1") for n in range(3)])
    syncing.sync_run(engine, finished(engine, ada, 1), [alert(0, "C9", "M1", gathers=False)])
    (case,) = queue(engine, ada)
    assert (case.alerts, case.version) == (4, 2)
    changes.update(engine, case.id, 2, ada, Change(status="confirmed"))
    later = finished(engine, ada, 3)
    syncing.sync_run(engine, later, [alert(n, f"C{n}", "M1") for n in range(3)])
    new = next(one for one in queue(engine, ada) if one.id != case.id)
    assert (new.status, new.alerts) == ("new", 3)
    of_mule = CaseQuery(statuses=EVERY, entities=("M1",))
    assert {one.id for one in queries.list_cases(engine, ada, of_mule).cases} == {case.id, new.id}


def test_cases_follow_the_budget_and_the_newest_run_of_a_file(engine: sa.Engine, ada: User) -> None:
    """Fewer alerts leave no empty case behind, unless someone has worked on it; an older run changes nothing."""
    first = finished(engine, ada, 3)
    alerts = [alert(n, f"C{n}") for n in range(3)]
    assert syncing.list_pending(engine) == [first.id]
    syncing.sync_run(engine, first, alerts)
    assert syncing.list_pending(engine) == []
    assert syncing.sync_run(engine, first, alerts) == []
    by_entity = {case.entity: case for case in queue(engine, ada)}
    changes.update(engine, by_entity["C1"].id, 1, ada, Change(assignee=ada.id))
    runs.set_budget(engine, first.id, 1)
    assert syncing.list_pending(engine) == [first.id]
    syncing.sync_run(engine, first, alerts[:1])
    assert {case.entity: case.alerts for case in queue(engine, ada)} == {"C0": 1, "C1": 0}
    second = finished(engine, ada, 1, first.upload_id)
    syncing.sync_run(engine, second, [alert(5, "C5")])
    assert syncing.sync_run(engine, first, alerts) == []
    assert {case.entity: case.alerts for case in queue(engine, ada)} == {"C5": 1, "C1": 0}


def test_alerts_are_grouped_anew_until_someone_works_on_their_case(engine: sa.Engine, ada: User) -> None:
    """A first alert alone is its customer's; with more of the same receiver it is the receiver's, unless it is assigned."""
    run = finished(engine, ada, 1)
    alerts = [alert(n, f"C{n}", "M1") for n in range(5)]
    syncing.sync_run(engine, run, alerts[:2])
    own = {case.entity: case for case in queue(engine, ada)}
    assert {entity: case.kind for entity, case in own.items()} == {"C0": "customer", "C1": "customer"}
    changes.update(engine, own["C1"].id, 1, ada, Change(assignee=ada.id))
    syncing.sync_run(engine, run, alerts)
    assert {case.entity: case.alerts for case in queue(engine, ada)} == {"M1": 4, "C1": 1}
    (mule,) = [case for case in queue(engine, ada) if case.entity == "M1"]
    syncing.sync_run(engine, run, alerts[:4])
    assert [(case.id, case.alerts) for case in queue(engine, ada) if case.entity == "M1"] == [(mule.id, 3)]
    syncing.sync_run(engine, run, alerts[:1])
    assert {case.entity: case.alerts for case in queue(engine, ada)} == {"C0": 1, "C1": 0}


def test_a_decision_labels_the_rows_and_opening_again_takes_the_labels_back(
    engine: sa.Engine, ada: User, bob: User
) -> None:
    """A label that someone gave to a row is never changed by the decision of its case."""
    run = finished(engine, ada, 4)
    syncing.sync_run(engine, run, [alert(n, "C1") for n in range(4)])
    feedback.set_labels(engine, run.upload_id, bob.id, {0: "fine", 1: "unsure"}, {1: "seen"})
    (case,) = queue(engine, ada)

    def labels() -> dict[int, str]:
        return {label.row: label.verdict for label in feedback.list_labels(engine, run.upload_id)}

    assert changes.update(engine, case.id, 1, ada, Change(status="confirmed")) == 3
    assert labels() == {0: "fine", 1: "fraud", 2: "fraud", 3: "fraud"}
    assert feedback.list_labels(engine, run.upload_id)[1].comment == "seen"
    feedback.set_labels(engine, run.upload_id, bob.id, {3: "unsure"})
    assert changes.update(engine, case.id, 2, ada, Change(status="open")) == 2
    assert labels() == {0: "fine", 3: "unsure"}
    assert changes.update(engine, case.id, 3, ada, Change(status="cleared")) == 3
    assert {alert.row: alert.verdict for alert in queries.list_alerts(engine, case.id, bob)} == dict.fromkeys(
        range(4), "fine"
    )


def test_a_decision_labels_no_row_of_a_file_that_has_left_the_team(
    engine: sa.Engine, ada: User, bob: User
) -> None:
    """The case has alerts of a user who is in another team now: their files are not for the one who decides."""
    own, other = finished(engine, bob, 1), finished(engine, ada, 1)
    for run in (own, other):
        syncing.sync_run(engine, run, [alert(0, "C1")])
    (case,) = queue(engine, bob)
    users.update(engine, ada.id, {"team": "red"})
    assert changes.update(engine, case.id, case.version, bob, Change(status="confirmed")) == 1
    assert [label.row for label in feedback.list_labels(engine, own.upload_id)] == [0]
    assert feedback.list_labels(engine, other.upload_id) == []


def test_two_people_never_decide_the_same_case_unseen(engine: sa.Engine, ada: User, bob: User) -> None:
    """Raced: one decision counts, the other is refused and says whose it was; new alerts are a change too."""
    run = finished(engine, ada, 1)
    for n in range(5):
        syncing.sync_run(engine, run, [alert(n, f"C{n}")])
        case = next(one for one in queue(engine, ada) if one.entity == f"C{n}")
        decide = [
            lambda user=user, status=status, case=case: changes.update(
                engine, case.id, case.version, user, Change(status=status)
            )
            for user in (ada, bob)
            for status in ("confirmed", "cleared")
        ]
        assert at_once(*decide) == {"done": 1, ChangedMeanwhile.__name__: 3}
        with pytest.raises(ChangedMeanwhile, match=r"changed by (Ada|Bob) at .* UTC: the status was changed"):
            changes.update(engine, case.id, case.version, ada, Change(status="open"))
    syncing.sync_run(engine, finished(engine, ada, 1), [alert(0, "new")])
    seen = next(one for one in queue(engine, ada) if one.entity == "new")
    syncing.sync_run(engine, finished(engine, ada, 1), [alert(0, "new")])
    with pytest.raises(ChangedMeanwhile, match=r"changed by Vigie at .* new alerts have joined it"):
        changes.update(engine, seen.id, seen.version, ada, Change(status="cleared"))


def test_merged_cases_are_one_and_a_split_takes_its_entity_along(engine: sa.Engine, ada: User) -> None:
    """Alerts, notes and later alerts of both entities; splitting gives one of them back."""
    run = finished(engine, ada, 3)
    syncing.sync_run(engine, run, [alert(0, "C1"), alert(1, "C1"), alert(2, "C2")])
    one, two = (next(c for c in queue(engine, ada) if c.entity == name) for name in ("C1", "C2"))
    changes.note(engine, two.id, ada.id, "same address")
    changes.merge(engine, one.id, 1, two.id, 1, ada.id)
    assert changes.note(engine, two.id, ada.id, "sent before the merge was seen") == one.id
    syncing.sync_run(engine, finished(engine, ada, 1), [alert(0, "C2")])
    (case,) = queue(engine, ada)
    assert (case.id, case.alerts, case.version) == (one.id, 4, 3)
    notes = {event.note for event in queries.list_events(engine, case.id)}
    assert notes >= {"same address", "sent before the merge was seen"}
    assert queries.find(engine, two.id, ada).merged_into == one.id
    with pytest.raises(ChangedMeanwhile):
        changes.update(engine, two.id, 2, ada, Change(status="cleared"))
    moving = [(a.upload_id, a.row) for a in queries.list_alerts(engine, case.id, ada) if a.entity == "C2"]
    with pytest.raises(NotFound):
        changes.split(engine, case.id, 3, [("up_other", 1)], ada.id)
    new = changes.split(engine, case.id, 3, moving, ada.id)
    syncing.sync_run(engine, finished(engine, ada, 2), [alert(0, "C2"), alert(1, "C1")])
    assert {c.id: (c.entity, c.alerts) for c in queue(engine, ada)} == {one.id: ("C1", 3), new: ("C2", 3)}
    with pytest.raises(UsageRefused, match="not none and not all"):
        changes.split(engine, new, queries.find(engine, new, ada).version, [], ada.id)


def test_what_belongs_to_a_deleted_file_is_deleted(engine: sa.Engine, ada: User) -> None:
    """Cases with other alerts lose those of the file; the others go with notes, history and what was merged into them."""
    first, second = finished(engine, ada, 3), finished(engine, ada, 1)
    syncing.sync_run(engine, first, [alert(0, "C1"), alert(1, "C2"), alert(2, "C3")])
    syncing.sync_run(engine, second, [alert(0, "C1")])
    two, three = (next(c for c in queue(engine, ada) if c.entity == name) for name in ("C2", "C3"))
    changes.merge(engine, two.id, 1, three.id, 1, ada.id)
    uploads.mark_deleted(engine, first.upload_id)
    syncing.sync_run(engine, first, [alert(0, "C1"), alert(1, "C2")])
    uploads.purge(engine, first.upload_id)
    (left,) = queue(engine, ada)
    assert (left.entity, left.alerts, left.amount) == ("C1", 1, 100.0)
    with database.reading(engine) as connection:
        for table in ("cases", "case_entities"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 1
        assert set(connection.execute(sa.text("SELECT case_id FROM case_events")).scalars()) == {left.id}


def test_cases_are_those_of_the_team(engine: sa.Engine, ada: User, bob: User) -> None:
    """Another team sees none; alerts of a user without a team are theirs alone; the next case is of the same queue."""
    eve = users.add(engine, "eve@example.org", "Eve", "analyst", team="red")
    lone = users.add(engine, "lone@example.org", "Lone", "analyst")
    for owner in (ada, lone):
        syncing.sync_run(engine, finished(engine, owner, 2), [alert(0, "C1", amount=9.0), alert(1, "C2")])
    assert [case.entity for case in queue(engine, bob)] == ["C2", "C1"]
    assert queue(engine, eve) == []
    first, second = queue(engine, bob)
    with pytest.raises(NotFound):
        queries.find(engine, first.id, lone)
    assert queries.next_after(engine, bob, first, CaseQuery()) == second.id
    assert queries.next_after(engine, bob, second, CaseQuery()) == first.id
    assert queries.next_after(engine, bob, second, CaseQuery(view="mine")) is None
    assert queries.count_by_view(engine, bob) == {"all": 2, "mine": 0, "unassigned": 2, "new": 2}
    assert [name for _, name in queries.list_colleagues(engine, first)] == ["Ada", "Bob"]


def test_an_assignment_is_a_notice_to_the_assignee_without_a_cell(engine: sa.Engine, ada: User) -> None:
    """Not to a user who takes a case; the entity of the case is not named."""
    bob = users.add(engine, "bob@example.org", "Bob", "analyst", team=ada.team)
    syncing.sync_run(engine, finished(engine, ada, 1), [alert(0, "C0")])
    (case,) = queue(engine, ada)
    changes.update(engine, case.id, 1, ada, Change(assignee=ada.id))
    changes.update(engine, case.id, 2, ada, Change(assignee=bob.id))
    (notice,) = notices.claim(engine, "w", 30, datetime.now(UTC))
    assert (notice.kind, notice.user_id) == ("case_assigned", bob.id)
    assert notice.payload == {"case": case.id, "by": "Ada", "path": f"/cases/{case.id}"}
    assert notices.claim(engine, "w", 30, datetime.now(UTC)) == []
