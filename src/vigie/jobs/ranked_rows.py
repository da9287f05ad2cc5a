"""The ranked rows of finished runs, and the rules that apply to them, in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vigie import tempdirs
from vigie.app import Run
from vigie.app.result_layout import RANKED
from vigie.jobs.context import JobContext
from vigie.stores.base import join
from vigie.table.atomic import atomic_write

if TYPE_CHECKING:
    from vigie.alerts.effects import RuleEffects


def rule_effects(context: JobContext) -> RuleEffects:
    """Return what applies the rules of the installation to results."""
    from vigie.alerts.effects import RuleEffects

    return RuleEffects(context.engine, lambda run: open_ranked(context, run))


@contextmanager
def open_ranked(context: JobContext, run: Run) -> Iterator[Path]:
    """Yield the path of the ranked table of a run, on this machine."""
    key, store = join(run.result or "", RANKED), context.store
    if store.kind == "local":
        yield Path(store.bucket, key)
        return
    with tempdirs.temporary_workdir(context.settings.cache_dir / "jobs") as folder:
        with atomic_write(folder / RANKED) as file:
            for chunk in store.stream(key):
                file.write(chunk)
        yield folder / RANKED
