"""Distances, impossible speed, countries that differ."""

from __future__ import annotations

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView, middle

EARTH_KM = 6371.0


def compute(view: ColumnView) -> dict[str, Floats]:
    """Place features from coordinates, given distances and countries."""
    actor = view.groups("actor")
    if actor is None and not view.has_all_rows_of("row"):
        return {}
    out: dict[str, Floats] = {}
    given = [np.abs(values) for _, values in view.numbers("distance")] if view.has_all_rows_of("row") else []
    if given:
        out["distance_given"] = (
            given[0] if len(given) == 1 else np.fmax.reduce([_ratio(view, i, x) for i, x in enumerate(given)])
        )
    latitude, longitude = view.number("latitude"), view.number("longitude")
    other_latitude, other_longitude = view.number("counter_latitude"), view.number("counter_longitude")
    if (
        latitude is not None
        and longitude is not None
        and other_latitude is not None
        and other_longitude is not None
    ):
        home = kilometres(latitude, longitude, other_latitude, other_longitude)
        if view.has_all_rows_of("row"):
            out["distance_home"] = home
        if actor is not None and actor.repeats:
            out["distance_habit"] = actor.leave_one_out_zscore(
                np.log1p(home), view.state.pooled_variance["distance_habit"].get
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
        and view.time is not None
    ):
        jump = kilometres(where[0], where[1], actor.previous(where[0]), actor.previous(where[1]))
        out["distance_previous"] = jump
        hours = actor.gap_before() / view.windows[0]
        out["speed"] = jump / (hours + 0.25)
    country, other = view.roles.first("country"), view.roles.first("counter_country")
    if country is not None and other is not None and view.has_all_rows_of("row"):
        differ = view.frame[country].cast(str) != view.frame[other].cast(str)
        out["country_mismatch"] = differ.cast(float).fill_null(float("nan")).to_numpy().astype(float)
    return out


def _ratio(view: ColumnView, number: int, x: Floats) -> Floats:
    return x / view.state.distance_scale[str(number)].get(lambda: middle(x))


def kilometres(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Great-circle distance in km between points in degrees.

    Source: haversine formula, R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    a, b, c, d = (np.radians(x) for x in (lat1, lon1, lat2, lon2))
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0, 1))))
