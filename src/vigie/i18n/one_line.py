"""Names of foreign origin in a line of a text, an e-mail or a terminal."""

from __future__ import annotations

import unicodedata


def one_line(text: str, longest: int = 0) -> str:
    """Return a text with a space for each control character and each end of a line or paragraph.

    They would end the header of an e-mail, or be commands of a terminal.

    Args:
        text: the text.
        longest: maximum number of characters, after which `…` stands for the rest; 0 for no limit.
    """
    shown = "".join(
        " " if (kind := unicodedata.category(one)) in {"Zl", "Zp"} or kind[0] == "C" else one for one in text
    )
    return f"{shown[:longest]}…" if longest and len(shown) > longest else shown
