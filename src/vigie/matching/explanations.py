"""The similarity of one model in words: what was counted, what is missing, and the points for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from vigie.matching import PARTS, POINTS, Index, ModelProfile, TableProfile, Vector, vector
from vigie.matching.distributions import CLOSE, FEWEST, Floats, closeness, gaps
from vigie.matching.domains import UNSAID, label
from vigie.matching.role_weights import NAMES, WORTH, WORTHS, stand_in
from vigie.roles.inference import ROLES


@dataclass(frozen=True)
class Evidence:
    """Why `points` of the similarity were given."""

    part: str
    points: float
    en: str
    fr: str


def compare(table: TableProfile, model: ModelProfile) -> tuple[Evidence, ...]:
    """The evidence of one model, looked at alone."""
    boiled = vector(model.domain, model.columns, model.roles)
    found = None if table.quantiles is None else gaps(table.quantiles, [model.quantiles])
    return explain(table, boiled, Index([boiled]).parts(table), found)


def explain(table: TableProfile, model: Vector, parts: Floats, found: Floats | None) -> tuple[Evidence, ...]:
    """Every part of the similarity in words; the points sum to the similarity rounded to three digits.

    Args:
        table: the table.
        model: the model.
        parts: (1, parts) what `Index.parts` gave the model.
        found: (1, features) the gaps of its features; nothing where the table has none.
    """
    met = dict(zip(PARTS, parts[0].tolist(), strict=True))
    whole = 1.0
    if found is None:
        whole -= POINTS["distributions"]
    else:
        met["distributions"] = float(closeness(found)[0])
    exact = {part: POINTS[part] * value / whole for part, value in met.items()}
    points = {part: round(value, 3) for part, value in exact.items()}
    largest = max(points, key=lambda part: points[part])
    points[largest] = round(points[largest] + round(sum(exact.values()), 3) - sum(points.values()), 3)
    words = _Words(table, model, found)
    return tuple(Evidence(part, value, *getattr(words, part)()) for part, value in points.items())


def similarity(evidence: Iterable[Evidence]) -> float:
    """The sum of the points, in [0, 1]."""
    return round(sum(reason.points for reason in evidence), 3)


class _Words:
    """The words for each part: a pair of English and French."""

    def __init__(self, table: TableProfile, model: Vector, found: Floats | None) -> None:
        self._table, self._model = table, model
        self._gaps = np.zeros(0) if found is None else found[0]
        self._present, self._types = table.presence

    def needs(self) -> tuple[str, str]:
        shares = self._model.shares * (WORTHS > 0)
        needed = shares >= max(1e-9, min(0.5, float(shares.max()) / 2))
        missing = np.flatnonzero(needed & (self._table.reach < 0.5)).tolist()
        missing.sort(key=lambda i: -float(shares[i]) * WORTH[NAMES[i]])
        all_ = int(needed.sum())
        here = all_ - len(missing)
        return (
            f"{here} of the {all_} roles the model needs are here" + _list("; missing: ", missing, "text_en"),
            f"{here} des {all_} rôles dont le modèle a besoin sont là"
            + _list(" ; manque : ", missing, "text_fr"),
        )

    def knows(self) -> tuple[str, str]:
        roles = np.flatnonzero(self._present * WORTHS)
        unknown = roles[stand_in(np.minimum(1.0, 2.0 * self._model.shares))[roles] < 0.5].tolist()
        count, all_ = len(roles) - len(unknown), len(roles)
        return (
            f"the model knows {count} of the table's {all_} roles" + _list("; not: ", unknown, "text_en"),
            f"le modèle connaît {count} des {all_} rôles du fichier" + _list(" ; pas : ", unknown, "text_fr"),
        )

    def domain(self) -> tuple[str, str]:
        score = self._table.domain.scores.get(self._model.domain, UNSAID)
        en, fr = label(self._model.domain)
        said = self._table.domain.words.get(self._model.domain, ())[:3]
        if score > UNSAID:
            if not said:
                return f"its columns are those of {en}", f"ses colonnes sont celles du domaine {fr}"
            return f"words of {en}: {', '.join(said)}", f"mots du domaine {fr} : {', '.join(said)}"
        if score == UNSAID:
            return (
                "nothing names the domain: half the points",
                "rien ne nomme le domaine : la moitié des points",
            )
        return f"the words are not those of {en}", f"les mots ne sont pas ceux du domaine {fr}"

    def names(self) -> tuple[str, str]:
        known = self._model.known
        named = self._table.named
        like = sum(2 * sum(map(known.__contains__, words)) >= len(words) for words in named)
        return (
            f"{like} of {len(named)} columns are named like the model's",
            f"{like} colonnes sur {len(named)} sont nommées comme celles du modèle",
        )

    def types(self) -> tuple[str, str]:
        shared = (self._present > 0) & (self._model.types > 0)
        same = int((shared & ((self._model.types & self._types) > 0)).sum())
        both = int(shared.sum())
        return (
            f"{same} of {both} shared roles are of the same type",
            f"{same} rôles communs sur {both} ont le même type",
        )

    def distributions(self) -> tuple[str, str]:
        count = len(self._gaps)
        if np.count_nonzero(~np.isnan(self._gaps)) < FEWEST:
            return (
                "too few features to compare: half the points",
                "trop peu de mesures à comparer : la moitié des points",
            )
        close = int((self._gaps <= CLOSE).sum())
        return (
            f"{close} of the table's {count} features are spread as in training",
            f"{close} des {count} mesures du fichier sont réparties comme à l'entraînement",
        )


def _list(prefix: str, positions: Sequence[int], language: str) -> str:
    names = [getattr(ROLES[NAMES[i]], language) for i in positions[:3]]
    return prefix + ", ".join(names) + ("…" if len(positions) > 3 else "") if names else ""
