"""What the models look at: ranks, whatever the order of rows and columns, and what related rows say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import people, roles_from

from vigie import features
from vigie.detectors import base, isolation_forest, raw_columns, registry, tail_scores
from vigie.features import NAMES, related
from vigie.features.columns import ColumnView
from vigie.features.related import RELATED_SIGNALS
from vigie.fitted_state import FittedState, ScoringState
from vigie.models import model_inputs
from vigie.models.model_inputs import DETECTORS, INPUTS, TABLE_CONTEXT
from vigie.roles.inference import Roles

ROLES = {
    "time": "time",
    "customer": "customer",
    "merchant": "counterparty",
    "amount": "amount",
    "category": "category",
}


@pytest.fixture(autouse=True)
def small_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here does not depend on the size of the forests."""
    monkeypatch.setattr(isolation_forest, "TREES", 20)


def test_the_inputs_are_named_once() -> None:
    assert (
        len(set(INPUTS))
        == len(INPUTS)
        == len(NAMES) + len(DETECTORS) + len(RELATED_SIGNALS) + len(TABLE_CONTEXT)
    )
    for weights in ("weight", "anonymous_weight"):
        assert sum(getattr(one, weights) for one in registry.BUILT_IN) == pytest.approx(1)


def test_everything_is_a_rank() -> None:
    """All inputs but the context lie in (0, 1); what the table cannot tell is NaN."""
    found = model_inputs.build_inputs(people(300), roles_from(ROLES))
    ranks = found.inputs[:, : -len(TABLE_CONTEXT)]
    finite = np.isfinite(ranks)
    assert ((ranks[finite] > 0) & (ranks[finite] < 1)).all()
    assert found.inputs.dtype == np.float32
    assert np.isnan(found.inputs[:, INPUTS.index("rank_new_device")]).all()
    assert np.isfinite(found.inputs[:, INPUTS.index("rank_amount_habit")]).mean() > 0.9
    assert ((found.anomaly > 0) & (found.anomaly < 1)).all()
    assert sorted(found.order) == list(range(300))


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, features and detectors of a large table are computed two at a time: the same bits as one after the other."""
    frame, roles = people(1200), roles_from(ROLES)
    alone = model_inputs.build_inputs(frame, roles)
    for module in (base, raw_columns, tail_scores, model_inputs, features):
        monkeypatch.setattr(module, "ROWS_PER_THREAD", 500)
    together = model_inputs.build_inputs(frame, roles)
    np.testing.assert_array_equal(together.inputs, alone.inputs)
    np.testing.assert_array_equal(together.columns, alone.columns)
    np.testing.assert_array_equal(together.anomaly, alone.anomaly)


def test_order_changes_nothing() -> None:
    """Rows and columns shuffled: the same evidence, bit for bit, and `order` says where each row went."""
    frame = people(300)
    shuffled = frame.with_row_index("row").sample(fraction=1.0, shuffle=True, seed=3)
    moved = shuffled["row"].to_numpy()
    other = shuffled.drop("row").select(list(reversed(frame.columns)))
    here = model_inputs.build_inputs(frame, roles_from(ROLES), seed=5)
    there = model_inputs.build_inputs(other, roles_from({c: ROLES[c] for c in other.columns}), seed=5)
    np.testing.assert_array_equal(here.inputs, there.inputs)
    np.testing.assert_array_equal(here.anomaly, there.anomaly)
    np.testing.assert_array_equal(here.columns, there.columns)
    np.testing.assert_array_equal(moved[there.order], here.order)


def test_equal_rows_get_equal_evidence_of_habit() -> None:
    """Copies of a row differ at most in what came first."""
    frame = pl.concat([people(200)] * 2)
    found = model_inputs.build_inputs(frame, roles_from(ROLES))
    same: dict[int, list[int]] = {}
    for here, row in enumerate(found.order):
        same.setdefault(int(row) % 200, []).append(here)
    for name in ("rank_amount", "rank_amount_habit", "rank_rows_actor"):
        column = found.inputs[:, INPUTS.index(name)]
        assert all(column[a] == column[b] or np.isnan(column[a]) for a, b in same.values()), name


def test_related_rows_speak_for_each_other() -> None:
    """A row whose customer is suspicious elsewhere stands out, and its own suspicion is not among what is said."""
    frame = people(300)
    facts = ColumnView(frame, roles_from(ROLES))
    tail_score = np.zeros(300)
    victim = str(frame["customer"][0])
    mine = (frame["customer"] == victim).to_numpy()
    first = int(np.flatnonzero(mine)[0])
    tail_score[mine] = 5.0
    tail_score[first] = 0.0
    found = related.related_signals(facts, tail_score, ScoringState())
    everyone = found["peers_actor_all"]
    assert everyone[first] == np.nanmax(everyone)
    assert found["peers_actor_max"][first] == 5
    assert everyone[first] > everyone[mine][1:].max(), (
        "the others hear of one harmless row; the harmless row does not"
    )
    assert np.isnan(found["peers_shared_all"]).all()


def test_a_single_row_has_no_similar_rows() -> None:
    frame = people(300).with_columns(
        pl.when(pl.int_range(300) == 7).then(pl.lit("alone")).otherwise("customer").alias("customer")
    )
    found = related.related_signals(ColumnView(frame, roles_from(ROLES)), np.ones(300), ScoringState())
    for name in ("peers_actor_all", "peers_actor_max", "peers_actor_day"):
        assert np.isnan(found[name][7]), name


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_short_tables(rows: int) -> None:
    found = model_inputs.build_inputs(people(60).head(rows), roles_from(ROLES))
    assert found.inputs.shape == (rows, len(INPUTS))
    assert np.isfinite(found.anomaly).all()


def test_a_table_without_signal() -> None:
    """All columns ignored: every row is as ordinary as any other."""
    frame = people(60)
    found = model_inputs.build_inputs(frame, roles_from(dict.fromkeys(frame.columns, "none")))
    assert set(found.anomaly) == {0.5}
    assert not found.varying.any()


def test_ignored_columns_change_no_rank() -> None:
    """The row order may depend on their cells; what is known of a row must not."""
    frame = people(300)
    extra = frame.with_columns(pl.Series("note", [f"n{i * 7919 % 300}" for i in range(300)]))
    here = model_inputs.build_inputs(frame, roles_from(ROLES))
    there = model_inputs.build_inputs(
        extra, Roles((*roles_from(ROLES).columns, *roles_from({"note": "none"}).columns))
    )
    name = INPUTS.index("rank_amount_habit")
    one, two = np.empty(300), np.empty(300)
    one[here.order], two[there.order] = here.inputs[:, name], there.inputs[:, name]
    np.testing.assert_array_equal(one, two)


def test_columns_may_be_called_as_features_and_detectors_are() -> None:
    """The ranks of a column and those of a feature of the same name are two statistics of the fitted table."""
    rng = np.random.default_rng(0)
    names = {
        "account_age": "account_age",
        "age_of_card": "account_age",
        "together": "number",
        "line": "category",
    }
    extra = {name: rng.integers(0, 900, 300) for name in ("account_age", "age_of_card", "together")}
    frame = people(300).with_columns(**extra, line=pl.Series(rng.choice(["a", "b", "c"], 300)))
    roles, state = roles_from(ROLES | names), FittedState.keeping()
    whole = model_inputs.build_inputs(frame, roles, state=state)
    again = model_inputs.build_inputs(frame, roles, state=state.fitted())
    np.testing.assert_array_equal(again.inputs, whole.inputs)
    np.testing.assert_array_equal(again.anomaly, whole.anomaly)
