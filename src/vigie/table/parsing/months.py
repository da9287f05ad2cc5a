"""Names of months in English, French, Spanish and Portuguese, whole or cut short."""

from __future__ import annotations

import unicodedata

_NAMES = """
    january jan janvier janv enero ene janeiro
    february feb fevrier fevr febrero fevereiro fev
    march mar mars marzo marco
    april apr avril avr abril abr
    may mai mayo maio
    june jun juin junio junho
    july jul juillet juil julio julho
    august aug aout agosto ago
    september sep sept septembre septiembre setembro set
    october oct octobre octubre outubro out
    november nov novembre noviembre novembro
    december dec decembre diciembre dic dezembro dez
"""
MONTHS = {
    word: number for number, line in enumerate(_NAMES.strip().splitlines(), start=1) for word in line.split()
}
"""Word, in lower case and without accents -> 1 to 12."""
ENGLISH = {"sept"} | {
    short for line in _NAMES.strip().splitlines() for short in (line.split()[0], line.split()[0][:3])
}


def month_of(word: str) -> int | None:
    """The number of a month by its name, as people write it; None for any other word."""
    plain = unicodedata.normalize("NFKD", word.strip().lower().removesuffix("."))
    return MONTHS.get("".join(c for c in plain if not unicodedata.combining(c)))
