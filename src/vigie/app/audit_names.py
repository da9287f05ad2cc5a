"""Names of what the lines of the audit log are about, and the lines about a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from vigie.app.tables import alert_rules, audit, runs, uploads, users
from vigie.db.database import Engine, reading


@dataclass(frozen=True)
class Names:
    """Names of files and users.

    Attributes:
        files: object, such as `upload:up_1f…` or `run:run_1f…` -> name of the file.
        users: id -> name.
        actors: e-mail address -> name.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)


def find_names(engine: Engine, objects: Iterable[str]) -> Names:
    """Return the names of users, and of the files of some objects that were not purged."""
    ids: dict[str, set[str]] = {"upload": set(), "run": set()}
    for one in objects:
        kind, _, key = one.partition(":")
        ids.setdefault(kind, set()).add(key)
    of_uploads = sa.select(uploads.c.id, uploads.c.name).where(uploads.c.id.in_(ids["upload"]))
    of_runs = sa.select(runs.c.id, uploads.c.name).join(uploads, uploads.c.id == runs.c.upload_id)
    people = sa.select(users.c.id, users.c.email, users.c.name)
    with reading(engine) as connection:
        files = {f"upload:{key}": name for key, name in connection.execute(of_uploads)}
        found = connection.execute(of_runs.where(runs.c.id.in_(ids["run"])))
        files |= {f"run:{key}": name for key, name in found}
        known = connection.execute(people).all()
    return Names(
        files,
        {str(number): name or email for number, email, name in known},
        {email: name or email for _, email, name in known},
    )


def about_file(text: str) -> sa.ColumnElement[bool]:
    """Return the condition for lines about files with a text in their name, their predictions, and rules made there."""
    named = sa.select(uploads.c.id).where(
        sa.func.lower(uploads.c.name).contains(text.lower(), autoescape=True)
    )
    of_runs = sa.select(runs.c.id).where(runs.c.upload_id.in_(named))
    of_rules = sa.select(alert_rules.c.id).where(alert_rules.c.run_id.in_(of_runs))
    return sa.or_(
        audit.c.object.in_(sa.select(sa.literal("upload:") + uploads.c.id).where(uploads.c.id.in_(named))),
        audit.c.object.in_(sa.select(sa.literal("run:") + runs.c.id).where(runs.c.id.in_(of_runs))),
        audit.c.object.in_(
            sa.select(sa.literal("rule:") + sa.cast(alert_rules.c.id, sa.String)).where(
                alert_rules.c.id.in_(of_rules)
            )
        ),
    )
