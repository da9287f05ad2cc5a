"""Lines of the audit log in words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from vigie.app import AuditLine
from vigie.app.audit import ANONYMOUS
from vigie.app.audit_names import Names
from vigie.i18n.translator import Translator
from vigie.table.writing import FORMULA_MARKS

_VALUES = ("row", "rows", "alerts", "columns", "bytes", "role", "state", "format")


def sentence(line: AuditLine, names: Names, t: Translator) -> str:
    """Return who did what, as in "Ada marked row 812 of october.csv as fraud"."""
    who = t("settings.anonymous") if line.actor == ANONYMOUS else names.actors.get(line.actor, line.actor)
    kind, _, key = line.object.partition(":")
    values = {name: line.detail.get(name, "") for name in _VALUES}
    values |= {
        "who": who,
        "file": names.files.get(line.object, t("audit.deleted_file")),
        "earlier": names.files.get(str(line.detail.get("earlier", "")), t("audit.deleted_file")),
        "user": names.users.get(key, key) if kind == "user" else key,
        "object": key or kind,
        "state": t(f"rules.{line.detail['state']}") if kind == "rule" and "state" in line.detail else "",
        "action": t(f"action.{line.action}") if t.has(f"action.{line.action}") else line.action,
    }
    name = _sentence_of(line)
    return t(f"audit.{name}" if t.has(f"audit.{name}") else "audit.other", **values)


def _sentence_of(line: AuditLine) -> str:
    """Return the name of the sentence of an action; some actions have one for each of their kinds."""
    detail = line.detail
    if line.action == "mark" and "row" in detail:
        return f"mark {detail.get('verdict') or 'nothing'}"
    if line.action == "start refine" and "earlier" in detail:
        return "start refine earlier"
    if line.action == "add rule":
        return f"add rule {detail.get('does', '')}".strip()
    if line.action == "change rule" and "state" not in detail:
        return "change rule end"
    if line.action == "change case" and detail.get("status"):
        return f"change case {detail['status']}"
    return line.action


def as_csv(lines: Iterable[AuditLine], names: Names, t: Translator) -> Iterator[bytes]:
    """Yield lines as a CSV; a spreadsheet executes none of its cells."""
    header = ("time", "actor", "what", "action", "object", "detail", "address")
    yield _row([t(f"audit.csv_{name}") for name in header])
    for line in lines:
        detail = json.dumps(dict(line.detail), ensure_ascii=False) if line.detail else ""
        text = sentence(line, names, t)
        yield _row([line.at.isoformat(), line.actor, text, line.action, line.object, detail, line.address])


def _row(cells: Iterable[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(
        ["'" + cell if cell.startswith(tuple(FORMULA_MARKS)) else cell for cell in cells]
    )
    return written.getvalue().encode()
