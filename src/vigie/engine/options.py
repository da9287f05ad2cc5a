"""Options of a prediction, and what every run of the pipeline needs beside its rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vigie.bundles.bundle import Bundle
    from vigie.catalog import Catalog, ModelVersion

Progress = Callable[[str, float], None]
"""Called with the name of each stage and the share of the work done, from 0 to 1."""
BundleLoader = Callable[["ModelVersion"], "Bundle"]
"""Fetches and verifies the bundle of a model version."""


@dataclass(frozen=True)
class Options:
    """What a user can choose.

    Attributes:
        top: number of reference models at most.
        minimum: similarity that a model must exceed to vote, from 0 to 1.
        roles: column -> role, where the user knows better than Vigie.
        alert_budget: rows to alert: a share in (0, 1) or a number of rows; None leaves it to the calibration.
        expected_fraud_rate: share of fraud in (0, 1), where the user knows it.
        language: language of the reasons, `en` or `fr`.
        reasons: whether to give reasons.
        seed: seed of everything drawn at random.
    """

    top: int = 3
    minimum: float = 0.5
    roles: Mapping[str, str] = field(default_factory=dict)
    alert_budget: float | int | None = None
    expected_fraud_rate: float | None = None
    language: str = "en"
    reasons: bool = True
    seed: int = 0


def no_progress(stage: str, share: float) -> None:
    """No-op progress callback."""


@dataclass(frozen=True)
class ScoringContext:
    """What every run of the pipeline needs beside its rows.

    Attributes:
        catalog: the registered reference models.
        load_bundle: fetches and verifies the bundle of a model version.
        options: what the user chose.
        progress: called with each stage and the share done.
    """

    catalog: Catalog
    load_bundle: BundleLoader
    options: Options = field(default_factory=Options)
    progress: Progress = no_progress


class StageTimer:
    """Measure the stages of a run and report them.

    Args:
        progress: called when a stage begins.
        before: seconds of stages that ran earlier.
    """

    def __init__(self, progress: Progress, before: Mapping[str, float] | None = None) -> None:
        self.seconds: dict[str, float] = dict(before or {})
        self._progress = progress
        self._stage, self._start = "", 0.0

    def __call__(self, stage: str, share: float) -> StageTimer:
        self._progress(stage, share)
        self._stage, self._start = stage, time.perf_counter()
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.seconds[self._stage] = round(time.perf_counter() - self._start, 4)
