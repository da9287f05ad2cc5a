"""Empty, constant, tiny, huge, copied: every table that says anything is scored, and without a warning."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import people
from tests.predict.conftest import Score, check

from vigie.errors import InputRefused
from vigie.models.model_inputs import build_inputs
from vigie.roles.inference import infer

N = 240


def _odd() -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(0)
    plain = people(N)
    amount = plain["amount"]

    def but(**columns: Any) -> pl.DataFrame:
        return plain.with_columns(**{k: pl.Series(k, v, strict=False) for k, v in columns.items()})

    def empty(dtype: Any) -> pl.Series:
        return pl.Series([None] * N, dtype=dtype)

    holes = [
        pl.when(pl.Series(rng.random(N) < 0.4)).then(None).otherwise(pl.col(c)).alias(c)
        for c in plain.columns
    ]
    return {
        "two rows": plain.head(2),
        "ten rows": plain.head(10),
        "no amounts": but(amount=empty(pl.Float64)),
        "no times": but(time=empty(pl.Datetime("us"))),
        "no customers": but(customer=empty(pl.String)),
        "holes everywhere": plain.with_columns(holes),
        "constant amount": but(amount=[5.0] * N),
        "nothing but zero": but(amount=[0.0] * N),
        "one moment": but(time=[plain["time"][0]] * N),
        "one customer": but(customer=["me"] * N),
        "every actor once": but(customer=[f"C{i}" for i in range(N)], merchant=[f"M{i}" for i in range(N)]),
        "negative": but(amount=-amount),
        "both signs": but(amount=amount * pl.Series(rng.choice([-1, 1], N))),
        "copies": pl.concat([plain.head(80)] * 3),
        "the same content twice": plain.with_columns(montant="amount", client_id="customer", date="time"),
        "huge": but(amount=amount * 1e300),
        "one huge": but(amount=[*amount[:-1], 1e308]),
        "tiny": but(amount=amount * 1e-300),
        "infinite": but(amount=[*amount[:-2], float("inf"), float("-inf")]),
        "not a number": but(amount=[*amount[:-2], float("nan"), float("nan")]),
        "largest integer": but(amount=[*rng.integers(0, 999, N - 1).tolist(), 2**63 - 1]),
        "one amount": plain.select("amount"),
        "one number": pl.DataFrame({"V1": rng.normal(size=N)}),
        "one time": plain.select("time"),
        "one customer column": plain.select("customer"),
        "one flag": pl.DataFrame({"flag": rng.random(N) < 0.1}),
        "flags": pl.DataFrame({f"f{i}": rng.random(N) < 0.1 for i in range(5)}),
        "kinds": pl.DataFrame({"a": rng.choice(list("abc"), N), "b": rng.choice(list("xyz"), N)}),
        "numbers": pl.DataFrame({f"V{i}": rng.normal(size=N) for i in range(8)}),
        "numbers that are sums of others": pl.DataFrame({f"V{i}": rng.permutation(N) * 1.0 for i in range(3)}).with_columns(V4=pl.col("V1") + pl.col("V2")),
        "numbers without end": pl.DataFrame({f"V{i}": rng.normal(size=N) * 1e200 for i in range(3)}),
        "numbers with holes": pl.DataFrame({f"V{i}": rng.normal(size=N) for i in range(4)}).with_columns(V1=pl.when(pl.col("V1") > 0).then("V1")),
        "empty accounts": plain.with_columns(oldbalanceOrg=pl.lit(0.0), newbalanceOrig=pl.lit(0.0)),
        "nowhere": plain.with_columns(lat=empty(pl.Float64), long=empty(pl.Float64), merch_lat=pl.lit(48.0), merch_long=pl.lit(2.0)),
        "one place": plain.with_columns(lat=pl.lit(48.0), long=pl.lit(2.0), merch_lat=pl.lit(48.0), merch_long=pl.lit(2.0)),
        "odd contacts": plain.with_columns(email=pl.lit("@"), ip_address=pl.lit("::1"), name=pl.lit("é")),
        "long ago": but(time=plain["time"] - pl.Series([60_000 * 86_400_000_000] * N).cast(pl.Duration("us"))),
        "other types": plain.with_columns(pl.col("amount").cast(pl.Decimal(20, 2)), pl.col("customer").cast(pl.Categorical), pl.col("time").dt.date()),
        "wide": pl.DataFrame({f"c{i}": rng.normal(size=60) for i in range(80)}),
    }  # fmt: skip


ODD = _odd()


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_are_scored(score: Score, quick: None, name: str) -> None:
    """Without a warning (they are errors in tests), with a number for every row."""
    found = score(ODD[name], alert_budget=2)
    check(found, ODD[name])
    assert found.additions["alert"].sum() == 2


STATED = {"customer": "customer", "amount": "amount", "time": "time", "merchant": "counterparty"}


@pytest.mark.parametrize("column", STATED)
def test_a_chosen_role_needs_a_cell(score: Score, column: str) -> None:
    """The user chose a role for a column without cells: refused, because nothing would come of the choice."""
    frame = people(40).with_columns(pl.lit(None, dtype=people(40).schema[column]).alias(column))
    with pytest.raises(InputRefused, match=f"column '{column}': found no cell"):
        score(frame, roles=STATED)


SIGNALS = ("risk_signal", "trust_signal", "velocity", "amount_ratio", "number", "account_age", "distance", "limit", "income",
           "age", "balance_before", "balance_after", "latitude", "hour", "opened", "birth", "amount_usual", "email", "ip", "country")  # fmt: skip


@pytest.mark.parametrize("role", SIGNALS)
def test_a_stated_signal_may_be_empty_or_constant(quick: None, role: str) -> None:
    for cells in (pl.lit(None, dtype=pl.Float64), pl.lit(1.0)):
        frame = people(120).with_columns(cells.alias("x"))
        found = build_inputs(frame, infer(frame, {"x": role}))
        assert np.isfinite(found.anomaly).all()


def test_a_table_without_information_is_refused(score: Score) -> None:
    frame = pl.DataFrame({"a": [f"words number {i} of a long note" for i in range(300)]})
    with pytest.raises(InputRefused, match="found no column that says anything") as caught:
        score(frame)
    assert "--role" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("frame", "rows"),
    [
        (pl.DataFrame({"amount": pl.Series([], dtype=pl.Float64)}), "0 rows"),
        (
            pl.DataFrame({"a": [None] * 30, "b": [None] * 30}, schema={"a": pl.String, "b": pl.Float64}),
            "30 rows",
        ),
        (pl.DataFrame({"a": [7] * 30}), "30 rows"),
        (people(60).head(1), "1 row and"),
    ],
    ids=["header only", "empty", "constant", "one row"],
)
def test_rows_that_cannot_be_compared_are_refused(score: Score, frame: pl.DataFrame, rows: str) -> None:
    with pytest.raises(InputRefused, match="not two that differ") as caught:
        score(frame)
    assert rows in caught.value.message
    assert "longer extract" in caught.value.hint
