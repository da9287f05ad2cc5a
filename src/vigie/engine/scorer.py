"""A plan that stands by itself: made from one table, stored, and asked about rows that come later.

    made = standing.learn(table, catalog, open_bundle, options)
    path.write_bytes(made.to_bytes())
    standing.StandingPlan.from_bytes(path.read_bytes()).score(rows)

A row is told in the terms of the table that was planned: its medians, its ranks, its forests. What a customer, a
counterparty or a device does comes with the rows, so a transaction is sent with the recent rows of its customer. Asked
about the table it was made from, a plan gives the scores that the table was given.

A stored plan holds nothing that can be executed: numbers and texts in numpy's format without pickles, trees in UBJSON.
It does hold cells of the table (names of categories, values of features), so it is as private as the table is.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from vigie import __version__
from vigie.calibration.calibrator import Calibrator
from vigie.catalog import Catalog
from vigie.engine import members as voters
from vigie.engine import pipeline
from vigie.engine.members import Voter
from vigie.engine.pipeline import Open, Options, Plan, Prediction, Progress, quiet
from vigie.errors import InputRefused, UnknownColumn
from vigie.fitted_state import FittedState
from vigie.fitted_state.storage import FORMAT, from_stored, to_stored
from vigie.i18n.messages import msg
from vigie.models import model_inputs, reference
from vigie.roles.inference import Roles
from vigie.table import Table

READABLE = (4, FORMAT)
SAMPLE = 200_000
"""Rows a plan is made from at most: beyond, a table would have to be sampled first."""

_TYPES: dict[str, type[pl.DataType]] = {
    str(kind): kind for kind in (pl.Int64, pl.Float64, pl.String, pl.Boolean)
}
_MOMENT = pl.Datetime("us")


@dataclass(frozen=True)
class Standing:
    """A reference model in a standing plan.

    Attributes:
        name: of the model.
        similarity: of its match.
        skill: its ROC AUC on worlds it was not trained on.
        bound: the table's column for each of its own, for a model made elsewhere.
        recipe: what has to be built before its trees can be asked.
        trust: what it counted on the table, if it was trained on one of its kind; else 0.
        booster: its trees as UBJSON.
    """

    name: str
    similarity: float
    skill: float
    bound: Mapping[str, str]
    recipe: Mapping[str, Any]
    booster: bytes
    trust: float = 0.0


class StandingPlan:
    """What is needed to score rows as one table would: small, and the same on every machine.

    Args:
        schema: the columns of the table and their types.
        roles: what they mean.
        options: what the user asked for.
        members: the models that vote.
        calibration: of the best match, as its bundle has it; empty without any.
        state: what the table said of itself.
    """

    def __init__(
        self,
        schema: Mapping[str, pl.DataType],
        roles: Roles,
        options: Options,
        members: Sequence[Standing],
        calibration: Mapping[str, Any],
        state: FittedState,
    ) -> None:
        self.schema = dict(schema)
        self.roles = roles
        self.options = options
        self.state = state
        self._members = tuple(members)
        self._calibration = dict(calibration)
        self._voters = [
            Voter(m.name, m.similarity, m.skill, m.bound, m.trust, reference.from_parts(m.booster, m.recipe))
            for m in members
        ]
        self._calibrator = Calibrator.from_json(calibration) if calibration else None

    def score(self, rows: pl.DataFrame, only: Sequence[int] | None = None) -> pl.DataFrame:
        """(rows, 7) what `vigie predict` adds to a table, for these rows and in their order.

        Args:
            rows: columns of the planned table, in any order; those left out are empty. For a single transaction, its
                own row and those that its customer, counterparty or device made before.
            only: numbers from 0 of the rows to tell of, where the others are their history: the same scores, sooner.
        """
        return self.score_each([(rows, range(rows.height) if only is None else only)])[0]

    def score_each(self, asked: Sequence[tuple[pl.DataFrame, Sequence[int]]]) -> list[pl.DataFrame]:
        """What `score` says of each of several requests, in little more time than one takes.

        Rows of one request are nobody's history in another.

        Args:
            asked: rows and the numbers of those to tell of, as `score` takes them.
        """
        frames = [self.typed(rows) for rows, _ in asked]
        starts = np.cumsum([0, *(frame.height for frame in frames)])
        only = np.concatenate(
            [np.asarray(o, dtype=np.int64) + at for at, (_, o) in zip(starts[:-1], asked, strict=True)]
        )
        apart = (
            np.repeat(np.arange(len(frames)), [frame.height for frame in frames]) if len(frames) > 1 else None
        )
        frame = pl.concat(frames)
        whole = len(frames) == 1 and len(only) == frame.height and bool((only == np.arange(len(only))).all())
        gathered = model_inputs.build_inputs(
            frame,
            self.roles,
            seed=self.options.seed,
            state=self.state,
            only=None if whole else only,
            apart=apart,
        )
        frame = frame if whole else frame[only]
        said = pipeline.later(
            gathered, frame, self._voters, self._calibrator, self.options, self.state.scoring
        ).additions
        ends = np.cumsum([len(o) for _, o in asked])
        return [said[int(end) - len(o) : int(end)] for end, (_, o) in zip(ends, asked, strict=True)]

    def score_table(self, table: Table) -> pl.DataFrame:
        """(rows, 7) what to add to an upload of its own; refuses a column that the planned table did not have.

        Args:
            table: the upload. Where the planned table had text its cells are taken as they are, so that digits which
                name something keep their zeros.
        """
        columns = []
        for name in table.typed.columns:
            cells = table.frame[name]
            if self.schema.get(name) == pl.String and cells.dtype == pl.String:
                columns.append(cells.set(cells.str.strip_chars() == "", None))
            else:
                columns.append(table.typed[name])
        return self.score(pl.DataFrame(columns))

    def typed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the columns and types of the planned table; refuses a column it did not have."""
        for name in rows.columns:
            if name not in self.schema:
                raise UnknownColumn(name, self.schema)
        columns = []
        for name, kind in self.schema.items():
            cells = rows[name] if name in rows.columns else pl.Series(name, [None] * rows.height, dtype=kind)
            columns.append(_cast(cells, kind))
        return pl.DataFrame(columns)

    def to_bytes(self) -> bytes:
        """The plan as one file; the same plan always gives the same bytes."""
        answers, arrays = to_stored(self.state)
        members = []
        for number, member in enumerate(self._members):
            arrays[f"member {number}"] = np.frombuffer(member.booster, dtype=np.uint8)
            members.append({**asdict(member), "booster": f"member {number}"})
        head = {
            "format": FORMAT,
            "vigie": __version__,
            # The fingerprints of cells are polars' own and may differ between its versions.
            "polars": pl.__version__,
            "schema": {name: str(kind) for name, kind in self.schema.items()},
            "roles": self.roles.to_json(),
            "options": {**asdict(self.options), "roles": dict(self.options.roles)},
            "members": members,
            "calibration": self._calibration,
            "answers": answers,
        }
        arrays["head"] = np.frombuffer(json.dumps(head, allow_nan=True).encode(), dtype=np.uint8)
        return _packed(arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> StandingPlan:
        """Reads what `to_bytes` wrote; refuses anything else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            head = json.loads(arrays["head"].tobytes())
        except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise InputRefused(
                msg("a stored plan: found {what}, expected what Vigie stores", what=type(error).__name__),
                hint="make the plan again",
            ) from error
        if head["format"] not in READABLE or head["polars"] != pl.__version__:
            raise InputRefused(
                msg(
                    "a stored plan: found format {format} of polars {polars}, expected format {ours} of polars {here}",
                    format=head["format"],
                    polars=head["polars"],
                    ours=FORMAT,
                    here=pl.__version__,
                ),
                hint="make the plan again",
            )
        members = [
            Standing(**{**member, "booster": arrays[member["booster"]].tobytes()})
            for member in head["members"]
        ]
        schema = {name: _type(kind) for name, kind in head["schema"].items()}
        state = from_stored(head["answers"], arrays, head["format"])
        roles, options = Roles.from_json(head["roles"]), Options(**head["options"])
        return cls(schema, roles, options, members, head["calibration"], state)


def learn(
    table: Table,
    catalog: Catalog,
    open_bundle: Open,
    options: Options | None = None,
    progress: Progress = quiet,
) -> tuple[StandingPlan, Prediction]:
    """Scores a table and keeps the plan it was scored by.

    Args:
        table: the upload; at most `SAMPLE` rows.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        progress: told each stage and the share done.
    """
    if table.typed.height > SAMPLE:
        raise InputRefused(
            msg(
                "{source}: found {rows:,} rows to make a plan from, expected at most {limit:,}",
                source=table.source,
                rows=table.typed.height,
                limit=SAMPLE,
            ),
            hint="take whole customers, not rows at random, until there are few enough",
        )
    planned = pipeline.plan(
        table, catalog, open_bundle, options or Options(), progress, FittedState.keeping()
    )
    scored = pipeline.apply(planned, table, progress)
    return standing_of(planned, table), scored


def standing_of(planned: Plan, table: Table) -> StandingPlan:
    """The plan of a table that has been applied, without the table."""
    said = voters.members_of(planned, table)
    members = [
        Standing(v.name, v.similarity, v.skill, v.bound, bundle.features, bundle.booster, v.trust)
        for v, bundle in zip(voters.voters_of(planned, said), planned.bundles, strict=True)
    ]
    calibrator = voters.calibrator_of(planned, said)
    return StandingPlan(
        table.typed.schema,
        planned.roles,
        replace(planned.options, roles=dict(planned.options.roles)),
        members,
        calibrator.to_json() if calibrator else {},
        planned.state.fitted(),
    )


def _cast(cells: pl.Series, kind: pl.DataType) -> pl.Series:
    if cells.dtype == kind:
        return cells
    if cells.dtype == pl.String and kind == _MOMENT:
        return cells.str.to_datetime(time_unit="us", strict=False)
    return cells.cast(kind, strict=False)


def _type(name: str) -> pl.DataType:
    return _TYPES[name]() if name in _TYPES else _MOMENT


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An .npz whose bytes depend on nothing but the arrays: `numpy.savez` would write the time of day into it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(arrays[name]), allow_pickle=False)
    return out.getvalue()
