"""Texts that are ordered numbers: "none", "1 to 2", "more than 5", "3 years", "26 a 30".

English, French, Spanish and Portuguese. A range counts as its middle, an open end as a little beyond its bound, "never" and
"no change" as more than all other values.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

from vigie.roles.name_lexicon import word_set

_MAX_DISTINCT = 60
_MIN_PARSED_SHARE = 0.8
_BEYOND, _BELOW = 1.25, 0.5

_UNITS = {
    unit: days
    for words, days in (
        ("hour hours hr hrs h heure heures hora horas", 1 / 24),
        ("day days d jour jours dia dias", 1.0),
        ("week weeks wk semaine semaines semana semanas", 7.0),
        ("month months mo mth mois mes meses", 30.4375),
        ("year years yr yrs y an ans annee annees ano anos anio anios", 365.25),
    )
    for unit in words.split()
}
_MORE = word_set(
    """
    more over above greater plus mas mais superior superieur acima older beyond least gt + > >= ≥
    """
)
_LESS = word_set("less under below fewer moins menos inferior inferieur abaixo younger lt < <= ≤")
_LINKS = word_set(
    """
    to a and y e et between entre de from than que of the or ou o up at plus du ate until il ago hace r
    - – — ( ) [ ] $ € £ % ' ’ ~
    """
)
_RANKS = word_set("level tier niveau nivel grade rank rang stage")
_ZERO = word_set("none zero no aucun aucune ninguno ninguna nenhum nenhuma nil cero")
_NEW = word_set("new neuf neuve nuevo nueva novo nova")
_NEVER = (
    "never",
    "no change",
    "unchanged",
    "jamais",
    "nunca",
    "sin cambio",
    "sem mudanca",
    "sans changement",
    "pas de changement",
)
_KNOWN = _LINKS | _MORE | _LESS | _ZERO | _RANKS | frozenset(_UNITS)
_SPELLED = {
    word: float(value)
    for value, words in enumerate(
        (
            "",
            "one un une uno um uma",
            "two deux dos dois duas",
            "three trois tres",
            "four quatre cuatro quatro",
            "five cinq cinco",
            "six seis",
            "seven sept siete sete",
            "eight huit ocho oito",
            "nine nueve nove",
            "ten dix diez dez",
        )
    )
    for word in words.split()
}
_UNDECIDED = "unknown,pending,not checked,not available,unavailable,inconnu,en attente,desconocido,pendiente,desconhecido,pendente"
_SAFER = (
    (
        "not verified,unverified,non verifie,non verifiee,no verificado,no verificada,nao verificado,nao verificada",
        "verified,verifie,verifiee,verificado,verificada",
    ),
    (
        "failed,fail,failure,echec,echoue,echouee,fallido,fallida,falhou,falha",
        "passed,pass,success,successful,ok,reussi,reussie,succes,exitoso,exitosa,sucesso",
    ),
    (
        "no match,mismatch,not matched,non concordant,no coincide,nao confere",
        "match,matched,full match,concordant,coincide,confere",
    ),
    ("not trusted,untrusted,non fiable,no confiable,nao confiavel", "trusted,fiable,confiable,confiavel"),
    ("invalid,not valid,invalide,invalido,invalida", "valid,valide,valido,valida"),
    ("absent,not present,ausente", "present,presente"),
)
_RISKIER = (
    (
        "domestic,local,national,nacional,domestique",
        "foreign,international,overseas,etranger,etrangere,extranjero,extranjera,internacional,estrangeiro,estrangeira",
    ),
)
"""Two opposites, of which the second is safer, or riskier, than the first."""
_SCALES = (
    "negligible,trivial,very low|low,minor,low risk|medium,moderate,normal,average,medium risk|high,major,severe,high risk|very high,critical,extreme,total loss,very high risk",
    "tres faible,tres bas,tres basse|faible,bas,basse,risque faible,faible risque|moyen,moyenne,modere,moderee,risque moyen|eleve,elevee,haut,haute,fort,risque eleve,haut risque|tres eleve,tres haut,critique",
    "muy bajo,muy baja|bajo,baja,leve,riesgo bajo,bajo riesgo|medio,media,moderado,riesgo medio|alto,alta,grave,riesgo alto,alto riesgo|muy alto,muy alta,critico",
    "muito baixo,muito baixa|baixo,baixa,leve,risco baixo,baixo risco|medio,media,moderado,risco medio|alto,alta,grave,risco alto,alto risco|muito alto,muito alta,critico",
    "trivial damage|minor damage|major damage|total loss",
    "bronze|silver|gold|platinum|diamond",
    "xs|s|m|l|xl|xxl",
    "d,default|ccc|b|bb|bbb|a|aa|aaa",
    "none,no kyc,aucun,ninguno,nenhum|basic,partial,simple,simplified,partiel,partielle,basico,parcial,simplificado|full,complete,enhanced,complet,complete,completo,completa",
    *(f"{first}|{_UNDECIDED}|{second}" for first, second in (*_SAFER, *_RISKIER)),
)
DAY_PARTS = {
    word: hour
    for hour, words in (
        (3.0, "madrugada,nuit,night,early morning,overnight"),
        (9.0, "manha,manana,matin,matinee,morning"),
        (15.0, "tarde,apres-midi,apres midi,afternoon"),
        (20.0, "soir,soiree,evening"),
        (22.0, "noite,noche"),
    )
    for word in words.split(",")
}
"""Part of the day -> its middle hour; in Portuguese and Spanish the early morning has a word of its own."""
_CODES = frozenset({"a", "b", "d"})
_HINT = re.compile(r"\d|\b(?:" + "|".join(sorted(_SPELLED, key=len)) + r")\b")
_TOKEN = re.compile(r"\d{1,3}(?:[ ,.]\d{3})+(?!\d)|\d+(?:[.,]\d+)?|[a-z]+|>=|<=|\S")


def read_scale(distinct: list[str]) -> dict[str, float] | None:
    """Return the number of each distinct text that is part of an order; None where the texts are not ordered."""
    if not 2 <= len(distinct) <= _MAX_DISTINCT:
        return None
    folded = {text: fold(text) for text in distinct}
    min_texts = max(2.0, _MIN_PARSED_SHARE * len(distinct))
    hours = {text: DAY_PARTS[plain] for text, plain in folded.items() if plain in DAY_PARTS}
    for found in (hours, _ranks_of_named_scale(folded, min_texts), _parse_numbers(folded, min_texts)):
        if len(found) >= min_texts and len(set(found.values())) > 1:
            return found
    return None


def direction_of_opposites(texts: Iterable[str]) -> int:
    """Return -1 where some of the texts are two opposites of which the one with the larger number is safer, +1 where it is riskier, else 0."""
    folded = {fold(text) for text in texts}
    for direction, pairs in ((-1, _SAFER), (1, _RISKIER)):
        if any(folded & set(first.split(",")) and folded & set(second.split(",")) for first, second in pairs):
            return direction
    return 0


def is_time_span(distinct: list[str]) -> bool:
    """Return whether some of the texts name a unit of time: "3 years", "under 6 months"."""
    return any(word in _UNITS and len(word) > 1 for text in distinct for word in _TOKEN.findall(fold(text)))


def fold(text: str) -> str:
    """Return a text in lower case without accents and underscores."""
    text = text.lower().replace("_", " ").strip()
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c))


@cache
def _scales() -> tuple[dict[str, float], ...]:
    return tuple(
        {text: float(rank) for rank, group in enumerate(line.split("|")) for text in group.split(",")}
        for line in _SCALES
    )


def _ranks_of_named_scale(folded: dict[str, str], min_texts: float) -> dict[str, float]:
    for scale in _scales():
        found = {text: scale[plain] for text, plain in folded.items() if plain in scale}
        # A and B alone are codes of anything; with AA they are a rating.
        if len(found) >= min_texts and not {folded[text] for text in found} <= _CODES:
            return found
    return {}


def _parse_numbers(folded: dict[str, str], min_texts: float) -> dict[str, float]:
    if sum(bool(_HINT.search(plain)) for plain in folded.values()) < 0.5 * min_texts:
        return {}
    tokens = {text: _TOKEN.findall(plain) for text, plain in folded.items()}
    nouns = Counter(word[:4] for words in tokens.values() for word in {w for w in words if _is_noun(w)})
    shared = frozenset(stem for stem, times in nouns.items() if times >= 2)
    units = Counter(word for words in tokens.values() for word in words if word in _UNITS)
    common_unit = _UNITS[min(units, key=lambda u: (-units[u], u))] if units else 1.0
    found: dict[str, float] = {}
    for position, (text, words) in enumerate(tokens.items()):
        value = (
            math.inf
            if any(phrase in folded[text] for phrase in _NEVER)
            else _parse_number(words, shared, common_unit)
        )
        if value is not None:
            found[text] = value
        elif position + 1 - len(found) > len(folded) - min_texts:
            return {}
    top = max((value for value in found.values() if math.isfinite(value)), default=0.0)
    return {text: value if math.isfinite(value) else top * _BEYOND**2 + 1.0 for text, value in found.items()}


def _is_noun(word: str) -> bool:
    return word.isalpha() and len(word) > 2 and word not in _KNOWN


def _parse_number(words: list[str], shared: frozenset[str], common_unit: float) -> float | None:
    """Return one text as a number, in the unit that most texts have; None where a word is not understood."""
    values: list[float] = []
    more = less = False
    unit = common_unit
    for word in words:
        if word[0].isdigit():
            read = _parse_digits(word)
            if read is None:
                return None
            values.append(read)
        elif word in _UNITS and values:
            unit = _UNITS[word]
        elif word in ("k", "mil") and values:
            values[-1] *= 1000.0
        elif word in _SPELLED and not values and (word not in _LINKS):
            values.append(_SPELLED[word])
        elif word in _MORE or word in _LESS:
            more, less = more or word in _MORE, less or word in _LESS
        elif word in _ZERO or word in _NEW:
            return 0.0 if not values and len(words) <= 3 else None
        elif not (word in _LINKS or word in _RANKS or (values and word[:4] in shared)):
            return None
    if not values or len(values) > 2 or (len(values) == 2 and values[0] > values[1]):
        return None
    value = sum(values) / len(values)
    value *= _BELOW if less else _BEYOND if more and len(values) == 1 else 1.0
    return value * unit / common_unit


def _parse_digits(word: str) -> float | None:
    if len(word) > 1 and word[0] == "0" and word[1].isdigit():
        return None
    if re.fullmatch(r"\d{1,3}(?:[ ,.]\d{3})+", word):
        return float(re.sub(r"[ ,.]", "", word))
    return float(word.replace(",", "."))
