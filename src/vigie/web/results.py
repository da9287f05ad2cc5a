"""Pages of a stored result.

The worker leaves `ranked.parquet`: all rows, most suspicious first, in small row groups. So the alert budget is a number of
rows from the top, and a page costs a slice of the file. Columns of the upload are called `c:0`, `c:1`, … there, and where
they hold numbers or dates once more as `t:0`, to sort by; ours `v:rank`, `v:fraud_score`, …: no name of an upload can be
in their way.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from vigie.errors import NotFound, UsageRefused
from vigie.i18n.messages import msg
from vigie.stores.base import Store, join
from vigie.table.atomic import replacing

OURS = (
    "row", "rank", "fraud_score", "fraud_probability", "anomaly_score", "agreement", "risk_level", "alert", "reasons",
)  # fmt: skip
_MAX_PAGE = 500
_SORTABLE = 200_000
_WORST_CELL = 2000
_KEEP = 3600.0
_SWEEP = 300.0


@dataclass(frozen=True)
class RowQuery:
    """Which rows, in what order.

    Attributes:
        budget: only so many from the top; nothing for all.
        page: from 1.
        size: rows of a page.
        sort: `rank`, another of our columns, or a column of the upload.
        search: text that must be in a cell or a reason; capitals do not matter.
        filters: column of the upload -> the exact cell.
        level: `HIGH`, `MEDIUM` or `LOW`.
        marked: `fraud`, `fine`, `unsure`, `any` or `none`.
        only: row numbers, from 0; nothing for all.
    """

    budget: int | None = None
    page: int = 1
    size: int = 50
    sort: str = "rank"
    descending: bool = False
    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    level: str = ""
    marked: str = ""
    only: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Page:
    """Some rows; `total` counts all that the query asks for."""

    rows: list[dict[str, Any]]
    total: int
    columns: list[str]


class Files:
    """What a run left, as files on this machine; those of a cloud are kept for a while."""

    def __init__(self, store: Store, folder: Path, max_bytes: int) -> None:
        self._store = store
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._swept = 0.0

    def path(self, result: str, name: str) -> Path:
        """The file itself; results never change, so a copy is as good."""
        key = join(result, name)
        if self._store.kind == "local":
            there = Path(self._store.bucket, key)
            if not there.is_file():
                raise _gone(name)
            return there
        kept = self._folder / key.replace("/", "-")
        with self._lock:
            if not kept.is_file():
                self._fetch(key, kept)
        os.utime(kept)
        return kept

    def document(self, result: str, name: str) -> dict[str, Any]:
        """A small JSON file."""
        try:
            found: dict[str, Any] = json.loads(self._store.get(join(result, name)))
        except NotFound:
            raise _gone(name) from None
        return found

    def sweep(self) -> None:
        """Removes copies nobody has looked at for an hour: they hold cells, perhaps of what was deleted since."""
        now = time.time()
        with self._lock:
            if now - self._swept < _SWEEP:
                return
            self._swept = now
        files = sorted(self._folder.glob("*.parquet"), key=lambda path: -path.stat().st_mtime)
        held = 0
        for path in files:
            held += path.stat().st_size
            if now - path.stat().st_mtime > _KEEP or held > self._max_bytes:
                path.unlink(missing_ok=True)

    def _fetch(self, key: str, kept: Path) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(kept) as file:
            for chunk in self._store.stream(key):
                file.write(chunk)


class Rows:
    """The rows of one result."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self._path = path
        self.columns: list[str] = list(about.get("columns", []))
        self._typed: set[int] = set(about.get("typed", []))
        self._actor: str | None = about.get("actor")
        self._actor_role: str = about.get("actor_role") or ""

    def page(self, query: RowQuery, verdicts: Mapping[int, str]) -> Page:
        """The rows a query asks for."""
        if query.page < 1 or not 1 <= query.size <= _MAX_PAGE:
            raise UsageRefused(
                msg("expected a page from 1 and 1 to {max_page} rows a page", max_page=_MAX_PAGE)
            )
        rows = self._scan()
        if query.budget is not None:
            rows = rows.head(max(0, query.budget))
        plain = query.sort == "rank" and not query.descending
        if not plain or query.search:
            # What is sorted or searched is what somebody may look at, not millions of rows.
            rows = rows.head(_SORTABLE)
        for test in self._tests(query, verdicts):
            rows = rows.filter(test)
        total = int(rows.select(pl.len()).collect().item())
        if not plain:
            rows = rows.sort(
                [self._sortable(query.sort), "v:rank"], descending=[query.descending, False], nulls_last=True
            )
        found = rows.slice((query.page - 1) * query.size, query.size).collect()
        return Page(self._dicts(found, verdicts), total, self.columns)

    def related(self, row: int, limit: int, verdicts: Mapping[int, str]) -> dict[str, Any]:
        """The rows of whoever acts in `row`, in the order of the upload; none where nobody is known to act."""
        if self._actor is None or self._actor not in self.columns:
            return {"column": None, "role": None, "rows": []}
        cell = pl.col(self._cell(self._actor))
        who = self._scan().filter(pl.col("v:row") == row).select(cell).collect()
        if not who.height:
            raise NotFound("row", str(row), hint="rows count from 0")
        value = who.item()
        found = (
            self._scan().filter(cell == value).sort("v:row").head(limit).collect()
            if value not in {None, ""}
            else pl.DataFrame()
        )
        return {
            "column": self._actor,
            "role": self._actor_role,
            "rows": self._dicts(found, verdicts) if found.height else [],
        }

    def _scan(self) -> pl.LazyFrame:
        return pl.scan_parquet(self._path, glob=False, hive_partitioning=False)

    def _cell(self, column: str) -> str:
        if column not in self.columns:
            raise NotFound("column", column, known=self.columns)
        return f"c:{self.columns.index(column)}"

    def _sortable(self, column: str) -> str:
        if column in OURS and column not in self.columns:
            return f"v:{column}"
        if column.startswith("v:") and column[2:] in OURS:
            return column
        cell = self._cell(column)
        number = int(cell[2:])
        return f"t:{number}" if number in self._typed else cell

    def _tests(self, query: RowQuery, verdicts: Mapping[int, str]) -> list[pl.Expr]:
        tests = [pl.col(self._cell(column)) == cell for column, cell in query.filters.items()]
        if query.only is not None:
            tests.append(pl.col("v:row").is_in(pl.Series(query.only, dtype=pl.Int64).implode()))
        if query.level:
            tests.append(pl.col("v:risk_level") == query.level)
        if query.search.strip():
            words = query.search.strip().lower()[:200]
            cells = [f"c:{number}" for number in range(len(self.columns))] + ["v:reasons"]
            tests.append(
                pl.any_horizontal(
                    pl.col(cell).str.to_lowercase().str.contains(words, literal=True) for cell in cells
                ).fill_null(False)
            )
        if query.marked:
            some = [row for row, said in verdicts.items() if query.marked in {said, "any", "none"}]
            among = pl.col("v:row").is_in(pl.Series(some, dtype=pl.Int64).implode())
            tests.append(~among if query.marked == "none" else among)
        return tests

    def _dicts(self, found: pl.DataFrame, verdicts: Mapping[int, str]) -> list[dict[str, Any]]:
        rows = []
        for one in found.iter_rows(named=True):
            row = {name: one[f"v:{name}"] for name in OURS}
            row["alert"] = bool(row["alert"])
            row["cells"] = {name: _short(one[f"c:{number}"]) for number, name in enumerate(self.columns)}
            row["mark"] = verdicts.get(row["row"])
            rows.append(row)
        return rows


def _short(cell: str | None) -> str | None:
    return cell if cell is None or len(cell) <= _WORST_CELL else cell[:_WORST_CELL] + "…"


def _gone(name: str) -> NotFound:
    return NotFound("file", name, hint="the upload may have been deleted meanwhile")
