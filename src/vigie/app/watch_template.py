"""What a watch takes from an earlier file: columns, roles, budget and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vigie.app import runs, uploads
from vigie.app.users import User
from vigie.db.database import Engine
from vigie.errors import NotFound, WrongState
from vigie.i18n.messages import msg

DEFAULTS: Mapping[str, Any] = {
    "budget": None,
    "fraud_rate": None,
    "top": 3,
    "minimum": 0.5,
    "language": "en",
    "seed": 0,
}
"""Options of a scoring where a user chooses none."""


@dataclass(frozen=True)
class Template:
    """What a watch does with its files.

    Attributes:
        options: options of the scorings, as those of a run, without the roles.
        mapping: column -> role.
        columns: columns that every file must have; None where any will do.
    """

    options: Mapping[str, Any]
    mapping: Mapping[str, str]
    columns: Sequence[str] | None


def read(engine: Engine, earlier: str, user: User | None) -> Template:
    """Return the columns, roles, budget and models of an earlier file.

    Args:
        engine: database.
        earlier: id of an upload or of a finished prediction; empty for the defaults.
        user: the caller, who must see it; None for any.

    Raises:
        NotFound: there is no such upload or prediction.
        WrongState: the upload was not inspected.
    """
    if not earlier:
        return Template(DEFAULTS, {}, None)
    options: Mapping[str, Any] = DEFAULTS
    if earlier.startswith("run_"):
        run = runs.find(engine, earlier, user)
        if run.kind not in {"score", "refine"}:
            raise NotFound("prediction", earlier, hint="give the id of a prediction or of an upload")
        options = {name: run.options.get(name, DEFAULTS[name]) for name in DEFAULTS}
        budget = run.alert_budget
        options = options if budget is None or budget < 1 else {**options, "budget": budget}
        earlier = run.upload_id
    upload = uploads.find(engine, earlier, user)
    columns = (upload.inspection or {}).get("columns")
    if columns is None:
        raise WrongState(msg("upload {id!r}", id=upload.id), found="not inspected yet", expected="inspected")
    return Template(options, upload.mapping, columns)
