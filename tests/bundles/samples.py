"""Bundles made of random bytes."""

from __future__ import annotations

import numpy as np

from vigie.bundles.bundle import Bundle, pack


def make_bundle(name: str = "cards", version: str = "1", seed: int = 0, size: int = 200_000) -> Bundle:
    """Return a bundle of random bytes, which hardly compress."""
    booster = np.random.default_rng(seed).bytes(size)
    quantiles = {"amount": [0.1 * step for step in range(21)]}
    return Bundle(
        name, version, booster, {"seed": seed}, {"slope": 1.5}, {"auc": 0.9}, {"quantiles": quantiles}
    )


def make_files(**provided: object) -> dict[str, bytes]:
    """Return the packed files of `make_bundle`."""
    return pack(make_bundle(**provided), created="2026-11-01T00:00:00Z")  # type: ignore[arg-type]
