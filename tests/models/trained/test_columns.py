"""Columns are known again by what they hold and what they mean, and a wrong match is worse than none."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from vigie.models.column_assignment import name_similarity
from vigie.models.trained import encoders as encode
from vigie.models.trained.column_matching import ks_distance, match_columns, sketch_columns
from vigie.models.trained.column_sketch import Sketch, normalised_cells, sketch_column
from vigie.models.trained.table_recognition import fingerprint, match_tables
from vigie.roles import inference
from vigie.training.single_column_auc import best_rule_auc, emptiness_auc

ROWS = 3000


def payments(seed: int) -> pl.DataFrame:
    """Two draws of one process: no cell is the same, every spread is."""
    rng = np.random.default_rng(seed)
    frame = {
        "customer_id": [f"C{i:06d}" for i in rng.integers(0, 400, ROWS)],
        "amount": rng.lognormal(3, 1, ROWS).round(2),
        "fee": rng.gamma(2, 1, ROWS).round(2),
        "channel": rng.choice(["web", "app", "branch"], ROWS, p=[0.6, 0.3, 0.1]),
        "is_new_device": rng.random(ROWS) < 0.05,
    }
    return pl.DataFrame(frame | {f"V{i}": rng.normal(0, 1 + i, ROWS) for i in range(5)})


def model(frame: pl.DataFrame) -> list[Sketch]:
    """Its columns, remembered."""
    return [sketch_column(frame[c.column], c.role, "salt") for c in inference.infer(frame).columns]


@pytest.mark.parametrize("nameless", [False, True])
def test_every_column_is_found_under_another_name(nameless: bool) -> None:
    """In French, or without any name at all, in another order."""
    first, second = payments(1), payments(2)
    french = ["id_client", "montant", "frais", "canal", "nouvel_appareil"]
    names = dict(zip(first.columns, french, strict=False)) | {f"V{i}": f"W{9 - i}" for i in range(5)}
    if nameless:
        names = {name: f"champ_{i}" for i, name in enumerate(first.columns)}
    other = second.rename(names).select(sorted(names.values(), reverse=True))
    found = match_columns(model(first), sketch_columns(other, inference.infer(other)), "salt")
    assert {name: there.column for name, there in found.items()} == names


def test_a_column_that_is_not_there_is_not_replaced() -> None:
    """Another one of the same role but another spread does not stand in for it."""
    first, second = payments(1), payments(2)
    other = second.drop("V4").with_columns(pl.Series("V9", np.random.default_rng(0).uniform(50, 60, ROWS)))
    found = match_columns(model(first), sketch_columns(other, inference.infer(other)), "salt")
    assert "V4" not in found
    assert {name: there.column for name, there in found.items()} == {n: n for n in first.columns if n != "V4"}


def test_the_same_name_decides() -> None:
    """Even where the values have moved on."""
    first, second = payments(1), payments(2).with_columns(pl.col("amount") * 3)
    found = match_columns(model(first), sketch_columns(second, inference.infer(second)), "salt")
    assert found["amount"].column == "amount"
    assert found["amount"].similarity < 0.5


def test_only_a_known_table_is_recognised() -> None:
    """Its columns under any names, but not a table of another kind."""
    first, second = payments(1), payments(2)
    used = dict.fromkeys(first.columns, 1 / first.width)
    profile = json.loads(json.dumps(fingerprint(model(first), "salt", used)))
    renamed = second.rename({name: f"c{i}" for i, name in enumerate(second.columns)})
    (known,) = match_tables([profile], renamed, inference.infer(renamed))
    assert known.roles["c1"] == "amount"
    rng = np.random.default_rng(0)
    many = [pl.Series(f"n{i}", rng.gumbel(i, 1 + i, ROWS)) for i in range(31)]
    wide = renamed.with_columns(many)
    assert match_tables([profile], wide, inference.infer(wide)) == (), "a table of which little is known"
    assert match_tables([profile], second.with_columns(many), inference.infer(second.with_columns(many)))
    other = pl.DataFrame({"age": rng.integers(18, 90, ROWS), "income": rng.lognormal(10, 1, ROWS).round(), "job": rng.choice(["a", "b"], ROWS)})  # fmt: skip
    assert match_tables([profile], other, inference.infer(other)) == ()
    assert match_tables([], other, inference.infer(other)) == ()


def test_private_columns_leave_no_value() -> None:
    """Neither hashes nor quantiles of a column that names persons."""
    made = sketch_column(pl.Series("customer_id", [1001, 1002, 1003] * 100), "customer", "salt")
    assert made.shares == {}
    assert made.spread == ()
    assert made.lengths
    assert Sketch.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_a_cell_reads_the_same_however_it_was_typed() -> None:
    """An integer, a float, a text; yes and no as one and nought."""
    for series in (pl.Series([7, None]), pl.Series([7.0, None]), pl.Series([" 7 ", None])):
        assert normalised_cells(series).to_list() == ["7", None]
    assert normalised_cells(pl.Series([True, False])).to_list() == ["1", "0"]
    assert normalised_cells(pl.Series([0.25])).to_list() == ["0.25"]
    assert normalised_cells(pl.Series(["Web"])).to_list() == ["web"]


def test_categories_keep_their_encoding_of_training() -> None:
    """A category never seen says nothing, a missing column is unknown, and nothing is fitted again."""
    frame = pl.DataFrame({"kind": ["a"] * 100 + ["b"] * 100})
    label = np.r_[np.ones(80, bool), np.zeros(120, bool)]
    known = np.ones(200, dtype=bool)
    encoders = encode.fit_encoders(
        frame, [sketch_column(frame["kind"], "category", "s")], label, known, "s", None
    )
    encoders = [encode.Encoder.from_json(json.loads(json.dumps(one.to_json()))) for one in encoders]
    later = pl.DataFrame({"type": ["b", "a", "new", None]})
    odds = encode.encode_table(later, encoders, {"kind": "type"}, "s", None)[:, 0]
    assert odds[1] > 0 > odds[0]
    assert odds[2] == 0
    assert np.isnan(odds[3])
    assert np.isnan(encode.encode_table(later, encoders, {}, "s", None)).all()


def test_a_category_is_encoded_by_other_rows_than_its_own() -> None:
    """A value that occurs in one fold only says nothing there."""
    frame = pl.DataFrame({"kind": ["a"] * 20 + ["b"] * 180})
    label, known = np.r_[np.ones(20, bool), np.zeros(180, bool)], np.ones(200, dtype=bool)
    encoders = encode.fit_encoders(
        frame, [sketch_column(frame["kind"], "category", "s")], label, known, "s", None
    )
    fold = np.r_[np.zeros(20, dtype=np.int64), np.arange(180) % 5]
    reported = encode.out_of_fold(frame, encoders, label, known, fold)[0]
    assert (reported[:20] == 0).all()


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [("amountUSD", "amount_usd", 1.0, 1.0), ("montant", "amount", 0.6, 0.99), ("V3", "V4", 0.0, 0.0), ("city", "fee", 0.0, 0.4)],
)  # fmt: skip
def test_names_are_alike_by_words_and_meaning(one: str, other: str, least: float, most: float) -> None:
    """The same words are the same name; a translation is near; a number alone says nothing."""
    assert least <= name_similarity(one, other) <= most


def test_the_gap_of_two_spreads_is_that_of_kolmogorov_and_smirnov() -> None:
    """Nothing for the same, one where nothing is shared."""
    x = np.linspace(0, 1, 50)
    assert ks_distance(x, x) == 0
    assert ks_distance(x, x + 5) == 1
    assert ks_distance(x, x + 0.2) == pytest.approx(0.2, abs=0.03)


def test_one_column_alone_is_judged_on_rows_it_did_not_learn_from() -> None:
    """A number per row tells nothing, though it could be learned by heart."""
    rng = np.random.default_rng(0)
    label = rng.random(2000) < 0.1
    assert best_rule_auc(pl.Series([f"id{i}" for i in range(2000)]), label, 0)[0] == pytest.approx(
        0.5, abs=0.06
    )
    assert best_rule_auc(pl.Series(np.where(label, 5.0, rng.normal(size=2000))), label, 0)[0] > 0.98
    assert emptiness_auc(pl.Series([1.0 if one else None for one in label]), label) == 1.0
    assert emptiness_auc(pl.Series([1.0] * 2000), label) == 0.5
