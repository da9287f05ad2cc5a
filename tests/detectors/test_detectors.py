"""The detectors: a contract that each keeps, and what each finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import roles_from

from vigie.arrays import Floats, mid_ranks
from vigie.detectors.base import Detector, DetectorInputs
from vigie.detectors.isolation_forest import IsolationForestRaw, IsolationForestTails
from vigie.detectors.knn import KnnDistance, knn_distances
from vigie.detectors.oriented_columns import Kind, OrientedColumns
from vigie.detectors.raw_columns import raw_columns
from vigie.detectors.registry import BUILT_IN, ROW_DETECTORS
from vigie.detectors.tail_scores import StrongestTailScores, SummedTailScores, one_sided_tail_scores
from vigie.features import NAMES, VOCABULARY

N = 400
NAMED = ("amount", "amount_habit", "count_day_actor")


def inputs(columns: Floats | None = None, **features: Floats) -> DetectorInputs:
    """What detectors see of a table with these features; they are its columns too, also the risky ones, where none are given."""
    values = np.full((N, len(NAMES)), np.nan, dtype=np.float32)
    for name, x in features.items():
        values[:, NAMES.index(name)] = x
    varying = np.isin(NAMES, list(features))
    ranks = np.stack([mid_ranks(values[:, j]) for j in range(len(NAMES))], axis=1).astype(np.float32)
    if columns is None:
        columns = np.stack(list(features.values()), axis=1) if features else np.zeros((N, 0))
    oriented = OrientedColumns(columns, [Kind.DIRECTED] * columns.shape[1])
    return DetectorInputs(columns, one_sided_tail_scores(ranks, varying), varying, oriented=oriented)


def only(x: DetectorInputs, row: int) -> DetectorInputs:
    """What detectors see of one of the rows."""
    assert x.oriented is not None
    kept = slice(row, row + 1)
    oriented = replace(x.oriented, values=x.oriented.values[kept])
    return DetectorInputs(x.columns[kept], x.tails[kept], x.varying, oriented=oriented)


def tails(x: DetectorInputs, name: str) -> Floats:
    """(rows,) the tail scores of one feature."""
    return x.tails[:, NAMES.index(name)].astype(float)


def normal(odd: float | None = None) -> dict[str, Floats]:
    """Three features drawn at random; row 7 has the value `odd` in each."""
    rng = np.random.default_rng(0)
    out = {name: rng.normal(size=N) for name in NAMED}
    if odd is not None:
        for x in out.values():
            x[7] = odd
    return out


def scores(detector: Detector, x: DetectorInputs, seed: int = 0) -> Floats:
    """Fitted and asked of the same rows."""
    return detector.score(x, detector.fit(x, seed))


@pytest.mark.parametrize("detector", BUILT_IN, ids=lambda one: one.name)
class TestContract:
    """What every detector keeps."""

    def test_an_odd_row_comes_first(self, detector: Detector) -> None:
        assert int(np.argmax(scores(detector, inputs(**normal(odd=8.0))))) == 7

    def test_the_same_seed_gives_the_same_scores(self, detector: Detector) -> None:
        x = inputs(**normal())
        np.testing.assert_array_equal(scores(detector, x, 3), scores(detector, x, 3))

    def test_the_state_is_arrays_of_numbers(self, detector: Detector) -> None:
        for array in detector.fit(inputs(**normal()), 0).values():
            assert isinstance(array, np.ndarray)
            assert array.dtype.kind in "biuf"

    def test_a_row_alone_has_the_score_it_has_among_others(self, detector: Detector) -> None:
        x = inputs(**normal())
        state = detector.fit(x, 0)
        alone = [detector.score(only(x, row), state)[0] for row in range(0, N, 20)]
        np.testing.assert_array_equal(alone, detector.score(x, state)[::20])

    def test_nothing_to_look_at(self, detector: Detector) -> None:
        """No features, no columns, columns that do not vary, few rows: still a finite number for each row."""
        few = DetectorInputs(
            np.zeros((5, 3)), np.zeros((5, len(NAMES)), np.float32), np.zeros(len(NAMES), bool)
        )
        for x in (inputs(), inputs(np.ones((N, 2))), few):
            found = scores(detector, x)
            assert len(found) == x.rows
            assert (found == found[0]).all()
            assert np.isfinite(found).all()


def test_only_the_risky_tail_counts() -> None:
    up = np.arange(N, dtype=float)
    x = inputs(amount=up, account_age=up, age=up)
    amount, young, age = (tails(x, name) for name in ("amount", "account_age", "age"))
    assert (np.diff(amount) > 0).all()
    assert (np.diff(young) < 0).all()
    assert age.argmin() in (N // 2 - 1, N // 2)
    assert age[0] == pytest.approx(age[-1], rel=1e-4)
    assert amount[-1] == pytest.approx(np.log(2 * N), rel=0.01), "-log of half a row's share"


def test_unknown_values_have_no_tail_score() -> None:
    amount = np.arange(N, dtype=float)
    amount[:10] = np.nan
    x = inputs(amount=amount)
    assert (tails(x, "amount")[:10] == 0).all()
    assert (tails(x, "account_age") == 0).all()
    assert np.isfinite(x.tails).all()


def test_the_harmless_tail_does_not_count() -> None:
    """Very small amounts are as rare as very large ones, but not as suspicious."""
    x = inputs(**normal(odd=-8.0))
    for detector in ROW_DETECTORS:
        found = scores(detector, x)
        assert found[7] == found.min()
    forest = scores(IsolationForestTails(), x)
    assert forest[7] < np.quantile(forest, 0.9)


def test_a_family_is_not_counted_for_each_of_its_features() -> None:
    """Features of one family that say the same add less than as many of different families."""
    strong = np.zeros(N)
    strong[7] = 1.0
    same = [f.name for f in VOCABULARY if f.family == "amount" and f.weight >= 0.8][:4]
    different = ["amount", "balance_emptied", "sum_day_actor", "actors_per_device"]
    one, other = (
        scores(SummedTailScores(), inputs(**dict.fromkeys(names, strong)))[7] for names in (same, different)
    )
    assert one < 0.75 * other
    assert scores(StrongestTailScores(), inputs(**dict.fromkeys(same, strong)))[7] < one


def test_columns_as_numbers() -> None:
    """Numbers as they are, categories by log frequency; columns that say nothing are left out."""
    frame = pl.DataFrame(
        {
            "amount": [1.0, None, 3.0, 8.0],
            "kind": ["a", "a", "a", "b"],
            "id": [1, 2, 3, 4],
            "fraud": [0, 0, 0, 1],
            "same": [5, 5, 5, 5],
            "empty": pl.Series([None] * 4, dtype=pl.Float64),
        }
    )
    roles = {"amount": "amount", "kind": "category", "id": "row_id", "fraud": "leak"}
    found = raw_columns(frame, roles_from(roles | {"same": "number", "empty": "number"}))
    np.testing.assert_allclose(found, np.array([[1, 3, 3, 8], np.log([3, 3, 3, 1])]).T)


def test_an_identifier_is_the_same_whether_it_is_a_number_or_a_text() -> None:
    """Only which rows share it matters, not how large it is."""
    ids = np.random.default_rng(0).integers(0, 40, N)
    amount = np.arange(N, dtype=float)
    roles = roles_from({"who": "customer", "amount": "amount"})
    number, text = (
        raw_columns(pl.DataFrame({"who": who, "amount": amount}), roles)
        for who in (ids, [str(one) for one in ids])
    )
    np.testing.assert_array_equal(number, text)
    hashed = number[:, 0]
    assert len(np.unique(hashed)) == len(np.unique(ids))
    assert all(len(np.unique(hashed[ids == one])) == 1 for one in np.unique(ids))
    assert abs(np.corrcoef(hashed, ids)[0, 1]) < 0.5, "not closer to the customer with the next number"


@pytest.mark.parametrize(("rows", "decimals"), [(3000, 6), (3000, 0), (60, 2)])
def test_the_nearest_rows_are_the_nearest(rows: int, decimals: int) -> None:
    """Against all distances, sorted; also among many equal ones, and where the sample is small."""
    rng = np.random.default_rng(1)
    x = np.round(rng.normal(size=(rows, 4)), decimals)
    sample = x[np.sort(rng.choice(rows, min(2000, rows), replace=False))]
    every = np.sort(np.sqrt(((x[:, None] - sample) ** 2).sum(axis=2)), axis=1)
    np.testing.assert_allclose(
        knn_distances(x, np.ones(x.shape[1]), sample, 8), every[:, 1:9].mean(axis=1), atol=1e-12
    )


def test_the_raw_forest_and_the_neighbours_need_no_features() -> None:
    """A row that is far out in columns without any meaning."""
    columns = np.random.default_rng(0).normal(size=(N, 3))
    columns[7] = 9.0
    for detector in (IsolationForestRaw(), KnnDistance()):
        assert scores(detector, inputs(columns)).argmax() == 7
