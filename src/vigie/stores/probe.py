"""Whether a store answers at all, found out in seconds instead of the minute that a transfer is retried for."""

from __future__ import annotations

import threading
from dataclasses import replace

from vigie import settings
from vigie.errors import NotFound, StoreUnavailable, VigieError
from vigie.i18n.messages import msg
from vigie.stores.base import Location
from vigie.stores.open import open_location

_RETRY_SECONDS = 3.0
_CONNECT_SECONDS = 3.0
_HINT = msg("check the endpoint, the network and any proxy; nothing was changed")


def probe(location: Location, key: str) -> None:
    """Read one small object of a store, with short time limits; that it is not there is an answer.

    Args:
        location: the store; one in a local folder is not asked.
        key: key of the object.

    Raises:
        StoreUnavailable: the store does not answer within `StoreOptions.probe_seconds`, or refuses.
    """
    if location.kind in {"local", "memory"}:
        return
    errors: list[VigieError] = []
    options = settings.load_store()
    # A thread, because some waits, such as that for a name server, have no limit that can be set.
    asking = threading.Thread(
        target=_ask, args=(location, key, options, errors), daemon=True, name="vigie-probe"
    )
    asking.start()
    asking.join(options.probe_seconds)
    if asking.is_alive():
        message = msg(
            "{label}: no answer within {seconds} s",
            label=location.label,
            seconds=round(options.probe_seconds),
        )
        raise StoreUnavailable(message, hint=_HINT)
    if errors:
        raise errors[0]


def _ask(location: Location, key: str, options: settings.StoreOptions, errors: list[VigieError]) -> None:
    # A little less than the limit, so that the client's own error, which says more, comes first.
    seconds = 0.9 * options.probe_seconds
    brief = replace(
        options,
        connect_seconds=min(options.connect_seconds, _CONNECT_SECONDS, seconds),
        read_seconds=min(options.read_seconds, seconds),
        total_seconds=min(options.total_seconds, _RETRY_SECONDS, seconds),
        request_seconds=min(options.request_seconds, seconds),
    )
    try:
        # Not `head`: its response has no body, and with it not the reason of a refusal.
        open_location(location, options=brief).get(key)
    except NotFound:
        return
    except VigieError as error:
        errors.append(error)
