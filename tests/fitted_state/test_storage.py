"""The stored form of the fitted state: every field comes back, and scorers of format 4 are still read."""

from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from vigie.boosting import xgboost_import
from vigie.engine.output import RESULT_COLUMNS
from vigie.engine.scorer import Scorer
from vigie.errors import InputRefused
from vigie.fitted_state import (
    CategoryCodes,
    FittedState,
    GroupSums,
    RankTable,
    SelfTraining,
    Statistic,
    Thresholds,
    ValueCounts,
)
from vigie.fitted_state.rank_table import RankTables
from vigie.fitted_state.statistic import Family, Section
from vigie.fitted_state.storage import from_stored, to_stored
from vigie.fitted_state.value_counts import CountTables

FORMAT_4 = Path(__file__).parent / "format4"
RECORDS = {CategoryCodes: CategoryCodes(["a", "b"]), GroupSums: GroupSums(np.ones((3, 2)))}


def booster() -> Any:
    """One tree."""
    vendor = xgboost_import.load()
    return vendor.train({"max_depth": 1}, vendor.DMatrix(np.array([[0.0], [1.0]]), [0.0, 1.0]), 1)


def fill(section: Section, number: list[int]) -> None:
    """Give every statistic a value of its own."""
    for field in fields(section):
        value, about = getattr(section, field.name), field.metadata
        number[0] += 1
        if isinstance(value, Section):
            fill(value, number)
        elif isinstance(value, RankTables):
            value.tables["x y"] = RankTable(np.array([1.0, number[0]]), np.array([1, 3]))
        elif isinstance(value, CountTables):
            value.tables["x y"] = ValueCounts(np.array([number[0]]), np.array([4]))
        elif isinstance(value, Family):
            one = value["line"]
            if isinstance(one, Section):
                fill(one, number)
            else:
                one.value = RECORDS.get(about["record"], float(number[0]))
        else:
            value.value = RECORDS.get(about["record"], float(number[0]))


def flat(section: Any, path: str = "") -> dict[str, Any]:
    """Every value by its path."""
    out: dict[str, Any] = {}
    for field in fields(section):
        value = getattr(section, field.name)
        here = f"{path}.{field.name}"
        if isinstance(value, Section):
            out |= flat(value, here)
        elif isinstance(value, RankTables | CountTables):
            out |= {f"{here}.{key}": vars(table) for key, table in value.tables.items()}
        elif isinstance(value, Family):
            for key, one in value.items():
                out |= (
                    flat(one, f"{here}.{key}") if isinstance(one, Section) else {f"{here}.{key}": one.value}
                )
        elif isinstance(value, Statistic):
            out[here] = value.value
    return out


def by_field(value: Any) -> Any:
    """Return the fields of a record: records with arrays cannot be compared."""
    return vars(value) if is_dataclass(value) else value


def test_every_field_comes_back() -> None:
    """Also where a column is called as a threshold was: each name belongs to one field."""
    state = FittedState()
    fill(state, [0])
    scoring = state.scoring
    scoring.detectors["line"].value = {"scale": np.arange(3.0)}
    scoring.self_training.value = SelfTraining({"columns 0.1 0": booster()}, [2, 3])
    scoring.thresholds.value = Thresholds(2.0, 1.0, 3.0, -4.0, "why", np.ones((2, 4)))
    answers, arrays = to_stored(state)
    again = from_stored(json.loads(json.dumps(answers)), arrays)
    before, after = flat(state), flat(again)
    boosters = [one.pop(".scoring.self_training") for one in (before, after)]
    assert [one.related for one in boosters] == [[2, 3], [2, 3]]
    assert len({bytes(one.boosters["columns 0.1 0"].save_raw("ubj")) for one in boosters}) == 1
    assert before.keys() == after.keys()
    for path, value in before.items():
        np.testing.assert_equal(by_field(after[path]), by_field(value), err_msg=path)
    assert to_stored(again)[0] == answers


@pytest.mark.parametrize("name", ["card_not_present", "mobile_money"])
def test_a_scorer_of_format_4_gives_the_scores_it_gave(name: str) -> None:
    """Stored by the release before, with the scores that it gave its own table; refused where polars hashes cells otherwise."""
    data = (FORMAT_4 / f"{name}.npz").read_bytes()
    head = json.loads(np.load(io.BytesIO(data))["head"].tobytes())
    assert head["format"] == 4
    if head["polars"] != pl.__version__:
        with pytest.raises(InputRefused, match="of polars"):
            Scorer.from_bytes(data)
        return
    table = pl.read_parquet(FORMAT_4 / f"{name}.parquet")
    expected = table.select(RESULT_COLUMNS)
    scorer = Scorer.from_bytes(data)
    assert scorer.score(table.drop(RESULT_COLUMNS)).equals(expected, null_equal=True)
    assert (
        Scorer.from_bytes(scorer.to_bytes())
        .score(table.drop(RESULT_COLUMNS))
        .equals(expected, null_equal=True)
    )
