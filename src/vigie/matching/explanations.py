"""The similarity of one model explained: what was counted, what is missing, and the points for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vigie.i18n.messages import Message, join, msg, named, translate
from vigie.matching import PARTS, POINTS, Index, ModelProfile, TableProfile, Vector, vector
from vigie.matching.distributions import CLOSE, FEWEST, Floats, closeness, gaps
from vigie.matching.domains import UNSAID
from vigie.matching.role_weights import ROLE_NAMES, ROLE_WEIGHTS, with_substitutes
from vigie.roles.definitions import ROLES


@dataclass(frozen=True)
class Evidence:
    """Why `points` of the similarity were given."""

    part: str
    points: float
    text: Message

    def to_json(self) -> dict[str, Any]:
        """Return the reason as summaries have it; `en` and `fr` stay for one version."""
        return {
            "part": self.part,
            "points": self.points,
            "message": self.text.to_json(),
            "en": str(self.text),
            "fr": translate(self.text, "fr"),
        }


def compare(table: TableProfile, model: ModelProfile) -> tuple[Evidence, ...]:
    """The evidence of one model, looked at alone."""
    boiled = vector(model.domain, model.columns, model.roles)
    found = None if table.quantiles is None else gaps(table.quantiles, [model.quantiles])
    return explain(table, boiled, Index([boiled]).parts(table), found)


def explain(table: TableProfile, model: Vector, parts: Floats, found: Floats | None) -> tuple[Evidence, ...]:
    """Every part of the similarity explained; the points sum to the similarity rounded to three digits.

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
    reasons = _Reasons(table, model, found)
    return tuple(Evidence(part, value, getattr(reasons, part)()) for part, value in points.items())


def similarity(evidence: Iterable[Evidence]) -> float:
    """The sum of the points, in [0, 1]."""
    return round(sum(reason.points for reason in evidence), 3)


class _Reasons:
    """The reason for each part, one method a part."""

    def __init__(self, table: TableProfile, model: Vector, found: Floats | None) -> None:
        self._table, self._model = table, model
        self._gaps = np.zeros(0) if found is None else found[0]
        self._present, self._types = table.presence

    def needs(self) -> Message:
        shares = self._model.shares * (ROLE_WEIGHTS > 0)
        needed = shares >= max(1e-9, min(0.5, float(shares.max()) / 2))
        missing = np.flatnonzero(needed & (self._table.reach < 0.5)).tolist()
        missing.sort(key=lambda i: -float(shares[i]) * ROLES[ROLE_NAMES[i]].weight)
        count = int(needed.sum())
        here = count - len(missing)
        if not missing:
            return msg("{here} of the {count} roles the model needs are here", here=here, count=count)
        return msg(
            "{here} of the {count} roles the model needs are here; missing: {roles}",
            here=here,
            count=count,
            roles=_list(missing),
        )

    def knows(self) -> Message:
        roles = np.flatnonzero(self._present * ROLE_WEIGHTS)
        unknown = roles[with_substitutes(np.minimum(1.0, 2.0 * self._model.shares))[roles] < 0.5].tolist()
        count, known = len(roles), len(roles) - len(unknown)
        if not unknown:
            return msg("the model knows {known} of the table's {count} roles", known=known, count=count)
        return msg(
            "the model knows {known} of the table's {count} roles; not: {roles}",
            known=known,
            count=count,
            roles=_list(unknown),
        )

    def domain(self) -> Message:
        score = self._table.domain.scores.get(self._model.domain, UNSAID)
        domain = named("domain", self._model.domain)
        words = self._table.domain.words.get(self._model.domain, ())[:3]
        if score == UNSAID:
            return msg("nothing names the domain: half the points")
        if score < UNSAID:
            return msg("the words are not those of {domain}", domain=domain)
        if not words:
            return msg("its columns are those of {domain}", domain=domain)
        return msg("words of {domain}: {words}", domain=domain, words=", ".join(words))

    def names(self) -> Message:
        known = self._model.known
        columns = self._table.named
        like = sum(2 * sum(map(known.__contains__, words)) >= len(words) for words in columns)
        return msg("{like} of {count} columns are named like the model's", like=like, count=len(columns))

    def types(self) -> Message:
        shared = (self._present > 0) & (self._model.types > 0)
        same = int((shared & ((self._model.types & self._types) > 0)).sum())
        return msg("{same} of {both} shared roles are of the same type", same=same, both=int(shared.sum()))

    def distributions(self) -> Message:
        if np.count_nonzero(~np.isnan(self._gaps)) < FEWEST:
            return msg("too few features to compare: half the points")
        close = int((self._gaps <= CLOSE).sum())
        return msg(
            "{close} of the table's {count} features are spread as in training",
            close=close,
            count=len(self._gaps),
        )


def _list(positions: Sequence[int]) -> Message:
    """The names of at most three roles."""
    roles = join(named("role", ROLE_NAMES[i]) for i in positions[:3])
    return msg("{roles}…", roles=roles) if len(positions) > 3 else roles
