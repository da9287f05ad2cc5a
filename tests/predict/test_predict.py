"""The whole prediction: a table without labels in, predictions out, whatever the order of its rows and columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import people
from tests.predict.conftest import Score, check, opener

from vigie import table as tables
from vigie.calibration.metrics import measure
from vigie.catalog import Catalog
from vigie.engine import pipeline
from vigie.engine.decision import review_count
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.engine.table_matching import match
from vigie.errors import UnknownColumn
from vigie.simulator import SimulatedTable, generate


def test_seven_columns_in_order(scored: Prediction, simulated: SimulatedTable) -> None:
    check(scored, simulated.frame)
    assert scored.summary["calibrated"]
    assert len(scored.summary["matches"]) == 3
    assert sum(m["weight"] for m in scored.summary["matches"]) == pytest.approx(1, abs=1e-3)
    assert all(m["similarity"] > 0.5 and m["evidence"] for m in scored.summary["matches"])


def test_predictions_line_up_with_the_upload(score: Score, simulated: SimulatedTable) -> None:
    """A marker in each row: the suspicious rows are where the upload has them, and no cell has changed."""
    rng = np.random.default_rng(0)
    marked = simulated.frame.with_columns(
        pl.Series("marker", [f"row {i}" for i in rng.permutation(simulated.frame.height)])
    )
    found = score(marked, roles={"marker": "none"})
    assert found.table.frame.equals(marked)
    by_marker = dict(zip(marked["marker"], found.additions["fraud_score"], strict=True))
    again = score(marked.reverse(), roles={"marker": "none"})
    for marker, there in zip(marked["marker"].reverse(), again.additions["fraud_score"], strict=True):
        assert by_marker[marker] == there
    top = found.summary["top"]
    assert [row["fraud_score"] for row in top] == sorted(found.additions["fraud_score"], reverse=True)[:10]
    assert all(found.additions["fraud_score"][row["row"] - 1] == row["fraud_score"] for row in top)


def test_it_finds_frauds(scored: Prediction, simulated: SimulatedTable) -> None:
    """No exact figure: far better than chance, and better at the top."""
    auc, average, _ = measure(simulated.label, scored.additions["fraud_score"].to_numpy())
    assert auc > 0.65
    assert average > 3 * simulated.label.mean()


def test_probability_rises_with_the_score(scored: Prediction) -> None:
    ordered = scored.additions.sort("fraud_score")["fraud_probability"].to_numpy()
    assert (np.diff(ordered) >= 0).all()


# what must change nothing


def test_the_same_input_gives_the_same_bytes(
    scored: Prediction, score: Score, simulated: SimulatedTable
) -> None:
    again = score(simulated.frame)
    assert again.additions.write_csv() == scored.additions.write_csv()
    assert {**again.summary, "seconds": 0} == {**scored.summary, "seconds": 0}


def test_another_seed_gives_nearly_the_same_scores(
    scored: Prediction, score: Score, simulated: SimulatedTable
) -> None:
    other = score(simulated.frame, seed=7).additions["fraud_score"].to_numpy()
    assert not np.array_equal(other, scored.additions["fraud_score"].to_numpy())
    ranks = [np.argsort(np.argsort(x)) for x in (other, scored.additions["fraud_score"].to_numpy())]
    assert np.corrcoef(*ranks)[0, 1] > 0.95


def test_the_order_of_the_columns_changes_nothing(
    scored: Prediction, score: Score, simulated: SimulatedTable
) -> None:
    columns = np.random.default_rng(1).permutation(simulated.frame.columns).tolist()
    found = score(simulated.frame.select(columns))
    assert found.additions.write_csv() == scored.additions.write_csv()


def test_the_order_of_the_rows_only_reorders(
    scored: Prediction, score: Score, simulated: SimulatedTable
) -> None:
    order = np.random.default_rng(1).permutation(simulated.frame.height)
    found = score(simulated.frame[order])
    assert found.additions.write_csv() == scored.additions[order].write_csv()


def test_names_with_the_same_meaning_change_nothing(score: Score, quick: None) -> None:
    """Where the roles are stated and no model matches, the names are not looked at: the same bytes."""
    frame = people(300)
    roles = {
        "time": "time",
        "customer": "customer",
        "merchant": "counterparty",
        "amount": "amount",
        "category": "category",
    }
    other = {"time": "zz", "customer": "b", "merchant": "a", "amount": "y", "category": "c"}
    here = score(frame, roles=roles, minimum=1.0)
    there = score(frame.rename(other), roles={other[c]: role for c, role in roles.items()}, minimum=1.0)
    assert here.additions.write_csv() == there.additions.write_csv()


def test_the_order_of_rows_that_are_equal(score: Score, quick: None) -> None:
    """A table of copies: shuffling cannot tell them apart, and equal rows without a history score the same."""
    frame = pl.concat([people(100).drop("time")] * 3)
    found = score(frame).additions
    check(score(frame), frame)
    first, second = found["anomaly_score"][:100].to_numpy(), found["anomaly_score"][100:200].to_numpy()
    np.testing.assert_allclose(first, second, atol=0.02)


# what the user asks for


@pytest.mark.parametrize(("budget", "alerts"), [(0.01, 20), (37, 37), (1, 1)])
def test_alert_budgets_are_kept_exactly(
    catalog: Catalog, simulated: SimulatedTable, budget: float, alerts: int, quick: None
) -> None:
    frame = simulated.frame.head(2000) if simulated.frame.height >= 2000 else simulated.frame
    alerts = round(budget * frame.height) if budget < 1 else alerts
    found = pipeline.predict(
        tables.from_frame(frame), ScoringContext(catalog, opener, Options(alert_budget=budget))
    )
    assert found.additions["alert"].sum() == found.summary["alerts"] == alerts
    alerted = found.additions.filter(pl.col("alert") == 1)["fraud_score"]
    assert alerted.min() >= found.additions.filter(pl.col("alert") == 0)["fraud_score"].max()
    assert found.summary["alert_precision"] is not None


def test_a_rate_the_user_knows_is_what_probabilities_average_to(
    score: Score, simulated: SimulatedTable, quick: None
) -> None:
    found = score(simulated.frame, expected_fraud_rate=0.037)
    assert found.additions["fraud_probability"].mean() == pytest.approx(0.037, rel=1e-6)
    assert found.summary["prevalence"] == {"estimate": 0.037, "low": 0.037, "high": 0.037}


def test_roles_the_user_states_are_kept(score: Score, quick: None) -> None:
    frame = people(300)
    found = score(frame, roles={"amount": "none", "category": "channel"})
    roles = {column["column"]: column["role"] for column in found.summary["roles"]}
    assert roles["amount"] == "none"
    assert roles["category"] == "channel"
    with pytest.raises(UnknownColumn, match="amont"):
        score(frame, roles={"amont": "amount"})


def test_reasons_in_the_requested_language_or_none(score: Score, quick: None) -> None:
    frame = people(300)
    english, french, silent = score(frame), score(frame, language="fr"), score(frame, reasons=False)
    assert any(english.additions["reasons"])
    described = english.additions["reasons"] != ""
    assert (described == (french.additions["reasons"] != "")).all()
    assert (english.additions["reasons"] != french.additions["reasons"]).sum() == described.sum()
    assert not any(silent.additions["reasons"])
    assert english.additions.drop("reasons").equals(silent.additions.drop("reasons"))


def test_fewer_and_more_models(score: Score, quick: None) -> None:
    frame = generate("mobile_money", 5, 400).frame
    assert len(score(frame, top=1).summary["matches"]) == 1
    assert len(score(frame, top=5).summary["matches"]) == 5


@pytest.mark.parametrize("rows", [2, 300])
def test_a_look_finds_what_a_plan_finds(catalog: Catalog, quick: None, rows: int) -> None:
    """The same roles and the same models with the same evidence, though nothing is gathered to score by."""
    table = tables.from_frame(people(300).head(rows))
    look, plan = (
        match(table, ScoringContext(catalog, opener)),
        pipeline.fit_table(table, ScoringContext(catalog, opener)).profile,
    )
    assert look.roles == plan.roles
    assert look.matches == plan.matched.matches
    assert rows == 2 or look.matches


def test_a_look_gathers_nothing_to_score_by(
    catalog: Catalog, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(pipeline.model_inputs, "build_inputs", refuse)
    table = tables.from_frame(people(300))
    assert match(table, ScoringContext(catalog, opener)).matches
    with pytest.raises(AssertionError):
        pipeline.predict(table, ScoringContext(catalog, opener))


def test_progress_only_goes_forward(catalog: Catalog, quick: None) -> None:
    reported: list[tuple[str, float]] = []
    table = tables.from_frame(people(300))
    pipeline.predict(
        table,
        ScoringContext(catalog, opener, Options(), lambda stage, share: reported.append((stage, share))),
    )
    shares = [share for _, share in reported]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert len({stage for stage, _ in reported}) == len(reported) >= 5


# doubt


def independent(rows: int = 1500) -> pl.DataFrame:
    """Columns that have nothing to do with one another."""
    rng = np.random.default_rng(3)
    seconds = 1_700_000_000 + rng.integers(0, 60 * 86_400, rows)
    return pl.DataFrame(
        {
            "time": pl.Series(seconds * 1_000_000).cast(pl.Datetime("us")),
            "customer_id": [f"C{i}" for i in rng.integers(0, rows // 8, rows)],
            "merchant_id": [f"M{i}" for i in rng.integers(0, rows // 30, rows)],
            "amount": np.round(rng.lognormal(3, 1, rows), 2),
            "channel": rng.choice(["web", "app", "shop"], rows),
        }
    )


def test_columns_without_any_tie_make_vigie_abstain(score: Score, quick: None) -> None:
    """Models match by name and role, and still no probability is given; it says why in both languages."""
    frame = independent()
    found = score(frame)
    check(found, frame)
    assert found.summary["matches"]
    assert not found.summary["calibrated"]
    assert "nothing to do with one another" in found.summary["abstained_because"]
    assert "aucun rapport" in found.summary["abstained_because_fr"]
    assert found.summary["prevalence"] is None
    assert found.summary["alert_precision"] is None
    assert found.additions["fraud_probability"].null_count() == frame.height
    assert found.additions["alert"].sum() == review_count(frame.height) > 0
    assert "HIGH" not in found.additions["risk_level"].to_list()


def test_without_a_similar_model_only_the_anomaly_speaks(
    score: Score, simulated: SimulatedTable, quick: None
) -> None:
    found = score(simulated.frame, minimum=1.0)
    check(found, simulated.frame)
    assert found.summary["matches"] == []
    assert "no reference model" in found.summary["abstained_because"]
    assert "aucun modèle" in found.summary["abstained_because_fr"]
    assert found.additions["fraud_probability"].null_count() == simulated.frame.height
    assert found.additions["agreement"].null_count() == simulated.frame.height
    assert found.additions["anomaly_score"].null_count() == 0
    assert found.summary["agreement"] is None


def test_abstention_keeps_the_alert_budget(score: Score, quick: None) -> None:
    found = score(independent(), alert_budget=25)
    assert found.additions["alert"].sum() == 25
    assert found.summary["alert_precision"] is None


def test_too_few_rows_to_calibrate(score: Score, quick: None) -> None:
    frame = people(300).head(30)
    found = score(frame)
    check(found, frame)
    assert "too few rows" in found.summary["abstained_because"]
