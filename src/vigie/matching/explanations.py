"""The points of a similarity and their reasons: what was counted and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vigie.arrays import Floats
from vigie.i18n.messages import Message, join, msg, named, translate
from vigie.matching.distributions import MIN_FEATURES, SIMILAR_DISTANCE, distances, distribution_similarity
from vigie.matching.domains import NEUTRAL_SCORE
from vigie.matching.index import PARTS, POINTS, ModelIndex, ModelVector, known_roles
from vigie.matching.profiles import ModelProfile, TableProfile
from vigie.matching.role_weights import ROLE_NAMES, ROLE_WEIGHTS


@dataclass(frozen=True)
class MatchReason:
    """The points that one part adds to a similarity, and why.

    Attributes:
        part: key of `POINTS`.
        points: in [0, `POINTS[part]`], or more where distributions are not compared.
        text: what was counted.
    """

    part: str
    points: float
    text: Message

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; `en` and `fr` stay for one version."""
        return {
            "part": self.part,
            "points": self.points,
            "message": self.text.to_json(),
            "en": str(self.text),
            "fr": translate(self.text, "fr"),
        }


def compare(table: TableProfile, model: ModelProfile) -> tuple[MatchReason, ...]:
    """Compare a table with one model; see `explain`."""
    vector = ModelVector.of(model.domain, model.columns, model.roles)
    distance = None if table.quantiles is None else distances(table.quantiles, [model.quantiles])
    return explain(table, vector, ModelIndex([vector]).parts(table), distance)


def explain(
    table: TableProfile, model: ModelVector, parts: Floats, distance: Floats | None
) -> tuple[MatchReason, ...]:
    """Return the reason of every part; their points add up to the similarity, rounded to three digits.

    Args:
        table: the table.
        model: the model.
        parts: (1, parts) of the model, as `ModelIndex.parts` returns them.
        distance: (1, features) of its distributions, as `distances` returns them; None where the table has no features.
    """
    met = dict(zip(PARTS, parts[0].tolist(), strict=True))
    max_points = 1.0
    if distance is None:
        max_points -= POINTS["distributions"]
    else:
        met["distributions"] = float(distribution_similarity(distance)[0])
    exact = {part: POINTS[part] * value / max_points for part, value in met.items()}
    points = {part: round(value, 3) for part, value in exact.items()}
    largest = max(points, key=lambda part: points[part])
    points[largest] = round(points[largest] + round(sum(exact.values()), 3) - sum(points.values()), 3)
    reasons = _Reasons(table, model, distance)
    return tuple(MatchReason(part, value, getattr(reasons, part)()) for part, value in points.items())


def similarity(reasons: Iterable[MatchReason]) -> float:
    """Return the sum of the points, in [0, 1]."""
    return round(sum(reason.points for reason in reasons), 3)


class _Reasons:
    """The text of each part, one method a part."""

    def __init__(self, table: TableProfile, model: ModelVector, distance: Floats | None) -> None:
        self._table, self._model = table, model
        self._distance = np.zeros(0) if distance is None else distance[0]

    def needs(self) -> Message:
        shares = self._model.shares * (ROLE_WEIGHTS > 0)
        needed = shares >= max(1e-9, min(0.5, float(shares.max()) / 2))
        missing = np.flatnonzero(needed & (self._table.coverage < 0.5)).tolist()
        missing.sort(key=lambda i: -float(shares[i]) * float(ROLE_WEIGHTS[i]))
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
        roles = np.flatnonzero(self._table.present * ROLE_WEIGHTS)
        unknown = roles[known_roles(self._model.shares)[roles] < 0.5].tolist()
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
        score = self._table.domain.scores.get(self._model.domain, NEUTRAL_SCORE)
        domain = named("domain", self._model.domain)
        words = self._table.domain.words.get(self._model.domain, ())[:3]
        if score == NEUTRAL_SCORE:
            return msg("nothing names the domain: half the points")
        if score < NEUTRAL_SCORE:
            return msg("the words are not those of {domain}", domain=domain)
        if not words:
            return msg("its columns are those of {domain}", domain=domain)
        return msg("words of {domain}: {words}", domain=domain, words=", ".join(words))

    def names(self) -> Message:
        known = self._model.word_set
        columns = self._table.column_words
        like = sum(2 * sum(map(known.__contains__, words)) >= len(words) for words in columns)
        return msg("{like} of {count} columns are named like the model's", like=like, count=len(columns))

    def types(self) -> Message:
        shared = (self._table.present > 0) & (self._model.types > 0)
        same = int((shared & ((self._model.types & self._table.types) > 0)).sum())
        return msg("{same} of {both} shared roles are of the same type", same=same, both=int(shared.sum()))

    def distributions(self) -> Message:
        if np.count_nonzero(~np.isnan(self._distance)) < MIN_FEATURES:
            return msg("too few features to compare: half the points")
        close = int((self._distance <= SIMILAR_DISTANCE).sum())
        return msg(
            "{close} of the table's {count} features are spread as in training",
            close=close,
            count=len(self._distance),
        )


def _list(positions: Sequence[int]) -> Message:
    """Return the names of at most three roles."""
    roles = join(named("role", ROLE_NAMES[i]) for i in positions[:3])
    return msg("{roles}…", roles=roles) if len(positions) > 3 else roles
