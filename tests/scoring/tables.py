"""Small tables by hand for the tests of scoring: a quiet ledger, and roles as given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from vigie.roles.inference import ColumnRole, Roles

ROWS = 60
START = datetime(2024, 1, 1, 9, 0)
DIRECTIONS = {
    "risk_signal": 1,
    "velocity": 1,
    "amount_ratio": 1,
    "distance": 1,
    "trust_signal": -1,
    "account_age": -1,
}

Cells = dict[str, list[Any]]


def given(roles: Mapping[str, str]) -> Roles:
    """Roles as a user would state them: column -> role."""
    return Roles(
        tuple(ColumnRole(name, role, 1.0, (), DIRECTIONS.get(role, 0)) for name, role in roles.items())
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
    return given({name: name.rsplit("_", 1)[0] if name[-1].isdigit() else name for name in cells})


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
