"""What the result files of a team say of its cases: names, customers and counterparties, reasons, and what is around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from vigie.app import Case, User, runs, uploads
from vigie.app.cases import CaseAlert, queries
from vigie.app.cases.tables import ROW
from vigie.cases import entities
from vigie.cases.entity_rows import AROUND, EntityRow, Month, last_rows, months, rows_around
from vigie.cases.network import Network, build
from vigie.db.database import Engine
from vigie.errors import NotFound
from vigie.i18n.translator import Translator
from vigie.roles.inference import Roles
from vigie.web.services.results import Results

_MAX_FILES = 24
"""Files in which the rows of an entity are looked for."""


@dataclass(frozen=True)
class Surroundings:
    """What the files of the team say of the entities of a case.

    Attributes:
        months: in time.
        rows: the last ones of them, newest first.
        total: number of rows that name the entities.
        files: run -> name of its file.
        files_left: number of files that were not read.
        network: who sends to whom.
    """

    months: list[Month]
    rows: list[EntityRow]
    total: int
    files: dict[str, str]
    files_left: int
    network: Network


class CaseFiles:
    """Reads the results of the runs that have alerts of a case; a file that was deleted in the meantime says nothing."""

    def __init__(self, engine: Engine, results: Results) -> None:
        self._engine, self._results = engine, results

    def parties(self, user: User, alerts: Sequence[CaseAlert]) -> dict[tuple[str, int], list[str]]:
        """Return upload and row of each alert -> its customer and counterparty, as the file names them."""
        found: dict[tuple[str, int], list[str]] = {}
        for run_id, members in _by_run(alerts).items():
            rows = [alert.row for alert in members]
            try:
                run = runs.find(self._engine, run_id, user)
                table, roles = self._results.ranked(run), Roles.from_json((run.summary or {})["roles"])
            except NotFound:  # deleted in the meantime
                continue
            for column in dict.fromkeys((roles.actor(), roles.counterpart())):
                for row, cell in table.cells(column, rows).items() if column in table.columns else ():
                    found.setdefault((members[0].upload_id, row), []).append(cell)
        return found

    def reasons(
        self, user: User, alerts: Sequence[CaseAlert], t: Translator
    ) -> dict[tuple[str, int], list[str]]:
        """Return upload and row of each alert -> its reasons in the language of the translator."""
        found: dict[tuple[str, int], list[str]] = {}
        for run_id, members in _by_run(alerts).items():
            try:
                table = self._results.ranked(runs.find(self._engine, run_id, user))
            except NotFound:  # deleted in the meantime
                continue
            texts = table.reasons_of([alert.row for alert in members], t)
            found |= {(members[0].upload_id, row): reasons for row, reasons in texts.items()}
        return found

    def surroundings(self, user: User, case: Case) -> Surroundings:
        """Return the rows of the entities of a case over the files of its team, and the network around them.

        A case of a single row has no entity, and so no surroundings.
        """
        alerts = queries.list_alerts(self._engine, case.id, user)
        wanted = self.entity_values(user, alerts)
        run_ids, files_left = queries.list_runs(self._engine, case, user, _MAX_FILES)
        known = {(alert.upload_id, alert.row) for alert in alerts}
        parts: list[pl.DataFrame] = []
        files: dict[str, str] = {}
        for run_id in run_ids if wanted else ():
            try:
                run = runs.find(self._engine, run_id, user)
                here = queries.list_rows(self._engine, run.upload_id)
                rows = rows_around(self._results.ranked_path(run), run, wanted, known, here)
            except NotFound:  # deleted in the meantime
                continue
            if rows.height:
                parts.append(rows)
                files[run_id] = uploads.find(self._engine, run.upload_id, user).name
        rows = pl.concat(parts) if parts else pl.DataFrame(schema=AROUND)
        own = rows.filter("own")
        network = build(rows, wanted)
        return Surroundings(months(own), last_rows(own), own.height, files, files_left, network)

    def entity_values(self, user: User, alerts: Sequence[CaseAlert]) -> dict[str, set[str]]:
        """Return kind -> normalised values of the entities of a case, as the files have them."""
        samples = {(alert.kind, alert.entity): alert for alert in alerts if alert.kind != ROW}
        by_run: dict[str, list[tuple[str, int, str]]] = {}
        for (kind, entity), alert in samples.items():
            by_run.setdefault(alert.run_id, []).append((f"{kind} {entity}", alert.row, kind))
        found: dict[str, set[str]] = {}
        for run_id, members in by_run.items():
            for name, cell in self._names_in(user, run_id, members).items():
                found.setdefault(name.partition(" ")[0], set()).add(entities.normalise(cell))
        return found

    def names(self, user: User, cases: Iterable[Case]) -> dict[str, str]:
        """Return case -> name of its entity, as the file writes it."""
        wanted: dict[str, list[tuple[str, int, str]]] = {}
        for case in cases:
            if case.sample is not None and case.kind != ROW:
                _, run_id, row, kind = case.sample
                wanted.setdefault(run_id, []).append((case.id, row, kind))
        found: dict[str, str] = {}
        for run_id, members in wanted.items():
            found |= self._names_in(user, run_id, members)
        return found

    def _names_in(self, user: User, run_id: str, members: Sequence[tuple[str, int, str]]) -> dict[str, str]:
        try:
            run = runs.find(self._engine, run_id, user)
            columns = dict(entities.entity_columns(Roles.from_json((run.summary or {})["roles"])))
            kinds = {kind for _, _, kind in members if kind in columns}
            table = self._results.ranked(run)
            names: dict[str, str] = {}
            for kind in sorted(kinds):
                own = {row: case_id for case_id, row, other in members if other == kind}
                names |= {own[row]: cell for row, cell in table.cells(columns[kind], own).items()}
        except NotFound:  # deleted in the meantime, or the user may no longer see the file
            return {}
        return names


def _by_run(alerts: Iterable[CaseAlert]) -> dict[str, list[CaseAlert]]:
    by_run: dict[str, list[CaseAlert]] = {}
    for alert in alerts:
        by_run.setdefault(alert.run_id, []).append(alert)
    return by_run
