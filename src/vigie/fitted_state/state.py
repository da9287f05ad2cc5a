"""What is known of a fitted table: one record, which features write and read, and which a stored scorer holds.

Each field names the statistic as a stored scorer does; `{}` stands for the column, role or feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Codes, Floats
from vigie.fitted_state.categories import CategoryCodes, GroupSums
from vigie.fitted_state.rank_table import RankTable, RankTables, UnfittedRanks
from vigie.fitted_state.statistic import Family, FittedStatistic, Section, Statistic, Unfitted
from vigie.fitted_state.value_counts import CountTables, FittedCounts, UnfittedCounts, ValueCounts

if TYPE_CHECKING:
    import xgboost

Array = npt.NDArray[Any]


def _statistic(stored: str, record: type[Any] | None = None) -> Any:
    """Declare a statistic; `record` is its class, where it is a record."""
    return field(default_factory=Unfitted, metadata={"stored": stored, "record": record})


def _family(stored: str, record: type[Any] | None = None) -> Any:
    """Declare statistics of one kind by name."""
    return field(default_factory=lambda: Family(Unfitted), metadata={"stored": stored, "record": record})


def _sections(new: type[Section]) -> Any:
    """Declare sections of one kind by name."""
    return field(default_factory=lambda: Family(new))


def _ranks(stored: str) -> Any:
    """Declare ranks by name."""
    return field(default_factory=UnfittedRanks, metadata={"stored": stored, "record": RankTable})


@dataclass
class ColumnState(Section):
    """One column of the table."""

    hash: Statistic[int] = _statistic("print {}")  # of all its cells, whatever their order
    has_values: Statistic[bool] = _statistic("shows {}")  # whether any cell is not empty
    minus_one_is_missing: Statistic[bool] = _statistic("coded {}")  # whether -1 stands for an empty cell
    ordinal_scale: Statistic[Mapping[str, float]] = _statistic(
        "scale {}"
    )  # text -> number; empty without an order
    epoch_divisor: Statistic[float] = _statistic("unit {}")  # from its numbers to seconds since 1970
    median: Statistic[float] = _statistic("usual {}")  # of its numbers; NaN where they do not differ
    is_spread: Statistic[bool] = _statistic("spreads {}")  # whether its standard deviation is positive
    has_two_values: Statistic[bool] = _statistic("differs {}")  # whether two of its numbers differ
    long_tail: Statistic[int] = _statistic("skews {}")  # +1 or -1 where only one tail of its numbers is long
    categories: Statistic[CategoryCodes] = _statistic("words {}", CategoryCodes)  # its distinct values
    category_rows: Statistic[Codes] = _statistic("rows with {}")  # (codes,) rows with each, from -1 on
    category_width: Statistic[int] = _statistic("width {}")  # number of codes, from -1 on
    varies_within_actor: Statistic[bool] = _statistic(
        "varies {}"
    )  # whether customers show several of its values
    has_risk_words: Statistic[bool] = _statistic("risks {}")  # whether some of its values are words of risk


@dataclass
class TimeState(Section):
    """When rows happen."""

    is_known: Statistic[bool] = _statistic("timed")  # whether the table has a time
    sample: Statistic[Floats] = _statistic("time spread")  # known times, for rows without one
    is_midnight: Statistic[bool] = _statistic(
        "days only"
    )  # whether the times are dates without a time of day
    has_clock: Statistic[bool] = _statistic("clock")  # whether they are seconds since an epoch
    span: Statistic[float] = _statistic("time span")  # from the first to the last
    day_length: Statistic[float] = _statistic("day")  # units of a counter in a day; 0 where it shows none
    max_day: Statistic[float] = _statistic("day top")  # the largest day of a date in parts
    max_hour: Statistic[float] = _statistic("hour top")  # the largest value of the column of hours
    hours_differ: Statistic[bool] = _statistic("hours differ")  # whether the time of day differs between rows
    is_whole: Statistic[bool] = _statistic("time whole")  # whether all times are whole numbers
    is_dense: Statistic[bool] = _statistic("time dense")  # whether it has many rows, few for its span
    ascending: Statistic[Floats] = _statistic("times")  # (rows,) all times
    half_hours: Statistic[Floats] = _statistic("half hours")  # (48,) rows in each half hour of the day
    mean_cosine: Statistic[float] = _statistic("hour cosine")  # of the hour on the circle of a day
    mean_sine: Statistic[float] = _statistic("hour sine")  # of the same
    latest: Statistic[float] = _statistic("today")  # the last time, from which ages are counted


@dataclass
class AmountState(Section):
    """Amounts."""

    scale: Statistic[float] = _statistic("amount scale")  # median of the amounts; 1 without any
    mean: Statistic[float] = _statistic("amount mean")  # of the amounts on the grid of sums
    median: Statistic[float] = _statistic("amount middle")  # of the positive amounts
    median_log: Statistic[float] = _statistic("log amount")  # of the logarithms
    median_balance: Statistic[float] = _statistic("balance middle")  # of the balances before
    price_category: Statistic[str] = _statistic(
        "amount category"
    )  # the category that explains the amounts best
    has_round: Statistic[bool] = _statistic("round amounts")  # whether some amounts are rounder than others
    are_sides: Statistic[bool] = _statistic(
        "amount sides"
    )  # whether a row has one of the amounts, such as debit or credit


@dataclass
class EntityState(Section):
    """Customers, counterparties, devices and what else rows share."""

    repeats: Family[Statistic[bool]] = _family("repeats {}")  # entity -> whether its members come back
    pair_repeats: Statistic[bool] = _statistic("repeats pair")  # a customer comes back to a counterparty
    amount_repeats: Statistic[bool] = _statistic("repeats cents")  # a counterparty gets an amount again
    has_shared_ids: Statistic[bool] = _statistic("two sides")  # whether the same accounts send and receive
    first_time_role: Family[Statistic[str]] = _family("first {}")  # feature -> its role, or empty


@dataclass
class NumberState(Section):
    """The anonymous numbers of a row together."""

    centre: Statistic[Floats] = _statistic("centre")  # (columns,) medians
    scale: Statistic[Floats] = _statistic("spread")  # (columns,) interquartile ranges
    inverse_covariance: Statistic[Floats] = _statistic("inverse")  # (columns, columns) shrunk
    missing_varies: Statistic[bool] = _statistic(
        "gaps"
    )  # whether some rows have more empty cells than others


@dataclass
class TextState(Section):
    """Texts of a row."""

    domains_repeat: Statistic[bool] = _statistic("domains")  # whether e-mail domains come back
    names_in_emails: Statistic[bool] = _statistic(
        "names in emails"
    )  # whether addresses hold the owner's name
    has_few_rows: Statistic[bool] = _statistic(
        "too few rows"
    )  # whether there are too few rows for near duplicates
    has_near_duplicates: Statistic[bool] = _statistic("near duplicates")  # whether some rows, not most, are


@dataclass
class FeatureState(Section):
    """Statistics of the fitted table for features."""

    columns: Family[ColumnState] = _sections(ColumnState)  # the empty name is the hour of the day
    time: TimeState = field(default_factory=TimeState)
    amounts: AmountState = field(default_factory=AmountState)
    entities: EntityState = field(default_factory=EntityState)
    numbers: NumberState = field(default_factory=NumberState)
    texts: TextState = field(default_factory=TextState)
    numeric_columns: Family[Statistic[list[str]]] = _family(
        "numbers {}"
    )  # role -> its columns that read as numbers
    date_column: Family[Statistic[str]] = _family(
        "moment {}"
    )  # role -> its best column of dates; empty without one
    category_columns: Statistic[list[str]] = _statistic("categories")  # those that name kinds of things
    distance_scale: Family[Statistic[float]] = _family(
        "distance {}"
    )  # position of a distance column -> its median
    rows_counted: Statistic[float] = _statistic("rows counted")  # rows of which the categories were counted
    rows_shown: Statistic[float] = _statistic("rows shown")  # rows of which encoded values were counted
    context: Statistic[Floats] = _statistic(
        "context"
    )  # what the table is like, as the reference models see it
    column_ranks: RankTables = _ranks("rank column {}")  # column
    directed_ranks: RankTables = _ranks("rank directed {}")  # column, higher is riskier
    amount_ranks: RankTables = _ranks("rank amount {}")  # position of a column of amounts
    value_counts: CountTables = field(
        default_factory=UnfittedCounts, metadata={"stored": "values {}", "record": ValueCounts}
    )
    group_sums: Family[Statistic[GroupSums]] = _family(
        "sums {}", GroupSums
    )  # feature -> sums within its groups
    pooled_variance: Family[Statistic[float]] = _family(
        "pooled {}"
    )  # feature -> variance within these groups

    def zscores(self, name: str, codes: Codes, x: Floats) -> Floats:
        """Return (rows,) the distance of `x` from the table's other rows of its group, in standard deviations.

        Args:
            name: of the feature.
            codes: (rows,) group of each row, from 0, the same in any table; -1 where unknown.
            x: (rows,) NaN where unknown.
        """
        sums = self.group_sums[name].get(lambda: GroupSums.fit(codes, x))
        return sums.zscores(codes, x, self.pooled_variance[name].get)

    def column_hashes(self) -> dict[str, int]:
        """Return the hash of each column that has one."""
        return {name: one.hash.value for name, one in self.columns.items() if one.hash.value is not None}

    def with_counts(self, counts: Mapping[str, ValueCounts], rows: int) -> FeatureState:
        """Return the state with counts over all `rows` rows of a table in place of those of a sample."""
        tables = FittedCounts({**self.value_counts.tables, **counts})
        return replace(self, value_counts=tables, rows_shown=FittedStatistic(float(rows)))


@dataclass(frozen=True)
class Thresholds:
    """Where a fitted table drew its lines, in units of the ensemble score.

    Attributes:
        alert: the least score of an alert; infinite without any.
        explained: the least score of a row that gets reasons.
        medium: the score from which a row is MEDIUM where there is no probability.
        prior_log_odds: log-odds of fraud before the score is known; None where Vigie abstains.
        abstained: why there are no probabilities, in English; empty where there are.
        leader_log_odds: (2, knots) the score, and the trusted model's log-odds at it; None without such a model.
        rank_scores: (2, knots) the score, and the score by ranks alone at it, for which the calibrator was fitted; None
            where they are the same.
    """

    alert: float
    explained: float
    medium: float
    prior_log_odds: float | None = None
    abstained: str = ""
    leader_log_odds: Floats | None = None
    rank_scores: Floats | None = None


@dataclass(frozen=True)
class SelfTraining:
    """Models trained on the rows that the ensemble finds most suspicious.

    Attributes:
        boosters: `view share half` -> model; empty where the table is too small.
        related: positions of the related-entity signals that the models see.
    """

    boosters: Mapping[str, xgboost.Booster]
    related: Sequence[int] = ()


@dataclass
class ScoringState(Section):
    """Statistics of the fitted table for everything after the features."""

    rows: Statistic[float] = _statistic("rows")  # of the table
    varying: Statistic[npt.NDArray[np.bool_]] = _statistic("known")  # (features,) not constant
    present: Statistic[npt.NDArray[np.bool_]] = _statistic("features")  # (features,) known for some row
    mean_row_anomaly: Statistic[float] = _statistic("energy mean")  # of each row by itself, in nats
    ranks: RankTables = _ranks("rank {}")  # feature, detector or model -> its values
    detectors: Family[Statistic[Mapping[str, Array]]] = _family(
        "detector: {}"
    )  # detector -> its fitted state
    excess_scales: Family[Statistic[Floats]] = _family(
        "excess {}"
    )  # detector -> median of its scores, and how far the ninth decile lies above it
    size_weight: Statistic[float] = _statistic("size weight")  # of the score by size, from 0 to 1
    unsupported: Statistic[float] = _statistic(
        "unsupported size"
    )  # how low members and self-training rank the extreme rows, from 0 to 1
    ordinary_rows: Statistic[Floats] = _statistic(
        "ordinary rows"
    )  # (2,) score below which rows are ordinary, and the weight of the ranks by columns among these
    column_risk_weight: Statistic[float] = _statistic(
        "column risk weight"
    )  # of the columns' sum of tail scores
    by_size: Statistic[bool] = _statistic("by size")  # whether detectors count by the size of their scores
    column_risk: Statistic[bool] = _statistic(
        "column risk"
    )  # whether the detector of that name is one of them
    plugins: Statistic[Mapping[str, str]] = _statistic("detector plugins")  # detector -> its distribution
    agreement_weights: Statistic[Floats] = _statistic("stability")  # (members + 1,) mean rank correlations
    mean_probability: Statistic[float] = _statistic("belief")  # of fraud, by the members' log-odds
    leader_share: Statistic[float] = _statistic("leader's share")  # share of frauds, by the trusted model
    self_training: Statistic[SelfTraining] = _statistic(
        "self-training", SelfTraining
    )  # the models trained on pseudo-labels
    thresholds: Statistic[Thresholds] = _statistic("thresholds", Thresholds)  # of alerts, levels and reasons


@dataclass
class FittedState(Section):
    """What is known of a fitted table.

    `FittedState()` is that of a table that is fitted and scored at once. `FittedState.keeping()` also keeps what scoring
    other rows takes (all values of each feature, counts of values); its `fitted()` is then read and never written.
    """

    features: FeatureState = field(default_factory=FeatureState)  # for features
    scoring: ScoringState = field(default_factory=ScoringState)  # for everything after them

    @classmethod
    def keeping(cls) -> FittedState:
        """Return the state of a table to be fitted, from which other rows will be scored."""

        def ranks() -> UnfittedRanks:
            return UnfittedRanks(keep=True)

        features = FeatureState(
            column_ranks=ranks(),
            directed_ranks=ranks(),
            amount_ranks=ranks(),
            value_counts=UnfittedCounts(keep=True),
        )
        return cls(features, ScoringState(ranks=ranks()))
