"""All modules of features."""

from __future__ import annotations

from vigie.features import (
    amounts,
    categories,
    flows,
    geo,
    novelty,
    sharing,
    signals,
    temporal,
    text,
)
from vigie.features.module import FeatureModule

MODULES: tuple[FeatureModule, ...] = (
    signals.MODULE,
    amounts.MODULE,
    categories.MODULE,
    temporal.MODULE,
    novelty.MODULE,
    sharing.MODULE,
    flows.MODULE,
    geo.MODULE,
    text.MODULE,
)
"""The slowest first, so that threads end together."""
