"""The Python API: the functions of the command line, for tables in memory and files.

>>> import vigie
>>> import polars as pl
>>> payments = pl.DataFrame(
...     {
...         "date": [f"2026-03-{1 + i % 28:02} {i % 24:02}:15" for i in range(400)],
...         "client": [f"C{i % 40:04}" for i in range(400)],
...         "montant": [9_000_000.0 if i == 137 else 1_000.0 + 37 * (i % 53) for i in range(400)],
...     }
... )
>>> result = vigie.predict(payments, alert_budget=5)
>>> result.frame.columns == [*payments.columns, *result.additions.columns]
True
>>> result.additions.columns[:3]
['fraud_score', 'fraud_probability', 'anomaly_score']
>>> int(result.additions["fraud_score"].arg_max())
137
>>> result.alerts().height
5
>>> [role["role"] for role in vigie.match(payments).summary["roles"]]
['time', 'customer', 'amount']
>>> scorer = vigie.fit(payments)
>>> scorer.score(payments)["fraud_score"].equals(scorer.fitted.results["fraud_score"])
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from vigie import resources, settings
from vigie import table as tables
from vigie.catalog import Catalog
from vigie.engine import files, pipeline, table_matching
from vigie.engine import refine as labels_engine
from vigie.engine.options import Options, ScoringContext
from vigie.engine.scorer import Scorer as EngineScorer
from vigie.engine.scorer_files import read_scorer
from vigie.errors import NotFound, UsageRefused
from vigie.results import Matches, Predictions, TrainedModel, UserTable
from vigie.table.atomic import atomic_write
from vigie.table.interchange import has_index, to_polars
from vigie.table.options import DEFAULTS, ReadOptions

TableLike = Any
"""A path, a polars, pandas, pyarrow or DuckDB table, any object with `__arrow_c_stream__`, or a mapping of columns."""


class OptionFields(TypedDict, total=False):
    """The fields of `Options`, as keywords; their meaning and defaults are there."""

    top: int
    minimum: float
    roles: Mapping[str, str]
    alert_budget: float | int | None
    max_false_alerts: float | None
    expected_fraud_rate: float | None
    language: str
    reasons: bool
    seed: int
    only: str | None


@contextmanager
def open_catalog(database_url: str | None = None) -> Iterator[Catalog]:
    """Open a catalog to pass to several calls; each call opens it otherwise.

    Args:
        database_url: SQLAlchemy URL; by default that of the settings.

    Raises:
        DatabaseUnavailable: the database does not answer or is at another revision.
    """
    chosen = settings.load()
    if database_url is not None:
        chosen = replace(chosen, database_url=database_url)
    with resources.open_catalog(chosen) as catalog:
        yield catalog


def predict(
    table: TableLike,
    *,
    catalog: Catalog | None = None,
    options: Options | None = None,
    reading: ReadOptions = DEFAULTS,
    **chosen: Unpack[OptionFields],
) -> Predictions:
    """Score every row of a table without labels.

    Args:
        table: a file or a table; it is not changed.
        catalog: an open catalog; by default that of the settings.
        options: of the prediction.
        reading: of a file: sheet, line of the header, encoding, separator, decimal mark; whether lines may be set aside.
        chosen: fields of `Options`, which override `options`.

    Raises:
        InputRefused: the object is no table, or has nothing to compare or no useful column.
        UnknownColumn: `roles` names a column that the table does not have.
        UsageRefused: an option has an invalid value.
    """
    with _context(catalog, options, chosen) as context:
        read = _read(table, reading)
        found = files.predict_table(read.table, context, settings.load().cache_dir / "jobs")
    return Predictions(read, found.additions, found.summary, context.options.language)


def match(
    table: TableLike,
    *,
    catalog: Catalog | None = None,
    options: Options | None = None,
    reading: ReadOptions = DEFAULTS,
    **chosen: Unpack[OptionFields],
) -> Matches:
    """Find the roles of the columns and the models that fit, without scoring; arguments and errors as for `predict`."""
    with _context(catalog, options, chosen) as context:
        found = table_matching.match(_read(table, reading).table, context)
    summary = {"roles": found.roles.to_json(), "read": found.read, "seconds": found.seconds}
    return Matches(found.matches, summary)


class Scorer:
    """Scores rows as one table was scored; can be stored.

    Args:
        catalog: an open catalog, for `fit`; by default that of the settings.
        options: of the scores.
        chosen: fields of `Options`, which override `options`.

    Attributes:
        fitted: scores of the table that the scorer was fitted to; not stored with it.
    """

    fitted: Predictions

    def __init__(
        self,
        *,
        catalog: Catalog | None = None,
        options: Options | None = None,
        **chosen: Unpack[OptionFields],
    ) -> None:
        self._catalog, self._chosen = catalog, _options(options, chosen)
        self._engine: EngineScorer | None = None

    @property
    def options(self) -> Options:
        """The options of the scores."""
        return self._chosen

    def fit(self, table: TableLike, *, reading: ReadOptions = DEFAULTS) -> Self:
        """Fit the scorer to a table of at most 200,000 rows; `reading` and errors as for `predict`."""
        with _context(self._catalog, self._chosen, {}) as context:
            read = _read(table, reading)
            self._engine, found = pipeline.fit(read.table, context)
        self.fitted = Predictions(read, found.additions, found.summary, self._chosen.language)
        return self

    def score(
        self, rows: TableLike, only: Sequence[int] | None = None, *, reading: ReadOptions = DEFAULTS
    ) -> Any:
        """Return the result columns of rows, in their order, as an object of the user's library.

        Rows of the fitted table get the scores that they got there. History counts only if it is in `rows`: pass recent
        rows of the same customers and counterparties too.

        Args:
            rows: columns of the fitted table, in any order; missing ones are empty.
            only: positions from 0 of the rows to score, where the others are their history.
            reading: of a file, as for `predict`.

        Raises:
            InputRefused: the object is no table.
            UnknownColumn: the fitted table has no such column.
            UsageRefused: the scorer is not fitted.
        """
        scorer, read = self._require_fitted(), _read(rows, reading)
        results = scorer.score_table(read.table, only)
        if only is None:
            return read.library.make(read.native, read.table.frame, results)
        part = read.library.take(read.native, list(only)) if has_index(read.native) else read.native
        return read.library.make(part, read.table.frame[list(only)], results)

    def to_bytes(self) -> bytes:
        """Return the fitted scorer as bytes; they contain cell values of the table, but nothing executable.

        Raises:
            UsageRefused: the scorer is not fitted.
        """
        return self._require_fitted().to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` returned.

        Raises:
            InputRefused: the bytes are no stored scorer, or one of another format or version of polars.
            Unavailable: it was fitted with a detector that is not installed.
        """
        engine = EngineScorer.from_bytes(data)
        made = cls(options=engine.options)
        made._engine = engine
        return made

    def save(self, path: str | Path) -> None:
        """Write the fitted scorer to a file, which `vigie score` reads too.

        Raises:
            UsageRefused: the scorer is not fitted.
        """
        data = self.to_bytes()
        with atomic_write(Path(path)) as file:
            file.write(data)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file of `save` or `vigie fit`.

        Raises:
            NotFound: there is no such file.
            InputRefused: see `from_bytes`.
        """
        if not Path(path).is_file():
            raise NotFound("scorer", str(path), hint="make one with vigie fit")
        engine = read_scorer(Path(path))
        made = cls(options=engine.options)
        made._engine = engine
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {"options": self._chosen, "stored": self._engine.to_bytes() if self._engine else None}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._catalog, self._chosen = None, state["options"]
        self._engine = EngineScorer.from_bytes(state["stored"]) if state["stored"] else None

    def _require_fitted(self) -> EngineScorer:
        if self._engine is None:
            raise UsageRefused("the scorer is not fitted", hint="call fit first")
        return self._engine


def fit(
    table: TableLike,
    *,
    catalog: Catalog | None = None,
    options: Options | None = None,
    reading: ReadOptions = DEFAULTS,
    **chosen: Unpack[OptionFields],
) -> Scorer:
    """Fit a scorer to a table of at most 200,000 rows; arguments and errors as for `predict`."""
    return Scorer(catalog=catalog, options=options, **chosen).fit(table, reading=reading)


def refine(
    table: TableLike | Predictions,
    labels: Mapping[int, bool],
    *,
    catalog: Catalog | None = None,
    options: Options | None = None,
    reading: ReadOptions = DEFAULTS,
    **chosen: Unpack[OptionFields],
) -> Predictions:
    """Score a table again with labels of some of its rows; no model changes.

    Args:
        table: the table, or its predictions.
        labels: position of a row, from 0 -> whether it is fraud.
        catalog: an open catalog; by default that of the settings.
        options: of the prediction.
        reading: of a file, as for `predict`.
        chosen: fields of `Options`, which override `options`.

    Raises:
        InputRefused: there are no labels, or labels of rows that the table does not have; and what `predict` raises.
    """
    with _context(catalog, options, chosen) as context:
        read = table.user_table if isinstance(table, Predictions) else _read(table, reading)
        found = labels_engine.refine(read.table, context, labels)
    return Predictions(read, found.additions, found.summary, context.options.language)


def suggest(
    predictions: Predictions,
    labels: Mapping[int, bool] | None = None,
    *,
    count: int = 10,
    seed: int = 0,
    bounding: bool = False,
) -> list[int]:
    """Return the positions, from 0, of the rows to label next.

    Half of them are the most suspicious rows without a label, the others are spread over all scores.

    Args:
        predictions: of the table, with or without labels.
        labels: position of a row, from 0 -> whether it is fraud, of the rows that are labelled already.
        count: number of rows.
        seed: of everything drawn at random.
        bounding: the rows that decide how many alerts `max_false_alerts` allows, the most suspicious first.
    """
    return labels_engine.suggest(predictions.to_engine(), labels or {}, count, seed, bounding=bounding)


def train(
    table: TableLike,
    *,
    name: str,
    label: str | None = None,
    positive: str = "",
    unlabelled: Sequence[str] = (),
    domain: str = "",
    keep_columns: Sequence[str] = (),
    roles: Mapping[str, str] | None = None,
    time_budget: float = 120.0,
    trials: int = 40,
    seed: int = 0,
    reading: ReadOptions = DEFAULTS,
    catalog: Catalog | None = None,
    progress: Callable[[str, float], None] = lambda stage, share: None,
) -> TrainedModel:
    """Train a reference model on a labelled table, publish it to the store of the settings and register it.

    Args:
        table: with its label.
        name: of the model.
        label: column that says which rows are fraud; found by its name and values where not given.
        positive: its value that means fraud; recognised where empty.
        unlabelled: its values that mean unknown.
        domain: what the table is about; recognised where empty.
        keep_columns: columns to keep although they look as if they were known only after the fraud.
        roles: column -> role, chosen by you where inference is wrong.
        time_budget: seconds for tuning.
        trials: sets of parameters that are tried, at most.
        seed: of everything drawn at random.
        reading: of a file, as for `predict`.
        catalog: an open catalog; by default that of the settings.
        progress: called with each stage and the share done, from 0 to 1.

    Raises:
        MissingExtra: `vigie[train]` is not installed.
        InputRefused: the label or the columns do not suffice.
        UnknownColumn: `label` or a column of `keep_columns` does not exist.
        UnsignedBundle: the settings require signatures.
    """
    from vigie import training
    from vigie.training.labels import find_label

    config, read = settings.load(), _read(table, reading).table
    plan = training.inspect(
        read, label=label or find_label(read.typed, read.source), positive=positive, unlabelled=unlabelled,
        domain=domain, keep=keep_columns, roles=roles, seed=seed,
    )  # fmt: skip
    done = training.fit(plan, name=name, time_budget=time_budget, trials=trials, seed=seed, progress=progress)
    store, policy = resources.model_store(config), resources.signature_policy(config)
    with _catalog(catalog) as opened:
        entry = training.publish(opened, done.bundle, store, policy, page=done.page)
    return TrainedModel(entry, done.summary, done.card, done.page)


def _options(options: Options | None, chosen: OptionFields) -> Options:
    made = replace(options or Options(), **chosen)
    return replace(made, roles=dict(made.roles))


@contextmanager
def _context(
    catalog: Catalog | None, options: Options | None, chosen: OptionFields
) -> Iterator[ScoringContext]:
    wanted = _options(options, chosen)
    with _catalog(catalog) as opened:
        yield ScoringContext(opened, resources.bundle_loader(settings.load()), wanted)


def _catalog(catalog: Catalog | None) -> Any:
    return open_catalog() if catalog is None else nullcontext(catalog)


def _read(table: TableLike, reading: ReadOptions = DEFAULTS) -> UserTable:
    if isinstance(table, str | Path):
        config = settings.load()
        read = tables.read(
            table,
            max_rows=config.max_rows,
            max_columns=config.max_columns,
            max_bytes=config.max_table_bytes,
            options=reading,
        )
        return UserTable(read.frame, read)
    return UserTable(table, tables.from_frame(to_polars(table)))
