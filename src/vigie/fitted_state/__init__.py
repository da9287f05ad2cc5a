"""The fitted state of a table: everything a row's score takes that depends on the rest of the table.

    statistic      one statistic: computed while the table is fitted, looked up afterwards
    rank_table     mid-ranks among the values of the table
    value_counts   how many rows have each value
    categories     codes of categories, sums within groups
    state          the records: features, scoring, thresholds
    storage        the records as names, JSON and arrays, and back

Scored again, the fitted table gets the same numbers to the last bit.
"""

from vigie.fitted_state.categories import CategoryCodes, GroupSums
from vigie.fitted_state.rank_table import SMALL_BATCH, FittedRanks, RankTable
from vigie.fitted_state.state import (
    ColumnState,
    FeatureState,
    FittedState,
    ScoringState,
    SelfTraining,
    Thresholds,
)
from vigie.fitted_state.statistic import FittedStatistic, NotFittedError, Statistic
from vigie.fitted_state.value_counts import ObservedCounts, ValueCounts

__all__ = [
    "SMALL_BATCH",
    "CategoryCodes",
    "ColumnState",
    "FeatureState",
    "FittedRanks",
    "FittedState",
    "FittedStatistic",
    "GroupSums",
    "NotFittedError",
    "ObservedCounts",
    "RankTable",
    "ScoringState",
    "SelfTraining",
    "Statistic",
    "Thresholds",
    "ValueCounts",
]
