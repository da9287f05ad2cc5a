"""E-mails, IP addresses and browser signatures: rare domains, digits, repeated patterns, near-duplicate rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.module import FeatureModule

_MIN_COMPARED_COLUMNS = 4
_MIN_COMPARED_ROWS = 20


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of the texts of a row."""
    if not view.has_row_features:
        return {}
    return _email(view) | _ip(view) | _user_agent(view) | _near_duplicates(view)


def _email(view: ColumnView) -> dict[str, Floats]:
    email = _texts(view, "email")
    if email is None:
        return {}
    email = email.str.to_lowercase()
    local, domain = email.str.extract(r"^([^@]+)@", 1), email.str.extract(r"@(.+)$", 1)
    digits, length = _floats(local.str.count_matches(r"\d")), _floats(local.str.len_chars())
    pattern = local.str.replace_all(r"\d+", "0").str.replace_all(r"[^a-z0]+", "-")
    out = {
        "email_digits": np.asarray(digits / np.maximum(length, 1)),
        "email_pattern": np.log(_counts(view, "pattern", pattern) / _counts(view, "email", email)),
    }
    if view.state.texts.domains_repeat.get(lambda: 1 < domain.n_unique() < 0.9 * view.n_rows):
        out["email_domain_rarity"] = -np.log(_counts(view, "domain", domain))
    return out | _email_mismatch(view, local)


def _email_mismatch(view: ColumnView, local: pl.Series) -> dict[str, Floats]:
    name = _texts(view, "person_name")
    if name is None:
        return {}
    word = name.str.to_lowercase().str.extract(r"([a-z]{3,})", 1)
    frame = pl.DataFrame({"local": local, "word": word})
    contains = frame.select(pl.col("local").str.contains(pl.col("word"), literal=True)).to_series()
    is_in_email = _floats(contains)
    if not view.state.texts.names_in_emails.get(lambda: bool(0.02 < np.nanmean(is_in_email) < 0.98)):
        return {}
    return {"email_mismatch": 1.0 - is_in_email}


def _ip(view: ColumnView) -> dict[str, Floats]:
    ip = _texts(view, "ip")
    if ip is None:
        return {}
    network = ip.str.extract(r"^(\d+\.\d+\.\d+|[0-9a-fA-F]+:[0-9a-fA-F]+:[0-9a-fA-F]+)", 1)
    return {"ip_range": np.log(_counts(view, "range", network))}


def _user_agent(view: ColumnView) -> dict[str, Floats]:
    column = view.roles.first("user_agent")
    if column is None:
        return {}
    known = view.frame[column].is_not_null().to_numpy()
    return {"agent_rarity": -np.log(view.state.value_counts.of("agent", view.hashes.of(column), known))}


def _near_duplicates(view: ColumnView) -> dict[str, Floats]:
    """Count rows that agree on columns which ought to differ, such as amount, category and numbers."""
    columns = [item.column for item in view.roles.columns if item.definition.near_duplicate]
    texts, n_rows = view.state.texts, view.n_rows
    if len(columns) < _MIN_COMPARED_COLUMNS or texts.has_few_rows.get(lambda: n_rows < _MIN_COMPARED_ROWS):
        return {}
    count = _counts(view, "near duplicate", view.frame.select(pl.struct(columns).alias("row")).to_series())
    has_some = texts.has_near_duplicates.get(lambda: bool(count.max() > 1 and count.mean() < 0.2 * n_rows))
    return {"near_duplicate": np.log(count)} if has_some else {}


def _texts(view: ColumnView, role: str) -> pl.Series | None:
    """Return the best column of a role if it holds texts."""
    column = view.roles.first(role)
    return None if column is None or view.frame[column].dtype != pl.String else view.frame[column]


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _counts(view: ColumnView, name: str, values: pl.Series) -> Floats:
    """Return (rows,) how many rows of the table have the same value; NaN where it is empty."""
    hashes = values.hash(seed=0).to_numpy().view(np.int64)
    known = None if isinstance(values.dtype, pl.Struct) else values.is_not_null().to_numpy()
    return view.state.value_counts.of(name, hashes, known)


MODULE = FeatureModule(
    names=(
        "email_domain_rarity", "email_digits", "email_pattern", "email_mismatch", "ip_range", "agent_rarity",
        "near_duplicate",
    ),
    compute=compute,
    groupings=frozenset({"row"}),
    needs_value_counts=True,
)  # fmt: skip
