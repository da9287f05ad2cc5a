"""Tables whose owner hid the meaning of the columns: principal components, or columns renamed to numbers.

The table of another domain, with the counts and averages a data team adds, becomes anonymous numbers; at most time and amount
keep their meaning.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigie.simulator.domain import Domain, SimulatedTable
from vigie.simulator.sampling import Floats

_ACTORS = ("customer", "card", "account")
_PREFIXES = ("V", "PC", "f", "x", "feature_", "var_", "col", "comp_", "C", "attr")
_MIN_COLUMNS, _MAX_COLUMNS = 5, 32


class AnonymisedDomain(Domain):
    """Hides the columns of a table of another domain of this project."""

    has_history = False

    def simulate(self, seed: int, rows: int | None = None) -> SimulatedTable:
        """Simulate one table; the hidden domain draws the number of rows when `rows` is None."""
        from vigie.simulator.registry import own_domains

        rng = np.random.default_rng([seed, 0xA707])
        candidates = [domain for domain in own_domains().values() if domain.anonymisable]
        domain = candidates[int(rng.integers(len(candidates)))]
        hidden = domain.simulate(seed + 50_000, rows)
        matrix = _numeric_matrix(hidden, rng)
        rotated = rng.random() < 0.6
        if rotated:
            matrix = _principal_components(matrix, rng)
        else:
            order = rng.permutation(matrix.shape[1])
            matrix = matrix[:, order[: int(rng.integers(_MIN_COLUMNS, _MAX_COLUMNS + 1))]]
            matrix = matrix * np.exp(rng.normal(0, 2, matrix.shape[1]))
        prefix = _PREFIXES[int(rng.integers(len(_PREFIXES)))]
        first = int(rng.integers(0, 2))
        columns = {f"{prefix}{first + j}": np.round(matrix[:, j], 6) for j in range(matrix.shape[1])}
        frame, roles = _with_named_columns(hidden, pl.DataFrame(columns), rng)
        parameters = {**hidden.parameters, "hidden_domain": domain.name, "rotated": float(rotated)}
        return SimulatedTable(self.name, seed, frame, hidden.label, hidden.typology, roles, parameters)


def _numeric_matrix(table: SimulatedTable, rng: np.random.Generator) -> Floats:
    """Return (rows, columns) everything the owner knows of a row, standardised."""
    parts: list[Floats] = []
    for name, role in table.roles.items():
        series = table.frame[name]
        if role == "row_id" or (series.dtype.is_temporal() and role != "time"):
            continue
        parts += _numbers(series, role, rng)
    parts += _team_features(table)
    stack = np.stack([x for x in parts if np.isfinite(x).any()], axis=1)
    stack = np.where(np.isfinite(stack), stack, np.nanmedian(stack, axis=0))
    spread = stack.std(axis=0)
    kept = stack[:, spread > 1e-9]
    return np.asarray(np.clip((kept - kept.mean(axis=0)) / kept.std(axis=0), -25, 25))


def _numbers(series: pl.Series, role: str, rng: np.random.Generator) -> list[Floats]:
    if role == "time":
        seconds = series.cast(pl.Int64, strict=False).to_numpy().astype(float)
        if series.dtype.is_temporal():
            seconds = seconds / 1e6
        return [np.sin(seconds / 86400 * 2 * np.pi), np.cos(seconds / 86400 * 2 * np.pi)]
    if series.dtype.is_numeric() and role not in _ACTORS:
        values = series.cast(pl.Float64).to_numpy()
        return [np.sign(values) * np.log1p(np.abs(values)) if rng.random() < 0.7 else values]
    text = series.cast(pl.String)
    counts = text.value_counts(sort=True)
    common = counts[text.name].head(6).to_list()
    rarity = np.log(text.to_frame().select(pl.len().over(text.name)).to_series().to_numpy().astype(float))
    if counts.height > 60:
        return [rarity]
    return [rarity, *((text == value).fill_null(False).to_numpy().astype(float) for value in common if value)]


def _team_features(table: SimulatedTable) -> list[Floats]:
    """Return what a data team adds before it hides the names: count, usual amount and pace of the customer."""
    actor = next((c for c, role in table.roles.items() if role in _ACTORS), None)
    amount = next(
        (c for c, r in table.roles.items() if r == "amount" and table.frame[c].dtype.is_numeric()), None
    )
    if actor is None or amount is None:
        return []
    x = pl.col(amount).cast(pl.Float64).abs().log1p()
    frame = table.frame.select(
        (x - x.mean().over(actor)).alias("habit"),
        (x / (x.max().over(actor) + 1e-9)).alias("share"),
        pl.len().over(actor).cast(pl.Float64).log().alias("count"),
        pl.int_range(pl.len()).over(actor).cast(pl.Float64).log1p().alias("position"),
        pl.int_range(pl.len()).diff().over(actor).cast(pl.Float64).log1p().alias("pace"),
    )
    return [frame[name].to_numpy() for name in frame.columns]


def _principal_components(matrix: Floats, rng: np.random.Generator) -> Floats:
    """Return a random number of principal components, with random signs."""
    left, size, _ = np.linalg.svd(matrix, full_matrices=False)
    rank = int((size > size[0] * 1e-6).sum())
    kept = min(int(rng.integers(_MIN_COLUMNS, _MAX_COLUMNS + 1)), rank)
    scores = left[:, :kept] * size[:kept]
    return np.asarray(scores * rng.choice((-1.0, 1.0), kept))


def _with_named_columns(
    hidden: SimulatedTable, numbers: pl.DataFrame, rng: np.random.Generator
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return the anonymous columns, beside time and amount where the owner did not hide them."""
    roles = dict.fromkeys(numbers.columns, "number")
    before: list[pl.Series] = []
    after: list[pl.Series] = []
    for name, role in hidden.roles.items():
        if role == "time" and rng.random() < 0.6:
            before.append(hidden.frame[name])
        elif role == "amount" and rng.random() < 0.75 and not after:
            after.append(hidden.frame[name])
        else:
            continue
        roles[name] = role
    frame = pl.DataFrame([*before, *numbers.get_columns(), *after])
    return frame, {name: roles[name] for name in frame.columns}


DOMAIN = AnonymisedDomain(
    name="anonymised",
    number=15,
    words="pca, principal component, anonymised, anonymized, anonymisé, component, composante, componente",
    hints="feature, variable, attribute, attr, masked, hidden, pc",
    mixed_model=False,
)
