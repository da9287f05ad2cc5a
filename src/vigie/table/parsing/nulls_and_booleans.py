"""Words instead of values: missing ones, yes and no."""

from __future__ import annotations

import unicodedata

import polars as pl

# What programs write for "missing": believed in any number.
MACHINE_NULLS = frozenset(
    {
        "na",
        "n/a",
        "#n/a",
        "<na>",
        "nan",
        "nat",
        "null",
        "\\n",
        "inf",
        "+inf",
        "-inf",
        "infinity",
        "+infinity",
        "-infinity",
        "#value!",
        "#div/0!",
        "#ref!",
        "0000-00-00",
        "0000-00-00 00:00:00",
    }
)
# What people write for "missing", but also for zero or "other": believed when rare.
_SHORT_NULLS = frozenset(
    ["none", "nil", "-", "--", "?", ".", "n.a.", "n/d", "nd", "(null)", "unknown", "missing"]
)
_LONG_NULLS = """
    — – ― ‒ − … --- ---- —— ––  .. ... ?? ??? * ** *** / // _ __ ___ # ## x xx xxx ø ∅
    n.d n.d. n/c n.c n.c. nc n-a -na- n/r n.r. nr s/o s.o. so s/d s.d. k.a. k/a o.a. void empty blank (blank) (empty) (none) (nan)
    undefined unset tbd tba tbc t.b.d. pending unavailable withheld redacted masked hidden error err #name? #num! #null! #error!
    néant neant vide (vide) inconnu inconnue aucun aucune indisponible manquant manquante
    vacío vacio (vacío) (vacio) (vacía) (en_blanco) ninguno ninguna desconocido desconocida pendiente
    vazio (vazio) nenhum nenhuma desconhecido desconhecida pendente leer (leer) keine keiner unbekannt fehlt ausstehend entfällt
    """
HUMAN_NULLS = _SHORT_NULLS | set(_LONG_NULLS.split()) | {
    "not available", "not applicable", "not set", "not known", "no data", "no value", "to be determined", "to be defined",
    "to be confirmed", "on hold", "in progress", "in process", "sans objet", "non renseigné", "non renseigne", "non disponible",
    "non communiqué", "non communique", "en attente", "en cours", "à définir", "a définir", "a definir", "à confirmer", "à venir",
    "por definir", "por confirmar", "sin dato", "sin datos", "sin valor", "no disponible", "no aplica", "en blanco", "(en blanco)",
    "en trámite", "sem dados", "sem valor", "não informado", "nao informado", "não disponível", "não aplicável", "em branco",
    "em processamento", "a confirmar", "keine angabe", "nicht verfügbar", "in bearbeitung", "n / a", "- -", "— —",
}  # fmt: skip
MAX_HUMAN_NULL_SHARE = 0.05
_UNKNOWN = _SHORT_NULLS - {"none", "nil"}
"""Next to both yes and no it can mean nothing else, however often it is written."""

_PAIRS = (
    ({"yes"}, {"no"}),
    ({"true"}, {"false"}),
    ({"oui"}, {"non"}),
    ({"vrai"}, {"faux"}),
    ({"sí", "si"}, {"no"}),
    ({"verdadero"}, {"falso"}),
    ({"sim"}, {"não", "nao"}),
    ({"verdadeiro"}, {"falso"}),
    ({"y"}, {"n"}),
    ({"o"}, {"n"}),
    ({"s"}, {"n"}),
    ({"t"}, {"f"}),
)
_MOST_SPELLINGS = 12


def is_complete(cells: pl.Series, values: pl.Series) -> bool:
    """Return whether `values` holds all that `cells` say: what it leaves null is empty or means "missing".

    Args:
        cells: text.
        values: what was parsed from them, null where nothing was.
    """
    left = cells.filter(values.is_null() & (cells != ""))
    if not len(left):
        return True
    if values.null_count() == len(values):
        return False
    words = left.str.strip_chars().str.to_lowercase()
    machine = words.is_in([*MACHINE_NULLS, ""])
    rest = words.filter(~machine)
    if not rest.is_in([*HUMAN_NULLS]).all():
        return False
    return len(rest) <= MAX_HUMAN_NULL_SHARE * (len(rest) + len(values) - values.null_count())


def is_missing(word: str) -> bool:
    """Return whether a stripped cell may be a way to say "missing"."""
    return word.lower() in MACHINE_NULLS or word.lower() in HUMAN_NULLS


def parse_booleans(cells: pl.Series, *, is_sample: bool = False) -> pl.Series | None:
    """Yes and no in English, French, Spanish and Portuguese -> Boolean; None for other text.

    A single letter says yes or no only next to its opposite: a column of nothing but "F" may be a gender.
    A sample may lack the opposite.
    """
    spellings = cells.unique()
    if len(spellings) > _MOST_SPELLINGS:
        return None
    meaning = {cell: _normal(cell) for cell in spellings.to_list()}
    words = {word for word in meaning.values() if word and word not in MACHINE_NULLS}
    known = words - _UNKNOWN
    for yes, no in _PAIRS:
        alone = is_sample or (max(map(len, yes)) > 1 and known == words)
        if known and known <= yes | no and (alone or len(known) == 2):
            truth = {cell: word in yes for cell, word in meaning.items() if word in known}
            return cells.replace_strict(truth, default=None, return_dtype=pl.Boolean)
    return None


def _normal(cell: str) -> str:
    return unicodedata.normalize("NFC", cell).strip().lower()
