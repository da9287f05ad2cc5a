"""Names of months in English, French, Spanish, Portuguese and German, whole or cut short."""

from __future__ import annotations

import unicodedata

_NAMES = """
    january jan janvier janv enero ene janeiro januar janner
    february feb fevrier fevr febrero fevereiro fev fevrier februar febr
    march mar mars marzo marco marz mrz maerz
    april apr avril avr abril abr avr
    may mai mayo maio mayo
    june jun juin junio junho juni
    july jul juillet juil julio julho juli juill
    august aug aout agosto ago
    september sep sept septembre septiembre setembro setiembre set
    october oct oktober okt octobre octubre outubro out
    november nov novembre noviembre novembro
    december dec decembre diciembre dic dezembro dez dezember
"""
MONTHS = {
    word: number for number, line in enumerate(_NAMES.strip().splitlines(), start=1) for word in line.split()
}
"""Word, in lower case and without accents -> 1 to 12."""


def month_of(word: str) -> int | None:
    """Return the number of a month by its name, as people write it; None for any other word."""
    plain = unicodedata.normalize("NFKD", word.strip().lower().removesuffix("."))
    return MONTHS.get("".join(c for c in plain if not unicodedata.combining(c)))
