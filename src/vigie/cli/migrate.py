"""`vigie migrate`, and the same with the options of migrate_models_to_s3.py."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vigie import settings
from vigie.cli import audit, options
from vigie.cli.errors import EXAMPLES, Command
from vigie.errors import MigrationIncomplete, UsageRefused

if TYPE_CHECKING:
    from vigie.db.database import Engine
    from vigie.relocate import LockTiming

_Report = TypeVar("_Report")
_LAST = "last"
_PREFIX = "automl_models"

_RUN_OPTIONS = (
    click.option("--parallel", default=8, show_default=True, metavar="N", type=click.IntRange(1, 64),
                 help="Files copied or read in parallel."),
    click.option("--wait", default=0.0, metavar="SECONDS", type=click.FloatRange(0),
                 help="How long to wait for a running migration of another process; by default not at all."),
    click.option("--only", type=click.Choice(["own"]), help="Leave out the models that come with Vigie."),
    click.option("--register", is_flag=True,
                 help="First register the models of data/automl_models that are not registered, as `vigie populate` does."),
    click.option("--prices", type=click.Path(path_type=Path), metavar="FILE",
                 help="Prices for --estimate, in the format of Vigie's prices.json."),
    options.reads,
    click.option("--yes", is_flag=True, help="Do not ask before --prune-source deletes."),
    options.as_json,
)  # fmt: skip
_ACTION_OPTIONS = (
    click.option("--estimate", is_flag=True, help="Estimate the costs on S3, GCS, Azure and R2. Accesses no store."),
    click.option("--dry-run", is_flag=True, help="Show what would be done, model by model. Writes nothing."),
    click.option("--verify", is_flag=True, help="Read every file and signature and compare them."),
    click.option("--rollback", is_flag=False, flag_value=_LAST, metavar="[MIGRATION]",
                 help="Undo a migration, by default the last one."),
)  # fmt: skip


@click.command(
    cls=Command,
    epilog=EXAMPLES.format(
        "vigie migrate --to s3://fraud-detection-models/automl_models --dry-run",
        "vigie migrate --to s3://fraud-detection-models/automl_models",
        "vigie migrate --rollback",
    ),
)
@click.option(
    "--to", "target", metavar="URL", help="Target: s3://…, gs://…, az://… or a folder, with a prefix."
)
@click.option("--status", is_flag=True, help="List the migrations of this catalog.")
@click.option("--prune-source", is_flag=True, help="Verify the target, then delete the files at the source.")
@options.options(*_ACTION_OPTIONS, *_RUN_OPTIONS)
def migrate(target: str | None, **chosen: Any) -> None:
    """Move the models of the catalog to another store.

    Every file is copied, read back and compared before the catalog names the new location of a model. The old files are
    kept, so that --rollback can restore it. After an interruption, run the same command again: it resumes. Models that
    are at the target are read and compared, and missing or damaged files are sent again.
    """
    _run_action(target, chosen)


@click.command(
    cls=Command,
    epilog=EXAMPLES.format(
        "python migrate_models_to_s3.py --estimate",
        "python migrate_models_to_s3.py --bucket fraud-detection-models --dry-run",
        "python migrate_models_to_s3.py --rollback",
    ),
)
@click.option("--bucket", metavar="NAME", help="The S3 bucket to move the models to.")
@click.option("--prefix", default=_PREFIX, show_default=True, metavar="FOLDER", help="Prefix in the bucket.")
@options.options(*_ACTION_OPTIONS, *_RUN_OPTIONS)
def to_bucket(bucket: str | None, prefix: str, **chosen: Any) -> None:
    """Move the models of the catalog to an S3 bucket; `vigie migrate` does the same for any store."""
    target = f"s3://{bucket}/{prefix}".rstrip("/") if bucket else None
    _run_action(target, {"status": False, "prune_source": False, **chosen})


def _run_action(target: str | None, chosen: dict[str, Any]) -> None:
    """Do the one thing that the options name."""
    from vigie.stores.open import connect

    names = ("estimate", "dry_run", "verify", "rollback", "status", "prune_source")
    actions = [name for name in names if chosen[name]]
    if len(actions) > 1:
        both = " and ".join(f"--{name.replace('_', '-')}" for name in actions)
        raise UsageRefused(f"{both} cannot go together", hint="choose one of them")
    action = actions[0] if actions else "run"
    if target is None and action in {"run", "dry_run", "prune_source"}:
        raise UsageRefused("no store was named", hint="for example --to s3://bucket/automl_models")
    if target is not None and action in {"run", "dry_run"}:
        connect(target)
    with _engine() as engine:
        code = _register_first(engine, action, register=chosen["register"])
        _ACTION_FUNCTIONS[action](engine, target, chosen)
    if code:
        click.get_current_context().exit(code)


def _register_first(engine: Engine, action: str, *, register: bool) -> int:
    """Report the models of an earlier installation's folder that are not registered, and register them where wanted.

    Returns:
        The exit code of the first model that was refused, 0 without any.
    """
    from vigie.catalog import Catalog
    from vigie.cli import populate
    from vigie.cli.console import print_line

    if action not in {"run", "dry_run", "estimate"}:
        return 0
    folders = populate.unregistered(populate.DEFAULT_FOLDER, Catalog(engine))
    if not folders:
        return 0
    names = ", ".join(folders[:3]) + (" …" if len(folders) > 3 else "")
    print_line(f"{len(folders)} models in {populate.DEFAULT_FOLDER} are not registered: {names}")
    if action != "run":
        print_line("they are not counted here; the migration registers them first with --register")
        return 0
    if register or (sys.stdin.isatty() and click.confirm("Register them first?", default=True, err=True)):
        return populate.register_all(populate.DEFAULT_FOLDER)
    print_line("they are not moved; add --register to register and move them")
    return 0


@contextmanager
def _engine() -> Iterator[Engine]:
    """Open the catalog's database, with the starter models registered."""
    from vigie.catalog import Catalog
    from vigie.db import database
    from vigie.starter_models import registry

    with database.opened(settings.load().database_url) as engine:
        registry.register(Catalog(engine))
        yield engine


def _estimate(engine: Engine, target: str | None, chosen: dict[str, Any]) -> None:
    from vigie.catalog import Catalog
    from vigie.cli import migrate_report
    from vigie.costs.estimate import estimate, storage_load
    from vigie.costs.prices import load_prices
    from vigie.relocate import Target

    entries = Catalog(engine).list(active_only=False, own_only=_own_only(chosen))
    if target is not None:
        goal = Target.parse(target)
        entries = tuple(entry for entry in entries if entry.storage != goal.location_of(entry))
    prices, load = load_prices(chosen["prices"]), storage_load(entries)
    reads = chosen["reads"]
    found = estimate(load, prices, reads)
    migrate_report.estimate(load, prices, found, reads=reads, as_json=chosen["as_json"])


def _dry_run(engine: Engine, target: str, chosen: dict[str, Any]) -> None:
    from vigie import relocate
    from vigie.cli import migrate_report
    from vigie.starter_models import registry

    plan = _watched(
        relocate.plan, engine, target, chosen, own_only=_own_only(chosen), starter_models=registry.MODELS
    )
    migrate_report.plan(plan, as_json=chosen["as_json"])
    if not plan.possible:
        total = len(plan.models)
        raise MigrationIncomplete(
            total - len(plan.failures), total, what="can be moved", failed=plan.failures
        )


def _run(engine: Engine, target: str, chosen: dict[str, Any]) -> None:
    from vigie import relocate
    from vigie.catalog import Catalog
    from vigie.cli import migrate_report
    from vigie.starter_models import registry

    done = _watched(
        relocate.run,
        engine,
        target,
        chosen,
        own_only=_own_only(chosen),
        starter_models=registry.MODELS,
        timing=_timing(chosen),
    )
    if done.migration is not None:
        audit.record(engine, "migrate", f"migration:{done.migration}", to=target, at_target=done.models_out)
    own = sum(entry.own for entry in Catalog(engine).list(active_only=False))
    migrate_report.run(done, own, as_json=chosen["as_json"])
    if not done.complete:
        hint = done.hint or "run the same command again: it resumes where this one stopped"
        raise MigrationIncomplete(
            done.models_out, done.models_in, what="arrived", failed=done.failures, hint=hint
        )


def _verify(engine: Engine, target: str | None, chosen: dict[str, Any]) -> None:
    from vigie import relocate, resources
    from vigie.cli import migrate_report

    policy = resources.signature_policy(settings.load())
    found = _watched(relocate.verify, engine, target, chosen, own_only=_own_only(chosen), policy=policy)
    migrate_report.verify(found, as_json=chosen["as_json"])
    if not found.right:
        raise MigrationIncomplete(
            found.good,
            len(found.checks),
            what="are right",
            failed=[(label, "not right") for label, _ in found.failures],
            hint=_repair_hint(found.target),
        )


def _repair_hint(target: str | None) -> str:
    url = target or "URL, with the URL of their store,"
    return f"vigie migrate --to {url} sends missing and damaged files again; or roll the migration back"


def _rollback(engine: Engine, target: str | None, chosen: dict[str, Any]) -> None:
    from vigie import relocate
    from vigie.cli import migrate_report
    from vigie.starter_models import registry

    which = chosen["rollback"]
    if which != _LAST and not which.isdecimal():
        raise UsageRefused(f"--rollback {which}: expected the number of a migration", hint="see --status")
    number = None if which == _LAST else int(which)
    done = _watched(
        relocate.rollback, engine, number, chosen, starter_models=registry.MODELS, timing=_timing(chosen)
    )
    audit.record(engine, "roll back", f"migration:{done.migration}")
    migrate_report.rollback(done, as_json=chosen["as_json"])


def _prune(engine: Engine, target: str, chosen: dict[str, Any]) -> None:
    from vigie import relocate
    from vigie.cli import migrate_report

    if not chosen["yes"]:
        click.confirm(
            f"Delete the models' old files once {target} is verified? The migration cannot be rolled back then.",
            abort=True,
            err=True,
        )
    done = _watched(relocate.prune, engine, target, chosen, timing=_timing(chosen))
    audit.record(engine, "delete old files", f"migration:{done.migration}")
    migrate_report.prune(done, as_json=chosen["as_json"])


def _status(engine: Engine, target: str | None, chosen: dict[str, Any]) -> None:
    from vigie import relocate
    from vigie.cli import console, migrate_report

    records = relocate.list_migrations(engine)
    if chosen["as_json"]:
        console.dump([asdict(record) for record in records])
    else:
        migrate_report.status(records)


def _watched(
    operation: Callable[..., _Report],
    engine: Engine,
    subject: object,
    chosen: dict[str, Any],
    **arguments: object,
) -> _Report:
    """Call an operation of `relocate` on its target or migration, and show its progress unless the result is JSON."""
    from vigie.cli import migrate_report

    with migrate_report.watching(quiet=chosen["as_json"]) as watch:
        return operation(engine, subject, parallel=chosen["parallel"], progress=watch, **arguments)


def _own_only(chosen: dict[str, Any]) -> bool:
    return chosen["only"] is not None


def _timing(chosen: dict[str, Any]) -> LockTiming:
    from vigie.relocate import LockTiming

    return LockTiming(wait=chosen["wait"])


_ACTION_FUNCTIONS: dict[str, Any] = {
    "estimate": _estimate,
    "dry_run": _dry_run,
    "run": _run,
    "verify": _verify,
    "rollback": _rollback,
    "prune_source": _prune,
    "status": _status,
}
