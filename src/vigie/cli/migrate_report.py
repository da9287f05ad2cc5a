"""Output of a migration: progress on stderr, the result on stdout."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.text import Text

from vigie.cli.console import columns, console, dump, print_line, show, size
from vigie.errors import by_reason

if TYPE_CHECKING:
    from vigie.costs.estimate import StorageCost, StorageLoad
    from vigie.costs.prices import Prices
    from vigie.relocate import (
        Migration,
        Progress,
        PruneReport,
        RelocationPlan,
        RollbackReport,
        RunReport,
        VerifyReport,
    )

_COLOURS = {
    "damaged there": "yellow",
    "new": "cyan",
    "identical": "green",
    "already there": "dim",
    "different": "yellow",
}


class _Counter:
    """Progress of a migration."""

    def __init__(self) -> None:
        self.verb = ""
        self.models = self.settled = self.size = self.done = 0
        self.lock = threading.Lock()
        self.started = time.monotonic()

    def begin(self, models: int, size: int, verb: str) -> None:
        self.models, self.size, self.settled, self.done = models, size, 0, 0
        self.verb = verb
        self.started = time.monotonic()

    def line(self) -> str:
        return f"{self.verb} {self.settled} of {self.models} models, {size(self.done)} of {size(self.size)}"

    def left(self) -> str:
        passed = time.monotonic() - self.started
        if passed < 1 or not 0 < self.done < self.size:
            return ""
        return f", {passed / self.done * (self.size - self.done):.0f} s left"


class Lines(_Counter):
    """Plain lines for a file or a pipe: one per step of bytes, one for each model that failed, one at the end.

    A step is a twentieth of all bytes, and at least 64 MB. The number of lines therefore depends on the amount of data
    and not on how fast it is moved.
    """

    steps = 20
    smallest_step = 64_000_000

    def begin(self, models: int, size: int, verb: str) -> None:
        """See `Progress`."""
        super().begin(models, size, verb)
        self.step = max(self.smallest_step, -(-size // self.steps))
        self.reported = 0

    def advance(self, size: int) -> None:
        """See `Progress`."""
        with self.lock:
            self.done += size
            step = self.done // self.step
            if step > self.reported and self.done < self.size:
                self.reported = step
                print_line(self.line() + self.left())

    def finish_model(self, model: str, state: str) -> None:
        """See `Progress`."""
        with self.lock:
            self.settled += 1
            if state in {"failed", "damaged", "unreadable", "missing at the source"}:
                print_line(f"{model}: {state}")
            if self.settled == self.models:
                print_line(self.line())


class Bar(_Counter):
    """A progress bar on a terminal: bytes, models, time left."""

    def __init__(self) -> None:
        from rich import progress as rich

        super().__init__()
        self.bar = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(30),
            rich.DownloadColumn(),
            rich.TimeRemainingColumn(),
            console=console(err=True),
            transient=True,
        )
        self.task = self.bar.add_task("")

    def begin(self, models: int, size: int, verb: str) -> None:
        """See `Progress`."""
        super().begin(models, size, verb)
        self.bar.reset(self.task, total=size, description=self._description())
        # Only now, so that the first thing it shows is 0 of the real total.
        self.bar.start()

    def advance(self, size: int) -> None:
        """See `Progress`."""
        self.bar.advance(self.task, size)

    def finish_model(self, model: str, state: str) -> None:
        """See `Progress`."""
        with self.lock:
            self.settled += 1
            self.bar.update(self.task, description=self._description())

    def _description(self) -> str:
        return f"{self.verb} {self.settled} of {self.models} models"


@contextmanager
def watching(*, quiet: bool) -> Iterator[Progress | None]:
    """Report progress with a bar if stderr is a terminal, else with lines; not at all with `quiet`."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        bar = Bar()
        try:
            yield bar
        finally:
            bar.bar.stop()
    else:
        yield Lines()


def estimate(
    load: StorageLoad, prices: Prices, costs: Sequence[StorageCost], *, reads: int, as_json: bool
) -> None:
    """Print the estimated costs of each provider, with `reads` of each model in a month."""
    if as_json:
        sums = [{**asdict(c), "steady": c.steady, "first_month": c.first_month} for c in costs]
        dump({"load": asdict(load), "read": prices.read, "currency": prices.currency,
              "reads_per_month": reads, "costs": sums})  # fmt: skip
        return
    _print(f"{load.models} models in {load.objects} objects, {size(load.size)}")
    table = columns(
        "provider", "storage", "requests", "a month", "first month", right=(1, 2, 3, 4), last=False
    )
    for cost in costs:
        parts = (cost.storage, cost.read_requests, cost.steady, cost.first_month)
        table.add_row(cost.provider.name, *(_money(part) for part in parts))
    show(table)
    _print(
        f"Prices in {prices.currency}, read {prices.read}. Assumed: each model is read from the store {reads} times a month"
        f"{' (once a day)' if reads == 30 else ''}, the copy is read back once. Set it with --reads N; a cache that keeps "
        "its disk reads each model once per machine."
    )
    out = ", ".join(f"{c.provider.key} {_money(c.transfer_out)}" for c in costs)
    _print(f"If those reads leave the provider's network, a month adds: {out} (free allowances not counted).")


def plan(found: RelocationPlan, *, as_json: bool) -> None:
    """Print what would be done."""
    if as_json:
        dump({**asdict(found), "counts": found.counts, "possible": found.possible})
        return
    noted = any(model.detail for model in found.models)
    table = columns("model", "state", "to copy", *(["because"] if noted else []), right=(2,), last=noted)
    for model in found.models:
        state = Text(model.state, style=_COLOURS.get(model.state, "red"))
        note = [Text(model.detail, style="dim")] if noted else []
        table.add_row(model.label, state, size(model.to_copy), *note)
    show(table)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(found.counts.items()))
    total = sum(model.to_copy for model in found.models)
    sources = sorted({f"{model.old.storage_type}:{model.old.bucket}" for model in found.models})
    _print(f"{len(found.models)} models: {counts or 'none'}; {size(total)} to copy")
    _print_shares(len(found.models), sum(model.own for model in found.models))
    _print(f"from {', '.join(sources) or 'nowhere'}")
    _print(f"to   {found.target}")
    _print("Nothing was written.")


def run(done: RunReport, own: int, *, as_json: bool) -> None:
    """Print what was moved.

    Args:
        done: what the run did.
        own: number of models in the catalog that do not come with Vigie.
        as_json: print JSON.
    """
    if as_json:
        outcomes = [
            {
                **{name: getattr(o, name) for name in ("name", "version", "state")},
                "copied": asdict(o.copied),
                "error": o.error.message if o.error else None,
            }
            for o in done.outcomes
        ]
        same = ("migration", "target", "resumed", "models_in", "models_out", "complete", "seconds")
        dump({**{name: getattr(done, name) for name in same}, "models": outcomes})
        return
    sent = sum(o.copied.sent for o in done.outcomes)
    kept = sum(o.copied.kept for o in done.outcomes)
    volume = sum(o.copied.size for o in done.outcomes)
    if done.migration is None:
        _print(
            f"Nothing to do: all {done.models_in} models are at {done.target}, every byte read and compared"
        )
        return
    moved = sum(o.state == "moved" for o in done.outcomes)
    repaired = sum(o.state == "repaired" for o in done.outcomes)
    again = ", resumed" if done.resumed else ""
    done_words = f"{moved} of {len(done.outcomes)} models moved"
    if repaired:
        done_words += f", {repaired} repaired where they are"
    _print(f"Migration {done.migration}{again}: {done_words} in {done.seconds:.1f} s")
    _print(f"{sent} files copied and read back ({size(volume)}), {kept} were there and right")
    _print_shares(done.models_in, min(own, done.models_in))
    _print(f"{done.models_in} models in, {done.models_out} out at {done.target}")


def _print_shares(models: int, own: int) -> None:
    """Print how many of the models are the user's and how many come with Vigie, unless all of them do."""
    if own:
        others = models - own
        rest = f", {others} come with Vigie (--only own leaves these out)" if others else ""
        _print(f"{own} of them are yours{rest}")


def verify(found: VerifyReport, *, as_json: bool) -> None:
    """Print what was verified."""
    if as_json:
        sums = {"models": len(found.checks), "good": found.good, "right": found.right, "bytes": found.size}
        dump({**asdict(found), **sums})
        return
    for line in by_reason(found.failures):
        _print(line)
    where = f" at {found.target}" if found.target else ""
    _print(
        f"{found.good} of {len(found.checks)} models right{where}: every byte read afresh "
        f"({size(found.size)}, {found.seconds:.1f} s)"
    )


def rollback(done: RollbackReport, *, as_json: bool) -> None:
    """Print what was restored."""
    if as_json:
        dump(asdict(done))
        return
    earlier = f", {done.before} before" if done.before else ""
    _print(
        f"Migration {done.migration} rolled back: {len(done.restored)} models are where they were{earlier}; "
        "their files were verified, nothing was deleted"
    )
    if done.forgotten:
        _print(f"no longer registered: {', '.join(done.forgotten)}")


def prune(done: PruneReport, *, as_json: bool) -> None:
    """Print what was deleted."""
    if as_json:
        dump(asdict(done))
        return
    for label, reason in done.kept:
        _print(f"{label}: kept, {reason}")
    _print(
        f"Migration {done.migration}: {done.objects} old files of {len(done.pruned)} models deleted, "
        "their target verified before"
    )


def status(records: Sequence[Migration]) -> None:
    """Print the migrations, newest first."""
    if not records:
        _print("No migration yet.")
        return
    table = columns("migration", "state", "models", "started", "by", "to")
    for record in records:
        steps = ", ".join(f"{count} {state}" for state, count in sorted(record.steps.items()))
        state = "interrupted" if record.interrupted else record.state
        alive = f", alive {record.heartbeat_at:%H:%M:%S} UTC" if record.held else ""
        if record.interrupted:
            alive = f", last alive {record.heartbeat_at:%H:%M:%S} UTC"
        started = f"{record.started_at:%Y-%m-%d %H:%M} UTC{alive}"
        table.add_row(str(record.id), state, steps, started, record.who, record.target)
    show(table)
    for record in records:
        if record.error:
            _print(f"migration {record.id}: {record.error}")
        if record.interrupted:
            _print(
                f"migration {record.id}: its process has ended; finish it with vigie migrate --to {record.target}, "
                f"or undo it with vigie migrate --rollback {record.id}"
            )


def _print(text: str) -> None:
    """Print one line of the result."""
    sys.stdout.write(text + "\n")


def _money(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 0.005 or amount == 0 else "<$0.01"
