"""Trains three models as an AutoML script does, with XGBoost, scikit-learn and joblib alone, and saves them in folders.

    python automl_folders.py FOLDER

Writes for each of `transfers`, `cards` and `claims`:

    FOLDER/automl_models/NAME/   xgboost_model.joblib, feature_engineer.joblib, feature_selector.joblib,
                                 performance.json, dataset_metadata.json
    FOLDER/NAME_next.csv         the owner's next file, without a label, its columns in French and in another order
    FOLDER/NAME_labelled.csv     another one, with the label `fraude`
    FOLDER/NAME_expected.npy     probabilities of the fitted pipeline for the next file

It must run where Vigie is not installed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import polars as pl
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectFromModel, SelectKBest, VarianceThreshold, f_classif
from sklearn.impute import SimpleImputer
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PowerTransformer, StandardScaler

TRAINING_ROWS, NEXT_ROWS = 4000, 2500
FRENCH = {
    "transfers": {
        "amount": "montant", "type": "type_operation", "balance_before": "solde_avant", "hour": "heure",
        "channel": "canal", "customer_age": "age_client", "country": "pays",
    },
    "cards": {
        "transaction_amount": "montant_transaction", "merchant_category": "categorie_marchand", "entry_mode": "mode_saisie",
        "distance_km": "distance_domicile_km", "transactions_24h": "nb_transactions_24h", "currency": "devise",
    },
    "claims": {
        "claim_amount": "montant_sinistre", "vehicle_age": "age_vehicule", "policy_months": "anciennete_contrat_mois",
        "region": "region_assure", "police_report": "rapport_police", "witnesses": "temoins", "garage_code": "code_garage",
    },
}  # fmt: skip


def draw(name: str, rows: int, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Return a table of one kind and its labels."""
    rng = np.random.default_rng([seed, sorted(FRENCH).index(name)])
    table = {"transfers": _transfers, "cards": _cards, "claims": _claims}[name](rng, rows)
    columns, odds = table
    label = odds + rng.logistic(0, 0.6, rows)
    return pl.DataFrame(columns), (label > np.quantile(label, 0.95)).astype(int)


def _transfers(rng: np.random.Generator, rows: int) -> tuple[dict[str, Any], np.ndarray]:
    amount = rng.lognormal(8, 1.2, rows).round(2)
    kind = rng.choice(["TRANSFER", "CASH_OUT", "PAYMENT", "DEBIT"], rows, p=[0.25, 0.3, 0.35, 0.1])
    hour = rng.integers(0, 24, rows)
    before = rng.lognormal(9, 1, rows).round(2)
    before[rng.random(rows) < 0.05] = np.nan
    channel = rng.choice(["app", "ussd", "agent"], rows)
    columns = {
        "amount": amount, "type": kind, "balance_before": before, "hour": hour, "channel": channel,
        "customer_age": rng.integers(18, 80, rows), "country": rng.choice(["SN", "CI", "ML", "BF"], rows),
    }  # fmt: skip
    drained = np.nan_to_num(amount / before, nan=0.3)
    return columns, np.log1p(drained) * 2 + 1.5 * (kind == "TRANSFER") + (hour < 5) + (channel == "ussd")


def _cards(rng: np.random.Generator, rows: int) -> tuple[dict[str, Any], np.ndarray]:
    amount = rng.lognormal(3.5, 1, rows).round(2)
    category = rng.choice(["grocery", "travel", "electronics", "fuel", "jewellery"], rows)
    mode = rng.choice(["chip", "swipe", "online"], rows, p=[0.5, 0.2, 0.3])
    distance = rng.exponential(30, rows).round(1)
    often = rng.poisson(2, rows)
    columns = {
        "transaction_amount": amount, "merchant_category": category, "entry_mode": mode, "distance_km": distance,
        "transactions_24h": often, "currency": rng.choice(["EUR", "USD", "GBP"], rows),
    }  # fmt: skip
    risky = np.isin(category, ["electronics", "jewellery"])
    return columns, np.log(amount) * 0.5 + 1.2 * risky + 1.5 * (mode == "online") + distance / 60 + often / 3


def _claims(rng: np.random.Generator, rows: int) -> tuple[dict[str, Any], np.ndarray]:
    amount = rng.gamma(2, 1500, rows).round(0)
    age = rng.integers(0, 20, rows)
    months = rng.integers(1, 240, rows)
    report = rng.choice(["yes", "no"], rows)
    region = rng.choice(["north", "south", "east", "west"], rows)
    columns = {
        "claim_amount": amount, "vehicle_age": age, "policy_months": months, "region": region, "police_report": report,
        "witnesses": rng.integers(0, 4, rows), "garage_code": rng.choice(["G01", "G02", "G07", "G11"], rows),
    }  # fmt: skip
    return columns, amount / 2500 + 1.5 * (months < 12) + (report == "no") + age / 12 + (region == "south")


def engineer_of(name: str, numbers: list[str], texts: list[str]) -> Any:
    """Return the unfitted feature engineer of one kind."""
    if name == "transfers":
        filled = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
        return ColumnTransformer(
            [
                ("num", filled, numbers),
                ("cat", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
            ]
        )
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    if name == "cards":
        return ColumnTransformer([("cat", codes, texts)], remainder="passthrough")
    power = Pipeline([("power", PowerTransformer())])
    return Pipeline([("columns", ColumnTransformer([("num", power, numbers), ("cat", codes, texts)]))])


def selector_of(name: str) -> Any:
    """Return the unfitted feature selector of one kind."""
    if name == "transfers":
        return SelectKBest(f_classif, k=10)
    return VarianceThreshold() if name == "claims" else SelectFromModel(_classifier(), threshold="0.1*mean")


def _classifier() -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(n_estimators=80, max_depth=4, learning_rate=0.15, n_jobs=1, random_state=0)


def save(name: str, place: Path) -> None:
    """Train and save one model, and write the files to score with it."""
    table, label = draw(name, TRAINING_ROWS, seed=1)
    texts = [column for column in table.columns if table[column].dtype == pl.String]
    engineer = engineer_of(name, [column for column in table.columns if column not in texts], texts)
    selector, model = selector_of(name), _classifier()
    kept = selector.fit_transform(engineer.fit_transform(table), label)
    model.fit(kept, label)

    def predict(rows: pl.DataFrame) -> np.ndarray:
        return np.asarray(model.predict_proba(selector.transform(engineer.transform(rows)))[:, 1])

    folder = place / "automl_models" / name
    folder.mkdir(parents=True)
    joblib.dump(model, folder / "xgboost_model.joblib")
    joblib.dump(engineer, folder / "feature_engineer.joblib")
    joblib.dump(selector, folder / "feature_selector.joblib")
    test, truth = draw(name, NEXT_ROWS, seed=2)
    measured = {
        "roc_auc": roc_auc_score(truth, predict(test)),
        "average_precision": average_precision_score(truth, predict(test)),
    }
    (folder / "performance.json").write_text(json.dumps(measured))
    metadata = {"n_rows": TRAINING_ROWS, "fraud_rate": float(label.mean()), "feature_columns": table.columns}
    (folder / "dataset_metadata.json").write_text(json.dumps(metadata))
    french = FRENCH[name]
    order = list(french.values())[::-1]
    following, _ = draw(name, NEXT_ROWS, seed=3)
    np.save(place / f"{name}_expected.npy", predict(following))
    following.rename(french).select(order).write_csv(place / f"{name}_next.csv")
    labelled, truth = draw(name, NEXT_ROWS, seed=4)
    labelled.rename(french).select(order).with_columns(fraude=truth).write_csv(place / f"{name}_labelled.csv")


if __name__ == "__main__":
    for kind in FRENCH:
        save(kind, Path(sys.argv[1]))
