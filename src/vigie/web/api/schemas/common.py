"""What schemas of several resources have in common."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from apiflask.fields import Float, Raw, String
from apiflask.validators import Range

from vigie.web.option_names import name_api_fields

ROW_NUMBER = Range(min=1, max=2**53)
"""Of a row in the upload, from 1."""


ONE_SUM = {"description": "null without amounts, and for amounts of several currencies"}
"""Of an amount beside sums by currency."""


class CurrencySumOut(Schema):
    """The sum of the amounts of one currency."""

    currency = String(metadata={"description": "as the file names it; empty where it is unknown"})
    amount = Float()


def free(**more: Any) -> Raw:
    """Return a field for any JSON value, including null."""
    return Raw(
        metadata={"type": "object", "additionalProperties": True, "nullable": True}, allow_none=True, **more
    )


class Hint(String):
    """A hint whose read options are fields of the API."""

    def _serialize(self, value: Any, *args: Any, **more: Any) -> Any:
        text = super()._serialize(value, *args, **more)
        return text if text is None else name_api_fields(text)


class Fault(Schema):
    """Reason of a refusal or failure."""

    message = String()
    hint = Hint()
    kind = String()
