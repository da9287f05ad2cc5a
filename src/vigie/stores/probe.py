"""Whether a store answers at all, found out in seconds instead of the minute that a transfer is retried for."""

from __future__ import annotations

import threading
from dataclasses import replace

from vigie import settings
from vigie.errors import NotFound, StoreUnavailable, VigieError
from vigie.i18n.messages import msg
from vigie.stores.base import Location
from vigie.stores.open import open_location

PROBE_SECONDS = 8.0
"""Limit of one probe, whatever the store does."""
_ATTEMPT_SECONDS = 3.0
_HINT = msg("check the endpoint, the network and any proxy; nothing was changed")


def probe(location: Location, key: str) -> None:
    """Ask a store for one object, with short time limits; that it is not there is an answer.

    Args:
        location: the store; one in a local folder is not asked.
        key: key of the object.

    Raises:
        StoreUnavailable: the store does not answer within `PROBE_SECONDS`, or refuses.
    """
    if location.kind in {"local", "memory"}:
        return
    errors: list[VigieError] = []
    # A thread, because some waits, such as that for a name server, have no limit that can be set.
    asking = threading.Thread(target=_ask, args=(location, key, errors), daemon=True, name="vigie-probe")
    asking.start()
    asking.join(PROBE_SECONDS)
    if asking.is_alive():
        message = msg(
            "{label}: no answer within {seconds} s", label=location.label, seconds=round(PROBE_SECONDS)
        )
        raise StoreUnavailable(message, hint=_HINT)
    if errors:
        raise errors[0]


def _ask(location: Location, key: str, errors: list[VigieError]) -> None:
    configured = settings.load_store()
    options = replace(
        configured,
        connect_seconds=min(configured.connect_seconds, _ATTEMPT_SECONDS),
        read_seconds=min(configured.read_seconds, _ATTEMPT_SECONDS),
        total_seconds=min(configured.total_seconds, _ATTEMPT_SECONDS),
        request_seconds=min(configured.request_seconds, _ATTEMPT_SECONDS),
    )
    try:
        open_location(location, options=options).head(key)
    except NotFound:
        return
    except VigieError as error:
        errors.append(error)
