"""Errors of migrations of models between stores."""

from __future__ import annotations

from collections.abc import Iterable

from vigie.errors.base import Unavailable

_MAX_LABELS = 5
"""Names that a message gives before it counts the others."""


class MigrationUnderWay(Unavailable):
    """Another process holds the migration lock; `who` is user, machine and process, `since` in UTC."""

    def __init__(self, migration: int, *, who: str, since: str, alive: str) -> None:
        super().__init__(
            f"migration {migration} is under way: {who}, since {since}, last sign of life {alive}",
            hint="wait for it with --wait SECONDS; if its process is dead its place is free within a minute",
        )
        self.migration = migration
        self.who = who
        self.since = since


class MigrationIncomplete(Unavailable):
    """Some models were not migrated; `failed` are their labels, with the reason."""

    def __init__(
        self, done: int, expected: int, *, what: str, failed: Iterable[tuple[str, str]] = (), hint: str = ""
    ) -> None:
        self.failed = tuple(failed)
        named = "".join(f"; {line}" for line in by_reason(self.failed))
        super().__init__(f"{done} of {expected} models {what}{named}", hint=hint)
        self.done = done
        self.expected = expected


class RollbackRefused(Unavailable):
    """Nothing was restored; `faults` are the labels of models, with what was found at their old location."""

    def __init__(self, migration: int, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        named = "; ".join(f"model {label!r}: {found}" for label, found in self.faults[:5])
        more = f"; and {len(self.faults) - 5} more" if len(self.faults) > 5 else ""
        super().__init__(
            f"migration {migration} cannot be rolled back: {named}{more}",
            hint="nothing was changed; put the old bytes back where they were, or keep the models where they are",
        )
        self.migration = migration


def by_reason(failed: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line for each reason, with the models that have it: a dead store is one line for forty models.

    Args:
        failed: label and reason of each model; without a reason, only the label is given.
    """
    models: dict[str, list[str]] = {}
    for label, reason in failed:
        models.setdefault(reason, []).append(label)
    lines = []
    for reason, labels in models.items():
        more = f" and {len(labels) - _MAX_LABELS} more" if len(labels) > _MAX_LABELS else ""
        lines.append(", ".join(labels[:_MAX_LABELS]) + more + (f": {reason}" if reason else ""))
    shown = lines[:_MAX_LABELS]
    return shown + ([f"and {len(lines) - len(shown)} more reasons"] if len(lines) > len(shown) else [])
