"""The detectors that need no labels: more suspicious is higher, and meaning decides which tail counts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import given

from vigie.arrays import mid_ranks
from vigie.detectors import anomaly
from vigie.features import NAMES, VOCABULARY, Features

N = 400


def features(**columns: np.ndarray) -> Features:
    """Features that know only these columns."""
    values = np.full((N, len(NAMES)), np.nan, dtype=np.float32)
    for name, x in columns.items():
        values[:, NAMES.index(name)] = x
    return Features(NAMES, values)


def tails(built: Features) -> np.ndarray:
    """Tail evidence of features."""
    ranks = np.stack([mid_ranks(built.values[:, j]) for j in range(len(NAMES))], axis=1)
    return anomaly.one_sided_tail_scores(ranks.astype(np.float32), built.known())


def test_only_the_risky_tail_is_evidence() -> None:
    up = np.arange(N, dtype=float)
    found = tails(features(amount=up, account_age=up, age=up))
    amount, young, age = (found[:, NAMES.index(name)] for name in ("amount", "account_age", "age"))
    assert (np.diff(amount) > 0).all()
    assert (np.diff(young) < 0).all()
    assert age.argmin() in (N // 2 - 1, N // 2)
    assert age[0] == pytest.approx(age[-1], rel=1e-4)
    assert amount[-1] == pytest.approx(np.log(2 * N), rel=0.01), "-log of half a row's share"


def test_unknown_is_no_evidence() -> None:
    x = np.arange(N, dtype=float)
    x[:10] = np.nan
    found = tails(features(amount=x))
    assert (found[:10] == 0).all()
    assert (found[:, NAMES.index("account_age")] == 0).all()
    assert np.isfinite(found).all()


def test_every_detector_puts_the_odd_row_first() -> None:
    """One row is far out in everything: whoever looks must see it."""
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=N) for name in ("amount", "amount_habit", "count_day_actor")}
    for x in columns.values():
        x[7] = 8.0
    built = features(**columns)
    known, evidence = built.known(), tails(built)
    raw = np.stack(list(columns.values()), axis=1)
    scores = {
        "tails forest": anomaly.isolation_forest_tails(evidence, known, 0),
        **anomaly.summed_tail_scores(evidence, known),
        "raw forest": anomaly.isolation_forest_raw(raw, 0),
        "neighbours": anomaly.knn_distance(raw, 0),
    }
    assert {name: int(np.argmax(score)) for name, score in scores.items()} == dict.fromkeys(scores, 7)


def test_the_harmless_tail_does_not_count() -> None:
    """Very small amounts are as odd as very large ones, but not as suspicious."""
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=N) for name in ("amount", "amount_habit", "count_day_actor")}
    for x in columns.values():
        x[7] = -8.0
    built = features(**columns)
    known, evidence = built.known(), tails(built)
    for score in anomaly.summed_tail_scores(evidence, known).values():
        assert score[7] == score.min()
    forest = anomaly.isolation_forest_tails(evidence, known, 0)
    assert forest[7] < np.quantile(forest, 0.9)


def test_a_family_is_not_counted_for_each_of_its_features() -> None:
    """Five features that say the same add less than five that say different things."""
    strong = np.zeros(N)
    strong[7] = 1.0
    same = [f.name for f in VOCABULARY if f.family == "amount" and f.weight >= 0.8][:4]
    apart = ["amount", "balance_emptied", "sum_day_actor", "actors_per_device"]
    total = {}
    for label, names in (("same", same), ("apart", apart)):
        built = features(**dict.fromkeys(names, strong))
        total[label] = anomaly.summed_tail_scores(tails(built), built.known())["tails_energy"][7]
    assert total["same"] < 0.75 * total["apart"]


def test_nothing_to_look_at() -> None:
    """No features, no columns, few rows: a number for each row all the same."""
    none = features()
    evidence, known = tails(none), none.known()
    assert not known.any()
    assert (anomaly.isolation_forest_tails(evidence, known, 0) == 0).all()
    assert all((score == 0).all() for score in anomaly.summed_tail_scores(evidence, known).values())
    assert (anomaly.isolation_forest_raw(np.zeros((N, 0)), 0) == 0).all()
    assert anomaly.knn_distance(np.zeros((5, 3)), 0).tolist() == [0] * 5
    assert np.isfinite(anomaly.knn_distance(np.ones((50, 2)), 0)).all()


def test_the_table_as_numbers() -> None:
    """Numbers as they are, the rest by how common its values are; what means nothing is left out."""
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
    roles = given(
        {
            "amount": "amount",
            "kind": "category",
            "id": "row_id",
            "fraud": "leak",
            "same": "number",
            "empty": "number",
        }
    )
    found = anomaly.raw_matrix(frame, roles)
    np.testing.assert_allclose(found, np.array([[1, 3, 3, 8], np.log([3, 3, 3, 1])]).T)


def test_an_identifier_is_the_same_one_whatever_it_is_written_with() -> None:
    """As numbers or as text, and whether large or small: only whose rows are the same matters."""
    ids = np.random.default_rng(0).integers(0, 40, N)
    amount = np.arange(N, dtype=float)
    roles = given({"who": "customer", "amount": "amount"})
    number, text = (
        anomaly.raw_matrix(pl.DataFrame({"who": who, "amount": amount}), roles)
        for who in (ids, [str(one) for one in ids])
    )
    np.testing.assert_array_equal(number, text)
    places = number[:, 0]
    assert len(np.unique(places)) == len(np.unique(ids))
    assert all(len(np.unique(places[ids == one])) == 1 for one in np.unique(ids))
    assert abs(np.corrcoef(places, ids)[0, 1]) < 0.5, (
        "a customer is not more like the one with the next number"
    )


def test_the_same_seed_gives_the_same_scores() -> None:
    x = np.random.default_rng(0).normal(size=(N, 3))
    np.testing.assert_array_equal(anomaly.isolation_forest_raw(x, 3), anomaly.isolation_forest_raw(x, 3))
    np.testing.assert_array_equal(
        anomaly.knn_distance(x, 3, reference=100), anomaly.knn_distance(x, 3, reference=100)
    )


@pytest.mark.parametrize(("rows", "decimals"), [(3000, 6), (3000, 0), (60, 2)])
def test_the_nearest_are_the_nearest(rows: int, decimals: int) -> None:
    """Against all distances, sorted: also among many equal ones, and where the sample is small."""
    rng = np.random.default_rng(1)
    x = np.round(rng.normal(size=(rows, 4)), decimals)
    sample = x[np.sort(rng.choice(rows, min(2000, rows), replace=False))]
    every = np.sort(np.sqrt(((x[:, None] - sample) ** 2).sum(axis=2)), axis=1)
    np.testing.assert_allclose(
        anomaly.distances(x, np.ones(x.shape[1]), sample, 8), every[:, 1:9].mean(axis=1), atol=1e-12
    )
