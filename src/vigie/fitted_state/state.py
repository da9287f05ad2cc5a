"""What is known of a fitted table: one record, which features write and read, and which a stored scorer holds.

Each field names the statistic as a stored scorer does; `{}` stands for the column, role or feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Codes, Floats
from vigie.fitted_state.categories import CategoryCodes, GroupSums
from vigie.fitted_state.rank_table import RankTables, UnfittedRanks
from vigie.fitted_state.statistic import Family, FittedStatistic, Section, Statistic, Unfitted
from vigie.fitted_state.value_counts import CountTables, FittedCounts, UnfittedCounts, ValueCounts

if TYPE_CHECKING:
    import xgboost

Array = npt.NDArray[Any]


def _statistic(stored: str, record: type[Any] | None = None) -> Any:
    """Declare a statistic; `record` wraps the array or list that is stored."""
    return field(default_factory=Unfitted, metadata={"stored": stored, "record": record})


def _family(stored: str, record: type[Any] | None = None) -> Any:
    """Declare statistics of one kind by name."""
    return field(default_factory=lambda: Family(Unfitted), metadata={"stored": stored, "record": record})


def _sections(new: type[Section]) -> Any:
    """Declare sections of one kind by name."""
    return field(default_factory=lambda: Family(new))


def _ranks(stored: str, below: str) -> Any:
    """Declare ranks by name, stored as two arrays."""
    return field(default_factory=UnfittedRanks, metadata={"stored": stored, "second": below})


@dataclass
class ColumnState(Section):
    """One column of the table.

    Attributes:
        hash: of all its cells, whatever their order.
        has_values: whether any cell is not empty.
        minus_one_is_missing: whether -1 stands for an empty cell.
        ordinal_scale: text -> number, where the texts have an order; empty otherwise.
        epoch_divisor: what a number is divided by to be seconds since 1970.
        median: of its numbers; NaN where they do not differ.
        is_spread: whether its standard deviation is positive.
        has_two_values: whether two of its numbers differ.
        categories: its distinct values.
        category_rows: (categories + 1,) rows with each code, from -1 on.
        category_width: number of codes, from -1 on.
        varies_within_actor: whether customers show several of its values.
        has_risk_words: whether some of its values are words of risk.
    """

    hash: Statistic[int] = _statistic("print {}")
    has_values: Statistic[bool] = _statistic("shows {}")
    minus_one_is_missing: Statistic[bool] = _statistic("coded {}")
    ordinal_scale: Statistic[Mapping[str, float]] = _statistic("scale {}")
    epoch_divisor: Statistic[float] = _statistic("unit {}")
    median: Statistic[float] = _statistic("usual {}")
    is_spread: Statistic[bool] = _statistic("spreads {}")
    has_two_values: Statistic[bool] = _statistic("differs {}")
    categories: Statistic[CategoryCodes] = _statistic("words {}", CategoryCodes)
    category_rows: Statistic[Codes] = _statistic("rows with {}")
    category_width: Statistic[int] = _statistic("width {}")
    varies_within_actor: Statistic[bool] = _statistic("varies {}")
    has_risk_words: Statistic[bool] = _statistic("risks {}")


@dataclass
class TimeState(Section):
    """When rows happen.

    Attributes:
        is_known: whether the table has a time.
        sample: (quantiles,) known times, which stand for those of rows without one.
        is_midnight: whether the times are dates without a time of day.
        has_clock: whether they are seconds since an epoch.
        span: from the first to the last.
        day_length: units of a counter in a day; 0 where it shows none.
        max_day: the largest day of a date in parts.
        max_hour: the largest value of the column of hours.
        hours_differ: whether the time of day differs between rows.
        is_whole: whether all times are whole numbers.
        is_dense: whether the table has many rows and few for its span.
        ascending: (rows,) all times.
        half_hours: (48,) rows in each half hour of the day.
        mean_cosine: of the hour on the circle of a day.
        mean_sine: of the same.
        latest: the last time, from which ages are counted.
    """

    is_known: Statistic[bool] = _statistic("timed")
    sample: Statistic[Floats] = _statistic("time spread")
    is_midnight: Statistic[bool] = _statistic("days only")
    has_clock: Statistic[bool] = _statistic("clock")
    span: Statistic[float] = _statistic("time span")
    day_length: Statistic[float] = _statistic("day")
    max_day: Statistic[float] = _statistic("day top")
    max_hour: Statistic[float] = _statistic("hour top")
    hours_differ: Statistic[bool] = _statistic("hours differ")
    is_whole: Statistic[bool] = _statistic("time whole")
    is_dense: Statistic[bool] = _statistic("time dense")
    ascending: Statistic[Floats] = _statistic("times")
    half_hours: Statistic[Floats] = _statistic("half hours")
    mean_cosine: Statistic[float] = _statistic("hour cosine")
    mean_sine: Statistic[float] = _statistic("hour sine")
    latest: Statistic[float] = _statistic("today")


@dataclass
class AmountState(Section):
    """Amounts.

    Attributes:
        scale: median of the amounts; 1 without any.
        mean: of the amounts on the grid of sums.
        median: of the positive amounts.
        median_log: of the logarithms.
        median_balance: of the balances before.
        price_category: the category that explains most of the amounts.
        has_round: whether some amounts are rounder than others.
    """

    scale: Statistic[float] = _statistic("amount scale")
    mean: Statistic[float] = _statistic("amount mean")
    median: Statistic[float] = _statistic("amount middle")
    median_log: Statistic[float] = _statistic("log amount")
    median_balance: Statistic[float] = _statistic("balance middle")
    price_category: Statistic[str] = _statistic("amount category")
    has_round: Statistic[bool] = _statistic("round amounts")


@dataclass
class EntityState(Section):
    """Customers, counterparties, devices and what else rows share.

    Attributes:
        repeats: entity -> whether its members come back.
        pair_repeats: whether a customer comes back to a counterparty.
        amount_repeats: whether a counterparty gets the same amount again.
        has_shared_ids: whether the same accounts send and receive.
        first_time_role: feature -> the role whose first occurrences it marks; empty without one.
    """

    repeats: Family[Statistic[bool]] = _family("repeats {}")
    pair_repeats: Statistic[bool] = _statistic("repeats pair")
    amount_repeats: Statistic[bool] = _statistic("repeats cents")
    has_shared_ids: Statistic[bool] = _statistic("two sides")
    first_time_role: Family[Statistic[str]] = _family("first {}")


@dataclass
class NumberState(Section):
    """The anonymous numbers of a row together.

    Attributes:
        centre: (columns,) medians.
        scale: (columns,) interquartile ranges.
        inverse_covariance: (columns, columns) shrunk.
        missing_varies: whether some rows have more empty cells than others.
    """

    centre: Statistic[Floats] = _statistic("centre")
    scale: Statistic[Floats] = _statistic("spread")
    inverse_covariance: Statistic[Floats] = _statistic("inverse")
    missing_varies: Statistic[bool] = _statistic("gaps")


@dataclass
class TextState(Section):
    """Texts of a row.

    Attributes:
        domains_repeat: whether e-mail domains come back.
        names_in_emails: whether e-mail addresses hold the names of their owners.
        has_few_rows: whether there are too few rows for near duplicates.
        has_near_duplicates: whether some rows, but not most, are nearly the same.
    """

    domains_repeat: Statistic[bool] = _statistic("domains")
    names_in_emails: Statistic[bool] = _statistic("names in emails")
    has_few_rows: Statistic[bool] = _statistic("too few rows")
    has_near_duplicates: Statistic[bool] = _statistic("near duplicates")


@dataclass
class FeatureState(Section):
    """What features know of the fitted table.

    Attributes:
        columns: column -> its statistics; the empty name is the hour of the day as a category.
        numeric_columns: role -> its columns that read as numbers.
        date_column: role -> its best column of dates; empty without one.
        category_columns: those that name kinds of things.
        distance_scale: position of a distance column -> its median.
        rows_counted: rows of which the categories were counted.
        rows_shown: rows of which the values of encoded columns were counted.
        context: what the table is like, as the reference models see it.
        column_ranks: column -> its values.
        directed_ranks: column -> its values, higher is riskier.
        amount_ranks: position of a column of amounts -> its values.
        value_counts: how many rows have each value.
        group_sums: feature -> sums within the groups it compares rows with.
        pooled_variance: feature -> variance within these groups.
    """

    columns: Family[ColumnState] = _sections(ColumnState)
    time: TimeState = field(default_factory=TimeState)
    amounts: AmountState = field(default_factory=AmountState)
    entities: EntityState = field(default_factory=EntityState)
    numbers: NumberState = field(default_factory=NumberState)
    texts: TextState = field(default_factory=TextState)
    numeric_columns: Family[Statistic[list[str]]] = _family("numbers {}")
    date_column: Family[Statistic[str]] = _family("moment {}")
    category_columns: Statistic[list[str]] = _statistic("categories")
    distance_scale: Family[Statistic[float]] = _family("distance {}")
    rows_counted: Statistic[float] = _statistic("rows counted")
    rows_shown: Statistic[float] = _statistic("rows shown")
    context: Statistic[Floats] = _statistic("context")
    column_ranks: RankTables = _ranks("rank column {}", "below column {}")
    directed_ranks: RankTables = _ranks("rank directed {}", "below directed {}")
    amount_ranks: RankTables = _ranks("rank amount {}", "below amount {}")
    value_counts: CountTables = field(
        default_factory=UnfittedCounts, metadata={"stored": "values {}", "second": "counts {}"}
    )
    group_sums: Family[Statistic[GroupSums]] = _family("sums {}", GroupSums)
    pooled_variance: Family[Statistic[float]] = _family("pooled {}")

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
    """

    alert: float
    explained: float
    medium: float
    prior_log_odds: float | None = None
    abstained: str = ""
    leader_log_odds: Floats | None = None


@dataclass(frozen=True)
class SelfTraining:
    """Models trained on the rows that the ensemble finds most suspicious.

    Attributes:
        boosters: `view share half` -> model; empty where the table is too small.
        related: positions of the related-entity signals that the models see.
    """

    boosters: Mapping[str, xgboost.Booster]
    related: tuple[int, ...] = ()


@dataclass
class ScoringState(Section):
    """What everything after the features knows of the fitted table.

    Attributes:
        rows: of the table.
        varying: (features,) whether a feature is known for some row and not constant.
        present: (features,) whether a feature is known for some row.
        mean_row_anomaly: mean anomaly score of the rows by themselves, in nats.
        ranks: feature, detector or model -> its values.
        detectors: detector -> its fitted state.
        plugins: detector of another distribution -> the name of that distribution.
        agreement_weights: (members + 1,) mean rank correlation of each with the others; the anomaly score is the last.
        mean_probability: mean probability of fraud by the members' own log-odds.
        leader_share: share of frauds by the log-odds of the trusted model.
        self_training: the models trained on pseudo-labels.
        thresholds: of alerts, levels and reasons.
    """

    rows: Statistic[float] = _statistic("rows")
    varying: Statistic[npt.NDArray[np.bool_]] = _statistic("known")
    present: Statistic[npt.NDArray[np.bool_]] = _statistic("features")
    mean_row_anomaly: Statistic[float] = _statistic("energy mean")
    ranks: RankTables = _ranks("rank {}", "below {}")
    detectors: Family[Statistic[Mapping[str, Array]]] = _family("detector: {}")
    plugins: Statistic[Mapping[str, str]] = _statistic("detector plugins")
    agreement_weights: Statistic[Floats] = _statistic("stability")
    mean_probability: Statistic[float] = _statistic("belief")
    leader_share: Statistic[float] = _statistic("leader's share")
    self_training: Statistic[SelfTraining] = _statistic("self-training")
    thresholds: Statistic[Thresholds] = _statistic("thresholds")


@dataclass
class FittedState(Section):
    """What is known of a fitted table.

    `FittedState()` is that of a table that is fitted and scored at once. `FittedState.keeping()` also keeps what scoring
    other rows takes (all values of each feature, counts of values); its `fitted()` is then read and never written.

    Attributes:
        features: what features know of it.
        scoring: what everything after them knows.
    """

    features: FeatureState = field(default_factory=FeatureState)
    scoring: ScoringState = field(default_factory=ScoringState)

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
