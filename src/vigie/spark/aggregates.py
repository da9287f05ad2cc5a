"""What there is to say of all scored rows, counted where they lie; and the budget, kept to the row."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from vigie.engine.backend import ROW
from vigie.engine.decision import alert_count
from vigie.engine.output import TOP_ROWS, counted
from vigie.spark.arrow_frame import Frames
from vigie.spark.tasks import KEY

_BITS = 16


class Counted:
    """Scored rows.

    Args:
        scored: `tasks.SCORED`, written down.
        budget: a share of the rows below 1 or a number of rows to alert; None where the calibration draws the line.
        rows: of the table.
    """

    def __init__(self, scored: Frames, budget: float | None, rows: int) -> None:
        self._scored = scored
        self.alerted = scored
        if budget is not None:
            chosen = self._best(alert_count(budget, rows)).cast("byte")
            alert = list(scored.schema).index("alert")
            self.alerted = Frames(scored.df.withColumn(f"_{alert}", chosen), scored.schema)

    def summary(self) -> dict[str, Any]:
        """The part of the summary that only all rows can tell."""
        rows = self.alerted
        level = rows.at("risk_level")
        levels = {str(row[0]): int(row[1]) for row in rows.df.groupBy(level).count().collect()}
        agreement, alerts = rows.df.agg(fn.avg(rows.at("agreement")), fn.sum(rows.at("alert"))).collect()[0]
        best = rows.df.orderBy(rows.at(KEY).desc(), rows.at(ROW)).limit(TOP_ROWS)
        top = Frames(best, rows.schema).collect().rename({ROW: "row"})
        return counted(agreement, int(alerts), levels, top)

    def _best(self, wanted: int) -> Column:
        """Whether a row is one of the best; of equals the first in the table."""
        key, row = self._scored.at(KEY), self._scored.at(ROW)
        last, still = _nth(self._scored.df, key, wanted)
        until, _ = _nth(self._scored.df.filter(key == fn.lit(last)), -row, still)
        return (key > fn.lit(last)) | ((key == fn.lit(last)) & (-row >= fn.lit(until)))


def _nth(rows: DataFrame, key: Column, n: int) -> tuple[int, int]:
    """The n-th largest of whole numbers, and how many of its like are among the n; sorts nothing, counts by leading bits."""
    left, found = n, 0
    for shift in range(64 - _BITS, -1, -_BITS):
        sizes = rows.groupBy(fn.shiftright(key, shift).alias("bits")).count().collect()
        for bits, size in sorted(((int(row[0]), int(row[1])) for row in sizes), reverse=True):
            if left <= size:
                found = bits
                break
            left -= size
        rows = rows.filter(fn.shiftright(key, shift) == fn.lit(found))
    return found, left
