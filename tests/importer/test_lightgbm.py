"""Models of LightGBM are read as data: each gives the scores of the original, or is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.feature_selection import SelectFromModel
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from vigie import importer
from vigie.errors import ForeignModelRefused
from vigie.models.load import load_model

ROWS = 800
SETTINGS = {"n_estimators": 25, "num_leaves": 8, "verbose": -1, "n_jobs": 1, "random_state": 0}
COUNTRIES = ["CI", "FR", "ML", "SN"]


def _table(seed: int) -> pd.DataFrame:
    """Return numbers with missing ones and zeros, times and amounts beyond single precision, codes and categories."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": 1e8 + rng.lognormal(3, 1, ROWS).round(2),
            "balance": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(0, 500, ROWS)),
            "time": 1.7e9 + (rng.random(ROWS) * 300).round(2),
            "count": rng.poisson(1, ROWS).astype(float),
            "code": 3 * rng.integers(0, 30, ROWS),
            "country": pd.Categorical(np.where(rng.random(ROWS) < 0.1, None, rng.choice(COUNTRIES, ROWS)), categories=COUNTRIES),
        }
    )  # fmt: skip


def _fresh() -> pd.DataFrame:
    """Return rows with categories that training has not seen, and with missing values where it had none."""
    fresh = _table(5)
    fresh.loc[:40, "code"] = 1000
    fresh.loc[20:60, "count"] = np.nan
    fresh["country"] = fresh["country"].cat.add_categories(["XX"])
    fresh.loc[50:90, "country"] = "XX"
    return fresh


def _label(table: pd.DataFrame) -> Any:
    odds = np.log(table["amount"] - 1e8) + table["balance"].fillna(900) / 500 + 1.5 * (table["count"] == 0)
    odds += 2 * table["country"].isin(["CI", "ML"]) + np.sin(table["code"]) + (table["time"] > 1.7e9 + 150)
    return (odds > 4).astype(int)


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="country")


def _scored(folder: Path, table: pd.DataFrame) -> np.ndarray:
    made = importer.convert(folder, name="m")
    assert made.profile["provenance"]["trusted"] == []
    model: Any = load_model(made.booster, made.features)
    plain = pl.DataFrame(
        {name: table[name].astype(object).where(table[name].notna(), None).tolist() for name in table}
    )
    return np.asarray(1 / (1 + np.exp(-model.margin_of(plain, {name: name for name in plain.columns}))))


def _classifier(**more: Any) -> Any:
    return lightgbm.LGBMClassifier(**(SETTINGS | more))


MODELS = {
    "plain": _classifier(),
    "a random forest": _classifier(boosting_type="rf", bagging_freq=1, bagging_fraction=0.6),
    "dart": _classifier(boosting_type="dart"),
    "zero as missing": _classifier(zero_as_missing=True),
    "nothing is missing": _classifier(use_missing=False),
    "another sigmoid": _classifier(sigmoid=0.7, class_weight="balanced"),
    "cross entropy": _classifier(objective="cross_entropy"),
    "in a pipeline": Pipeline([("scale", StandardScaler()), ("select", SelectFromModel(_classifier(), threshold="0.5*mean")), ("model", _classifier())]),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_scores_are_those_of_the_original(tmp_path: Path, name: str) -> None:
    """On new rows, to 1e-6."""
    table, fresh = _table(0), _numbers(_fresh())
    fitted = MODELS[name].fit(_numbers(table), _label(table))
    joblib.dump(fitted, tmp_path / "xgboost_model.joblib")
    expected = fitted.predict_proba(fresh)[:, 1]
    np.testing.assert_allclose(_scored(tmp_path, fresh), expected, rtol=1e-5, atol=1e-6)
    assert len(set(expected.round(6))) > 50


@pytest.mark.parametrize("kind", ["classifier", "codes", "stopped early", "booster", "text"])
def test_categories(tmp_path: Path, kind: str) -> None:
    """Texts and codes are read as the categories that the model knows, in a classifier, a booster and a text file."""
    table, fresh = _table(0), _fresh()
    label = _label(table)
    if kind == "codes":
        table, fresh = _numbers(table), _numbers(fresh)
    fitted = _classifier(n_estimators=300 if kind == "stopped early" else 25, min_data_per_group=5)
    stop = [lightgbm.early_stopping(3, verbose=False)] if kind == "stopped early" else None
    fitted.fit(
        table[:600], label[:600], eval_X=table[600:], eval_y=label[600:], callbacks=stop,
        categorical_feature=["code"] if kind == "codes" else "auto",
    )  # fmt: skip
    assert (0 < fitted.best_iteration_ < 200) == (kind == "stopped early")
    if kind == "text":
        fitted.booster_.save_model(tmp_path / "xgboost_model.txt")
    else:
        joblib.dump(fitted.booster_ if kind == "booster" else fitted, tmp_path / "xgboost_model.joblib")
    expected = fitted.predict_proba(fresh)[:, 1]
    np.testing.assert_allclose(_scored(tmp_path, fresh), expected, rtol=1e-5, atol=1e-6)


REFUSED = {
    "linear trees": ({"linear_tree": True}, 2),
    "objective custom": (
        {"objective": lambda y, p: (1 / (1 + np.exp(-p)) - y, np.full(len(y), 0.25))},
        2,
    ),
    "of 3 classes": ({}, 3),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(tmp_path: Path, name: str) -> None:
    """With the next step that helps; the own objective is a function of the file, which is never called."""
    more, classes = REFUSED[name]
    fitted = _classifier(**more).fit(_numbers(_table(0)), np.arange(ROWS) % classes)
    fitted.booster_.save_model(tmp_path / "xgboost_model.txt")
    with pytest.raises(ForeignModelRefused, match=name) as refused:
        importer.convert(tmp_path, name="m")
    assert "binary LGBMClassifier" in refused.value.hint


def test_a_malformed_text_is_refused(tmp_path: Path) -> None:
    """Children, features and categories that do not exist, parts of other lengths, and a text that ends early."""
    table = _table(0)
    fitted = _classifier(n_estimators=2, min_data_per_group=5).fit(table, _label(table))
    text = fitted.booster_.model_to_string()
    lines = text.splitlines()
    broken = {
        "left_child": lambda value: "0 " + value.partition(" ")[2],
        "split_feature": lambda value: "99 " + value.partition(" ")[2],
        "leaf_value": lambda value: value.partition(" ")[2],
        "cat_boundaries": lambda _: "0",
    }
    texts = [text[: len(text) // 3]]
    for name, change in broken.items():
        at = next(at for at, line in enumerate(lines) if line.startswith(f"{name}="))
        value = change(lines[at].partition("=")[2])
        texts.append("\n".join([*lines[:at], f"{name}={value}", *lines[at + 1 :]]))
    for one in texts:
        (tmp_path / "xgboost_model.txt").write_text(one)
        with pytest.raises(ForeignModelRefused, match=r"xgboost_model\.txt"):
            importer.convert(tmp_path, name="m")
