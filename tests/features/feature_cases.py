"""What is done to a quiet ledger so that one feature, and the right rows, must stand out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.helpers.tables import ROWS, START, Cells

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


def one_large_amount(cells: Cells) -> None:
    cells["amount"][R] = 900.37


case("amount_rank_actor", rows=(8, 25, 34, 51, R))(one_large_amount)  # the largest of each customer
case("amount_jump", "sum_day_actor", rows=(R, R + 5))(one_large_amount)  # the day after still counts it
case("spend_burst_actor", rows=(R - 5, R, R + 5))(one_large_amount)
case("sum_week_actor", rows=MINE[8:])(one_large_amount)


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


case("gap_after_actor", rows=(R - 5,))(at_once)


@case("count_day_actor", "count_week_actor", rows=(R + 5,))
def several_at_once(cells: Cells) -> None:
    minutes_after(cells, R, R - 5, 1)
    minutes_after(cells, R + 5, R - 5, 2)


case("burst_actor", rows=(R - 5, R, R + 5))(several_at_once)


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
def outsider(cells: Cells) -> None:
    cells["customer"][R] = "stranger"


case("position_actor", rows=(0, 1, 2, 3, 4, R))(outsider)  # as the first row of each actor


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
    """Every actor pays a receiver that never pays, once an hour."""
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
def stated_by_the_owner(cells: Cells) -> None:
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
