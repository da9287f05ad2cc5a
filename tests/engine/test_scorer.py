"""Plans that stand by themselves: the same scores as the table they were made from, and sane ones for other rows."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from tests.helpers.tables import busy_table
from tests.predict.conftest import opener

from vigie import table as tables
from vigie.catalog import Catalog
from vigie.db import database
from vigie.detectors import isolation_forest
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.engine.scorer import Scorer
from vigie.ensemble import self_training
from vigie.errors import InputRefused, UnknownColumn
from vigie.simulator import DOMAINS, SimulatedTable, generate
from vigie.starter_models import registry


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """The shipped library."""
    engine = database.open(f"sqlite:///{tmp_path_factory.mktemp('standing') / 'catalog.sqlite'}")
    opened = Catalog(engine)
    registry.register(opened)
    yield opened
    engine.dispose()


@pytest.fixture(scope="module")
def simulated() -> SimulatedTable:
    """Fifteen hundred payments by card."""
    return generate("card_not_present", 3, 1500)


@pytest.fixture(scope="module")
def made(catalog: Catalog, simulated: SimulatedTable) -> tuple[Scorer, Prediction]:
    """Its plan, stored and read again, and its predictions."""
    plan, scored = pipeline.fit(tables.from_frame(simulated.frame), ScoringContext(catalog, opener))
    return Scorer.from_bytes(plan.to_bytes()), scored


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_stored_plan_gives_the_table_its_own_scores(
    catalog: Catalog, domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every column of the predictions, to the last bit, after a round trip through bytes."""
    monkeypatch.setattr(isolation_forest, "TREES", 10)
    monkeypatch.setattr(self_training, "ROUNDS", 5)
    monkeypatch.setattr(self_training, "MIN_ROWS", 200)
    table = tables.from_frame(generate(domain, 7, 500).frame)
    plan, scored = pipeline.fit(table, ScoringContext(catalog, opener))
    data = plan.to_bytes()
    again = Scorer.from_bytes(data)
    assert again.score(table.typed).equals(scored.additions, null_equal=True)
    assert again.to_bytes() == data


def test_a_plan_of_a_date_in_parts_gives_the_table_its_own_scores(catalog: Catalog) -> None:
    """Its rows keep their moments, one by one too, where year, month and day are columns of their own."""
    table = tables.from_frame(busy_table(1, flows=False, timed="parts").head(1000))
    plan, scored = pipeline.fit(table, ScoringContext(catalog, opener))
    assert {item.role for item in plan.roles.columns} >= {"year", "month", "day", "hour"}
    again = Scorer.from_bytes(plan.to_bytes())
    assert again.score(table.typed).equals(scored.additions, null_equal=True)
    assert again.score(table.typed.head(1)).height == 1


def test_the_order_of_the_rows_changes_nothing(
    made: tuple[Scorer, Prediction], simulated: SimulatedTable
) -> None:
    plan, scored = made
    order = np.random.default_rng(0).permutation(simulated.frame.height)
    found = plan.score(tables.parse(simulated.frame)[order])
    assert found.equals(scored.additions[order], null_equal=True)


def test_a_few_rows_are_scored_within_the_table(
    made: tuple[Scorer, Prediction], simulated: SimulatedTable
) -> None:
    """A customer's rows alone: nearly what they were among all, and not the extremes of a table of ten rows."""
    plan, scored = made
    typed = tables.parse(simulated.frame)
    customer = plan.roles.actor()
    assert customer is not None
    busiest = typed[customer].value_counts(sort=True)[customer][0]
    mine = (typed[customer] == busiest).to_numpy()
    alone = plan.score(typed.filter(pl.Series(mine)))["anomaly_score"].to_numpy()
    among = scored.additions["anomaly_score"].to_numpy()[mine]
    assert np.abs(alone - among).mean() < 0.15
    assert np.corrcoef(alone, among)[0, 1] > 0.7


def test_rows_of_another_time_and_new_values(
    made: tuple[Scorer, Prediction], simulated: SimulatedTable
) -> None:
    """Nothing the table never had stops a plan: new customers, new words, empty cells, absurd amounts."""
    plan, _ = made
    typed = tables.parse(simulated.frame)
    texts = [name for name, kind in typed.schema.items() if kind == pl.String]
    other = typed.tail(300)
    unknown_value = pl.concat(
        [
            other.head(20).with_columns(pl.col(texts) + "-new"),
            other.head(20).with_columns(pl.selectors.numeric() * 1_000_000),
            other.head(20).with_columns(pl.lit(None, dtype=typed.schema[name]).alias(name) for name in texts),
            pl.DataFrame({name: pl.Series([None] * 3, dtype=kind) for name, kind in typed.schema.items()}),
        ]
    )
    found = plan.score(unknown_value)
    assert found.height == 63
    assert found["fraud_score"].is_between(0, 1).all()
    assert found["anomaly_score"].is_between(0, 1).all()
    assert found["fraud_probability"].null_count() == 0
    assert plan.score(typed.head(0)).height == 0
    assert plan.score(typed.head(1)).height == 1


def test_an_alert_of_the_table_is_one_alone(
    made: tuple[Scorer, Prediction], catalog: Catalog, simulated: SimulatedTable
) -> None:
    """The lines are the table's: a budget is spent there, not again on every row that is sent."""
    table = tables.from_frame(simulated.frame)
    plan, scored = pipeline.fit(table, ScoringContext(catalog, opener, Options(alert_budget=25)))
    assert scored.additions["alert"].sum() == plan.score(table.typed)["alert"].sum() == 25
    calm = table.typed.filter(scored.additions["fraud_score"] < 0.3).head(1)
    assert plan.score(calm)["alert"].to_list() == [0]


def test_columns_are_the_tables(made: tuple[Scorer, Prediction], simulated: SimulatedTable) -> None:
    """Left out is empty, unknown is refused, and text is read as what the table had."""
    plan, _ = made
    typed = tables.parse(simulated.frame).head(5)
    with pytest.raises(UnknownColumn):
        plan.score(typed.with_columns(pl.lit(1).alias("surprise")))
    as_text = typed.with_columns(
        pl.selectors.numeric().cast(pl.String), pl.selectors.datetime().dt.to_string("iso")
    )
    assert plan.score(as_text).equals(plan.score(typed), null_equal=True)
    dropped = typed.drop(typed.columns[-1])
    empty = typed.with_columns(pl.lit(None, dtype=typed.schema[typed.columns[-1]]).alias(typed.columns[-1]))
    assert plan.score(dropped).equals(plan.score(empty), null_equal=True)


def test_what_is_no_plan_is_refused(made: tuple[Scorer, Prediction]) -> None:
    data = made[0].to_bytes()
    for broken in (b"", b"PK", data[: len(data) // 2], data[:-40]):
        with pytest.raises(InputRefused):
            Scorer.from_bytes(broken)


def test_a_stored_plan_holds_no_pickle(made: tuple[Scorer, Prediction]) -> None:
    """Every array is plain: nothing in the file can run."""
    with zipfile.ZipFile(io.BytesIO(made[0].to_bytes())) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                np.lib.format.read_array(file, allow_pickle=False)


def test_a_table_too_large_to_keep_is_refused(
    catalog: Catalog, simulated: SimulatedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MAX_FIT_ROWS", 1000)
    with pytest.raises(InputRefused, match="1,000"):
        pipeline.fit(tables.from_frame(simulated.frame), ScoringContext(catalog, opener))


def test_some_rows_among_their_history(made: tuple[Scorer, Prediction], simulated: SimulatedTable) -> None:
    """One row or a few get the scores that they have among all rows, in the order requested."""
    plan, _ = made
    rows = tables.parse(simulated.frame).tail(200)
    every = plan.score(rows)
    assert plan.score(rows, [199]).equals(every[[199]], null_equal=True)
    assert plan.score(rows, [7, 150, 3]).equals(every[[7, 150, 3]], null_equal=True)
    assert plan.score(rows, []).height == 0


@pytest.mark.parametrize("domain", DOMAINS)
def test_requests_answered_together_do_not_know_each_other(
    catalog: Catalog, domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same customers in several requests, one request twice: each gets what it gets alone, to the last bit."""
    monkeypatch.setattr(isolation_forest, "TREES", 10)
    monkeypatch.setattr(self_training, "ROUNDS", 5)
    table = tables.from_frame(generate(domain, 5, 500).frame)
    plan, _ = pipeline.fit(table, ScoringContext(catalog, opener))
    rows = table.typed
    requested = [(rows[:120], [119]), (rows[60:260], [0, 199, 7]), (rows[:120], [119]), (rows[300:301], [0])]
    reported = plan.score_many(requested)
    for (some, only), answer in zip(requested, reported, strict=True):
        assert answer.equals(plan.score(some, only), null_equal=True)


def test_rows_sent_together_do_know_each_other(
    made: tuple[Scorer, Prediction], simulated: SimulatedTable
) -> None:
    """What separate requests are spared: as one request, the second copy of a row is a repetition."""
    plan, rows = made[0], tables.from_frame(simulated.frame).typed[:120]
    apart = plan.score_many([(rows, [119]), (rows, [119])])
    assert not plan.score(pl.concat([rows, rows]), [239]).equals(apart[1], null_equal=True)
