"""Files of uploads and results as responses."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, g

from vigie.web.services import current_services
from vigie.web.services.results import Download


def download(run_id: str, kind: str, budget: int | None, language: str) -> Response:
    """Return a result as an attachment.

    Args:
        run_id: a finished run.
        kind: format of the file.
        budget: number of alerts; None for that of the run.
        language: of the workbook.
    """
    file = current_services().results.download(g.user, run_id, kind, budget=budget, language=language)
    return _attachment(file)


def set_aside(upload_id: str) -> Response:
    """Return the lines of an upload that are not among its rows as an attachment."""
    data, name = current_services().uploads.set_aside(g.user, upload_id)
    return _attachment(Download(iter((data,)), name, "text/csv; charset=utf-8", len(data)))


def _attachment(file: Download) -> Response:
    response = Response(file.chunks, content_type=file.media_type)
    ascii_name = file.name.encode("ascii", "replace").decode()
    for character in '?"\\':
        ascii_name = ascii_name.replace(character, "_")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(file.name)}"
    )
    if file.size is not None:
        response.content_length = file.size
    return response
