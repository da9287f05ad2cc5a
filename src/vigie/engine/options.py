"""Options of a prediction, and what every run of the pipeline needs beside its rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vigie.errors import UsageRefused
from vigie.i18n.catalogue import languages
from vigie.i18n.messages import as_message, msg

if TYPE_CHECKING:
    from vigie.bundles.bundle import Bundle
    from vigie.catalog import Catalog, ModelVersion

OWN = "own"
"""Value of `Options.only`."""
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
        alert_budget: rows to alert: a share in (0, 1) or a number of rows; None for the default.
        expected_fraud_rate: share of fraud in (0, 1), where the user knows it.
        language: language of the reasons, `en` or `fr`.
        reasons: whether to give reasons.
        seed: seed of everything drawn at random.
        only: `own` leaves out the reference models that come with Vigie; None leaves out none.
        max_false_alerts: share of false alerts in (0, 1) at most; reviewed rows decide how many alerts that allows.
    """

    top: int = 3
    minimum: float = 0.5
    roles: Mapping[str, str] = field(default_factory=dict)
    alert_budget: float | int | None = None
    expected_fraud_rate: float | None = None
    language: str = "en"
    reasons: bool = True
    seed: int = 0
    only: str | None = None
    max_false_alerts: float | None = None

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            UsageRefused: one is out of range, two contradict each other, or the language is not installed.
        """
        budget, rate = self.alert_budget, self.expected_fraud_rate
        _require("top", self.top, self.top >= 1, "a number from 1 on")
        _require("minimum", self.minimum, 0 <= self.minimum <= 1, "a number from 0 to 1")
        _require("seed", self.seed, self.seed >= 0, "a number from 0 on")
        _require("language", self.language, self.language in languages(), ", ".join(languages()))
        _require(
            "alert_budget",
            budget,
            budget is None or _is_budget(budget),
            "a share below 1 or a number of rows",
        )
        bound = self.max_false_alerts
        _require("max_false_alerts", bound, bound is None or 0 < bound < 1, "a share between 0 and 1")
        if bound is not None and budget is not None:
            raise UsageRefused(
                "found a number of alerts and a share of false alerts, expected one of them",
                hint="a share of false alerts decides how many alerts there are",
            )
        _require("expected_fraud_rate", rate, rate is None or 0 < rate < 1, "a share between 0 and 1")


def _is_budget(budget: float) -> bool:
    return 0 < budget < 1 or (budget >= 1 and float(budget).is_integer())


def _require(option: str, found: object, valid: bool, expected: str) -> None:
    if not valid:
        raise UsageRefused(
            msg(
                "{option}: found {found}, expected {expected}",
                option=option,
                found=str(found),
                expected=as_message(expected),
            )
        )


def no_progress(stage: str, share: float) -> None:
    """No-op progress callback."""


@dataclass(frozen=True)
class Sizes:
    """Numbers of rows that decide how a table is computed.

    Attributes:
        out_of_core: rows from which a table is computed out of core; in memory it would take 3 KB a row.
        sample: rows of each sample of such a table.
        min_customer_rows: rows of sampled customers below which rows at random are taken instead.
        partition: rows of a partition on disk, about; an entity is never divided.
        thread: rows that a thread computes at a time.
        counts: counts that are added up at a time.
    """

    out_of_core: int = 600_000
    sample: int = 100_000
    min_customer_rows: int = 2_000
    partition: int = 250_000
    thread: int = 25_000
    counts: int = 4_000_000

    def fit_in_memory(self, n_rows: int) -> bool:
        """Return whether a table is computed in memory; the only place where this is decided."""
        return n_rows < self.out_of_core


@dataclass(frozen=True)
class ScoringContext:
    """What every run of the pipeline needs beside its rows.

    Attributes:
        catalog: the registered reference models.
        load_bundle: fetches and verifies the bundle of a model version.
        options: what the user chose.
        progress: called with each stage and the share done.
        sizes: numbers of rows that decide how a table is computed.
    """

    catalog: Catalog
    load_bundle: BundleLoader
    options: Options = field(default_factory=Options)
    progress: Progress = no_progress
    sizes: Sizes = field(default_factory=Sizes)


class StageTimer:
    """Measure the stages of a run and report them.

    Args:
        progress: called when a stage begins.
    """

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._stage, self._start = "", 0.0

    def __call__(self, stage: str, share: float) -> StageTimer:
        """Report the start of a stage; the block after `with` is timed."""
        self._progress(stage, share)
        self._stage, self._start = stage, time.perf_counter()
        return self

    def between(self, low: float, high: float) -> Callable[[float], None]:
        """Return a callback for the share of a pass of this stage, which goes from `low` to `high` of the whole."""
        stage = self._stage
        return lambda share: self._progress(stage, low + (high - low) * share)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.seconds[self._stage] = round(time.perf_counter() - self._start, 4)
