"""Dates as people write them -> the spellings that `dates` knows: names of days and months, joiners, dotted times.

Applied to a column of which no cell is spelled plainly. Languages: English, French, Spanish, Portuguese and German.
"""

from __future__ import annotations

import polars as pl

from vigie.table.parsing.months import MONTHS

_SHORT = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim
    lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom
    segunda-feira terca-feira quarta-feira quinta-feira sexta-feira segunda terca quarta quinta sexta seg ter qua qui sex
    montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so
"""
_DAY = "|".join(sorted(_DAYS.split(), key=len, reverse=True))
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_HALF = r"(?:\s*[ap]m)?"
_STEPS = (
    (r"\s*\([a-z ,/]+\)$", ""),  # (CET)
    (r"^\[(\d.*)\]$", "${1}"),
    (r"\s*\(((?:utc|gmt)\s?[+-]\d{1,2}(?::?\d{2})?)\)$", " ${1}"),
    (r"^(\d{4}-\d{2}-\d{2})-(\d{2})\.(\d{2})\.(\d{2})", "${1} ${2}:${3}:${4}"),  # Db2
    (r"^(\d{1,2})/([a-z]{3})/(\d{4}):(\d)", "${1} ${2} ${3} ${4}"),  # the log of a web server
    (r"\s(?:da|de|pela|de la|por la|du)\s(?:manha|madrugada|manana|matin)$", " am"),
    (r"\s(?:da|de|pela|de la|por la|du|de l.)\s?(?:tarde|noite|noche|soir|apres-midi)$", " pm"),
    (r"\s?(?:utc|gmt)\s?([+-])(\d)$", " ${1}0${2}00"),
    (r"\s?(?:utc|gmt)\s?([+-]\d{2})$", " ${1}00"),
    (r"([ap])\.\s?m\.?", "${1}m"),
    (rf"^(?:{_DAY})\b[.,]*\s*(?:(?:le|the|den|dem|el|o)\s+)?(\d|(?:{_MONTH})\b)", "${1}"),
    (r"^mar[.,]*\s+(\d{1,2}(?:er)?[\s/.-]+(?:de\s+)?(?:[a-z]{3,}|\d{1,2}[/.-]))", "${1}"),  # mardi, martes
    (r"^le\s+(\d)", "${1}"),
    (r"(^|\s)(\d{1,2})(?:er|st|nd|rd|th|o|a)\b", "${1}${2}"),
    (r"\b(\d{1,2})\.?\s+(?:de\s+|of\s+)?([a-z]{3})", "${1} ${2}"),
    (r"([a-z])\.", "${1}"),
    (r"\s+(?:del?|of)\s+", " "),
    (r"^(\d{4})\.?年\s?(\d{1,2})月\s?(\d{1,2})日", "${1}-${2}-${3}"),
    (r"^(\d{4})\.\s*(\d{1,2})\.\s*(\d{1,2})\.", "${1}.${2}.${3}"),
    (r"^(\d{4})(\d{2})(\d{2})[t\s_-]+(\d{2}):?(\d{2}):?(\d{2})", "${1}-${2}-${3} ${4}:${5}:${6}"),
    (r"^(\d{4})(\d{2})(\d{2})[t\s_-]+(\d{2}):?(\d{2})(\s|z|$)", "${1}-${2}-${3} ${4}:${5}${6}"),
    (r"[,\s]+(?:a las|a la|as|at|a|um|kl|@|-|–|\|)\s*(\d{1,2}\s?[:h.])", " ${1}"),
    (r"(\d{1,2})\s?h\s?(\d{2})\s?(?:m|min|mn|:)\s?(\d{2})\s?s?", "${1}:${2}:${3}"),
    (r"(\d{1,2})\s?h\s?(\d{2})(?:\s?(?:m|min|mn))?", "${1}:${2}"),
    (r"(\s\d{1,2})\s?(?:h|uhr)$", "${1}:00"),
    (r"\s*(?:uhr|hrs?|h)$", ""),
    (rf"([\s_t]\d{{1,2}})\.(\d{{2}})\.(\d{{2}})((?:\.\d+)?{_HALF}(?:\s.*)?)$", "${1}:${2}:${3}${4}"),
    (rf"([\s_t]\d{{1,2}})\.(\d{{2}})({_HALF})$", "${1}:${2}${3}"),
    (r"(:\d{2}\.\d{1,9})\d*", "${1}"),
    (r"\s(?:utc|gmt)\s?([+-]\d{1,2}:?\d{2})$", " ${1}"),
    (r"([\d m])\s(?:[a-z]{3,4}|[a-z]+/[a-z_]+)$", "${1}"),  # the name of a time zone
    (
        r"^([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s+[a-z]{3,4})?\s+(\d{4})$",
        "${2} ${1} ${4} ${3}",
    ),  # ctime
    (r"^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4})_(\d)", "${1} ${2}"),
    (r"(\d),(\s\d{1,2}:)", "${1}${2}"),
    (r"\[[a-z_/+-]+\]$", ""),  # [Europe/Paris]
    (r"(\d)\s?z$", "${1}"),
    (r"(\d)t(\d)", "${1} ${2}"),
    (r"\s+", " "),
)


def respell_dates(cells: pl.Series) -> pl.Series:
    """Return the cells in lower case without accents, their months in English, their days of the week left out.

    Args:
        cells: stripped text.
    """
    plain = cells.str.to_lowercase().str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    for pattern, replacement in _STEPS:
        plain = plain.str.replace_all(pattern, replacement)
        if pattern.startswith(r"\s+(?:del"):
            plain = _english_months(plain)
    return plain.str.strip_chars()


def _english_months(cells: pl.Series) -> pl.Series:
    """Months in full or cut short -> three English letters; only whole words."""
    whole = rf"^((?:.*?[^a-z])?)({_MONTH})((?:[^a-z].*)?)$"
    before, month, after = (cells.str.extract(whole, group) for group in (1, 2, 3))
    short = month.replace(list(MONTHS), [_SHORT[number - 1].lower() for number in MONTHS.values()])
    return (before + short + after).fill_null(cells).alias(cells.name)
