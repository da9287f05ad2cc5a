"""The reasons of rows as facts: name of the feature, and the numbers that show it, without words.

Pages and exports turn them into sentences of the reader's language (`vigie.i18n.facts`). The numbers are computed from the
table: what is usual for a customer is the median of its amounts, and so on. They describe a reason; no score depends on them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl

from vigie.engine.output import Prediction
from vigie.features import VOCABULARY
from vigie.i18n.translator import Translator
from vigie.roles.definitions import category_roles
from vigie.roles.inference import Roles

Values = dict[str, Any]

_HABITS = ("amount_habit", "amount_low_habit", "amount_actor_category", "amount_jump", "amount_share_actor")
_COUNTS = {
    "count_hour_actor": "actor_1h",
    "count_day_actor": "actor_1d",
    "burst_actor": "actor_1d",
    "count_week_actor": "actor_7d",
    "count_hour_counterpart": "counterpart_1h",
    "count_day_counterpart": "counterpart_1d",
    "burst_counterpart": "counterpart_1d",
}
_TOTALS = {
    "sum_day_actor": "actor_total_1d",
    "spend_burst_actor": "actor_total_1d",
    "sum_week_actor": "actor_total_7d",
    "flow_received_day": "counterpart_total_1d",
}
_CUSTOMERS = {
    "actors_per_counterpart": "counterpart_actors",
    "fan_in_day": "counterpart_actors",
    "actors_per_device": "device_actors",
    "actors_per_ip": "ip_actors",
}
_PARTIES = ("counterparts_per_actor", "fan_out_day")


def reason_facts(prediction: Prediction, roles: Roles, language: str) -> pl.Series:
    """Return the reasons of each row as JSON; null where a row has none.

    Args:
        prediction: scored table.
        roles: roles of its columns.
        language: of the reasons of the prediction.
    """
    texts = prediction.additions["reasons"].fill_null("")
    t = Translator(language)
    names = {t(f"feature.{feature.name}"): feature.name for feature in VOCABULARY}
    rows = (texts != "").arg_true()
    measured = _measure(prediction.table.typed, roles).gather(rows)
    found: list[str | None] = [None] * len(texts)
    for row, values in zip(rows, measured.iter_rows(named=True), strict=True):
        facts = [_fact(names[text], values) for text in texts[row].split("; ") if text in names]
        found[row] = json.dumps(facts) if facts else None
    return pl.Series("facts", found, dtype=pl.String)


def _fact(feature: str, values: Values) -> Values:
    """Return the fact of one reason; without numbers where the table does not have them."""
    detail = _detail(feature, values)
    known = all(value is not None for value in detail.values())
    return {"feature": feature, **(detail if known else {})}


def _detail(feature: str, values: Values) -> Values:
    here = values["amount"]
    if feature == "amount":
        return {"detail": "above", "here": here, "share": values["above"]}
    if feature in _HABITS:
        return _usual(here, values["actor_usual"])
    if feature == "amount_counterpart":
        return _usual(here, values["counterpart_usual"])
    if feature == "amount_category":
        return _usual(here, values["category_usual"])
    if feature in {"amount_over_max", "amount_rank_actor"}:
        return {"detail": "before", "here": here, "usual": values["actor_max_before"]}
    if feature == "balance_share":
        return {"detail": "share", "share": values["balance_share"]}
    if feature in _TOTALS and values[_TOTALS[feature]] == here:
        return {}  # the row alone makes up the total
    for names, detail, key in (
        (_COUNTS, "rows", "n"),
        (_TOTALS, "total", "total"),
        (_CUSTOMERS, "customers", "n"),
    ):
        if feature in names:
            return {"detail": detail, key: values[names[feature]]}
    return {"detail": "parties", "n": values["actor_counterparts"]} if feature in _PARTIES else {}


def _usual(here: float | None, usual: float | None) -> Values:
    if here is None or not usual or usual < 0 or here < 0:
        return {}
    times = here / usual
    values = {"here": here, "usual": usual}
    return {"detail": "times", "times": times, **values} if times >= 1.5 else {"detail": "usual", **values}


def _measure(typed: pl.DataFrame, roles: Roles) -> pl.DataFrame:
    """Return the numbers that reasons may need, of each row; null where they are unknown."""
    frame = pl.DataFrame(
        [
            _text(typed, roles.actor(), "actor"),
            _text(typed, roles.counterpart(), "counterpart"),
            _text(typed, next((c for role in category_roles() for c in roles.all(role)), None), "category"),
            _text(typed, roles.first("device"), "device"),
            _text(typed, roles.first("ip"), "ip"),
            _number(typed, roles.first("amount"), "amount"),
            _number(typed, roles.first("balance_before"), "balance"),
            _time(typed, roles.first("time")),
        ]
    ).with_row_index("row")
    frame = frame.sort("time", "row", nulls_last=False, maintain_order=True)
    amount, one = pl.col("amount"), pl.lit(1).alias("one")
    frame = frame.with_columns(
        one,
        above=(amount.rank("min") - 1) / pl.max_horizontal(amount.count(), 1),
        actor_usual=_of("actor", lambda: pl.when(amount.count() > 1).then(amount.median())),
        counterpart_usual=_of("counterpart", lambda: pl.when(amount.count() > 1).then(amount.median())),
        category_usual=_of("category", amount.median),
        actor_max_before=_of("actor", lambda: amount.cum_max().shift(1)),
        counterpart_actors=_of("counterpart", lambda: pl.col("actor").n_unique()),
        actor_counterparts=_of("actor", lambda: pl.col("counterpart").n_unique()),
        device_actors=_of("device", lambda: pl.col("actor").n_unique()),
        ip_actors=_of("ip", lambda: pl.col("actor").n_unique()),
        balance_share=pl.when((pl.col("balance") >= amount) & (amount > 0)).then(amount / pl.col("balance")),
    )
    return _within(frame).sort("row")


def _within(frame: pl.DataFrame) -> pl.DataFrame:
    """Add how many rows, and what total, each entity had in the hour, day and week up to each row."""
    timed = frame["time"].null_count() == 0
    columns = []
    for entity in ("actor", "counterpart"):
        for window in ("1h", "1d", "7d"):
            names = {f"{entity}_{window}": "one", f"{entity}_total_{window}": "amount"}
            for name, value in names.items():
                total = pl.col(value).rolling_sum_by("time", window).over(entity)
                columns.append(
                    (pl.when(pl.col(entity).is_not_null()).then(total) if timed else pl.lit(None)).alias(name)
                )
    return frame.with_columns(columns)


def _of(entity: str, value: Callable[[], pl.Expr]) -> pl.Expr:
    return pl.when(pl.col(entity).is_not_null()).then(value().over(entity))


def _text(typed: pl.DataFrame, column: str | None, name: str) -> pl.Series:
    if column is None:
        return pl.Series(name, [None] * typed.height, dtype=pl.String)
    return typed[column].cast(pl.String, strict=False).rename(name)


def _number(typed: pl.DataFrame, column: str | None, name: str) -> pl.Series:
    if column is None or not typed[column].dtype.is_numeric():
        return pl.Series(name, [None] * typed.height, dtype=pl.Float64)
    return typed[column].cast(pl.Float64).rename(name)


def _time(typed: pl.DataFrame, column: str | None) -> pl.Series:
    if column is None or not isinstance(typed[column].dtype, pl.Datetime):
        return pl.Series("time", [None] * typed.height, dtype=pl.Datetime("us"))
    return typed[column].rename("time")
