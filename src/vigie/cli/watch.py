"""`vigie watch …`: locations whose new files are scored."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES, Command, Group
from vigie.cli.params import Language, roles_by_column
from vigie.errors import NotFound, from_record
from vigie.extras import require
from vigie.i18n.one_line import one_line

if TYPE_CHECKING:
    from vigie.app import User
    from vigie.app.watches import Watch
    from vigie.db.database import Engine
    from vigie.jobs.context import JobContext
    from vigie.jobs.watching.look import Look
    from vigie.jobs.worker import Worker

_EXAMPLES = EXAMPLES.format(
    "vigie watch add /srv/exports --pattern '*.csv' --write-back",
    "vigie watch add s3://bank/exports --like run_4f… --schedule '30 6 * * 1-5' --timezone Europe/Paris",
    "vigie watch add sftp://vigie@files.example.org/exports --pattern '*.csv'",
    "vigie watch list",
    "vigie watch run exports",
)
_POLL_SECONDS = 0.5
_watch = click.argument("name", metavar="NAME")
_choices = options.options(
    click.option("--owner", default="", metavar="EMAIL", help="Owner of the results; by default the first administrator."),
    click.option("--name", default="", metavar="NAME", help="Name of the watch; by default the last part of the address."),
    click.option("--pattern", default="*", show_default=True, metavar="GLOB",
                 help="Files to score: `*` is any characters of a name, `**/` any folders."),
    click.option("--schedule", default="", metavar="CRON",
                 help="When to look, as a cron expression; by default files are scored as they appear and have stopped growing."),
    click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Time zone of the schedule."),
    click.option("--like", "earlier", default="", metavar="ID",
                 help="Upload or prediction whose columns, roles, budget and models are used."),
    options.alert_budget("How many rows you can review of each file; by default that of the earlier file."),
    click.option("--top", metavar="N", type=click.IntRange(1, 40), help="Maximum number of reference models that vote."),
    click.option("--min-similarity", metavar="S", type=click.FloatRange(0, 1), help="Minimum similarity of a model."),
    options.expected_fraud_rate, options.role,
    click.option("--lang", type=Language(), help="Language of the reasons; by default that of the earlier file."),
    click.option("--max-fraud-share", metavar="S", type=click.FloatRange(0, 1, min_open=True, max_open=True),
                 help="Send a notice when the estimated share of fraud of a file is above this, from 0 to 1."),
    click.option("--write-back", is_flag=True, help="Write NAME.predictions.csv beside each file."),
    click.option("--new-only", is_flag=True, help="Leave out the files that are there already."),
)  # fmt: skip


@click.group(cls=Group, epilog=_EXAMPLES)
def watch() -> None:
    """Score new files of a folder, of a prefix in a store or of an SFTP server, by themselves.

    A worker looks at the location: `vigie serve` has one, `vigie worker` is one. Each content is scored once; files are
    never deleted, moved or changed.
    """


@watch.command(cls=Command, epilog=_EXAMPLES)
@click.argument("source", metavar="SOURCE")
@_choices
def add(source: str, **chosen: Any) -> None:
    """Watch SOURCE: a folder, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or sftp://user@host/path.

    SFTP signs in with VIGIE_SFTP_KEY or VIGIE_SFTP_PASSWORD, to servers whose key is in the file of VIGIE_SFTP_KNOWN_HOSTS.
    """
    require("web", "a watch")
    with _engine() as engine:
        added = _add(engine, source, chosen)
        _record(engine, "add watch", added.id, url=added.url)
    click.echo(f"{added.name} ({added.id}) watches {added.url}")


@watch.command("list", epilog=_EXAMPLES)
@options.as_json
def list_(as_json: bool) -> None:
    """List the watches with their last look and their last file."""
    require("web", "a watch")
    from vigie.app import watched_files, watches
    from vigie.cli import console

    with _engine() as engine:
        found = [
            (one, watched_files.list_newest(engine, one.id, limit=1)) for one in watches.list_for(engine)
        ]
    if as_json:
        console.dump([_brief(one) for one, _ in found])
        return
    table = console.columns("name", "source", "pattern", "when", "owner", "last look", "last file")
    for one, files in found:
        when = f"{one.schedule} ({one.timezone})" if one.schedule else "as files appear"
        looked = f"{one.looked_at:%Y-%m-%d %H:%M}" if one.looked_at else "never"
        state = "paused" if not one.active else "failing" if one.error else looked
        last = one_line(f"{files[0].key}: {files[0].state}") if files else "none"
        table.add_row(one.name, one.url, one.pattern, when, one.owner_email, state, last)
    console.show(table)


@watch.command(epilog=_EXAMPLES)
@_watch
def run(name: str) -> None:
    """Look at a watch now, and score its new files in this process; no server is needed.

    It looks twice, VIGIE_WATCH_SECONDS apart, since a file may still be written.
    """
    require("web", "a watch")
    from vigie.jobs.context import open_context
    from vigie.jobs.worker import Worker

    with open_context(settings.load(), settings.load_web()) as context:
        one, worker = _find(context.engine, name), Worker(context)
        with worker.heartbeat():
            look = _look_twice(worker, one)
            for key in (*look.started, *look.refused):
                click.echo(f"found {one_line(key)}")
            _score(worker, one)
        _print_outcome(context, one, [*look.started, *look.refused])
        if look.error is not None:
            raise look.error


@watch.command(epilog=_EXAMPLES)
@_watch
@options.yes
def remove(name: str, yes: bool) -> None:
    """Remove a watch; files, uploads and results stay.

    A watch that is added again scores the files anew, unless it is added with --new-only.
    """
    require("web", "a watch")
    from vigie.app import watches

    with _engine() as engine:
        one = _find(engine, name)
        if not yes:
            options.ask(f"Remove the watch {one.name} of {one.url}?", "--yes")
        watches.remove(engine, one.id)
        _record(engine, "remove watch", one.id)
    click.echo(f"removed {one.name}")


def _add(engine: Engine, source: str, chosen: dict[str, Any]) -> Watch:
    from vigie.app import watch_template, watches
    from vigie.sources import open as sources
    from vigie.sources import patterns, schedule

    url = sources.normalize(source)
    schedule.check(chosen["schedule"], chosen["timezone"])
    template = watch_template.read(engine, chosen["earlier"], None)
    requested = {
        "budget": chosen["alert_budget"],
        "fraud_rate": chosen["expected_fraud_rate"],
        "top": chosen["top"],
        "minimum": chosen["min_similarity"],
        "language": chosen["lang"],
    }
    now = datetime.now(UTC)
    values = {
        "url": url,
        "pattern": patterns.check(chosen["pattern"]),
        "schedule": chosen["schedule"],
        "timezone": chosen["timezone"],
        "write_back": chosen["write_back"],
        "options": {
            **template.options,
            **{name: value for name, value in requested.items() if value is not None},
        },
        "mapping": {**template.mapping, **roles_by_column(chosen["role_pairs"])},
        "columns": template.columns,
        "max_fraud_share": chosen["max_fraud_share"],
        "files_since": now if chosen["new_only"] else None,
        "next_look_at": schedule.next_look(chosen["schedule"], chosen["timezone"], now, 0.0),
    }
    name = chosen["name"].strip() or Path(url).name or url
    return watches.add(engine, _owner(engine, chosen["owner"]), name[:200], values)


def _owner(engine: Engine, email: str) -> User:
    """Return the owner of a watch: as named, or the first administrator, who is added where there is no user."""
    from getpass import getuser

    from vigie.app import users

    if email:
        return users.find_by_email(engine, email)
    admins = [user for user in users.list_all(engine) if user.role == "admin" and user.active]
    return admins[0] if admins else users.add(engine, "me@localhost", getuser(), "admin")


def _find(engine: Engine, name: str) -> Watch:
    """Return a watch by its id, or by its name if only one has it."""
    from vigie.app import watches

    found = watches.list_for(engine)
    named = [one for one in found if name in {one.id, one.name}]
    if len(named) != 1:
        hint = (
            "several watches have this name: give the id that vigie watch list --json prints" if named else ""
        )
        raise NotFound("watch", name, known=[one.name for one in found], hint=hint)
    return named[0]


def _look_twice(worker: Worker, one: Watch) -> Look:
    from vigie.app import watches
    from vigie.jobs.watching.look import Look, look

    context = worker.context
    both = Look()
    for number in range(2):
        if number and not both.waiting:
            break
        if number:
            time.sleep(context.web.watch_seconds)
        lease = context.web.lease_seconds
        while (
            claimed := watches.claim(context.engine, worker.name, lease, datetime.now(UTC), one.id)
        ) is None:
            time.sleep(_POLL_SECONDS)  # a worker is looking
        found = look(context, claimed, worker.name)
        both = Look(both.started + found.started, both.refused + found.refused, found.waiting, found.error)
    return both


def _score(worker: Worker, one: Watch) -> None:
    """Run jobs until the files of a watch are finished, here or in a worker that runs beside."""
    from vigie.jobs.watching.follow_up import FollowUp

    follow_up = FollowUp(worker.context)
    while follow_up.run(one.id):
        if not worker.run_one():
            time.sleep(_POLL_SECONDS)


def _print_outcome(context: JobContext, one: Watch, keys: list[str]) -> None:
    from vigie.app import watched_files

    for file in reversed(watched_files.list_newest(context.engine, one.id, limit=200)):
        if file.key in keys:
            why = f": {from_record(file.error)[0]}" if file.error else ""
            click.echo(f"{one_line(file.key)} {file.state}{one_line(why)}")


def _record(engine: Engine, action: str, watch_id: str, **detail: str) -> None:
    """Add a line to the audit log; its actor is the account of the system."""
    from getpass import getuser

    from vigie.app import audit

    audit.record(engine, f"command line ({getuser()})", action, f"watch:{watch_id}", detail, "")


def _engine() -> AbstractContextManager[Engine]:
    from vigie.db import database

    return database.opened(settings.load().database_url)


def _brief(one: Watch) -> dict[str, Any]:
    names = ("id", "name", "url", "pattern", "schedule", "timezone", "owner_email", "write_back", "active")
    return {name: getattr(one, name) for name in names} | {
        "columns": one.columns,
        "looked_at": one.looked_at.isoformat() if one.looked_at else None,
        "next_look_at": one.next_look_at.isoformat(),
        "error": one.error["message"] if one.error else None,
    }
