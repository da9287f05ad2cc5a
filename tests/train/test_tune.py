"""The search: both kinds of trees are tried and speak, and the clock decides nothing but how long it goes on."""

from __future__ import annotations

import numpy as np
import optuna
import polars as pl
import pytest

from vigie.roles.inference import infer
from vigie.train import split, tune
from vigie.train.trees import BY_DEFAULT, Lesson, Rows


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    """Two columns and one feature, each of which tells a part."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(600, 3)).astype(np.float32)
    return Lesson(inputs, inputs.sum(axis=1) + rng.normal(size=600) > 2.2, np.ones(600))


@pytest.fixture(scope="module")
def folds(lesson: Lesson) -> list[tuple[Rows, Rows]]:
    return split.folds(None, None, lesson.label, 0)


def found(lesson: Lesson, folds: list[tuple[Rows, Rows]], own: int, sets: int, trials: int) -> tune.Tuned:
    return tune.tune(lesson, folds, own, trials=trials, seconds=1000, seed=0, threads=1, sets=sets)


def test_both_kinds_speak(lesson: Lesson, folds: list[tuple[Rows, Rows]]) -> None:
    """With the parameters by default among several sets, and with weights that sum to one."""
    tuned = found(lesson, folds, own=2, sets=2, trials=6)
    assert [one.features for one in tuned.boosters] == [True, True, False, False]
    assert [one.parameters == BY_DEFAULT for one in tuned.boosters] == [True, False, True, False]
    assert sum(one.weight for one in tuned.boosters) == pytest.approx(1, abs=1e-3)
    assert tuned.trials == 6


@pytest.mark.parametrize("own", [0, 3])
def test_without_columns_or_without_features_there_is_one_kind(
    lesson: Lesson, folds: list[tuple[Rows, Rows]], own: int
) -> None:
    """It looks at everything there is, and the best of its sets speaks alone."""
    (only,) = found(lesson, folds, own=own, sets=1, trials=3).boosters
    assert only.features
    assert only.weight == 1


def test_no_time_is_time_for_the_default(
    lesson: Lesson, folds: list[tuple[Rows, Rows]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Each kind is judged once, whatever the budget; Optuna prints nothing, and a user's own studies still may."""
    verbosity = optuna.logging.get_verbosity()
    tuned = tune.tune(lesson, folds, 2, trials=40, seconds=0, seed=0, threads=1)
    assert tuned.trials == 2
    assert all(one.parameters == BY_DEFAULT for one in tuned.boosters)
    assert capfd.readouterr().err == ""
    assert optuna.logging.get_verbosity() == verbosity


def test_the_last_part_of_the_time_chooses_where_it_has_enough_frauds() -> None:
    """A fifth where that holds enough, up to a half where frauds are rare, else folds."""
    when = np.random.default_rng(0).permutation(1000).astype(float)
    for every, shares in ((3, [0.2]), (8, [0.5]), (20, [1 / 3] * 3)):
        fraud = np.arange(1000)[np.argsort(np.argsort(when))] % every == 0
        parts = split.folds(when, None, fraud, 0)
        assert [len(judged) / 1000 for _, judged in parts] == pytest.approx(shares, abs=0.01)
        if len(parts) == 1:
            fitted, judged = parts[0]
            assert when[fitted].max() < when[judged].min()


def test_the_last_rows_are_the_last_by_a_date_in_parts():
    """A table with year, month and day in columns of their own is judged by its end, as one with a date is."""
    days = np.arange(400)
    dates = pl.Series(np.datetime64("2023-06-01") + days)
    frame = pl.DataFrame(
        {part: getattr(dates.dt, part)().cast(pl.Int64) for part in ("year", "month", "day")}
    )
    found = split.moments(frame, infer(frame))
    assert found is not None
    assert (np.diff(found) == 86_400).all()
