"""What every backend must do, on real rows; `tests/engine` runs it on disk and the simplest backend, `tests/spark` on Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.helpers.memory_backend import MemoryBackend

from vigie.engine.backend import BUCKET, ROW, Backend, align
from vigie.engine.partitioning import GroupFunction
from vigie.engine.sampling import draw_sample, row_buckets
from vigie.engine.totals import SCORE_ORDER, SCORED, keep_budget, nth_largest, summarise_rows
from vigie.features.grouping import RECEIVER, ROW_HASH, SENDER
from vigie.table import Table

ROWS = 1000
Open = Callable[[pl.DataFrame], Backend[Any, Any]]


def payments(seed: int = 0) -> pl.DataFrame:
    """Rows of entities of many sizes, some without an entity, some twice the same."""
    rng = np.random.default_rng(seed)
    customer = np.minimum(rng.geometric(0.02, ROWS), 200)
    frame = pl.DataFrame(
        {
            "Customer": [None if one == 7 else f"C{one}" for one in customer],
            "customer_2": [f"C{one}" for one in rng.integers(0, 40, ROWS)],
            "amount": np.round(rng.lognormal(3, 1, ROWS), 2),
            "day": rng.integers(0, 30, ROWS),
        }
    )
    return pl.concat([frame.head(ROWS - 5), frame.head(5)])


def group_function(
    keys: tuple[str, ...], compute: Callable[[pl.DataFrame], Any], **more: Any
) -> GroupFunction:
    """Return a group function on the columns of `payments`."""
    columns = {"Customer": False, "customer_2": True, "amount": False}
    factors = {"Customer": 3, "customer_2": 5, "amount": 7, "day": 9}
    found = {"extra": (), "marks_sides": False, "names": ("place", "size"), "dtype": np.float64} | more
    return GroupFunction(
        f"test {'-'.join(keys)}", "-".join(keys), keys, columns, factors, compute=compute, **found
    )


def place_and_size(rows: pl.DataFrame) -> Mapping[str, np.ndarray]:
    """Return the place of a row among those of its customer, in the order in which they come, and their number."""
    found = rows.select(pl.int_range(pl.len()).over("Customer"), size=pl.len().over("Customer"))
    return {
        "place": found["literal"].to_numpy().astype(float),
        "size": found["size"].to_numpy().astype(float),
    }


def seen_as(rows: pl.DataFrame) -> Mapping[str, np.ndarray]:
    """Return 1 for a row that came as sender, else unknown; the same for receivers."""
    return {name: np.where(rows[side].to_numpy(), 1.0, np.nan) for name, side in (("place", SENDER), ("size", RECEIVER))}  # fmt: skip


def doubled(rows: pl.DataFrame) -> Mapping[str, np.ndarray]:
    """Return twice a column that the table does not have."""
    return {"place": rows["v:more"].to_numpy() * 2.0, "size": np.ones(rows.height)}


def add_place(rows: pl.DataFrame, joined: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the amount plus the place of the row in its group."""
    place = align(joined[0], rows[ROW])["place"] if joined else 0.0
    return pl.DataFrame({"v:more": rows["amount"].to_numpy() + place})


def by_day(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of each day."""
    return rows.group_by("day").agg(pl.len().cast(pl.Int64).alias("count"))


def everything(rows: pl.DataFrame) -> pl.DataFrame:
    """Return all rows."""
    return rows


class BackendContract:
    """Tests of one backend; a subclass has the fixture `open_backend`."""

    def test_it_holds_the_rows_as_they_are(self, open_backend: Open) -> None:
        frame = payments()
        backend = open_backend(frame)
        assert (backend.columns, backend.n_rows, backend.source) == (tuple(frame.columns), ROWS, "payments")
        assert set(backend.schema) == {*frame.columns, ROW, BUCKET}
        found = backend.collect(backend.rows, everything).sort(ROW)
        assert found[ROW].to_list() == list(range(ROWS))
        assert found.select(frame.columns).equals(frame)
        assert found[BUCKET].to_list() == row_buckets(frame).tolist()

    def test_some_columns_of_a_chunk(self, open_backend: Open) -> None:
        backend = open_backend(payments())
        assert backend.collect(backend.rows, everything, ["day"]).columns == ["day"]

    @pytest.mark.parametrize("least", [1, 35])
    def test_counts_are_those_of_all_rows(self, open_backend: Open, least: int) -> None:
        frame = payments()
        backend = open_backend(frame)
        found = backend.count(backend.rows, by_day, ["day"], least=least)
        expected = by_day(frame).filter(pl.col("count") >= least)
        assert found.sort("day").rows() == expected.sort("day").rows()
        assert backend.count(backend.rows, by_day, ["day"], limit=4).height == 4

    def test_a_group_function_sees_all_rows_of_an_entity(self, open_backend: Open) -> None:
        """In the order of their hashes, of equal ones in that of the table."""
        frame = payments()
        backend = open_backend(frame)
        output = backend.map_groups(backend.rows, group_function(("Customer",), place_and_size))
        found = backend.read(output, range(4096))
        assert found[ROW].to_list() == list(range(ROWS))
        known = frame["Customer"].is_not_null()
        sizes = frame.select(pl.len().over("Customer"))["len"]
        assert found["size"].filter(known).to_list() == sizes.filter(known).to_list()
        hashes = sum(
            (frame[name].hash(seed=0) * pl.Series([factor], dtype=pl.UInt64) for name, factor in
             {"Customer": 3, "customer_2": 5, "amount": 7, "day": 9}.items()), pl.Series([0], dtype=pl.UInt64)
        )  # fmt: skip
        order = frame.with_columns(hashes.alias(ROW_HASH)).with_row_index(ROW).sort(ROW_HASH, ROW)
        order = order.with_columns(pl.int_range(pl.len()).over("Customer").alias("expected")).sort(ROW)
        assert found["place"].filter(known).to_list() == order["expected"].filter(known).to_list()

    def test_a_row_of_two_entities_is_there_once(self, open_backend: Open) -> None:
        backend = open_backend(payments())
        function = group_function(("Customer", "customer_2"), seen_as, marks_sides=True)
        found = backend.read(backend.map_groups(backend.rows, function), range(4096))
        assert found[ROW].to_list() == list(range(ROWS))
        assert found["place"].to_list() == found["size"].to_list() == [1.0] * ROWS

    def test_reading_takes_whole_buckets(self, open_backend: Open) -> None:
        frame = payments()
        backend = open_backend(frame)
        output = backend.map_groups(backend.rows, group_function(("Customer",), place_and_size))
        buckets = row_buckets(frame)
        wanted = np.unique(buckets)[::5]
        found = backend.read(output, wanted.tolist())
        assert found[ROW].to_list() == np.flatnonzero(np.isin(buckets, wanted)).tolist()
        assert found.columns == [ROW, "place", "size"]

    def test_rows_are_joined_with_what_their_groups_gave(self, open_backend: Open) -> None:
        """Row functions see both; what they return is added to the rows, or replaces them."""
        frame = payments()
        backend = open_backend(frame)
        output = backend.map_groups(backend.rows, group_function(("Customer",), place_and_size))
        expected = frame["amount"] + backend.read(output, range(4096))["place"]
        schema = {"v:more": pl.Float64()}
        extended = backend.checkpoint(
            backend.map_rows(backend.rows, [output], add_place, schema, extend=True)
        )
        found = backend.collect(extended, everything).sort(ROW)
        assert found["v:more"].to_list() == expected.to_list()
        assert found.select(frame.columns).equals(frame)
        alone = backend.map_rows(extended, [], add_place, schema)
        assert sorted(backend.collect(alone, everything)["v:more"]) == sorted(frame["amount"])
        twice = backend.map_groups(extended, group_function(("Customer",), doubled, extra=("v:more",)))
        assert backend.read(twice, range(4096))["place"].to_list() == (expected * 2).to_list()
        assert backend.collect(backend.rows, everything).width == frame.width + 2, "handles do not change"
        backend.release(output, twice)

    @pytest.mark.parametrize("entity", [None, "customer_2"])
    def test_a_sample_is_the_same_everywhere(self, open_backend: Open, entity: str | None) -> None:
        """The same rows as in memory; of entities all rows."""
        frame = payments()
        found = draw_sample(open_backend(frame), 300, entity)
        expected = draw_sample(MemoryBackend(Table("payments", frame, frame)), 300, entity)
        assert found[ROW].to_list() == expected[ROW].to_list()
        assert 100 < found.height < 400
        if entity is not None:
            assert frame[entity].is_in(found[entity].unique().to_list()).sum() == found.height

    @pytest.mark.parametrize("budget", [1, 37, 0.2, 5000, 0.0001])
    def test_a_budget_is_kept_to_the_row(self, open_backend: Open, budget: float) -> None:
        """Of equal rows the first ones are alerts; totals count them."""
        rng = np.random.default_rng(1)
        order = rng.integers(-50, 50, ROWS) * 10**15
        backend = open_backend(payments().with_columns(order=pl.Series(order)))
        scored = backend.checkpoint(backend.map_rows(backend.rows, (), as_scored, SCORED))
        found = backend.collect(keep_budget(backend, scored, budget), everything).sort(ROW)
        wanted = min(ROWS, round(budget * ROWS) if budget < 1 else int(budget))
        best = np.argsort(-order, kind="stable")[:wanted]
        assert np.flatnonzero(found["alert"].to_numpy()).tolist() == sorted(best.tolist())
        totals = summarise_rows(backend, keep_budget(backend, scored, budget))
        assert totals["alerts"] == wanted
        assert totals["risk_levels"] == {"HIGH": 0, "MEDIUM": ROWS, "LOW": 0}
        assert [one["row"] for one in totals["top"]] == (np.argsort(-order, kind="stable")[:10] + 1).tolist()
        assert totals["agreement"] is None

    @pytest.mark.parametrize("n", [1, 500, 1000])
    def test_the_nth_largest_number(self, open_backend: Open, n: int) -> None:
        numbers = np.random.default_rng(2).integers(-(2**62), 2**62, ROWS // 2).repeat(2)
        backend = open_backend(payments().with_columns(order=pl.Series(numbers)))
        found, equal = nth_largest(backend, backend.rows, pl.col("order"), pl.lit(True), n)
        assert found == np.sort(numbers)[::-1][n - 1]
        assert equal == n - (numbers > found).sum()


def as_scored(rows: pl.DataFrame, joined: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return rows as if they were scored."""
    return rows.select(
        pl.col(ROW).cast(pl.Int64),
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in list(SCORED)[1:5]),
        pl.lit("MEDIUM").alias("risk_level"),
        pl.lit(0, dtype=pl.Int8).alias("alert"),
        pl.lit("").alias("reasons"),
        pl.col("order").alias(SCORE_ORDER),
    )
