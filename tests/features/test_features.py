"""Every feature points the right way: in a quiet ledger, what is suspicious is what stands out."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from tests.features.feature_cases import CASES, R
from tests.helpers.tables import ROWS, START, frame_of, quiet_ledger, roles_from, roles_of

from vigie.arrays import mid_ranks
from vigie.features import BY_NAME, NAMES, VOCABULARY, build
from vigie.simulator import generate


def test_no_feature_is_without_a_case() -> None:
    assert sorted(set(NAMES) - set(CASES)) == []


@pytest.mark.parametrize("name", CASES)
def test_the_suspicious_row_stands_out(name: str) -> None:
    """Whatever has the most extreme value in the direction of risk is what was tampered with."""
    change, rows = CASES[name]
    cells = quiet_ledger()
    change(cells)
    found = build(frame_of(cells), roles_of(cells)).column(name).astype(float)
    direction = BY_NAME[name].direction or 1
    assert np.isfinite(found).any(), "not computed"
    risk = np.where(np.isfinite(found), direction * found, -np.inf)
    assert set(np.flatnonzero(risk == risk.max())) <= set(rows)
    assert risk.max() > np.median(risk[np.isfinite(risk)]), "and nothing stands out where all are alike"


@pytest.mark.parametrize("sign", [1, -1])
def test_of_a_skewed_number_only_the_long_tail_is_unusual(sign: int) -> None:
    """And of a symmetric one both tails are."""
    rng = np.random.default_rng(0)
    for x, ends in ((rng.normal(size=500), [sign, -sign]), (sign * rng.exponential(size=500), [sign])):
        tails = build(pl.DataFrame({"x": x}), roles_from({"x": "number"})).column("number_tail")
        extreme = sorted(float(end * (end * x).max()) for end in ends)
        assert sorted(x[tails >= np.sort(tails)[-len(ends)]].tolist()) == extreme


def test_without_roles_nothing_is_known() -> None:
    frame = frame_of(quiet_ledger())
    assert not build(frame, roles_from(dict.fromkeys(frame.columns, "none"))).known().any()
    assert not build(frame, roles_from(dict.fromkeys(frame.columns, "leak"))).known().any()


@pytest.mark.parametrize(
    ("missing", "without"),
    [
        ("amount", ("amount", "amount_habit", "sum_day_actor", "balance_share")),
        ("time", ("count_day_actor", "hour_rarity", "gap_before_actor", "flow_through", "speed")),
        ("customer", ("amount_habit", "pair_new", "count_hour_actor", "devices_per_actor")),
        ("counterparty", ("pair_new", "fan_in_day", "counterparts_per_actor")),
    ],
)
def test_a_missing_role_leaves_its_features_unknown(missing: str, without: tuple[str, ...]) -> None:
    """Unknown is NaN in every row, and what does not need the role is still there."""
    cells = quiet_ledger()
    del cells[missing]
    built = build(frame_of(cells), roles_of(cells))
    for name in without:
        assert np.isnan(built.column(name)).all(), name
    assert built.known().any()


def test_rows_without_an_actor_have_no_habit() -> None:
    cells = quiet_ledger()
    cells["customer"][R] = None
    built = build(frame_of(cells), roles_of(cells))
    for name in ("amount_habit", "rows_actor", "count_day_actor", "gap_before_actor"):
        values = built.column(name)
        assert np.isnan(values[R]), name
        assert np.isfinite(values).sum() > ROWS / 2, name


def test_a_row_without_amount_has_no_amount() -> None:
    cells = quiet_ledger()
    cells["amount"][R] = None
    built = build(frame_of(cells), roles_of(cells))
    for name in ("amount", "amount_habit"):
        assert np.isnan(built.column(name)[R]), name


def test_only_the_device_acts() -> None:
    """Where the device stands for the customer it cannot be new to itself."""
    cells = quiet_ledger()
    cells["device"] = cells.pop("customer")
    built = build(frame_of(cells), roles_of(cells))
    assert np.isfinite(built.column("amount_habit")).any()
    for name in ("new_device", "devices_per_actor", "actors_per_device"):
        assert np.isnan(built.column(name)).all(), name


MONEY = {
    "amount", "amount_usual", "limit", "income", "balance_before", "balance_after", "counter_balance_before",
    "counter_balance_after",
}  # fmt: skip
OF_DIGITS = {"amount_round", "amount_under_threshold"}
"""Round is round in one currency only: these two are about the digits people choose, and are meant to be."""


def _ranks(x: np.ndarray) -> np.ndarray:
    """Mid-ranks, where what differs only by rounding is equal."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (np.floor(np.log10(np.abs(x))) - 4)
        return mid_ranks(np.where(np.isfinite(scale) & (scale > 0), np.round(x / scale) * scale, x))


@pytest.mark.parametrize("domain", ["mobile_money", "card_not_present", "transfers", "lending", "crypto"])
def test_no_unit_matters(domain: str) -> None:
    """Euros or CFA francs, this month or seven weeks later: every feature ranks the rows the same."""
    simulated = next(
        simulated
        for simulated in (generate(domain, seed, 500) for seed in range(30))
        if "amount" in simulated.roles.values()
    )
    roles = roles_from(simulated.roles)
    shift = pl.duration(weeks=7)
    moved = simulated.frame.with_columns(
        [pl.col(c).cast(pl.Float64) * 655.957 for c, role in simulated.roles.items() if role in MONEY],
    ).with_columns(
        [
            pl.col(c) + shift
            for c in simulated.frame.columns
            if isinstance(simulated.frame.schema[c], pl.Datetime)
        ]
    )
    before, after = build(simulated.frame, roles), build(moved, roles)
    wrong = {}
    for name in NAMES:
        if name in OF_DIGITS:
            continue
        here, there = _ranks(before.column(name).astype(float)), _ranks(after.column(name).astype(float))
        assert np.array_equal(np.isnan(here), np.isnan(there)), name
        apart = float(np.nanmax(np.abs(here - there), initial=0.0))
        if apart > 0.02:
            wrong[name] = round(apart, 3)
    assert wrong == {}


def test_the_vocabulary_is_sound() -> None:
    """Each name once, a direction, and a weight that is a share."""
    for feature in VOCABULARY:
        assert feature.direction in (-1, 0, 1)
        assert 0 <= feature.weight <= 1
    assert len(set(NAMES)) == len(NAMES)


def test_dates_before_the_clock() -> None:
    """A ledger of the 1960s is as good as one of today."""
    cells = quiet_ledger()
    cells["time"] = [moment - (START - datetime(1965, 1, 4, 9)) for moment in cells["time"]]
    old = build(frame_of(cells), roles_of(cells))
    assert np.isfinite(old.column("count_day_actor")).all()


def test_who_always_does_the_same_is_all_alike() -> None:
    """The rounding of sums makes no ranks: equal behaviour gives equal features."""
    cells = quiet_ledger()
    cells["amount"] = [3.3] * ROWS
    cells["balance_before"] = [100.1 + i / 10 for i in range(ROWS)]
    cells["balance_after"] = [b - 3.3 + 1e-15 * i for i, b in enumerate(cells["balance_before"])]
    built = build(frame_of(cells), roles_of(cells))
    for name in ("amount_habit", "amount_over_max", "amount_counterpart", "balance_mismatch"):
        values = built.column(name)
        assert set(values[np.isfinite(values)]) == {0.0}, name
