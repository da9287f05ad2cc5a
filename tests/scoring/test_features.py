"""Every feature points the right way: in a quiet ledger, what is suspicious is what stands out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.scoring.tables import ROWS, START, Cells, frame_of, given, quiet_ledger, roles_of

from vigie.scoring.features import BY_NAME, NAMES, VOCABULARY, build
from vigie.scoring.groups import mid_ranks
from vigie.worlds import generate

R = 42
"""The row that something is done to: customer C2 on the ninth day, at 13:00."""

BURST = range(40, 45)
"""The rows of the ninth day, one a customer."""

MINE = tuple(range(2, ROWS, 5))
"""The rows of customer C2."""

Change = Callable[[Cells], None]
CASES: dict[str, tuple[Change, tuple[int, ...]]] = {}
"""Feature -> what is done to the ledger, and the rows that must stand out, all others behind."""


def case(*names: str, rows: tuple[int, ...] = (R,)) -> Callable[[Change], Change]:
    """Declares that the change makes `rows` the suspicious ones by each of these features."""

    def declare(change: Change) -> Change:
        assert not CASES.keys() & set(names), "declared twice"
        CASES.update(dict.fromkeys(names, (change, rows)))
        return change

    return declare


def everywhere(cells: Cells, column: str, value: Callable[[int], object]) -> None:
    """Adds a column."""
    cells[column] = [value(i) for i in range(ROWS)]


def minutes_after(cells: Cells, row: int, other: int, minutes: float) -> None:
    """Moves a row to just after another."""
    cells["time"][row] = cells["time"][other] + timedelta(minutes=minutes)


# amounts


@case("amount", "amount_habit", "amount_over_max", "amount_counterpart", "amount_share_actor",
      "amount_category", "amount_actor_category", "amount_hour")  # fmt: skip
def large(cells: Cells) -> None:
    cells["amount"][R] = 900.37
    everywhere(cells, "category", lambda i: "ab"[i // 5 % 2])


@case("amount_rank_actor", rows=(8, 25, 34, 51, R))
def largest_of_each(cells: Cells) -> None:
    cells["amount"][R] = 900.37


@case("amount_jump", rows=(R, R + 5))
def up_and_down_again(cells: Cells) -> None:
    cells["amount"][R] = 900.37


@case("sum_day_actor", rows=(R, R + 5))
def large_day(cells: Cells) -> None:
    cells["amount"][R] = 900.37


@case("spend_burst_actor", rows=(R - 5, R, R + 5))
def large_days_around(cells: Cells) -> None:
    cells["amount"][R] = 900.37


@case("sum_week_actor", rows=MINE[8:])
def large_week(cells: Cells) -> None:
    cells["amount"][R] = 900.37


@case("amount_low_habit")
def small(cells: Cells) -> None:
    cells["amount"][R] = 5.37


@case("amount_round")
def round_amount(cells: Cells) -> None:
    cells["amount"][R] = 200.0


@case("amount_under_threshold")
def just_below(cells: Cells) -> None:
    cells["amount"][R] = 199.99


@case("amount_repeat_actor", rows=(R, R + 5))
def same_amount_again(cells: Cells) -> None:
    cells["amount"][R] = cells["amount"][R + 5]


@case("amount_repeat_table", rows=(R, 13))
def same_amount_elsewhere(cells: Cells) -> None:
    cells["amount"][R] = cells["amount"][13]


@case("amount_repeat_counterpart", rows=tuple(BURST))
def same_amount_from_many(cells: Cells) -> None:
    for i in BURST:
        cells["amount"][i], cells["counterparty"][i] = 99.99, "M20"


@case("amount_to_usual", "amount_to_limit", "amount_to_income")
def against_columns(cells: Cells) -> None:
    for column in ("amount_usual", "limit", "income"):
        everywhere(cells, column, lambda i: 80.0 + i)
    cells["amount"][R] = 900.37


@case("amount_parts")
def one_part_too_large(cells: Cells) -> None:
    for part in ("amount_2", "amount_3"):
        cells[part] = [x / 2 for x in cells["amount"]]
    cells["amount_2"][R] = 500.0


@case("balance_emptied", "balance_share")
def emptied(cells: Cells) -> None:
    everywhere(cells, "balance_before", lambda i: 5000.0)
    cells["amount"][R] = 5000.0
    cells["balance_after"] = [b - a for a, b in zip(cells["amount"], cells["balance_before"], strict=True)]


@case("balance_mismatch", "counter_mismatch")
def books_do_not_balance(cells: Cells) -> None:
    everywhere(cells, "balance_before", lambda i: 5000.0)
    everywhere(cells, "counter_balance_before", lambda i: 700.0)
    cells["balance_after"] = [5000.0 - a for a in cells["amount"]]
    cells["counter_balance_after"] = [700.0 + a for a in cells["amount"]]
    cells["balance_after"][R] = cells["counter_balance_after"][R] = 77.0


@case("counter_empty")
def receiver_had_nothing(cells: Cells) -> None:
    everywhere(cells, "counter_balance_before", lambda i: 0.0 if i == R else 700.0)


# moments and rhythm


@case("hour_rarity", "hour_night", "hour_habit")
def in_the_night(cells: Cells) -> None:
    cells["time"][R] = cells["time"][R].replace(hour=1)


@case("gap_before_actor", "count_hour_actor")
def at_once(cells: Cells) -> None:
    minutes_after(cells, R, R - 5, 1)


@case("gap_after_actor", rows=(R - 5,))
def followed_at_once(cells: Cells) -> None:
    minutes_after(cells, R, R - 5, 1)


@case("count_day_actor", "count_week_actor", rows=(R + 5,))
def several_at_once(cells: Cells) -> None:
    minutes_after(cells, R, R - 5, 1)
    minutes_after(cells, R + 5, R - 5, 2)


@case("burst_actor", rows=(R - 5, R, R + 5))
def busier_than_usual(cells: Cells) -> None:
    minutes_after(cells, R, R - 5, 1)
    minutes_after(cells, R + 5, R - 5, 2)


@case("dormant_actor")
def wakes_up(cells: Cells) -> None:
    for row in MINE[3:8]:
        minutes_after(cells, row, MINE[2], row)


@case("gap_before_counterpart")
def receiver_hit_again(cells: Cells) -> None:
    cells["counterparty"][41] = cells["counterparty"][R]
    minutes_after(cells, 41, R, -1)


@case("count_hour_counterpart", "count_day_counterpart", "burst_counterpart", "fan_in_day", "table_burst",
      "newcomers_counterpart", "actors_per_counterpart", rows=tuple(BURST))  # fmt: skip
def everyone_at_one_place(cells: Cells) -> None:
    for i in BURST:
        cells["counterparty"][i] = "new place"
        cells["customer"][i] = f"newcomer {i}"
        minutes_after(cells, i, 40, i - 40)


@case("fan_out_day", rows=tuple(BURST))
def one_to_everywhere(cells: Cells) -> None:
    for i in BURST:
        cells["customer"][i] = "C2"
        cells["counterparty"][i] = f"elsewhere {i}"


# novelty


@case("rows_actor")
def stranger(cells: Cells) -> None:
    cells["customer"][R] = "stranger"


@case("position_actor", rows=(0, 1, 2, 3, 4, R))
def first_of_a_stranger(cells: Cells) -> None:
    cells["customer"][R] = "stranger"


@case("rows_counterpart", "pair_new", "pair_rows")
def unknown_place(cells: Cells) -> None:
    cells["counterparty"][R] = "unknown"


@case("position_counterpart", rows=(*range(10), R))
def first_at_an_unknown_place(cells: Cells) -> None:
    cells["counterparty"][R] = "unknown"


@case("new_device", "new_ip", "new_place")
def other_device_and_place(cells: Cells) -> None:
    everywhere(cells, "device", lambda i: "strange" if i == R else f"D{i % 5}")
    everywhere(cells, "ip", lambda i: "9.9.9.9" if i == R else f"10.0.0.{i % 5}")
    everywhere(cells, "city", lambda i: "elsewhere" if i == R else "home")


@case("new_category", "category_habit", "category_rarity", "category_rarity_max")
def other_kind(cells: Cells) -> None:
    everywhere(cells, "category", lambda i: "odd" if i == R else "ab"[i // 5 % 2])


@case("category_pair")
def odd_pair(cells: Cells) -> None:
    everywhere(cells, "category", lambda i: "ab"[i // 5 % 2])
    everywhere(cells, "channel", lambda i: "ab"[(i // 5 + (i == R)) % 2])


@case("category_hour")
def odd_hour(cells: Cells) -> None:
    everywhere(cells, "category", lambda i: "ab"[i % 5 > 2 or i == R])


@case("category_words")
def risky_word(cells: Cells) -> None:
    everywhere(cells, "category", lambda i: "gift card" if i == R else "groceries")


# sharing


@case("actors_per_device", "actors_per_ip", "actors_per_contact", rows=tuple(BURST))
def shared_by_all(cells: Cells) -> None:
    for column in ("device", "ip", "email"):
        everywhere(cells, column, lambda i: "shared" if i in BURST else f"own {i % 5}")


@case("burst_shared", rows=tuple(BURST))
def busy_device(cells: Cells) -> None:
    everywhere(cells, "device", lambda i: "shared" if i in BURST else f"own {i % 5}")


@case("rows_device", "rows_ip", "rows_contact", rows=tuple(range(20, 45)))
def seen_often(cells: Cells) -> None:
    for column in ("device", "ip", "phone"):
        everywhere(cells, column, lambda i: "shared" if 20 <= i < 45 else f"own {i % 5}")


@case("devices_per_actor", "ips_per_actor", "cards_per_actor", "counterparts_per_actor", rows=MINE)
def one_uses_many(cells: Cells) -> None:
    for column in ("device", "ip", "card", "counterparty"):
        everywhere(cells, column, lambda i: f"other {i}" if i in MINE else f"own {i % 5}")


# flows


def transfers(cells: Cells) -> None:
    """Everyone pays somebody who never pays, once an hour."""
    everywhere(cells, "time", lambda i: START + timedelta(hours=i))
    everywhere(cells, "customer", lambda i: f"C{i}")
    everywhere(cells, "counterparty", lambda i: f"M{i}")


def through_a_mule(cells: Cells) -> None:
    transfers(cells)
    cells["counterparty"][R], cells["amount"][R] = "mule", 950.0
    for i in (R + 1, R + 2):
        cells["customer"][i], cells["amount"][i] = "mule", 470.0


case("flow_receiver_sends", "flow_receiver_match")(through_a_mule)
case("flow_through", "flow_in_out_balance", rows=(R + 1, R + 2))(through_a_mule)


@case("flow_match", rows=(R + 1,))
def passed_on(cells: Cells) -> None:
    through_a_mule(cells)
    cells["amount"][R + 1] = 945.0


@case("flow_received_day", rows=(BURST[-1],))
def collected(cells: Cells) -> None:
    transfers(cells)
    for i in BURST:
        cells["counterparty"][i] = "mule"
    for i in (50, 51):
        cells["customer"][i] = "mule"


@case("flow_reciprocal", rows=(R, R + 3))
def back_and_forth(cells: Cells) -> None:
    transfers(cells)
    cells["customer"][R], cells["counterparty"][R] = "X", "Y"
    cells["customer"][R + 3], cells["counterparty"][R + 3] = "Y", "X"


# places


@case("distance_home", "distance_habit", "distance_given", "country_mismatch")
def far_away(cells: Cells) -> None:
    everywhere(cells, "latitude", lambda i: 48.8)
    everywhere(cells, "longitude", lambda i: 2.3)
    everywhere(cells, "counter_latitude", lambda i: -33.9 if i == R else 48.8 + i / 1000)
    everywhere(cells, "counter_longitude", lambda i: 151.2 if i == R else 2.3)
    everywhere(cells, "distance", lambda i: 16_000.0 if i == R else 3.0 + i)
    everywhere(cells, "country", lambda i: "FR")
    everywhere(cells, "counter_country", lambda i: "AU" if i == R else "FR")


@case("distance_previous", "speed", rows=(R, R + 5))
def there_and_back(cells: Cells) -> None:
    everywhere(cells, "latitude", lambda i: -33.9 if i == R else 48.8 + i / 1000)
    everywhere(cells, "longitude", lambda i: 151.2 if i == R else 2.3)


# people, accounts, signals


@case("account_age", "opened_age", "age", "limit", "income")
def brand_new(cells: Cells) -> None:
    everywhere(cells, "account_age", lambda i: 1 if i == R else 300 + i)
    everywhere(cells, "opened", lambda i: cells["time"][i] - timedelta(days=1 if i == R else 300 + i))
    everywhere(cells, "age", lambda i: 99 if i == R else 30 + i % 20)
    everywhere(cells, "limit", lambda i: 9000.0 if i == R else 500.0 + i)
    everywhere(cells, "income", lambda i: 3.0 if i == R else 1500.0 + i)


@case("signal_risk", "signal_risk_max", "signal_trust", "signal_trust_min", "signal_velocity",
      "signal_velocity_max", "signal_ratio", "signal_joint")  # fmt: skip
def told_by_the_owner(cells: Cells) -> None:
    everywhere(cells, "risk_signal", lambda i: int(i == R))
    everywhere(cells, "risk_signal_2", lambda i: 9 if i == R else i % 3)
    everywhere(cells, "trust_signal", lambda i: i != R)
    everywhere(cells, "trust_signal_2", lambda i: 0 if i == R else 1 + i % 3)
    everywhere(cells, "velocity", lambda i: 30 if i == R else i % 4)
    everywhere(cells, "amount_ratio", lambda i: 12.0 if i == R else 0.8 + i / 100)


@case("number_tail")
def extreme_numbers(cells: Cells) -> None:
    for k in (1, 2):
        everywhere(cells, f"number_{k}", lambda i, k=k: 40.0 if i == R else (i * (5 + 2 * k)) % ROWS / 10)


case("number_tail_max", rows=(0, R))(extreme_numbers)  # the other end is as extreme


@case("number_joint")
def numbers_apart(cells: Cells) -> None:
    for k in (1, 2, 3):
        everywhere(cells, f"number_{k}", lambda i, k=k: (i * 7 % ROWS) / 10 + i % (k + 1) / 9)
    cells["number_1"][R], cells["number_2"][R], cells["number_3"][R] = 0.5, 5.5, 3.0


# words


@case("email_domain_rarity", "email_digits", "agent_rarity")
def odd_words(cells: Cells) -> None:
    everywhere(cells, "email", lambda i: "x83920@odd.xyz" if i == R else f"{'abcde'[i % 5]}nne@mail.com")
    everywhere(cells, "user_agent", lambda i: "curl" if i == R else "firefox")


@case("email_pattern", rows=tuple(BURST))
def made_by_a_machine(cells: Cells) -> None:
    everywhere(
        cells, "email", lambda i: f"promo{i}@mail.com" if i in BURST else f"{'abcde'[i % 5]}nne@mail.com"
    )


@case("email_mismatch", rows=(R, 13))
def someone_elses_address(cells: Cells) -> None:
    everywhere(cells, "email", lambda i: "zoe@mail.com" if i in (R, 13) else f"anne{i}@mail.com")
    everywhere(cells, "person_name", lambda i: "Anne Dupont")


@case("ip_range", rows=tuple(range(20, 45)))
def busy_range(cells: Cells) -> None:
    everywhere(cells, "ip", lambda i: f"10.9.9.{i}" if 20 <= i < 45 else f"10.{i}.1.1")


@case("near_duplicate", rows=tuple(BURST))
def copies(cells: Cells) -> None:
    everywhere(cells, "category", lambda i: "abc"[i % 3])
    everywhere(cells, "number", lambda i: i * 1.5)
    everywhere(cells, "age", lambda i: 20 + i)
    for i in BURST:
        for column in ("amount", "category", "number", "age"):
            cells[column][i] = cells[column][BURST[0]]


@case("missing_values")
def left_empty(cells: Cells) -> None:
    cells["amount"][R] = cells["counterparty"][R] = None


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


def test_without_roles_nothing_is_known() -> None:
    frame = frame_of(quiet_ledger())
    assert not build(frame, given(dict.fromkeys(frame.columns, "none"))).known().any()
    assert not build(frame, given(dict.fromkeys(frame.columns, "leak"))).known().any()


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


def test_rows_of_nobody_have_no_habit() -> None:
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


def test_nobody_but_the_device_acts() -> None:
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
    world = next(
        world
        for world in (generate(domain, seed, 500) for seed in range(30))
        if "amount" in world.roles.values()
    )
    roles = given(world.roles)
    shift = pl.duration(weeks=7)
    moved = world.frame.with_columns(
        [pl.col(c).cast(pl.Float64) * 655.957 for c, role in world.roles.items() if role in MONEY],
    ).with_columns(
        [pl.col(c) + shift for c in world.frame.columns if isinstance(world.frame.schema[c], pl.Datetime)]
    )
    before, after = build(world.frame, roles), build(moved, roles)
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


def test_features_have_words_in_both_languages() -> None:
    """Reasons are read by people: words for each, none said twice, a weight that is a share."""
    for feature in VOCABULARY:
        assert feature.en
        assert feature.fr
        assert feature.en != feature.fr
        assert feature.direction in (-1, 0, 1)
        assert 0 <= feature.weight <= 1
    for words in ([f.en for f in VOCABULARY], [f.fr for f in VOCABULARY]):
        assert len(set(words)) == len(words)
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
