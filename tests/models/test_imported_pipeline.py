"""A recipe gives what scikit-learn's own transform gives, and stays calm where that one would stop."""

from __future__ import annotations

import io
import json
import warnings
from typing import Any

import joblib
import numpy as np
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import (
    RFE,
    SelectFpr,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
    f_classif,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from vigie.errors import InputRefused
from vigie.importer import pickle_reader, pipeline_conversion, sklearn_transformers
from vigie.models import imported_pipeline

ROWS = 300
NUMBERS = ["amount", "age", "hour", "still"]
WORDS = ["country", "channel"]


def _table(seed: int, *, gaps: bool = False) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(3, 1, ROWS)
    if gaps:
        amount[rng.random(ROWS) < 0.2] = np.nan
    return pl.DataFrame(
        {
            "amount": amount,
            "age": rng.normal(40, 10, ROWS),
            "hour": rng.integers(0, 24, ROWS),
            "still": np.ones(ROWS),
            "country": rng.choice(["FR", "SN", "CI", "ML", "BJ"], ROWS, p=[0.5, 0.3, 0.15, 0.03, 0.02]),
            "channel": rng.choice(["app", "ussd"], ROWS),
        }
    )


LABEL = (_table(0)["amount"].to_numpy() > 25).astype(int)


def _recipe(fitted: Any, columns: list[str]) -> dict[str, Any]:
    """As the import makes it: through the file, never through the object; and through JSON."""
    out = io.BytesIO()
    joblib.dump(fitted, out, compress=3)
    read = pickle_reader.read(out.getvalue(), max_bytes=1 << 24)
    recipe = pipeline_conversion.extend(sklearn_transformers.ConvertedPipeline.start(columns), read)
    return dict(json.loads(json.dumps(recipe.to_json(), allow_nan=False)))


def _columns(table: pl.DataFrame) -> dict[str, np.ndarray]:
    return {name: table[name].to_numpy() for name in table.columns}


def _same(fitted: Any, columns: list[str], *, gaps: bool = False) -> dict[str, Any]:
    """Fits on one table, compares on another; gives the recipe."""
    fitted.fit(_table(0, gaps=gaps).select(columns), LABEL)
    recipe = _recipe(fitted, columns)
    fresh = _table(9, gaps=gaps)
    expected = fitted.transform(fresh.select(columns))
    expected = expected.toarray() if hasattr(expected, "toarray") else np.asarray(expected)
    got = imported_pipeline.apply_steps(_columns(fresh), recipe)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected.astype(np.float64).astype(np.float32))
    return recipe


@pytest.mark.parametrize(
    "fitted",
    [
        StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False), RobustScaler(),
        RobustScaler(with_centering=False), MinMaxScaler(), MinMaxScaler((-1, 2), clip=True), MaxAbsScaler(),
        SelectKBest(f_classif, k=2), SelectKBest(f_classif, k="all"), SelectPercentile(f_classif, percentile=50),
        SelectFpr(f_classif, alpha=0.2), SelectFwe(f_classif, alpha=0.2), VarianceThreshold(),
        FunctionTransformer(np.log1p), FunctionTransformer(np.sqrt), FunctionTransformer(),
        make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), SelectKBest(f_classif, k=1)),
        FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler()), ("c", "passthrough"), ("d", "drop")]),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Features .* are constant:UserWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_numbers_come_out_as_in_scikit_learn(fitted: Any) -> None:
    """Scalers, selectors, functions, and what holds them; a constant column among them."""
    columns = NUMBERS[:3] if isinstance(fitted, Pipeline | FunctionTransformer) else NUMBERS
    fitted = fitted.set_params(validate=False) if isinstance(fitted, FunctionTransformer) else fitted
    columns = ["amount", "hour"] if isinstance(fitted, Pipeline | FunctionTransformer) else columns
    recipe = _same(fitted, columns)
    assert recipe["columns"] == columns


@pytest.mark.parametrize(
    "fitted",
    [
        SimpleImputer(), SimpleImputer(strategy="median", add_indicator=True), SimpleImputer(strategy="most_frequent"),
        SimpleImputer(strategy="constant", fill_value=-5), MissingIndicator(),
        make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
    ],
    ids=repr,
)  # fmt: skip
def test_gaps_are_filled_as_in_scikit_learn(fitted: Any) -> None:
    """With and without a column that says where they were."""
    _same(fitted, ["age", "amount", "hour"], gaps=True)


def test_a_column_without_any_value_is_left_out_as_in_scikit_learn() -> None:
    """The imputer drops it, or keeps it where it is set to."""
    values = np.column_stack([np.arange(4.0), np.full(4, np.nan), [1.0, np.nan, 3.0, 4.0]])
    fresh = {"a": np.array([np.nan, 2.0]), "b": np.array([1.0, np.nan]), "c": np.array([np.nan, 7.0])}
    for keep in (False, True):
        fitted = SimpleImputer(strategy="constant", fill_value=9, keep_empty_features=keep).fit(values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            expected = fitted.transform(np.column_stack(list(fresh.values())))
        got = imported_pipeline.apply_steps(fresh, _recipe(fitted, ["a", "b", "c"]))
        np.testing.assert_array_equal(got, expected.astype(np.float32))


@pytest.mark.parametrize(
    "fitted",
    [
        OneHotEncoder(), OneHotEncoder(drop="first"), OneHotEncoder(drop="if_binary"),
        OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
        OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist"),
        OneHotEncoder(max_categories=3, drop="first"), OrdinalEncoder(), OrdinalEncoder(min_frequency=20),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        make_pipeline(OneHotEncoder(), MaxAbsScaler(), SelectKBest(f_classif, k=3)),
        make_pipeline(SimpleImputer(strategy="most_frequent"), OrdinalEncoder()),
    ],
    ids=repr,
)  # fmt: skip
def test_words_come_out_as_in_scikit_learn(fitted: Any) -> None:
    """Encoders with their dropped and rare categories."""
    _same(fitted, WORDS)


def test_a_whole_engineer_comes_out_as_in_scikit_learn() -> None:
    """Every way to name columns, nested parts, a remainder; and the names that scikit-learn gives."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    engineer = ColumnTransformer(
        [
            ("num", numbers, ["amount", "age"]),
            ("cat", OneHotEncoder(handle_unknown="ignore"), ["country"]),
            ("ord", OrdinalEncoder(), [5]),
            ("log", FunctionTransformer(np.log1p, feature_names_out="one-to-one"), slice(2, 3)),
            ("none", "drop", ["hour"]),
        ],
        remainder="passthrough",
    )
    recipe = _same(engineer, [*NUMBERS, *WORDS], gaps=True)
    assert recipe["names"] == [str(name) for name in engineer.get_feature_names_out()]
    short = ColumnTransformer(
        [("a", MinMaxScaler(), np.array([True, False, False, False, False, False]))],
        remainder="drop",
        verbose_feature_names_out=False,
    )
    recipe = _same(short, [*NUMBERS, *WORDS])
    assert recipe["names"] == ["amount"]


def test_a_selector_with_an_estimator_of_the_list_comes_out() -> None:
    """RFE keeps what it kept; its estimator is read as a record and used for nothing."""
    from sklearn.preprocessing import LabelEncoder

    chosen = RFE.__new__(RFE)
    chosen.__dict__ = {
        "estimator": LabelEncoder(),
        "support_": np.array([True, False, True]),
        "n_features_in_": 3,
    }
    assert _recipe(chosen, ["a", "b", "c"])["names"] == ["a", "c"]


def _one(op: dict[str, Any], *columns: np.ndarray, out: int = 1) -> np.ndarray:
    names = [f"c{at}" for at in range(len(columns))]
    recipe = {"format": 1, "kind": "native", "columns": names, "names": ["x"] * out, "steps": [op]}
    return imported_pipeline.apply_steps(dict(zip(names, columns, strict=True)), recipe)


COUNTRY = {"categories": ["FR", "SN"], "codes": [0, 1], "unknown": None}


def test_a_category_never_seen_is_unknown_and_stops_nothing() -> None:
    """Not even where scikit-learn would have raised."""
    column = np.array(["FR", "XX", None, "SN"], dtype=object)
    np.testing.assert_array_equal(
        _one({"op": "ordinal", "columns": [COUNTRY]}, column)[:, 0], [0, np.nan, np.nan, 1]
    )
    known = {"op": "ordinal", "columns": [{**COUNTRY, "unknown": -1}]}
    np.testing.assert_array_equal(_one(known, column)[:, 0], [0, -1, -1, 1])
    hot = {"categories": ["FR", "SN", None], "outputs": [0, 1, None], "width": 2, "unknown": 1}
    np.testing.assert_array_equal(
        _one({"op": "onehot", "columns": [hot]}, column, out=2), [[1, 0], [0, 1], [0, 0], [0, 1]]
    )


def test_a_number_finds_its_category_whatever_its_type() -> None:
    """A table may hold 7 where the model learnt "7", and the other way round."""
    words = {"op": "ordinal", "columns": [{"categories": ["7", "12"], "codes": [0, 1], "unknown": None}]}
    numbers = {"op": "ordinal", "columns": [{"categories": [7, 12], "codes": [0, 1], "unknown": None}]}
    for column in (
        np.array([12, 7]), np.array([12.0, 7.0]), np.array(["12", "7"]), np.array(["12", "7"], dtype=object),
        np.array([12, 7], dtype=np.uint8), np.array([12, 7], dtype=object),
    ):  # fmt: skip
        for op in (words, numbers):
            np.testing.assert_array_equal(_one(op, column)[:, 0], [1, 0])
    flags = {"op": "ordinal", "columns": [{"categories": [False, True], "codes": [0, 1], "unknown": None}]}
    np.testing.assert_array_equal(_one(flags, np.array([True, False]))[:, 0], [1, 0])


def test_a_column_that_is_not_there_is_missing_everywhere() -> None:
    """Filled, encoded as unknown, or left for the booster."""
    recipe = {
        "format": 1,
        "kind": "native",
        "columns": ["here", "number", "word"],
        "names": ["a", "b", "c"],
        "steps": [{"op": "split", "parts": [
            {"take": [0], "steps": []},
            {"take": [1], "steps": [{"op": "impute", "missing": None, "values": [3.5]}]},
            {"take": [2], "steps": [{"op": "ordinal", "columns": [COUNTRY]}]},
        ]}],
    }  # fmt: skip
    got = imported_pipeline.apply_steps({"here": np.array([1, 2]), "other": np.array(["x", "y"])}, recipe)
    np.testing.assert_array_equal(got, [[1, 3.5, np.nan], [2, 3.5, np.nan]])


def test_text_that_is_no_number_is_missing_and_blanks_are_too() -> None:
    """Where a number is expected; a booster's own missing value likewise."""
    column = np.array(["1.5", "n/a", None, "-1"], dtype=object)
    np.testing.assert_array_equal(
        _one({"op": "blank", "value": -1}, column)[:, 0], [1.5, np.nan, np.nan, np.nan]
    )
    np.testing.assert_array_equal(_one({"op": "isnull", "missing": -1.0}, np.array([-1, 2]))[:, 0], [1, 0])
    np.testing.assert_array_equal(_one({"op": "isnull", "missing": "?"}, np.array(["?", "a"]))[:, 0], [1, 0])
    filled = _one({"op": "function", "name": "log"}, np.array([-1.0, 1.0, 0.0]))[:, 0]
    assert np.isnan(filled[0])
    assert filled[1] == 0


def test_no_rows_give_no_rows() -> None:
    """Shape (0, features)."""
    for column in (np.zeros(0), np.zeros(0, dtype=object), np.zeros(0, dtype=np.int64)):
        assert _one({"op": "ordinal", "columns": [COUNTRY]}, column).shape == (0, 1)


GOOD: dict[str, Any] = {"format": 1, "kind": "native", "columns": ["a"], "names": ["a"], "steps": []}


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2}, {"kind": "roles"}, {"steps": [{"op": "eval"}]}, {"steps": [{}]}, {"names": ["a", "b"]},
        {"steps": [{"op": "scale", "center": [1, 2], "scale": None}]}, {"steps": [{"op": "function", "name": "sum"}]},
        {"steps": [{"op": "select", "keep": [3]}]}, {"steps": [{"op": "select"}]}, {"steps": [{"op": "ordinal", "columns": [{}]}]},
        {"steps": 3}, {"columns": 3}, {"steps": [{"op": "select", "keep": ["a"]}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_recipe_that_is_none_is_refused(change: dict[str, Any]) -> None:
    """Another format, an unknown step, a step that does not fit."""
    with pytest.raises(InputRefused, match="recipe"):
        imported_pipeline.apply_steps({"a": np.array([1.0])}, {**GOOD, **change})


def test_columns_of_different_lengths_are_refused() -> None:
    """They cannot be the columns of one table; nor can none."""
    for columns in ({"a": np.zeros(2), "b": np.zeros(3)}, {}):
        with pytest.raises(InputRefused):
            imported_pipeline.apply_steps(columns, GOOD)
