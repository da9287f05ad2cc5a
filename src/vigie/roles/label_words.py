"""The words by which the values of a label mean fraud, legitimate or unknown."""

from __future__ import annotations

import re

from vigie.roles.name_lexicon import word_set

_FRAUD = word_set(
    """
    1 true yes y oui o si sí sim ja s t fraud fraude fraudulent fraudulente frauduleux frauduleuse fraudulento fraudulenta
    is_fraud bad positive positif positivo suspicious suspect confirmed fraud_confirmed confirmed_fraud fraude_confirmée
    scam arnaque anomaly
    """
)
_LEGITIMATE = word_set(
    """
    0 false no n non nao não nein f legit legitimate legitime légitime legítimo legítima legitimo genuine good ok fine
    normal normale valid valide honest honnête clean nonfraud not_fraud non_fraud no_fraud non_fraude no_fraude pas_fraude
    pas_de_fraude sans_fraude não_fraude nao_fraude sem_fraude sin_fraude negative négatif negatif negativo licit authentic
    """
)
_UNSURE = word_set("unsure unknown maybe ? incertain inconnu")
_BETWEEN = re.compile(r"[\s_-]+")


def is_fraud_word(value: str) -> bool:
    """Return whether a value of a label says fraud; case, and what joins its words, do not count."""
    return _plain(value) in _FRAUD


def is_legitimate_word(value: str) -> bool:
    """Return whether a value of a label says legitimate."""
    return _plain(value) in _LEGITIMATE


def is_unknown_word(value: str) -> bool:
    """Return whether a value of a label says that it is unknown."""
    return _plain(value) in _UNSURE


def _plain(value: str) -> str:
    return _BETWEEN.sub("_", value.strip().lower())
