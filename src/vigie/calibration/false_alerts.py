"""How many rows to alert so that the share of false alerts stays below a bound.

A part of the rows, drawn at random by their hashes, is the reference: what its rows are, in the order of their scores, says
what the other rows of the same scores are. Rows of the reference that were not reviewed count as legitimate. A contaminated
reference makes the bound conservative and never invalid; reviewing the first rows of the reference gives the power back.
Without any reviewed row of it no alert has a bound.

The reference must not have taught the scores: labels of its rows decide the number of alerts, labels of others the scores.

Source: conformal p-values with a contaminated reference and a few labels, M. Bashari, M. Sesia, Y. Romano, "Robust Conformal
Outlier Detection under Contaminated Reference Data", ICML 2025; that the bound holds for the alerts at hand with a stated
confidence, and not only on average, S. Bates et al., "Testing for Outliers with Conformal p-values", Annals of Statistics 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.calibration.reviewed import at_least

CONFIDENCE = 0.9
"""Probability, over the draw of the reference, with which the share of false alerts is below the bound."""

WANTED_ROWS = 20
"""Rows of the reference among the default alerts: so many a user is asked to review."""

REFERENCE_SHARES = (0.1, 0.5)
"""Least and largest share of the rows that are the reference."""

FIRST_ROWS = 5
"""Rows of the reference, the most suspicious ones, that decide first; then twice as many, and so on."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))

Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class BoundedAlerts:
    """Alerts of which at most a given share is false.

    Attributes:
        max_share: the given share.
        count: of alerts, the first rows by score.
        reference: rows of the reference among these.
        frauds: of those, labelled fraud.
        labelled: reviewed rows of the reference, among the alerts or not.
    """

    max_share: float
    count: int
    reference: int
    frauds: int
    labelled: int


def reference_rows(row_hashes: Hashes, alerts: int) -> Mask:
    """Return (rows,) which rows are the reference: the same ones whatever the order of the table and the labels.

    Each of several equal rows is drawn by itself: a sample of whole groups would say less than as many rows do.

    Args:
        row_hashes: (rows,) of the cells of each row.
        alerts: number of default alerts.
    """
    share = float(np.clip(WANTED_ROWS / max(alerts, 1), *REFERENCE_SHARES))
    keys = _mixed(row_hashes + _occurrences(row_hashes) * _STEP)
    return np.asarray(keys >> np.uint64(32) < np.uint64(share * 2**32))


def _occurrences(hashes: Hashes) -> Hashes:
    """Return (rows,) how many earlier rows have the same hash."""
    order = np.argsort(hashes, kind="stable")
    ascending = hashes[order]
    out = np.empty(len(hashes), dtype=np.uint64)
    out[order] = np.arange(len(hashes)) - np.searchsorted(ascending, ascending)
    return out


def _mixed(numbers: Hashes) -> Hashes:
    """Return (rows,) numbers whose bits depend on all bits of the given ones.

    Source: the output function of SplitMix64, G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number
    Generators", OOPSLA 2014.
    """
    first, second = _FACTORS
    numbers = (numbers ^ (numbers >> np.uint64(30))) * first
    numbers = (numbers ^ (numbers >> np.uint64(27))) * second
    return np.asarray(numbers ^ (numbers >> np.uint64(31)))


def bound_alerts(
    score: Floats, reference: Mask, labelled: Mask, fraud: Mask, max_share: float
) -> BoundedAlerts:
    """Return the largest number of alerts of which, with `CONFIDENCE`, at most `max_share` is false.

    The first 5, 10, 20 … rows of the reference are tested, as far as there are labels; the error is divided among the tests.

    Args:
        score: (rows,) higher is more suspicious.
        reference: (rows,) the rows of the reference.
        labelled: (rows,) those that were reviewed.
        fraud: (rows,) those that are labelled fraud.
        max_share: of false alerts, in (0, 1).
    """
    order = np.argsort(-score, kind="stable")
    places = np.flatnonzero(reference[order])
    found = np.cumsum(fraud[order][places])
    n_labelled = int((labelled & reference).sum())
    sizes = _tested_sizes(n_labelled)
    for size in reversed(sizes):
        frauds = int(found[size - 1])
        # The share of frauds among the alerts would be below 1 - max_share, and the sample had so many of them by chance.
        if frauds and at_least(frauds, size, 1 - max_share) <= (1 - CONFIDENCE) / len(sizes):
            count = int(places[size]) if size < len(places) else len(order)
            return BoundedAlerts(max_share, count, size, frauds, n_labelled)
    return BoundedAlerts(max_share, 0, 0, 0, n_labelled)


def _tested_sizes(most: int) -> list[int]:
    """Return numbers of rows in ascending order, the last of which is `most`."""
    sizes = [FIRST_ROWS]
    while sizes[-1] * 2 <= most:
        sizes.append(sizes[-1] * 2)
    if most > sizes[-1]:
        sizes[-1] = most
    return sizes if most >= FIRST_ROWS else []
