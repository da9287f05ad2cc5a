"""Estimators of scikit-learn that are read as data: each gives the scores of the original pipeline, or is refused by name."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import xgboost
from scipy.stats import randint
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_selection import (
    SelectFromModel,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
    f_classif,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier

from vigie import importer
from vigie.cli import publish
from vigie.errors import ForeignModelRefused
from vigie.models.load import load_model

ROWS = 700
NUMBERS = ["amount", "balance", "age", "count"]
TEXTS = ["country", "channel"]


def _table(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "amount": rng.lognormal(3, 1, ROWS),
            "balance": rng.normal(0, 500, ROWS),
            "age": rng.normal(40, 10, ROWS),
            "count": rng.poisson(3, ROWS),
            "country": rng.choice(["FR", "SN", "CI", "ML"], ROWS),
            "channel": rng.choice(["app", "ussd"], ROWS),
        }
    )


@pytest.fixture(scope="module")
def label() -> np.ndarray:
    table = _table(0)
    odds = (
        np.log(table["amount"].to_numpy())
        + table["balance"].to_numpy() / 500
        + (table["country"] == "CI").to_numpy()
    )
    return (odds + np.random.default_rng(1).normal(0, 1, ROWS) > 4).astype(int)


def _xgboost(**more: Any) -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(n_estimators=15, max_depth=3, n_jobs=1, random_state=0, **more)


def _columns(number: Any, text: Any = None, **more: Any) -> ColumnTransformer:
    """Return a transformer of the numbers, and one of the texts."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return ColumnTransformer([("num", number, NUMBERS), ("cat", text or codes, TEXTS)], **more)


def _after(model: Any, *steps: Any) -> Pipeline:
    return Pipeline([*((f"step {number}", step) for number, step in enumerate(steps)), ("model", model)])


def _forest() -> RandomForestClassifier:
    return RandomForestClassifier(n_estimators=12, random_state=0)


PIPELINES = {
    "SelectFromModel of XGBoost": _after(_xgboost(), _columns("passthrough"), SelectFromModel(_xgboost())),
    "SelectFromModel of a forest": _after(_xgboost(), _columns("passthrough"), SelectFromModel(_forest(), threshold="median")),
    "SelectFromModel of a regression": _after(
        _xgboost(), _columns(StandardScaler()), SelectFromModel(LogisticRegression(), threshold="0.5*mean")
    ),
    "SelectFromModel with max_features": _after(
        _xgboost(), _columns("passthrough"), SelectFromModel(_forest(), max_features=2, threshold=-np.inf)
    ),
    "SelectPercentile": _after(_xgboost(), _columns("passthrough"), SelectPercentile(f_classif, percentile=50)),
    "SequentialFeatureSelector": _after(
        _xgboost(), _columns("passthrough"), SequentialFeatureSelector(DecisionTreeClassifier(max_depth=2), n_features_to_select=2, cv=2)
    ),
    "VarianceThreshold": _after(_xgboost(), _columns("passthrough"), VarianceThreshold(0.3)),
    "PowerTransformer": _after(_xgboost(), _columns(PowerTransformer())),
    "PowerTransformer, unscaled": _after(_xgboost(), _columns(PowerTransformer(standardize=False))),
    "QuantileTransformer": _after(_xgboost(), _columns(QuantileTransformer(n_quantiles=50))),
    "QuantileTransformer, normal": _after(
        _xgboost(), _columns(QuantileTransformer(n_quantiles=50, output_distribution="normal"))
    ),
    "KBinsDiscretizer": _after(_xgboost(), _columns(KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"))),
    "KBinsDiscretizer, ordinal": _after(
        _xgboost(), _columns(KBinsDiscretizer(4, encode="ordinal", strategy="uniform", quantile_method="averaged_inverted_cdf"))
    ),
    "TargetEncoder": _after(_xgboost(), _columns("passthrough", TargetEncoder())),
    "Binarizer": _after(_xgboost(), _columns(Binarizer(threshold=3))),
    "MaxAbsScaler": _after(_xgboost(), _columns(MaxAbsScaler())),
    "remainder": _after(
        _xgboost(), ColumnTransformer([("cat", OneHotEncoder(handle_unknown="ignore"), TEXTS)], remainder=MinMaxScaler())
    ),
    "a pipeline in a pipeline": _after(
        _after(_xgboost(), VarianceThreshold()), Pipeline([("inner", _columns(Pipeline([("s", StandardScaler())])))])
    ),
    "RandomForestClassifier": _after(_forest(), _columns("passthrough")),
    "ExtraTreesClassifier": _after(ExtraTreesClassifier(12, random_state=0), _columns("passthrough", OneHotEncoder())),
    "GradientBoostingClassifier": _after(
        GradientBoostingClassifier(n_estimators=20, max_depth=3), _columns("passthrough", OneHotEncoder(), sparse_threshold=1.0)
    ),
    "GradientBoostingClassifier from zero, stopped early": _after(
        GradientBoostingClassifier(n_estimators=80, init="zero", subsample=0.5, n_iter_no_change=2, random_state=0), _columns("passthrough")
    ),
    "GradientBoostingClassifier, exponential": _after(
        GradientBoostingClassifier(n_estimators=20, loss="exponential", learning_rate=0.3), _columns(StandardScaler())
    ),
    "HistGradientBoostingClassifier": _after(
        HistGradientBoostingClassifier(max_iter=20), _columns("passthrough", OneHotEncoder(sparse_output=False))
    ),
    "HistGradientBoostingClassifier, stopped early by a score": _after(
        HistGradientBoostingClassifier(max_iter=8, early_stopping=True, scoring="roc_auc", categorical_features=[4, 5], random_state=0),
        _columns("passthrough"),
    ),
    "GridSearchCV": GridSearchCV(
        _after(_xgboost(), _columns("passthrough")), {"model__max_depth": [2, 3]}, cv=2, scoring="average_precision"
    ),
    "RandomizedSearchCV in a pipeline": _after(
        RandomizedSearchCV(_xgboost(), {"max_depth": randint(2, 5)}, n_iter=2, cv=2, scoring=make_scorer(fbeta_score, beta=2)),
        _columns("passthrough"),
    ),
    "TunedThresholdClassifierCV": TunedThresholdClassifierCV(_after(_xgboost(), _columns("passthrough")), cv=2),
    "SelectFromModel of gradient boosting": _after(
        _xgboost(), _columns("passthrough"), SelectFromModel(GradientBoostingClassifier(n_estimators=12, subsample=0.7, random_state=0))
    ),
    "DecisionTreeClassifier": _after(DecisionTreeClassifier(max_depth=6), _columns("passthrough")),
    "LogisticRegression": _after(LogisticRegression(), _columns(StandardScaler(), OneHotEncoder())),
    "LogisticRegressionCV": _after(
        LogisticRegressionCV(Cs=2, cv=2, scoring="roc_auc", l1_ratios=(0,), use_legacy_attributes=False), _columns(StandardScaler())
    ),
    "SGDClassifier": _after(SGDClassifier(loss="log_loss", random_state=0), _columns(StandardScaler())),
}  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_scores_are_those_of_the_original(tmp_path: Path, label: np.ndarray, name: str) -> None:
    """On new rows, to 1e-6; no code of the file runs, since nothing is trusted."""
    table, fresh = _table(0), _table(5)
    fitted = PIPELINES[name].fit(table, label)
    joblib.dump(fitted, tmp_path / "xgboost_model.joblib")
    made = importer.convert(tmp_path, name="m")
    assert made.profile["provenance"]["trusted"] == []
    model: Any = load_model(made.booster, made.features)
    margin = model.margin_of(fresh, {column: column for column in fresh.columns})
    expected = np.clip(fitted.predict_proba(fresh)[:, 1], 1e-6, 1 - 1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), expected, rtol=1e-5, atol=1e-6)
    assert len(set(margin.round(6))) > 10


FRAUD_FIRST = {
    "a forest": _forest(),
    "a regression": LogisticRegression(max_iter=300),
    "histogram trees": HistGradientBoostingClassifier(max_iter=8),
    "gradient boosting": GradientBoostingClassifier(n_estimators=8),
}


@pytest.mark.parametrize("name", FRAUD_FIRST)
@pytest.mark.parametrize("words", [("Fraude", "Normale"), ("not fraud", "fraud"), ("B", "A")])
def test_classes_in_words(tmp_path: Path, label: np.ndarray, name: str, words: tuple[str, str]) -> None:
    """The class that means fraud is found by its word, or stated by its owner, wherever the alphabet puts it."""
    table, fresh = _table(0), _table(5)
    fraud, fine = words if words[0] != "not fraud" else words[::-1]
    fitted = _after(FRAUD_FIRST[name], _columns(StandardScaler())).fit(
        table, np.where(label == 1, fraud, fine)
    )
    joblib.dump(fitted, tmp_path / "xgboost_model.joblib")
    if fraud == "B":
        with pytest.raises(ForeignModelRefused, match="neither of which clearly means fraud") as refused:
            importer.convert(tmp_path, name="m")
        assert '{"fraud_class": "…"}' in refused.value.hint
        (tmp_path / "dataset_metadata.json").write_text(json.dumps({"Positive class": fraud}))
    expected = fitted.predict_proba(fresh)[:, list(fitted.classes_).index(fraud)]
    np.testing.assert_allclose(
        _scored(tmp_path, fresh), np.clip(expected, 1e-6, 1 - 1e-6), rtol=1e-5, atol=1e-6
    )


SELECTIONS = {
    "positions": [0, -1, 2],
    "numpy positions": np.array([0, 5, 2]),
    "truth values": np.array([True, False, True, False, False, True]),
    "an index of pandas": pd.Index(["channel", "amount"], dtype=object),
    "an index of pandas texts": pd.Index(pd.array(["channel", "amount"], dtype=pd.StringDtype("python"))),
    "an array of names": np.array(["channel", "amount"], dtype=object),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_selectors_that_list_columns(tmp_path: Path, label: np.ndarray, name: str) -> None:
    """By position, by truth value or by name, in a list, an array or an index of pandas."""
    engineer, chosen = (
        _columns("passthrough", verbose_feature_names_out=False).fit(_table(0)),
        SELECTIONS[name],
    )
    names = [*NUMBERS, *TEXTS]
    kept = [names.index(c) if isinstance(c, str) else c for c in chosen] if "truth" not in name else chosen
    model = _xgboost().fit(engineer.transform(_table(0))[:, kept], label)
    joblib.dump(engineer, tmp_path / "feature_engineer.joblib")
    joblib.dump(chosen, tmp_path / "feature_selector.joblib")
    joblib.dump(model, tmp_path / "xgboost_model.joblib")
    expected = model.predict_proba(engineer.transform(_table(5))[:, kept])[:, 1]
    np.testing.assert_allclose(_scored(tmp_path, _table(5)), expected, rtol=1e-5, atol=1e-6)


def test_a_selector_of_input_columns(tmp_path: Path, label: np.ndarray) -> None:
    """A list of the columns that the owner kept before the engineer, which takes them by name, selects nothing after it."""
    table = _table(0).select(NUMBERS)
    engineer = ColumnTransformer([("num", StandardScaler(), NUMBERS)]).fit(table)
    model = _xgboost().fit(engineer.transform(table), label)
    for part, saved in (
        ("xgboost_model", model),
        ("feature_engineer", engineer),
        ("feature_selector", NUMBERS[::-1]),
    ):
        joblib.dump(saved, tmp_path / f"{part}.joblib")
    expected = model.predict_proba(engineer.transform(_table(5).select(NUMBERS)))[:, 1]
    np.testing.assert_allclose(_scored(tmp_path, _table(5)), expected, rtol=1e-5)


def test_columns_that_the_pipeline_drops(tmp_path: Path, label: np.ndarray) -> None:
    """Neither the trust nor the scores need them: the next file may lack them, or have them under names that say nothing."""
    engineer = ColumnTransformer([("num", "passthrough", NUMBERS[:2])]).fit(_table(0))
    model = _xgboost().fit(engineer.transform(_table(0)), label)
    joblib.dump(engineer, tmp_path / "feature_engineer.joblib")
    joblib.dump(model, tmp_path / "xgboost_model.joblib")
    made = publish.convert(tmp_path)
    assert sorted(made.features["own"]["worth"]) == sorted(NUMBERS[:2])
    expected = model.predict_proba(engineer.transform(_table(5)))[:, 1]
    np.testing.assert_allclose(_scored(tmp_path, _table(5).select(NUMBERS[:2])), expected, rtol=1e-5)


def test_a_tuple_with_the_names_of_the_columns(tmp_path: Path, label: np.ndarray) -> None:
    """As people save a model, its columns and a threshold together."""
    model = _xgboost().fit(_table(0).select(NUMBERS).to_numpy(), label)
    joblib.dump((model, NUMBERS, 0.5), tmp_path / "xgboost_model.joblib")
    expected = model.predict_proba(_table(5).select(NUMBERS).to_numpy())[:, 1]
    np.testing.assert_allclose(_scored(tmp_path, _table(5)), expected, rtol=1e-5)


def test_a_file_saved_by_the_estimator_after_early_stopping(tmp_path: Path, label: np.ndarray) -> None:
    """It predicts with the rounds up to the best one, as the estimator does; a booster's own file with all of them."""
    rows, fresh = _table(0).select(NUMBERS).to_pandas(), _table(5).select(NUMBERS).to_pandas()
    model = _xgboost(early_stopping_rounds=3, learning_rate=1).set_params(n_estimators=60)
    model.fit(rows, label, eval_set=[(fresh, label[::-1])], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    for save, expected in (
        (model.save_model, model.predict_proba(fresh)[:, 1]),
        (model.get_booster().save_model, model.get_booster().predict(xgboost.DMatrix(fresh))),
    ):
        save(tmp_path / "xgboost_model.json")
        np.testing.assert_allclose(_scored(tmp_path, _table(5)), expected, rtol=1e-5)


def test_a_forest_of_imbalanced_learn(
    tmp_path: Path, label: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It predicts as a random forest does; the class in the file stands for the library, which is not installed."""
    path = "imblearn.ensemble._forest"
    kind = type("BalancedRandomForestClassifier", (RandomForestClassifier,), {"__module__": path})
    made = ModuleType(path)
    made.BalancedRandomForestClassifier = kind  # type: ignore[attr-defined]
    for parent in ("imblearn", "imblearn.ensemble", path):
        monkeypatch.setitem(sys.modules, parent, made if parent == path else ModuleType(parent))
    fitted = kind(n_estimators=8, random_state=0).fit(_table(0).select(NUMBERS).to_pandas(), label)
    joblib.dump(fitted, tmp_path / "xgboost_model.joblib")
    expected = np.clip(fitted.predict_proba(_table(5).select(NUMBERS).to_pandas())[:, 1], 1e-6, 1 - 1e-6)
    np.testing.assert_allclose(_scored(tmp_path, _table(5)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({"Métriques": {"AUC": 0.94, "Précision moyenne": "61,3 %", "Seuil": 0.4}}, (0.94, 0.613, 0.4)),
        ([{"metric": "auc", "value": 94}, {"metric": "PR-AUC", "value": "0.613"}, {"threshold": 0.4}], (0.94, 0.613, 0.4)),
        ({"training": {"auc": 1.0}, "cv_roc_auc": 0.94, "aucpr": 61.3, "best_threshold": "40%"}, (0.94, 0.613, 0.4)),
    ],
)  # fmt: skip
def test_measures_as_people_write_them(
    tmp_path: Path, label: np.ndarray, stated: Any, found: tuple[float, ...]
) -> None:
    """Under French keys, in percent, as text, in a list, with Windows line ends and a byte order mark."""
    joblib.dump(_xgboost().fit(_table(0).select(NUMBERS).to_pandas(), label), tmp_path / "model.joblib")
    text = json.dumps(stated, indent=1, ensure_ascii=False).replace("\n", "\r\n")
    (tmp_path / "performance.json").write_bytes(text.encode("utf-8-sig"))
    made = importer.convert(tmp_path, name="m")
    read = (made.performance["roc_auc"], made.performance["average_precision"], made.profile["threshold"])
    assert read == pytest.approx(found)


def test_a_dict_with_other_entries(tmp_path: Path, label: np.ndarray) -> None:
    """Plain values beside the model are left out; a fitted object that is not understood is refused by its key."""
    table, fresh = _table(0), _table(5)
    scaler = StandardScaler().fit(table.select(NUMBERS).to_numpy())
    model = _xgboost().fit(scaler.transform(table.select(NUMBERS).to_numpy()), label)
    saved = {
        "model": model, "scaler": scaler, "features": NUMBERS, "trained_at": "2026-01-01", "threshold": 0.3,
        "scores": [0.9, 0.8], "parameters": {"depth": 3},
    }  # fmt: skip
    joblib.dump(saved, tmp_path / "xgboost_model.joblib")
    made = importer.convert(tmp_path, name="m")
    loaded: Any = load_model(made.booster, made.features)
    margin = loaded.margin_of(fresh, {column: column for column in NUMBERS})
    expected = model.predict_proba(scaler.transform(fresh.select(NUMBERS).to_numpy()))[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), expected, rtol=1e-5)
    joblib.dump(saved | {"second_scaler": scaler}, tmp_path / "xgboost_model.joblib")
    with pytest.raises(ForeignModelRefused, match="second_scaler"):
        importer.convert(tmp_path, name="m")


def _scored(folder: Path, table: pl.DataFrame) -> np.ndarray:
    """Return the probabilities of the imported model of a folder."""
    made = importer.convert(folder, name="m")
    model: Any = load_model(made.booster, made.features)
    return np.asarray(1 / (1 + np.exp(-model.margin_of(table, {column: column for column in table.columns}))))


@pytest.mark.parametrize("unknown", [-1, np.nan])
@pytest.mark.parametrize("missing", [None, np.nan], ids=["None", "NaN"])
def test_an_ordinal_encoder_with_unknown_categories(
    tmp_path: Path, label: np.ndarray, unknown: float, missing: float | None
) -> None:
    """Categories that training has not seen, and cells without a value, get the codes that the encoder gives them.

    For scikit-learn, None is a category like any other, and NaN has a code of its own.
    """

    def as_pandas(table: pl.DataFrame) -> Any:
        texts = {column: np.array(table[column].to_list(), dtype=object) for column in TEXTS}
        frame = pd.DataFrame(table.select(NUMBERS).to_dict(as_series=False) | texts)
        frame.loc[table["channel"].is_null().to_numpy(), "channel"] = missing
        return frame

    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=unknown, encoded_missing_value=-7
    )
    train, fresh = _table(0), _table(5)
    train = train.with_columns(channel=pl.when(train["count"] == 2).then(None).otherwise("channel"))
    odd = pl.Series(np.random.default_rng(2).choice(["CI", "XX", "FR", "YY"], ROWS))
    fresh = fresh.with_columns(country=odd, channel=pl.when(odd == "CI").then(None).otherwise("channel"))
    fitted = _after(_xgboost(), _columns("passthrough", encoder)).fit(as_pandas(train), label)
    joblib.dump(fitted, tmp_path / "xgboost_model.joblib")
    np.testing.assert_allclose(
        _scored(tmp_path, fresh), fitted.predict_proba(as_pandas(fresh))[:, 1], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("bare", [False, True], ids=["XGBClassifier", "Booster"])
def test_enable_categorical(tmp_path: Path, label: np.ndarray, bare: bool) -> None:
    """A classifier or its bare booster trained on categorical columns of pandas scores texts as it scores their categories."""

    def frame(table: pl.DataFrame) -> Any:
        return pd.DataFrame(
            {
                "country": pd.Categorical(table["country"].to_list(), categories=["CI", "FR", "ML", "SN"]),
                "amount": table["amount"].to_numpy(),
                "channel": pd.Categorical(table["channel"].to_list(), categories=["app", "ussd"]),
            }
        )

    fitted = _xgboost(enable_categorical=True, max_cat_to_onehot=1).fit(frame(_table(0)), label)
    joblib.dump(fitted.get_booster() if bare else fitted, tmp_path / "xgboost_model.joblib")
    fresh = _table(5).select("amount", "channel", "country")
    np.testing.assert_allclose(
        _scored(tmp_path, fresh), fitted.predict_proba(frame(fresh))[:, 1], rtol=1e-5, atol=1e-6
    )


def test_categories_of_histogram_trees(tmp_path: Path, label: np.ndarray) -> None:
    """Columns of pandas categories, also unknown and missing ones; amounts and times that single precision cannot tell apart."""

    def frame(table: pl.DataFrame, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        countries = np.where(rng.random(ROWS) < 0.1, None, table["country"].to_numpy())
        return pd.DataFrame(
            {
                "time": 1.7e9 + (rng.random(ROWS) * 300).round(2),
                "country": pd.Categorical(countries, categories=[*["CI", "FR", "ML", "SN"][seed:], "XX"]),
                "amount": 1e8 + table["amount"].round(2).to_numpy(),
            }
        )

    train, fresh = frame(_table(0), 0), frame(_table(5), 1)
    odds = label + (train["time"] > 1.7e9 + 150) + train["country"].isin(["CI", "ML"])
    fitted = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8).fit(train, odds > 1)
    joblib.dump(fitted, tmp_path / "xgboost_model.joblib")
    expected = fitted.predict_proba(fresh)[:, 1]
    plain = pl.DataFrame(
        {name: fresh[name].astype(object).where(fresh[name].notna(), None).tolist() for name in fresh}
    )
    np.testing.assert_allclose(_scored(tmp_path, plain), expected, rtol=1e-5, atol=1e-6)
    assert len(set(expected.round(6))) > 30


def test_a_bare_booster(tmp_path: Path, label: np.ndarray) -> None:
    """After a feature engineer in a file of its own."""
    engineer, fresh = _columns(StandardScaler()).fit(_table(0)), _table(5)
    rows = xgboost.DMatrix(engineer.transform(_table(0)), label)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, rows, 12)
    joblib.dump(engineer, tmp_path / "feature_engineer.joblib")
    joblib.dump(booster, tmp_path / "xgboost_model.joblib")
    expected = booster.inplace_predict(engineer.transform(fresh))
    np.testing.assert_allclose(_scored(tmp_path, fresh), expected, rtol=1e-5, atol=1e-6)


REFUSED = {
    "KNNImputer": (_after(_xgboost(), ColumnTransformer([("num", KNNImputer(), NUMBERS)])), "SimpleImputer"),
    "PolynomialFeatures": (_after(_xgboost(), ColumnTransformer([("num", PolynomialFeatures(), NUMBERS)])), "beforehand"),
    "SplineTransformer": (_after(_xgboost(), ColumnTransformer([("num", SplineTransformer(), NUMBERS)])), "beforehand"),
    "FeatureHasher": (
        _after(_xgboost(), ColumnTransformer([("text", FeatureHasher(8, input_type="string"), TEXTS)])), "OrdinalEncoder"
    ),
    "cbrt": (_after(_xgboost(), ColumnTransformer([("num", FunctionTransformer(np.cbrt), NUMBERS)])), "train on the columns"),
    "GradientBoostingClassifier that starts from another": (
        _after(GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()), _columns(SimpleImputer())), "without init"
    ),
    "IsolationForest": (_after(IsolationForest(n_estimators=2), _columns("passthrough")), "vigie predict"),
    "reg:squarederror": (_after(xgboost.XGBRegressor(n_estimators=2), _columns("passthrough")), "two classes, 1 for fraud"),
    "AdaBoostClassifier": (_after(AdaBoostClassifier(n_estimators=2), _columns("passthrough")), "HistGradientBoostingClassifier, or use vigie train"),
    "CalibratedClassifierCV": (
        _after(CalibratedClassifierCV(_xgboost(), cv=2), _columns("passthrough")), "vigie models calibrate"
    ),
    "StackingClassifier": (
        _after(StackingClassifier([("a", _xgboost()), ("b", LogisticRegression())], cv=2), _columns(StandardScaler())), "a model of its own"
    ),
    "VotingClassifier": (
        _after(VotingClassifier([("a", _xgboost()), ("b", _forest())], voting="soft"), _columns("passthrough")), "a model of its own"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(tmp_path: Path, label: np.ndarray, name: str) -> None:
    """With the file that has it, and the next step that helps; a digest would not, since no code can be converted."""
    fitted, helps = REFUSED[name]
    joblib.dump(fitted.fit(_table(0), label), tmp_path / "xgboost_model.joblib")
    with pytest.raises(ForeignModelRefused, match=name) as refused:
        importer.convert(tmp_path, name="m")
    assert "xgboost_model.joblib" in refused.value.message
    assert helps in refused.value.hint
    assert "--trust" not in refused.value.hint


@pytest.mark.parametrize(
    "name", ["xgboost_model.joblib", "xgboost_model.bin", "pipeline.joblib", "best.pkl", "model.txt"]
)
def test_folders_that_may_hold_a_model(name: str) -> None:
    """Also a single pipeline under any name, so that `vigie populate` does not pass over it in silence."""
    assert importer.holds_model({name, "performance.json"})
    assert not importer.holds_model(
        {"feature_engineer.joblib", "feature_selector.pkl", "performance.json", "a.csv"}
    )


def test_what_is_often_in_the_place_of_a_model(tmp_path: Path) -> None:
    """An empty file, a pointer of Git LFS and a failed download are called what they are; so is an empty metadata file."""
    for data, (found, helps) in {
        b"": ("an empty file", "copy the file again"),
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n": (
            "of Git LFS",
            "git lfs pull",
        ),
        b"<!DOCTYPE html><html>": ("a web page", "download the file again"),
    }.items():
        (tmp_path / "xgboost_model.joblib").write_bytes(data)
        with pytest.raises(ForeignModelRefused, match=found) as refused:
            importer.convert(tmp_path, name="m")
        assert helps in refused.value.hint
    (tmp_path / "performance.json").touch()
    with pytest.raises(ForeignModelRefused, match=r"performance.json: found an empty file") as refused:
        importer.convert(tmp_path, name="m")
    assert "leave the file out" in refused.value.hint


@pytest.mark.parametrize(
    "path",
    [
        "catboost.core.CatBoostClassifier",
        "torch.nn.modules.container.Sequential",
    ],
)
def test_boosters_of_other_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """They are named, with what to train in their place; the class in the file stands for the library, which is not installed."""
    module, name = path.rsplit(".", 1)
    made = ModuleType(module)
    kind = type(name, (), {"__module__": module, "__qualname__": name})
    setattr(made, name, kind)
    monkeypatch.setitem(sys.modules, module, made)
    monkeypatch.setitem(
        sys.modules, module.split(".", maxsplit=1)[0], ModuleType(module.split(".", maxsplit=1)[0])
    )
    joblib.dump(_after(kind(), StandardScaler()), tmp_path / "xgboost_model.joblib")
    with pytest.raises(ForeignModelRefused, match=path) as refused:
        importer.convert(tmp_path, name="m")
    assert "train the same data with XGBoost" in refused.value.hint
    assert "--trust" not in refused.value.hint


def test_statistics_in_the_metadata(tmp_path: Path, label: np.ndarray) -> None:
    """Of objects with a name, by name, and categories by name; a threshold of the owner."""
    model = _xgboost().fit(_table(0).select(NUMBERS).to_numpy(), label)
    joblib.dump(model, tmp_path / "xgboost_model.joblib")
    metadata = {
        "feature_columns": NUMBERS,
        "column_stats": {"amount": {"mean": 30.5, "std": 40.0, "min": 1, "max": 900}, "age": {"50%": 41}},
        "categorical": {"values": {"count": [0, 1, 2]}},
    }
    (tmp_path / "dataset_metadata.json").write_text(json.dumps(metadata))
    (tmp_path / "performance.json").write_text(json.dumps({"test": {"auc": 0.8, "best_threshold": 0.31}}))
    profile = importer.convert(tmp_path, name="m").profile
    assert profile["stated"]["amount"] == {"center": 30.5, "scale": 40.0, "low": 1.0, "high": 900.0}
    assert profile["stated"]["age"] == {"center": 41.0}
    assert profile["stated"]["count"] == {"categories": [0, 1, 2]}
    assert profile["threshold"] == 0.31


def _categorical(label: np.ndarray) -> tuple[dict[str, Any], xgboost.Booster]:
    """Return a booster with splits of categories, as JSON with the categories as XGBoost 3.1 writes them, and itself."""
    table = _table(0)
    codes = table["country"].cast(pl.Enum(["CI", "FR", "ML", "SN"])).to_physical().to_numpy()
    matrix = xgboost.DMatrix(
        np.column_stack([codes, table["amount"].to_numpy()]), label, feature_names=["country", "amount"],
        feature_types=["c", "float"], enable_categorical=True,
    )  # fmt: skip
    booster = xgboost.train({"objective": "binary:logistic", "max_cat_to_onehot": 1, "nthread": 1}, matrix, 8)
    document = json.loads(bytes(booster.save_raw("json")))
    document["learner"]["gradient_booster"]["model"]["cats"] = {
        "enc": [{"offsets": [0, 2, 4, 6, 8], "values": list(b"CIFRMLSN")}, {"offsets": [], "values": []}],
        "feature_segments": [0, 4, 4],
        "sorted_idx": [0, 1, 2, 3],
    }
    return document, booster


def test_splits_of_categories(tmp_path: Path, label: np.ndarray) -> None:
    """Categories that the booster has become codes; one that it has not seen is missing; without categories it is refused."""
    document, booster = _categorical(label)
    (tmp_path / "xgboost_model.json").write_text(json.dumps(document))
    made = importer.convert(tmp_path, name="m")
    model: Any = load_model(made.booster, made.features)
    fresh = _table(5)
    codes = fresh["country"].cast(pl.Enum(["CI", "FR", "ML", "SN"])).to_physical().to_numpy()
    expected = booster.inplace_predict(
        np.column_stack([codes, fresh["amount"].to_numpy()]), validate_features=False
    )
    bound = {"country": "country", "amount": "amount"}
    np.testing.assert_allclose(1 / (1 + np.exp(-model.margin_of(fresh, bound))), expected, rtol=1e-5)
    odd = fresh.with_columns(country=pl.lit("XX"))
    assert np.isfinite(model.margin_of(odd, bound)).all()
    model = document["learner"]["gradient_booster"]["model"]
    del model["cats"]
    (tmp_path / "xgboost_model.json").write_text(json.dumps(document))
    with pytest.raises(ForeignModelRefused, match="categories are not in the file") as refused:
        importer.convert(tmp_path, name="m")
    assert refused.value.hint


@pytest.mark.parametrize(
    "change", ["categories_sizes", "categories_segments", "categories_nodes", "categories"]
)
def test_lists_of_categories_that_do_not_fit_are_refused(
    tmp_path: Path, label: np.ndarray, change: str
) -> None:
    """XGBoost reads beyond some of them while it loads the file, which ends the process that was started for it alone."""
    document, _ = _categorical(label)
    trees = document["learner"]["gradient_booster"]["model"]["trees"]
    tree = next(tree for tree in trees if tree["categories_nodes"])
    tree[change][0] = 1 << 30
    (tmp_path / "xgboost_model.json").write_text(json.dumps(document))
    with pytest.raises(ForeignModelRefused) as refused:
        importer.convert(tmp_path, name="m")
    assert refused.value.file == "xgboost_model.json"
