"""Small tables by hand for the tests of scoring: a quiet ledger, and roles as given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from vigie.roles.inference import ROLES, ColumnRole, Roles

ROWS = 60
BUSY_ROWS = 4000
START = datetime(2024, 1, 1, 9, 0)

Cells = dict[str, list[Any]]


def roles_from(roles: Mapping[str, str]) -> Roles:
    """Roles as a user would state them: column -> role."""
    return Roles(
        tuple(ColumnRole(name, role, 1.0, (), ROLES[role].direction) for name, role in roles.items())
    )


def quiet_ledger() -> Cells:
    """Five customers, twelve days: each acts once a day at an hour of its own, at one of two shops of its own.

    Column names are role names, so that `roles_of` can read them.
    """
    rows = range(ROWS)
    return {
        "time": [START + timedelta(days=i // 5, hours=2 * (i % 5)) for i in rows],
        "amount": [100.37 + (i * 7 % ROWS) / 10 for i in rows],
        "customer": [f"C{i % 5}" for i in rows],
        "counterparty": [f"M{i % 5}{i // 5 % 2}" for i in rows],
    }


def roles_of(cells: Mapping[str, Any]) -> Roles:
    """Columns named by their role, with `_2` and so on where a role has several."""
    return roles_from({name: name.rsplit("_", 1)[0] if name[-1].isdigit() else name for name in cells})


def frame_of(cells: Mapping[str, Any]) -> pl.DataFrame:
    """The table as `table.parse` would leave it."""
    return pl.DataFrame(cells, strict=False)


def people(rows: int, seed: int = 0) -> pl.DataFrame:
    """Habits that a fraud could break: customers with their own level of amount and their own shops."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, rows // 20, rows)
    seconds = 1_700_000_000 + np.sort(rng.integers(0, 30 * 86_400, rows))
    return pl.DataFrame(
        {
            "time": pl.Series(seconds * 1_000_000).cast(pl.Datetime("us")),
            "customer": [f"C{i}" for i in who],
            "merchant": [f"M{i * 3 + j}" for i, j in zip(who, rng.integers(0, 3, rows), strict=True)],
            "amount": np.round(np.exp(who % 7 + rng.normal(0, 0.3, rows)), 2),
            "category": [f"K{i % 4}" for i in who],
        }
    )


def busy_table(seed: int, *, flows: bool, timed: str = "moments") -> pl.DataFrame:
    """Every kind of entity, some of them unknown in places, amounts that no sum of floats gets right.

    Args:
        seed: of the values.
        flows: whether receivers also send.
        timed: whether there are `moments`, the same in `parts`, or nothing.
    """
    rng = np.random.default_rng(seed)
    start = datetime(2026, 1, 1)
    people = np.array([f"C{i:04}" for i in range(300)])
    customer = rng.choice(people, BUSY_ROWS)
    other = rng.choice(people if flows else np.array([f"M{i:03}" for i in range(80)]), BUSY_ROWS)
    columns = {
        "amount": np.round(rng.lognormal(3, 1.5, BUSY_ROWS), 2) * 1.1,
        "customer": [None if i % 97 == 0 else name for i, name in enumerate(customer)],
        "counterparty": [None if i % 89 == 0 else name for i, name in enumerate(other)],
        "device": rng.choice([f"D{i}" for i in range(500)], BUSY_ROWS),
        "ip": rng.choice([f"10.0.{i % 7}.{i}" for i in range(200)], BUSY_ROWS),
        "email": rng.choice([f"someone{i}@example{i % 5}.org" for i in range(280)], BUSY_ROWS),
        "channel": rng.choice(["web", "app", "pos"], BUSY_ROWS),
        "country": rng.choice(["FR", "SN", "CI"], BUSY_ROWS),
        "counter_country": rng.choice(["FR", "SN", "CI"], BUSY_ROWS),
        "latitude": rng.uniform(40, 50, BUSY_ROWS),
        "longitude": rng.uniform(0, 9, BUSY_ROWS),
        "balance_before": rng.lognormal(5, 1, BUSY_ROWS),
        "account_age": rng.integers(1, 900, BUSY_ROWS),
        "distance": rng.exponential(20, BUSY_ROWS),
        "amount_usual": rng.lognormal(3, 1, BUSY_ROWS),
        "balance_after": rng.lognormal(5, 1, BUSY_ROWS),
        "counter_balance_before": rng.lognormal(5, 1, BUSY_ROWS),
        "risk_signal": rng.uniform(0, 1, BUSY_ROWS),
        "velocity": rng.poisson(2, BUSY_ROWS),
        "limit": rng.choice([500.0, 1000.0], BUSY_ROWS),
        "number": rng.normal(0, 1, BUSY_ROWS),
        "number_2": rng.normal(0, 1, BUSY_ROWS),
        "number_3": rng.normal(0, 1, BUSY_ROWS),
        "user_agent": rng.choice([f"Browser/{i}" for i in range(9)], BUSY_ROWS),
        "card": rng.choice([f"K{i}" for i in range(350)], BUSY_ROWS),
        "counter_latitude": rng.uniform(40, 50, BUSY_ROWS),
        "counter_longitude": rng.uniform(0, 9, BUSY_ROWS),
        "zip": rng.choice([f"{i:05}" for i in range(60)], BUSY_ROWS),
        "city": rng.choice([f"Ville {i}" for i in range(60)], BUSY_ROWS),
    }
    seconds = np.sort(rng.integers(0, 40 * 86_400, BUSY_ROWS))
    moments = [start + timedelta(seconds=int(s)) for s in seconds]
    if timed == "moments":
        columns["time"] = [None if i % 83 == 0 else at for i, at in enumerate(moments)]
    if timed == "parts":
        columns |= {part: [getattr(at, part) for at in moments] for part in ("year", "month", "day", "hour")}
    return pl.DataFrame(columns, strict=False)
