"""E-mail, ip and browser strings: rare domains, digits, repeated patterns, busy ranges, near-duplicate rows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.risk_lexicon import risk


def compute(view: ColumnView) -> dict[str, Floats]:
    """Features of the texts of a row."""
    if not view.has_all_rows_of("row"):
        return {}
    return {**_values(view), **_email(view), **_ip(view), **_agent(view), **_duplicates(view)}


def _values(view: ColumnView) -> dict[str, Floats]:
    """The riskiest word among the categories of a row, less its safest."""
    scores = []
    for name, _ in view.categories:
        column = view.frame[name]
        known = view.state.columns[name].categories.require().values
        if column.dtype != pl.String or len(known) > 501:
            continue
        if view.state.columns[name].has_risk_words.get(partial(_has_risk_words, known)):
            # Words the table never had are read as well.
            worth = {text: risk(text) for text in {*column.unique().drop_nulls().to_list()}}
            said = column.replace_strict(worth, default=0.0, return_dtype=pl.Float64).fill_null(0.0)
            scores.append(said.to_numpy())
    return {"category_words": np.max(scores, axis=0) + np.min(scores, axis=0)} if scores else {}


def _has_risk_words(values: Iterable[str]) -> bool:
    return bool(np.ptp([*map(risk, values), 0.0]) > 0)


def _email(view: ColumnView) -> dict[str, Floats]:
    column = view.roles.first("email")
    if column is None or view.frame[column].dtype != pl.String:
        return {}
    email = view.frame[column].str.to_lowercase()
    local, domain = email.str.extract(r"^([^@]+)@", 1), email.str.extract(r"@(.+)$", 1)
    digits = local.str.count_matches(r"\d").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    length = local.str.len_chars().cast(pl.Float64).fill_null(float("nan")).to_numpy()
    out = {"email_digits": np.asarray(digits / np.maximum(length, 1))}
    if view.state.texts.domains_repeat.get(lambda: 1 < domain.n_unique() < 0.9 * view.rows):
        out["email_domain_rarity"] = -np.log(_times(view, "domain", domain))
    pattern = local.str.replace_all(r"\d+", "0").str.replace_all(r"[^a-z0]+", "-")
    out["email_pattern"] = np.log(_times(view, "pattern", pattern) / _times(view, "email", email))
    name = view.roles.first("person_name")
    if name is not None and view.frame[name].dtype == pl.String:
        words = view.frame.select(
            pl.col(name).str.to_lowercase().str.extract(r"([a-z]{3,})", 1).alias("word"), local.alias("local")
        )
        found = words.select(pl.col("local").str.contains(pl.col("word"), literal=True)).to_series()
        share = found.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if view.state.texts.names_in_emails.get(lambda: bool(0.02 < np.nanmean(share) < 0.98)):
            out["email_mismatch"] = 1.0 - share
    return out


def _ip(view: ColumnView) -> dict[str, Floats]:
    column = view.roles.first("ip")
    if column is None or view.frame[column].dtype != pl.String:
        return {}
    prefix = view.frame[column].str.extract(r"^(\d+\.\d+\.\d+|[0-9a-fA-F]+:[0-9a-fA-F]+:[0-9a-fA-F]+)", 1)
    return {"ip_range": np.log(_times(view, "range", prefix))}


def _agent(view: ColumnView) -> dict[str, Floats]:
    column = view.roles.first("user_agent")
    if column is None:
        return {}
    known = view.frame[column].is_not_null().to_numpy()
    return {"agent_rarity": -np.log(view.state.value_counts.of("agent", view.cell_hashes(column), known))}


def _duplicates(view: ColumnView) -> dict[str, Floats]:
    """Rows that agree on most things which ought to differ: amount, moment of day, kinds, numbers."""
    columns = [c.column for c in view.roles.columns if c.definition.near_duplicate]
    if len(columns) < 4 or view.state.texts.has_few_rows.get(lambda: view.rows < 20):
        return {}
    count = _times(view, "near duplicate", view.frame.select(pl.struct(columns).alias("row")).to_series())
    some = view.state.texts.has_near_duplicates.get(
        lambda: bool(count.max() > 1 and count.mean() < 0.2 * view.rows)
    )
    return {"near_duplicate": np.log(count)} if some else {}


def _times(view: ColumnView, name: str, values: pl.Series) -> Floats:
    """(rows,) how many rows of the whole table show the value; NaN where it is empty."""
    prints = values.hash(seed=0).to_numpy().view(np.int64)
    known = None if isinstance(values.dtype, pl.Struct) else values.is_not_null().to_numpy()
    return view.state.value_counts.of(name, prints, known)
