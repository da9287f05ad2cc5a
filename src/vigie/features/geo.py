"""Distances, impossible speed, countries that differ."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView, middle

EARTH_KM = 6371.0


def compute(facts: ColumnView) -> dict[str, Floats]:
    """Place features from coordinates, given distances and countries."""
    actor = facts.groups("actor")
    if actor is None and not facts.tells("row"):
        return {}
    out: dict[str, Floats] = {}
    given = [np.abs(values) for _, values in facts.numbers("distance")] if facts.tells("row") else []
    if given:
        out["distance_given"] = (
            given[0]
            if len(given) == 1
            else np.fmax.reduce([_ratio(facts, i, x) for i, x in enumerate(given)])
        )
    latitude, longitude = facts.number("latitude"), facts.number("longitude")
    other_latitude, other_longitude = facts.number("counter_latitude"), facts.number("counter_longitude")
    if (
        latitude is not None
        and longitude is not None
        and other_latitude is not None
        and other_longitude is not None
    ):
        home = kilometres(latitude, longitude, other_latitude, other_longitude)
        if facts.tells("row"):
            out["distance_home"] = home
        if actor is not None and actor.repeats:
            out["distance_habit"] = actor.habit(
                np.log1p(home), facts.state.pooled_variance["distance_habit"].get
            )
    where = (
        (other_latitude, other_longitude)
        if other_latitude is not None and other_longitude is not None
        else (latitude, longitude)
    )
    if (
        where[0] is not None
        and where[1] is not None
        and actor is not None
        and actor.repeats
        and facts.time is not None
    ):
        jump = kilometres(where[0], where[1], actor.previous(where[0]), actor.previous(where[1]))
        out["distance_previous"] = jump
        hours = actor.gap_before() / facts.windows[0]
        out["speed"] = jump / (hours + 0.25)
    country, other = facts.roles.first("country"), facts.roles.first("counter_country")
    if country is not None and other is not None and facts.tells("row"):
        differ = facts.frame[country].cast(str) != facts.frame[other].cast(str)
        out["country_mismatch"] = differ.cast(float).fill_null(float("nan")).to_numpy().astype(float)
    return out


def _ratio(facts: ColumnView, number: int, x: Floats) -> Floats:
    return x / facts.state.distance_scale[str(number)].get(lambda: middle(x))


def kilometres(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Great-circle distance in km between points in degrees.

    Source: haversine formula, R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    a, b, c, d = (np.radians(x) for x in (lat1, lon1, lat2, lon2))
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0, 1))))
