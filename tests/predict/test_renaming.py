"""What columns are called hardly matters, as long as it says what they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.predict.conftest import Score
from tests.predict.renamings import VARIANTS, renamed

from vigie import table
from vigie.calibration.metrics import measure
from vigie.engine.output import Prediction
from vigie.roles.inference import infer
from vigie.simulator import generate

DATA = Path(
    os.environ.get("VIGIE_EVALUATION_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data"
)
SMALL = ("aws_auto_insurance_2k", "aws_transaction_2k", "card_transdata_2k5", "creditcard_present_3k",
         "fraude_cartao_pt_5k", "paysim_10k_si_no")  # fmt: skip
PAYEES = {"mobile_money", "transfers", "p2p", "crypto", "corporate_payments"}
"""Domains whose counterparty is a payee rather than a shop."""

MOST_CHANGE = 0.02
FRAUDS = 30
"""Fewer in a world, and its average precision hangs on one row."""


def _ap(found: Prediction, label: np.ndarray, known: np.ndarray | None = None) -> float:
    keep = np.ones(len(label), dtype=bool) if known is None else known
    return measure(label[keep], found.additions["fraud_score"].to_numpy()[keep])[1]


def _reads(found: Prediction) -> list[str]:
    return [column["role"] for column in found.summary["roles"]]


def _compare(
    score: Score, cases: list[tuple[str, pl.DataFrame, dict[str, str], np.ndarray, np.ndarray]]
) -> None:
    """Scores each table under every owner's names and compares the mean AP with that of plain English."""
    average: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    misread = []
    for name, frame, roles, label, known in cases:
        found = {}
        for variant in VARIANTS:
            names = renamed(frame, roles, variant, payees=name.split(" ")[0] in PAYEES)
            found[variant] = score(frame.rename(names), reasons=False)
            average[variant].append(_ap(found[variant], label, known))
            before, after = _reads(found["english"]), _reads(found[variant])
            misread += [
                f"{name}, {variant}: {names[column]} is {now}, not {was}"
                for column, was, now in zip(frame.columns, before, after, strict=True)
                if was != now
            ]
    averages = {variant: float(np.mean(values)) for variant, values in average.items()}
    change = {variant: round(mean / averages["english"] - 1, 4) for variant, mean in averages.items()}
    print(f"mean AP {averages['english']:.4f}; change {change}", *misread, sep="\n  ")
    assert max(map(abs, change.values())) < MOST_CHANGE, (change, misread)


@pytest.mark.slow
def test_renaming_columns_hardly_matters(score: Score) -> None:
    """Ten simulated worlds under five owners' names: the mean average precision stays within 2 %."""
    domains = ("mobile_money", "card_present", "card_not_present", "transfers", "p2p", "acquiring",
               "account_opening", "lending", "insurance", "orders")  # fmt: skip
    cases = []
    for first, domain in enumerate(domains):
        made = next(
            found
            for found in (generate(domain, seed, 1500) for seed in range(first, first + 60))
            if found.label.sum() >= FRAUDS
        )
        cases.append((domain, made.frame, made.roles, made.label, np.ones(len(made.label), dtype=bool)))
    _compare(score, cases)


@pytest.mark.slow
@pytest.mark.skipif(
    not (DATA / "manifest.csv").exists(),
    reason=f"NO EVALUATION TABLES at {DATA}: renaming of real tables unchecked",
)
def test_renaming_the_columns_of_real_tables_hardly_matters(score: Score) -> None:
    """The same on the small labelled tables, label and leaks removed as their README asks."""
    manifest = pl.read_csv(DATA / "manifest.csv", infer_schema_length=0)
    cases = []
    for name in SMALL:
        row = manifest.filter(pl.col("short_name") == name).row(0, named=True)
        frame = pl.read_parquet(DATA / f"{name}.parquet")
        if row["shuffle_rows"] == "1":
            frame = frame.sample(fraction=1.0, shuffle=True, seed=0)
        frame = frame.head(3000)
        label = frame[row["label_column"]].cast(pl.String)
        known = (label.is_not_null() & (label != (row["unlabelled_value"] or ""))).to_numpy()
        leaks = [column for column in (row["leak_columns"] or "").split("|") if column]
        frame = table.parse(frame.drop([row["label_column"], *leaks]))
        roles = {c.column: c.role for c in infer(frame).columns}
        cases.append(
            (name, frame, roles, (label == row["positive_value"]).fill_null(False).to_numpy(), known)
        )
    _compare(score, cases)


def test_a_renamed_table_has_the_same_roles(score: Score, quick: None) -> None:
    """The quick half of the promise: what the columns mean does not depend on who named them."""
    made = generate("card_present", 3, 600)
    found = {
        variant: _reads(score(made.frame.rename(renamed(made.frame, made.roles, variant)), reasons=False))
        for variant in VARIANTS
    }
    wrong = {
        variant: [
            (c, was, now)
            for c, was, now in zip(made.frame.columns, found["english"], roles, strict=True)
            if was != now
        ]
        for variant, roles in found.items()
    }
    assert not any(wrong.values()), wrong
