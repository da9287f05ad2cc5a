"""Trains the starter library again: worlds to lessons, lessons to models, models to bundles.

The same code and seeds give the same bundles. Every figure a bundle carries was measured on worlds that none of
the models had seen.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version as installed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.bundles import bundle
from vigie.bundles.publish import publish
from vigie.calibration import calibrator, metrics
from vigie.ensemble import combination
from vigie.features import NAMES
from vigie.models import transferable
from vigie.models.transferable import TransferableModel
from vigie.simulator import DOMAINS
from vigie.starter_models.registry import INDEX, MODELS
from vigie.starter_models.specs import Recipe, recipes
from vigie.starter_models.training_samples import Lesson, lessons
from vigie.stores.open import connect

CREATED = "2026-11-23T00:00:00Z"
WORLDS = 75
"""Worlds a domain; every third is seen in its bare view."""

HELD_OUT = 6
"""One in so many worlds, the last ones, is never trained on."""

GUESTS = 0.25
"""What lessons of other domains count beside a domain's own: they keep a model from believing its own world."""

RAREST = (0.0005, 0.005)
"""Shares of frauds of a whole portfolio: every third world that strangers score is scored so once more."""

Progress = Callable[[str, float], None]


def build(
    folder: Path = MODELS, *, worlds: int = WORLDS, progress: Progress = lambda stage, share: None
) -> None:
    """Trains every model of `recipes()` and writes the bundles to `folder`, replacing what is there.

    Args:
        folder: one bundle a sub-folder, as a store keeps it.
        worlds: worlds a domain.
        progress: told the stage and the share done.
    """
    taught = gather(worlds, progress)
    write(folder, taught, worlds, progress)


def gather(worlds: int, progress: Progress) -> list[Lesson]:
    """The lessons of all domains."""
    # Half of the worlds kept for measuring are extracts: what is uploaded is often made around the frauds known.
    wanted = [
        (
            domain,
            "bare" if seed % 3 == 0 else "full",
            seed,
            seed >= _first_unseen(worlds) and seed // 2 % 2 == 1,
        )
        for seed in range(worlds)
        for domain in DOMAINS
    ]
    taught = []
    for done, one in enumerate(lessons(wanted)):
        taught.append(one)
        progress("simulating worlds", done / len(wanted))
    return taught


def write(folder: Path, taught: Sequence[Lesson], worlds: int, progress: Progress) -> None:
    """Fits, measures and stores every model."""
    known = [one for one in taught if one.seed < _first_unseen(worlds)]
    unseen = [one for one in taught if one.seed >= _first_unseen(worlds)]
    wanted = recipes()
    fitted = _fit_all(wanted, known, progress)
    boosters = {name: model.to_bytes() for name, model in fitted.items()}
    version = version_of(boosters)
    calibrator = _calibrate(fitted, wanted, unseen)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    shelf = connect(folder.resolve().as_uri())
    libraries = {"xgboost-cpu": installed("xgboost-cpu")}
    for number, recipe in enumerate(wanted):
        progress("measuring models", number / len(wanted))
        model = fitted[recipe.name]
        packed = bundle.Bundle(
            name=recipe.name,
            version=version,
            booster=boosters[recipe.name],
            features=model.recipe(),
            calibration=calibrator.to_json(),
            performance=_performance(model, recipe, unseen),
            profile=_profile(recipe, known),
        )
        publish(shelf, recipe.name, bundle.pack(packed, created=CREATED, libraries=libraries), clean=False)
    (folder / INDEX).write_text(
        json.dumps({"version": version, "models": [r.name for r in wanted]}, indent=1) + "\n"
    )


def _first_unseen(worlds: int) -> int:
    return worlds - worlds // HELD_OUT


def version_of(boosters: Mapping[str, bytes]) -> str:
    """The version of a library, from its trees: other bytes are another version, and a version never changes."""
    whole = sha256(b"".join(sha256(boosters[name]).digest() for name in sorted(boosters)))
    return f"1-{whole.hexdigest()[:8]}"


def _belongs(one: Lesson, recipe: Recipe) -> bool:
    return one.domain == recipe.domain and (recipe.view == "both" or one.view == recipe.view)


def _fit_all(
    wanted: Sequence[Recipe], known: Sequence[Lesson], progress: Progress
) -> dict[str, TransferableModel]:
    """Every model, one thread each on two processes: as fast as two threads each, and steadier on a busy machine."""
    fitted = {}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        waiting = [(recipe, pool.submit(_fit, *_lessons_of(recipe, known), recipe.seed)) for recipe in wanted]
        for number, (recipe, future) in enumerate(waiting):
            fitted[recipe.name] = TransferableModel.from_parts(*future.result())
            progress("training models", number / len(wanted))
    return fitted


def _lessons_of(
    recipe: Recipe, known: Sequence[Lesson]
) -> tuple[list[npt.NDArray[np.float32]], list[npt.NDArray[np.bool_]], list[float]]:
    own = [one for one in known if _belongs(one, recipe)]
    rng = np.random.default_rng(recipe.seed)
    others = [
        o for o in known if o.domain != recipe.domain and (recipe.view == "both" or o.view == recipe.view)
    ]
    guests = [others[i] for i in rng.choice(len(others), size=min(len(others), len(own)), replace=False)]
    both = (*own, *guests)
    importance = [1.0] * len(own) + [GUESTS] * len(guests)
    return [one.inputs for one in both], [one.label for one in both], importance


def _fit(
    inputs: Sequence[npt.NDArray[np.float32]],
    labels: Sequence[npt.NDArray[np.bool_]],
    importance: Sequence[float],
    seed: int,
) -> tuple[bytes, dict[str, Any]]:
    model = transferable.fit(inputs, labels, importance=importance, seed=seed, threads=1)
    return model.to_bytes(), model.recipe()


def _performance(model: TransferableModel, recipe: Recipe, unseen: Sequence[Lesson]) -> dict[str, Any]:
    """What the model shows on worlds it was not trained on, of its domain and of others."""
    own = [one for one in unseen if _belongs(one, recipe)] or [
        one for one in unseen if one.domain == recipe.domain
    ]
    strange = [one for one in unseen if one.domain != recipe.domain][:: max(1, len(unseen) // 60)]
    measured = {
        "own": [_measure(model, one) for one in own],
        "other": [_measure(model, one) for one in strange],
    }
    out: dict[str, Any] = {"format": 1, "measured_on": "simulated worlds that were not trained on"}
    for where, rows in measured.items():
        table = np.array(rows)
        out[where] = {
            "worlds": len(rows),
            "roc_auc": round(float(table[:, 0].mean()), 4),
            "roc_auc_low": round(float(np.quantile(table[:, 0], 0.1)), 4),
            "average_precision": round(float(table[:, 1].mean()), 4),
            "precision_at_1_percent": round(float(table[:, 2].mean()), 4),
        }
    return out


def _measure(model: TransferableModel, one: Lesson) -> tuple[float, float, float]:
    return metrics.measure(one.label, model.margin_of(one.inputs), _weights(one))


def _weights(one: Lesson) -> Floats:
    """How many rows of its world each sampled row stands for."""
    frauds, honest = max(int(one.label.sum()), 1), max(int((~one.label).sum()), 1)
    return np.where(one.label, one.share * one.rows / frauds, (1 - one.share) * one.rows / honest)


def _calibrate(
    fitted: dict[str, TransferableModel], wanted: Sequence[Recipe], unseen: Sequence[Lesson]
) -> calibrator.Calibrator:
    """One calibrator for the ensemble, on unseen worlds; half of them scored by strangers only.

    A table in production is never quite like any world, so for every other world the models of its own domain
    do not vote.
    """
    studied: list[calibrator.CalibrationSample] = []
    rarer: list[calibrator.CalibrationSample] = []
    rng = np.random.default_rng(0)
    for number, one in enumerate(unseen):
        at_home = number % 2 == 0
        choice = [r for r in wanted if (r.domain == one.domain) == at_home]
        picked = [choice[i] for i in rng.choice(len(choice), size=min(3, len(choice)), replace=False)]
        margins = {recipe.name: fitted[recipe.name].margin_of(one.inputs) for recipe in picked}
        studied.append(_studied(one, margins, _weights(one), strange=not at_home))
        share = float(np.exp(rng.uniform(*np.log(RAREST))))
        if not at_home and number % 3 == 1 and share < one.share:
            rarer.append(_studied(one, margins, _weights(replace(one, share=share)), strange=True))
    return calibrator.fit(studied, rarer)


def _studied(
    one: Lesson, margins: Mapping[str, Floats], weights: Floats, *, strange: bool
) -> calibrator.CalibrationSample:
    members = [
        combination.MemberVote(name, 0.7, 0.85, margin, weighted_ranks(margin, weights))
        for name, margin in margins.items()
    ]
    anomaly = weighted_ranks(one.anomaly, weights)
    combined = combination.combine(anomaly, members, rows=one.rows, weights=weights)
    return calibrator.CalibrationSample(
        combined.score, combined.mean_probability, one.label, weights, strange
    )


def weighted_ranks(x: Floats, weights: Floats) -> Floats:
    """(rows,) mid-ranks in (0, 1) where each row stands for `weights` rows."""
    order = np.argsort(x, kind="stable")
    total = np.cumsum(weights[order])
    out = np.empty(len(x))
    out[order] = (total - weights[order] / 2) / total[-1]
    return out


def _profile(recipe: Recipe, known: Sequence[Lesson]) -> dict[str, Any]:
    """What the catalog matches on: columns, role shares, typologies and feature quantiles of the training worlds."""
    own = [one for one in known if _belongs(one, recipe)]
    shares: dict[str, float] = {}
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for one in own:
        for role in {column.role for column in one.columns}:
            shares[role] = shares.get(role, 0.0) + 1 / len(own)
        for column in one.columns:
            columns.setdefault(
                (column.name.lower(), column.role),
                {"name": column.name, "role": column.role, "type": column.type},
            )
    return {
        "format": 1,
        "domain": recipe.domain,
        "view": recipe.view,
        "typologies": sorted({name for one in own for name in one.typologies}),
        "columns": list(columns.values())[:400],
        "roles": {role: round(share, 4) for role, share in sorted(shares.items())},
        "quantiles": _quantiles(own),
        "rows": sum(one.rows for one in own),
        "prevalence": round(float(np.mean([one.share for one in own])), 5),
    }


def _quantiles(own: Sequence[Lesson]) -> dict[str, list[float]]:
    stack: npt.NDArray[np.float32] = np.stack([one.quantiles for one in own])
    out = {}
    for j, name in enumerate(NAMES):
        seen = stack[np.isfinite(stack[:, j, 0]), j]
        if len(seen) >= 3:
            out[name] = [float(f"{v:.5g}") for v in np.median(seen, axis=0)]
    return out
