"""What is checked and then done is one transaction: many at once, on both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.waiting import LIMIT

from vigie.app import User, feedback, login_attempts, sessions, tokens, uploads, users
from vigie.app.uploads import Part
from vigie.db import database
from vigie.errors import AlreadyThere, SignInRefused, TooManyAttempts, UsageRefused


def at_once(*calls: Callable[[], object]) -> Counter[str]:
    """Make all calls at the same time; count how they end: `done`, or the class of the error."""
    ended: list[str] = []
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        barrier.wait(LIMIT)
        try:
            call()
            ended.append("done")
        except Exception as error:  # noqa: BLE001  the test looks at all of them
            ended.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    return Counter(ended)


@pytest.fixture
def ada(engine: sa.Engine) -> User:
    return users.add(engine, "ada@example.org", "Ada", "analyst")


def test_no_more_attempts_pass_than_the_limit(engine: sa.Engine) -> None:
    """24 guesses at once with a limit of 8."""
    ended = at_once(*[lambda: login_attempts.count(engine, "account ada", "signing in", limit=8)] * 24)
    assert ended == {"done": 8, TooManyAttempts.__name__: 16}


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"active": False}])
def test_the_last_administrator_stays(engine: sa.Engine, change: dict[str, object]) -> None:
    """Administrators who demote each other at once: one is left, each time."""
    for number in range(6):
        admins = [users.add(engine, f"a{number}{letter}@example.org", "A", "admin") for letter in "abc"]
        ended = at_once(
            *[lambda admin=admin: users.update(engine, admin.id, dict(change)) for admin in admins]
        )
        left = [user for user in users.list_all(engine) if user.role == "admin" and user.active]
        assert ended == {"done": 2, UsageRefused.__name__: 1}
        assert len(left) == 1
        with database.writing(engine) as connection:
            connection.execute(sa.text("UPDATE users SET role = 'viewer'"))


def test_an_address_and_the_first_account_are_taken_once(engine: sa.Engine) -> None:
    """Ten at once: one account."""
    first = at_once(
        *[
            lambda n=n: users.add(engine, f"u{n}@example.org", "U", "admin", only_first=True)
            for n in range(10)
        ]
    )
    assert first == {"done": 1, AlreadyThere.__name__: 9}
    ended = at_once(*[lambda: users.add(engine, "eve@example.org", "Eve", "viewer")] * 10)
    assert ended == {"done": 1, AlreadyThere.__name__: 9}


def test_a_link_opens_once(engine: sa.Engine, ada: User) -> None:
    """Twelve at once."""
    secret = sessions.create_link(engine, ada.id, timedelta(hours=1))
    ended = at_once(*[lambda: sessions.use_link(engine, secret)] * 12)
    assert ended == {"done": 1, SignInRefused.__name__: 11}


def test_labels_parts_roles_and_tokens_written_at_once_are_written(engine: sa.Engine, ada: User) -> None:
    """The last one counts; none fails because of another."""
    sent = uploads.begin(engine, ada, "t.csv", ".csv", timedelta(days=1))
    part = Part(1, 5, "0" * 64)
    token, _ = tokens.create(engine, ada.id, "t", ["read"], None)
    for call in (
        lambda: feedback.set_labels(engine, sent.id, ada.id, {1: "fraud", 2: "fine"}),
        lambda: uploads.add_part(engine, sent.id, part),
        lambda: uploads.save_mapping(engine, ada.id, "d" * 64, {"a": "amount"}),
        lambda: tokens.revoke(engine, ada.id, token.id),
    ):
        assert at_once(*[call] * 10) == {"done": 10}
    assert len(feedback.list_labels(engine, sent.id)) == 2
    assert uploads.list_parts(engine, sent.id) == [part]


def test_no_part_is_added_to_an_upload_that_is_deleted_meanwhile(engine: sa.Engine, ada: User) -> None:
    """Either the part was there before, or it is refused."""
    for _ in range(6):
        sent = uploads.begin(engine, ada, "t.csv", ".csv", timedelta(days=1))
        ended = at_once(
            *[
                lambda n=n, sent=sent: uploads.add_part(engine, sent.id, Part(n, 5, "0" * 64))
                for n in range(1, 6)
            ],
            lambda sent=sent: uploads.mark_deleted(engine, sent.id),
        )
        assert set(ended) <= {"done", "NotFound"}
