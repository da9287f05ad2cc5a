"""What an account may hold."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from vigie.app import users
from vigie.errors import UsageRefused


def test_an_account_has_a_name_and_fits_its_columns(engine: sa.Engine) -> None:
    """The name is taken from the address where none is given; long texts are cut, whichever caller adds the user."""
    short = users.add(engine, " Ada@Example.org ", " ", "analyst")
    assert (short.email, short.name, short.team) == ("ada@example.org", "Ada", "")
    long = users.add(engine, "bob@example.org", "b" * 1000, "analyst", team="t" * 1000)
    assert (len(long.name), len(long.team)) == (200, 100)


@pytest.mark.parametrize(("email", "role"), [("ada", "analyst"), ("a b@example.org", "analyst"), ("ada@example.org", "root")])  # fmt: skip
def test_an_account_without_an_address_or_a_role_is_refused(engine: sa.Engine, email: str, role: str) -> None:
    """No row is written."""
    with pytest.raises(UsageRefused):
        users.add(engine, email, "Ada", role)
    assert users.count(engine) == 0
