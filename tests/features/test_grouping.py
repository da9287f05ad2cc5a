"""Features of pieces are the features of the whole, to the bit."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import busy_table, roles_of

from vigie import features
from vigie.arrays import Floats
from vigie.features import grouping, related
from vigie.features.columns import ColumnView
from vigie.fitted_state import FeatureState, FittedState
from vigie.models import model_inputs


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("flows", "timed"), [(False, "moments"), (True, "moments"), (True, "parts"), (False, "")]
)
def test_pieces_give_the_features_of_the_whole(seed: int, flows: bool, timed: str) -> None:
    """However rows fall into pieces, each feature and each signal of related rows is the same number."""
    frame = busy_table(seed, flows=flows, timed=timed)
    roles, state = roles_of(dict.fromkeys(frame.columns)), FittedState.keeping()
    whole = ColumnView(frame, roles, state.features)
    built = features.build(frame, roles, whole)
    tails = model_inputs.tail_scores(built, state.scoring)
    similar_rows = related.related_signals(whole, tails.row_anomaly, state.scoring)
    found = grouping.groupings_of(whole)
    fitted = state.fitted()
    rng = np.random.default_rng(seed)
    reported = [_alone(frame, roles, fitted.features)]
    described: dict[str, Floats] = {}
    new_value = whole.entities.is_first_of_actor
    for kind in found:
        column: dict[str, np.ndarray] = {}
        for rows, piece in _pieces(kind, frame, new_value, whole.hashes.rows, rng):
            facts = grouping.column_view(kind, piece, roles, fitted.features)
            for name, values in grouping.grouping_features(kind, facts).items():
                into = column.setdefault(name, np.full(frame.height, np.nan, dtype=np.float32))
                into[rows] = np.fmax(into[rows], values)
            for name, values in grouping.grouping_related_signals(
                kind, facts, tails.row_anomaly[rows], fitted.scoring
            ).items():
                described.setdefault(name, np.full(frame.height, np.nan))[rows] = values
        reported.append(column)
    joined = grouping.merge_features(reported, frame.height)
    for name in features.NAMES:
        np.testing.assert_array_equal(joined.column(name), built.column(name), err_msg=name)
    for name in related.RELATED_SIGNALS:
        np.testing.assert_array_equal(
            described.get(name, np.full(frame.height, np.nan)), similar_rows[name], err_msg=name
        )
    assert np.isfinite(built.values).any(axis=0).sum() > (40 if timed else 25)


def _alone(frame: pl.DataFrame, roles, state: FeatureState) -> dict[str, np.ndarray]:
    out: dict[str, list[np.ndarray]] = {}
    for piece in frame.iter_slices(700):
        facts = grouping.column_view(grouping.ROW_LEVEL, piece, roles, state)
        for name, values in grouping.grouping_features(grouping.ROW_LEVEL, facts).items():
            out.setdefault(name, []).append(values)
    return {name: np.concatenate(parts) for name, parts in out.items()}


def _pieces(
    kind: grouping.EntityGrouping,
    frame: pl.DataFrame,
    new_value: Floats,
    prints: np.ndarray,
    rng: np.random.Generator,
):
    """Whole entities drawn into five pieces; a piece has only the columns that the kind asks for."""
    batch = {None: 0}
    places = []
    for key in kind.keys:
        cells = frame[key].to_list()
        places.append(np.array([batch.setdefault(cell, int(rng.integers(0, 5))) for cell in cells]))
    slim = frame.select(kind.columns).with_columns(
        pl.Series(grouping.IS_FIRST_OF_ACTOR, new_value),
        pl.Series(grouping.ROW_HASH, prints),
        pl.Series(grouping.SENDER, places[0]),
        pl.Series(grouping.RECEIVER, places[-1]),
    )
    for number in range(5):
        rows = np.flatnonzero(np.any([place == number for place in places], axis=0))
        yield rows, slim[rows].with_columns(pl.col(grouping.SENDER, grouping.RECEIVER) == number)
