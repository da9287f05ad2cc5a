"""Columns that look like labels."""

from __future__ import annotations

import polars as pl

from vigie.roles.inference import infer
from vigie.roles.label_columns import label_columns

NAMES = [
    "is_fraud",
    "fraude",
    "Class",
    "isFraud",
    "label",
    "target",
    "y",
    "chargeback",
    "FraudFound_P",
    "étiquette",
    "ÉTIQUETTE",
    "cible",
    "TX_FRAUD",
    "PotentialFraud",
    "fraud_reported",
    "isFlaggedFraud",
    "etiqueta",
    "es_fraude",
    "fraudulento",
    "frauduleux",
    "FRD_IND",
    "is_scam",
    "impayé",
    "disputed",
    "ground_truth",
    "gt",
    "anomaly",
    "is_attack",
    "Is_Laundering",
    "blanchiment",
    "is_sar",
    "charge_back",
    "chargebacked",
    "betrug",
    "frode",
    "résultat",
    "EVENT_LABEL",
    "statut_fraude",
    "Fraud (Y/N)",
    "fraud?",
    "Fraude avérée",
    "Is Fraudulent",
    "fraud.label",
]
PAIRS = [
    (1, 0),
    (1.0, 0.0),
    ("Y", "N"),
    ("oui", "non"),
    ("True", "False"),
    ("fraud", "legit"),
    (1, None),
    (1, -1),
]


def test_a_label_is_known_afterwards_and_has_two_or_three_values() -> None:
    """In the order of the table; neither a date of a decision nor a column of one value is one."""
    frame = pl.DataFrame(
        {
            "amount": [float(i % 90) for i in range(300)],
            "is_fraud": [int(i % 20 == 0) for i in range(300)],
            "Fraude": [["Oui", "non ", "NON", None][i % 4] for i in range(300)],
            "chargeback_date": [f"2026-01-{1 + i % 28:02}" for i in range(300)],
            "fraud_flag": [0] * 300,
        }
    )
    assert label_columns(frame, infer(frame)) == ["is_fraud", "Fraude"]
    assert label_columns(frame.select("amount"), infer(frame.select("amount"))) == []


def test_labels_are_found_by_many_names() -> None:
    """In the languages of the product, however the two classes are written; columns of two other values are none."""
    amounts = pl.Series("amount", [float(i % 90) for i in range(300)])
    missed = []
    for number, name in enumerate(NAMES):
        positive, negative = PAIRS[number % len(PAIRS)]
        cells = [
            positive if i % 20 == 0 else negative if i % 3 or negative is not None else 0 for i in range(300)
        ]
        frame = pl.DataFrame([amounts, pl.Series(name, cells)])
        if label_columns(frame, infer(frame)) != [name]:
            missed.append((name, positive, negative))
    assert missed == []
    pairs = {
        "class": ["Economy", "Business"], "target": ["mobile", "desktop"], "status": ["completed", "failed"],
        "outcome": ["win", "loss"], "result": ["ok", "error"], "flag": ["FR", "US"], "is_weekend": [0, 1], "has_chip": ["Y", "N"],
    }  # fmt: skip
    frame = pl.DataFrame({name: [pair[i % 2] for i in range(300)] for name, pair in pairs.items()})
    assert label_columns(frame, infer(frame)) == []
