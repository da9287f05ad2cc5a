"""Places: distances, travel speed, countries that differ."""

from __future__ import annotations

from functools import partial

import numpy as np

from vigie.arrays import Floats
from vigie.features.columns import ColumnView
from vigie.features.groups import Groups
from vigie.features.module import FeatureModule
from vigie.features.number_columns import positive_median

EARTH_KM = 6371.0

Coordinates = tuple[Floats, Floats]
"""(rows,) latitudes and (rows,) longitudes, in degrees."""


def compute(view: ColumnView) -> dict[str, Floats]:
    """Return the features of coordinates, given distances and countries."""
    actor = view.entities.groups("actor")
    if actor is None and not view.has_row_features:
        return {}
    out: dict[str, Floats] = {}
    here, there = _coordinates(view, ""), _coordinates(view, "counter_")
    home = None if here is None or there is None else kilometres(*here, *there)
    if view.has_row_features:
        out |= _distances_of_table(view) | _countries(view)
        if home is not None:
            out["distance_home"] = home
    if actor is not None and actor.repeats:
        if home is not None:
            pool = view.state.pooled_variance["distance_habit"].get
            out["distance_habit"] = actor.leave_one_out_zscore(np.log1p(home), pool)
        place = there or here
        if place is not None and view.times.values is not None:
            out |= _travel(actor, place, view.times.windows.hour)
    return out


def _coordinates(view: ColumnView, side: str) -> Coordinates | None:
    latitude, longitude = (view.numbers.best(f"{side}{axis}") for axis in ("latitude", "longitude"))
    return None if latitude is None or longitude is None else (latitude, longitude)


def _travel(actor: Groups, place: Coordinates, hour: float) -> dict[str, Floats]:
    latitude, longitude = place
    distance = kilometres(latitude, longitude, actor.previous(latitude), actor.previous(longitude))
    return {"distance_previous": distance, "speed": distance / (actor.gap_before() / hour + 0.25)}


def _distances_of_table(view: ColumnView) -> dict[str, Floats]:
    distances = [np.abs(values) for _, values in view.numbers.all("distance")]
    if not distances:
        return {}
    return {
        "distance_given": distances[0]
        if len(distances) == 1
        else np.fmax.reduce(_in_medians(view, distances))
    }


def _in_medians(view: ColumnView, distances: list[Floats]) -> list[Floats]:
    """Return distances in units of the median of their column, since columns may have different units."""
    scale = view.state.distance_scale
    return [x / scale[str(i)].get(partial(positive_median, x)) for i, x in enumerate(distances)]


def _countries(view: ColumnView) -> dict[str, Floats]:
    country, other = view.roles.first("country"), view.roles.first("counter_country")
    if country is None or other is None:
        return {}
    differ = view.frame[country].cast(str) != view.frame[other].cast(str)
    return {"country_mismatch": differ.cast(float).fill_null(float("nan")).to_numpy().astype(float)}


def kilometres(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Return great-circle distances in km between points in degrees.

    Source: haversine formula, R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    a, b, c, d = (np.radians(x) for x in (lat1, lon1, lat2, lon2))
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0, 1))))


MODULE = FeatureModule(
    names=(
        "distance_home",
        "distance_habit",
        "distance_previous",
        "speed",
        "distance_given",
        "country_mismatch",
    ),
    compute=compute,
    groupings=frozenset({"row", "actor"}),
)
