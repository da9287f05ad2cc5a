"""Read options in hints: the command line names them `--header-row`, the API and the pages have fields."""

from __future__ import annotations

import re
from collections.abc import Callable

_READ_OPTION = re.compile(r"--(sheet|header-row|encoding|separator|decimal|strict)\b")


def replace_read_options(hint: str, to_field: Callable[[str], str]) -> str:
    """Replace the read options of the command line in a hint.

    Args:
        hint: in any language.
        to_field: name of a read option, as in `ReadOptions.to_json` -> what the hint calls it.
    """
    return _READ_OPTION.sub(lambda found: to_field(found[1].replace("-", "_")), hint)


def name_api_fields(hint: str) -> str:
    """Return a hint with read options as the fields of the API's JSON: ``--header-row`` becomes `header_row`."""
    return replace_read_options(hint, "`{}`".format)
