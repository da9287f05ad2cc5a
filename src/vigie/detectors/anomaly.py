"""Detectors that need no labels, most of them aware of the direction of risk.

Every detector returns one number per row, higher more suspicious. None of them is a probability.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.detectors import isolation_forest
from vigie.features import VOCABULARY
from vigie.features.columns import ColumnView
from vigie.fitted_state import FittedState
from vigie.parallel import MANY, in_threads
from vigie.roles.inference import ColumnRole, Roles

IDENTIFIERS = frozenset(
    {"customer", "card", "account", "device", "ip", "email", "phone", "address", "user_agent", "counterparty"}
)
"""Roles whose cells only tell one from another, whatever they are written with."""
IGNORED_ROLES = frozenset({"leak", "none", "row_id", "text", "person_name"})
TREES = 100

_CHUNK = 500
"""Rows measured at a time: their distances to the sample should stay in the processor's cache."""

MOST_TAIL = 9.0
"""Tail evidence, in nats, beyond which the forest tells no difference."""
ORDINARY = 0.7
"""Tail evidence, in nats, that half of the rows have: it counts for nothing."""


def one_sided_tail_scores(
    ranks: npt.NDArray[np.float32], known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """(rows, features) evidence of each feature in its direction of risk, in nats.

    The evidence is -log of the share of rows at least as far out; features without a direction count both
    tails. Unknown is no evidence, and neither is what is worth nothing.

    Source: tail probabilities as in ECOD, Z. Li et al., IEEE TKDE 2022; one-sided by meaning is ours.

    Args:
        ranks: (rows, features) mid-ranks, NaN where unknown.
        known: (features,) which features the table can tell.
    """
    out = np.zeros(ranks.shape, dtype=np.float32, order="F")
    worth = np.array([feature.weight > 0 for feature in VOCABULARY])

    def tell(j: int) -> None:
        rank = ranks[:, j].astype(float)
        above, below = 1 - rank, rank
        upper = {1: above, -1: below}.get(VOCABULARY[j].direction, 2 * np.minimum(above, below))
        out[:, j] = np.where(np.isfinite(upper), -np.log(upper + 1e-6), 0.0)

    in_threads(tell, np.flatnonzero(known & worth).tolist(), worth=len(ranks) >= MANY)
    return out


def isolation_forest_tails(
    evidence: npt.NDArray[np.float32], known: np.ndarray, seed: int, state: FittedState | None = None
) -> Floats:
    """Isolation forest on one-sided tails.

    Source: F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008.
    """
    weights = np.array([feature.weight for feature in VOCABULARY])
    keep = np.flatnonzero(known & (weights > 0))
    if not len(keep):
        return np.zeros(len(evidence))
    grown = partial(isolation_forest.fit, evidence, seed, TREES, columns=keep, most=MOST_TAIL)
    return (state or FittedState()).once("one-sided forest", grown).score(evidence, keep)


def summed_tail_scores(evidence: npt.NDArray[np.float32], known: np.ndarray) -> dict[str, Floats]:
    """Sums of the tail evidence, weighted by what each direction is worth.

    Features of one family repeat each other, so `tails_energy` divides a family's sum by the square root of
    its size and `tails_best` takes only its strongest.

    Args:
        evidence: (rows, features) as `tails` makes it.
        known: (features,) which features the table can tell.
    """
    families: dict[str, list[int]] = {}
    for j in np.flatnonzero(known):
        if VOCABULARY[j].weight > 0:
            families.setdefault(_families()[j], []).append(int(j))
    total, best = np.zeros(len(evidence)), np.zeros(len(evidence))

    def some(start: int) -> None:
        rows = slice(start, start + MANY)
        for _, members in sorted(families.items()):
            weights = np.array([VOCABULARY[j].weight for j in members])
            x = np.maximum(evidence[rows, members] - ORDINARY, 0.0) * weights
            total[rows] += x.sum(axis=1) / np.sqrt(len(members))
            best[rows] += x.max(axis=1)

    in_threads(some, range(0, len(evidence), MANY))
    return {"tails_energy": total, "tails_best": best}


@cache
def _families() -> tuple[str, ...]:
    return tuple(feature.family for feature in VOCABULARY)


def isolation_forest_raw(columns: Floats, seed: int, state: FittedState | None = None) -> Floats:
    """Isolation forest on the table's own columns, whatever they mean."""
    if not columns.shape[1]:
        return np.zeros(len(columns))
    grown = partial(isolation_forest.fit, columns, seed, TREES)
    return (state or FittedState()).once("raw forest", grown).score(columns)


def knn_distance(
    columns: Floats, seed: int, *, k: int = 8, reference: int = 2000, state: FittedState | None = None
) -> Floats:
    """Mean distance to the k nearest of a sample of rows, on standardised columns.

    Source: F. Angiulli, C. Pizzuti, "Fast Outlier Detection in High Dimensional Spaces", PKDD 2002.
    """
    state = state or FittedState()
    scale = state.once("column scales", lambda: columns.std(axis=0))
    if not (scale > 0).any() or state.once("few neighbours", lambda: len(columns) < 3 * k):
        return np.zeros(len(columns))
    sample = state.once("neighbours", lambda: _scaled(_sample(columns, seed, reference), scale))
    return distances(columns, scale, sample, k)


def _sample(x: Floats, seed: int, size: int) -> Floats:
    rows = np.random.default_rng(seed).choice(len(x), size=min(size, len(x)), replace=False)
    return x[np.sort(rows)]


def _scaled(x: Floats, unit: Floats) -> Floats:
    return np.asarray(x[:, unit > 0] / unit[unit > 0])


def distances(x: Floats, unit: Floats, sample: Floats, k: int) -> Floats:
    """(rows,) mean distance to the nearest k of a sample but the very first, which may be the row itself.

    All distances at once in single precision say which may be the nearest, and those few are measured again exactly:
    all that could be, were every rounding to go against them, so that the answer for a row is that row's alone.

    Args:
        x: (rows, columns).
        unit: (columns,) what each is measured in; zero for one that does not count.
        sample: (samples, columns that count) in these units.
        k: how many are near.
    """
    wanted, width = min(k + 4, len(sample) - 1), sample.shape[1]
    fold = 16 if len(sample) > 16 * 4 * wanted else 1
    missing = -len(sample) % fold
    # What rounding can do to a product of rows of such lengths, and to their squares.
    error = 2 * (width + 3) * 2.0**-24
    centre = sample.mean(axis=0)
    near = sample - centre
    far = np.sqrt((near**2).sum(axis=1))
    small = np.column_stack([-2 * near, -2 * error * far]).astype(np.float32)
    turned = np.ascontiguousarray(np.pad(small, ((0, missing), (0, 0))).T)
    squares = np.pad((1 - error) * far**2, (0, missing), constant_values=np.inf).astype(np.float32)
    out = np.empty(len(x))

    def some(start: int) -> None:
        rows = _scaled(x[start : start + _CHUNK], unit)
        centred = rows - centre
        length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
        least_possible = np.column_stack([centred, length]).astype(np.float32) @ turned
        least_possible += squares
        # The least of each fold: as many of them as wanted lie at or below a line, so all the nearest do.
        least = least_possible.reshape(len(rows), fold, -1).min(axis=1)
        least.partition(wanted, axis=1)
        line = least[:, wanted].astype(float)
        reach = length + np.sqrt(np.maximum(line + length**2, 0.0))
        line += 2 * error * (2 * length + reach) * reach
        row, column = np.divmod(np.flatnonzero(least_possible <= line[:, None].astype(np.float32)), turned.shape[1])  # fmt: skip
        apart = rows[row]
        apart -= sample[column]
        exact = np.sqrt(np.einsum("ij,ij->i", apart, apart))
        starts = np.searchsorted(row, np.arange(len(rows)))
        place = np.arange(len(row)) - starts[row]
        nearest = np.full((len(rows), int(place.max()) + 1), np.inf)
        nearest[row, place] = exact
        nearest.partition(k, axis=1)
        nearest[:, : k + 1].sort(axis=1)
        out[start : start + _CHUNK] = nearest[:, 1 : k + 1].mean(axis=1)

    in_threads(some, range(0, len(x), _CHUNK))
    return out


def raw_matrix(frame: pl.DataFrame, roles: Roles, facts: ColumnView | None = None) -> Floats:
    """(rows, columns) numbers as they are, identifiers by a place of their own, all else by how often it occurs.

    Identifiers in places at random, the same for the same one: rows that have one in common lie close in that column
    and a tree can cut them out, and it does not matter whether they are written as numbers or as text. How often they
    occur is said by features already.
    """
    facts = facts or ColumnView(frame, roles)
    seen = [item for item in roles.columns if item.role not in IGNORED_ROLES]
    told: dict[str, Floats] = {}

    def tell(item: ColumnRole) -> None:
        values = _placed(frame[item.column]) if item.role in IDENTIFIERS else facts.as_numbers(item.column)
        if values is None:
            # Empty cells are a value here; how many there are may say something.
            values = np.log(facts.state.times(f"cells {item.column}", facts.cell_hashes(item.column)))
        usual = facts.once(f"usual {item.column}", partial(_usual, values))
        if np.isfinite(usual):
            told[item.column] = np.where(np.isfinite(values), values, usual)

    in_threads(tell, seen, worth=frame.height >= MANY)
    columns = [told[item.column] for item in seen if item.column in told]
    return np.stack(columns, axis=1) if columns else np.zeros((frame.height, 0))


def _placed(cells: pl.Series) -> Floats:
    """(rows,) a place in [0, 1) for each identifier, NaN where it is empty."""
    prints = cells.cast(pl.String).hash(seed=0).to_numpy()
    # 24 bits, so that single precision tells as many apart.
    places = (prints >> np.uint64(40)).astype(float) / 2**24
    return np.where(cells.is_null().to_numpy(), np.nan, places)


def _usual(values: Floats) -> float:
    """The median; NaN where the values do not differ, or there are none."""
    spread = np.nanstd(values) if np.isfinite(values).any() else 0.0
    return float(np.nanmedian(values)) if spread > 0 else float("nan")
