"""Detectors that keep the size of what they find, and their combination."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.arrays import Floats, mid_ranks
from vigie.detectors.base import DetectorInputs
from vigie.detectors.column_density import ColumnDensity
from vigie.detectors.column_risk import ColumnRisk
from vigie.detectors.column_tails import ColumnTails
from vigie.detectors.combine import MAX_EXCESS, combine_excesses
from vigie.detectors.extrapolated_tails import ExtrapolatedTailScores
from vigie.detectors.oriented_columns import Kind, OrientedColumns
from vigie.detectors.pareto import MAX_TAIL, MIN_EXCEEDANCES, NO_TAIL, fit_pareto_tail, pareto_tail_scores
from vigie.detectors.registry import BUILT_IN, BY_SIZE
from vigie.detectors.tail_scores import one_sided_tail_scores
from vigie.features import NAMES
from vigie.fitted_state import ScoringState

N = 4000


def pareto_sample(shape: float, rows: int = 200_000) -> Floats:
    """Values whose exceedances of any threshold have this shape."""
    u = np.random.default_rng(1).random(rows)
    return np.asarray((u**-shape - 1) / shape)


def columns(*values: Floats) -> DetectorInputs:
    """Rows with these columns and no features."""
    none = np.zeros((len(values[0]), len(NAMES)), dtype=np.float32)
    return DetectorInputs(np.stack(values, axis=1), none, np.zeros(len(NAMES), dtype=bool))


def feature(name: str, values: Floats) -> DetectorInputs:
    """Rows with one feature and no columns."""
    every = np.full((len(values), len(NAMES)), np.nan, dtype=np.float32)
    every[:, NAMES.index(name)] = values
    ranks = np.stack([mid_ranks(every[:, j]) for j in range(len(NAMES))], axis=1).astype(np.float32)
    varying = np.array([one == name for one in NAMES])
    return DetectorInputs(np.zeros((len(values), 0)), one_sided_tail_scores(ranks, varying), varying, every)


@pytest.mark.parametrize("shape", [0.2, 0.5, 1.0])
def test_the_shape_of_a_pareto_tail_is_found(shape: float) -> None:
    """And with it how improbable a value is that no row of the sample has."""
    x = pareto_sample(shape)
    fitted = np.array(fit_pareto_tail(x))
    assert fitted[3] == pytest.approx(shape, abs=0.08)
    far = np.array([2.0, 10.0]) * x.max()
    expected = np.log1p(shape * far) / shape
    np.testing.assert_allclose(pareto_tail_scores(far, fitted), expected, rtol=0.12)


def test_frauds_in_the_tail_do_not_set_its_shape() -> None:
    """Half a percent of the rows a thousand times farther out: a value of theirs stays as improbable as it was."""
    x = np.random.default_rng(2).exponential(size=40_000)
    mixed = np.r_[x, np.full(200, 3000.0)]
    clean, found = (np.array(fit_pareto_tail(one)) for one in (x, mixed))
    assert found[3] == pytest.approx(clean[3], abs=0.25)
    assert pareto_tail_scores(np.array([3000.0]), found)[0] > 30
    assert pareto_tail_scores(np.array([1e300]), found)[0] <= MAX_TAIL


@pytest.mark.parametrize(
    "x", [np.zeros(0), np.zeros(500), np.r_[np.zeros(500), np.ones(MIN_EXCEEDANCES - 1)]]
)
def test_no_tail_without_enough_different_values(x: Floats) -> None:
    assert fit_pareto_tail(x) == NO_TAIL


def test_a_feature_a_hundred_times_farther_out_counts_for_more() -> None:
    """By ranks the largest value of a table is always the same."""
    x = np.random.default_rng(3).normal(size=N)
    detector, gaps = ExtrapolatedTailScores(), []
    for factor in (1.2, 100.0):
        values = x.copy()
        values[7] = factor * x.max()
        rows = feature("amount_habit", values)
        found = detector.score(rows, detector.fit(rows, 0))
        gaps.append(found[7] - np.delete(found, 7).max())
    assert gaps[1] > gaps[0] + 5
    assert gaps[0] > 0


def test_only_the_direction_of_risk_counts() -> None:
    x = np.random.default_rng(3).normal(size=N)
    x[7] = -100 * np.abs(x).max()
    rows = feature("amount_habit", x)
    detector = ExtrapolatedTailScores()
    assert detector.score(rows, detector.fit(rows, 0))[7] == 0


def test_a_frequent_value_at_the_end_of_a_column_is_not_far_out() -> None:
    """A flag that three rows of ten have says next to nothing; one that a few have says more."""
    rng = np.random.default_rng(4)
    detector = ColumnTails()
    often, seldom = (columns((rng.random(N) < share).astype(float)) for share in (0.3, 0.004))
    for rows, least, most in ((often, 0.0, 0.6), (seldom, 3.0, 8.0)):
        found = detector.score(rows, detector.fit(rows, 0))
        assert least <= found[rows.columns[:, 0] == 1].max() <= most
        assert found[rows.columns[:, 0] == 0].max() == 0


def test_a_rare_value_between_frequent_ones_is_found() -> None:
    """Zero-inflated: most rows are 0, the others about 1000, one is 5: far from no end."""
    rng = np.random.default_rng(5)
    x = np.where(rng.random(N) < 0.8, 0.0, rng.normal(1000, 20, N))
    x[7] = 5.0
    rows = columns(x, rng.normal(size=N))
    detector = ColumnDensity()
    state = detector.fit(rows, 0)
    assert int(np.argmax(detector.score(rows, state))) == 7
    unseen = columns(np.array([1e9]), np.array([0.0]))
    assert detector.score(unseen, state)[0] > np.median(detector.score(rows, state)) + 3


@pytest.mark.parametrize("detector", BY_SIZE, ids=lambda one: one.name)
def test_later_rows_score_as_the_fitted_ones_did(detector: ExtrapolatedTailScores) -> None:
    """Also a row alone, and in any order."""
    rng = np.random.default_rng(6)
    x = np.stack(
        [rng.normal(size=N), np.floor(rng.exponential(3, N)), np.where(rng.random(N) < 0.9, 0, 1)], 1
    )
    values = feature("amount_habit", x[:, 0])
    rows = DetectorInputs(x, values.tails, values.varying, values.values)
    state = detector.fit(rows, 0)
    whole = detector.score(rows, state)
    for chosen in (np.arange(N)[::-1], np.array([11]), np.array([0])):
        assert values.values is not None
        some = DetectorInputs(x[chosen], rows.tails[chosen], rows.varying, values.values[chosen])
        np.testing.assert_array_equal(detector.score(some, state), whole[chosen])
    nothing = DetectorInputs(x[:0], rows.tails[:0], rows.varying, values.values[:0])
    assert detector.score(nothing, detector.fit(nothing, 0)).shape == (0,)


def risky(x: Floats) -> DetectorInputs:
    """Rows whose columns are amounts and flags with a direction, and categories."""
    kinds = [Kind.DIRECTED, Kind.DIRECTED, Kind.DIRECTED, Kind.TWO_SIDED, Kind.RARITY, Kind.RARITY]
    none = np.zeros((len(x), len(NAMES)), dtype=np.float32)
    return DetectorInputs(x[:, :0], none, np.zeros(len(NAMES), bool), oriented=OrientedColumns(x, kinds))


def risky_columns(rng: np.random.Generator) -> Floats:
    rarities = -np.log(rng.choice([0.7, 0.25, 0.05], (N, 2), p=[0.7, 0.25, 0.05]))
    flags = (rng.random((N, 2)) < 0.1).astype(float)
    return np.column_stack([rng.exponential(size=N), flags, rng.normal(size=N), rarities])


def test_columns_that_agree_outweigh_one_that_is_extreme() -> None:
    """A risky flag, another, and two rare categories: before an amount a million times larger. Safe values say nothing."""
    x = risky_columns(np.random.default_rng(8))
    x[7] = [1.0, 1.0, 1.0, 0.0, -np.log(0.05), -np.log(0.05)]
    x[8] = [1e6 * x[:, 0].max(), 0.0, 0.0, 0.0, -np.log(0.7), -np.log(0.7)]
    rows, detector = risky(x), ColumnRisk()
    state = detector.fit(rows, 0)
    found = detector.score(rows, state)
    assert state["agreeing"] == 1
    assert found[7] > np.quantile(found, 0.999)
    assert found[8] < np.quantile(found, 0.95)
    alone = np.full((2, x.shape[1]), np.nan)
    alone[0, 1], alone[1, 1] = 1.0, 0.0
    flagged, plain = detector.score(risky(alone), state)
    assert flagged > plain
    for kept in (slice(7, 8), slice(0, 0), np.arange(N)[::-1]):
        np.testing.assert_array_equal(detector.score(risky(x[kept]), state), found[kept])


def test_one_or_two_columns_add_up_to_nothing() -> None:
    x = risky_columns(np.random.default_rng(9))
    x[:, 2:] = 1.0
    rows, detector = risky(x), ColumnRisk()
    assert (detector.score(rows, detector.fit(rows, 0)) == 0).all()
    bare = columns(x[:, 0])
    assert (detector.score(bare, detector.fit(bare, 0)) == 0).all()


def test_one_detector_that_finds_a_row_extreme_is_enough() -> None:
    rng = np.random.default_rng(7)
    counted = [one for one in BUILT_IN if one.weight > 0]
    scores = {one.name: rng.exponential(size=N) for one in BUILT_IN}
    scores[counted[0].name][7] = 1000.0
    for one in counted:
        scores[one.name][8] = np.quantile(scores[one.name], 0.97)
    ignored = next(one for one in BUILT_IN if one.weight == 0)
    scores[ignored.name][9] = 1e6
    state = ScoringState()
    found = combine_excesses(BUILT_IN, scores, 0.0, state)
    assert int(np.argmax(found)) == 7
    assert MAX_EXCESS - np.log(len(counted)) < found[7] < MAX_EXCESS
    assert found[8] > np.quantile(found, 0.9)
    assert found[9] < np.quantile(found, 0.999)
    assert (found >= 0).all()
    one_row = {name: values[8:9] for name, values in scores.items()}
    np.testing.assert_array_equal(combine_excesses(BUILT_IN, one_row, 0.0, state.fitted()), found[8:9])
