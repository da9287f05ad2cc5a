"""Trains the starter models: simulated tables to training samples, samples to models, models to bundles.

The same code and seeds give the same bundles. Every measure in a bundle is of tables that no model was trained on.
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
from vigie.starter_models.specs import ModelSpec, model_specs
from vigie.starter_models.training_samples import TrainingSample, make_samples
from vigie.stores.open import connect

CREATED = "2026-11-23T00:00:00Z"
TABLES_PER_DOMAIN = 75
"""Simulated tables per domain; a third of them in their bare view."""

HELD_OUT_RATIO = 6
"""One in so many tables, the last ones, is not trained on."""

OUT_OF_DOMAIN_WEIGHT = 0.25
"""Weight of samples of other domains, which keep a model from overfitting its own."""

PORTFOLIO_FRAUD_SHARE = (0.0005, 0.005)
"""Range of the share of frauds in a whole portfolio, for further calibration samples."""

Progress = Callable[[str, float], None]


def build_models(
    folder: Path = MODELS, *, tables: int = TABLES_PER_DOMAIN, progress: Progress = lambda stage, share: None
) -> None:
    """Train every model of `model_specs()` and write the bundles, in place of what is in `folder`.

    Args:
        folder: one bundle a sub-folder, as in a store.
        tables: simulated tables per domain.
        progress: called with the stage and its finished share in [0, 1].
    """
    write_models(folder, simulate(tables, progress), tables, progress)


def simulate(tables: int, progress: Progress) -> list[TrainingSample]:
    """Return the samples of all domains."""
    # Half of the tables held out are extracts: an upload is often made around known frauds.
    wanted = [
        (
            domain,
            "bare" if seed % 3 == 0 else "full",
            seed,
            seed >= _first_held_out(tables) and seed // 2 % 2 == 1,
        )
        for seed in range(tables)
        for domain in DOMAINS
    ]
    samples = []
    for done, sample in enumerate(make_samples(wanted)):
        samples.append(sample)
        progress("simulating tables", done / len(wanted))
    return samples


def write_models(folder: Path, samples: Sequence[TrainingSample], tables: int, progress: Progress) -> None:
    """Fit, measure and store every model.

    Args:
        folder: as in `build_models`.
        samples: from `simulate`.
        tables: simulated tables per domain.
        progress: as in `build_models`.
    """
    training = [one for one in samples if one.seed < _first_held_out(tables)]
    held_out = [one for one in samples if one.seed >= _first_held_out(tables)]
    specs = model_specs()
    fitted = _fit_all(specs, training, progress)
    boosters = {name: model.to_bytes() for name, model in fitted.items()}
    version = version_of(boosters)
    calibrator = _calibrate(fitted, specs, held_out)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    store = connect(folder.resolve().as_uri())
    libraries = {"xgboost-cpu": installed("xgboost-cpu")}
    for number, spec in enumerate(specs):
        progress("measuring models", number / len(specs))
        model = fitted[spec.name]
        packed = bundle.Bundle(
            name=spec.name,
            version=version,
            booster=boosters[spec.name],
            features=model.recipe(),
            calibration=calibrator.to_json(),
            performance=_performance(model, spec, held_out),
            profile=_profile(spec, training),
        )
        publish(store, spec.name, bundle.pack(packed, created=CREATED, libraries=libraries), clean=False)
    (folder / INDEX).write_text(
        json.dumps({"version": version, "models": [spec.name for spec in specs]}, indent=1) + "\n"
    )


def _first_held_out(tables: int) -> int:
    return tables - tables // HELD_OUT_RATIO


def version_of(boosters: Mapping[str, bytes]) -> str:
    """Return the version of all models, made of the digests of their boosters."""
    whole = sha256(b"".join(sha256(boosters[name]).digest() for name in sorted(boosters)))
    return f"1-{whole.hexdigest()[:8]}"


def _belongs(sample: TrainingSample, spec: ModelSpec) -> bool:
    return sample.domain == spec.domain and (spec.view == "both" or sample.view == spec.view)


def _fit_all(
    specs: Sequence[ModelSpec], training: Sequence[TrainingSample], progress: Progress
) -> dict[str, TransferableModel]:
    """Fit every model, with one thread in each of two processes."""
    fitted = {}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        waiting = [(spec, pool.submit(_fit, *_training_data(spec, training), spec.seed)) for spec in specs]
        for number, (spec, future) in enumerate(waiting):
            fitted[spec.name] = TransferableModel.from_parts(*future.result())
            progress("training models", number / len(specs))
    return fitted


def _training_data(
    spec: ModelSpec, training: Sequence[TrainingSample]
) -> tuple[list[npt.NDArray[np.float32]], list[npt.NDArray[np.bool_]], list[float]]:
    """Return inputs, labels and weights of the samples of a model's domain, and of as many of other domains."""
    own = [one for one in training if _belongs(one, spec)]
    rng = np.random.default_rng(spec.seed)
    others = [one for one in training if one.domain != spec.domain and spec.view in {"both", one.view}]
    size = min(len(others), len(own))
    out_of_domain = [others[i] for i in rng.choice(len(others), size=size, replace=False)]
    both = (*own, *out_of_domain)
    weights = [1.0] * len(own) + [OUT_OF_DOMAIN_WEIGHT] * len(out_of_domain)
    return [one.inputs for one in both], [one.label for one in both], weights


def _fit(
    inputs: Sequence[npt.NDArray[np.float32]],
    labels: Sequence[npt.NDArray[np.bool_]],
    importance: Sequence[float],
    seed: int,
) -> tuple[bytes, dict[str, Any]]:
    model = transferable.fit(inputs, labels, importance=importance, seed=seed, threads=1)
    return model.to_bytes(), model.recipe()


def _performance(
    model: TransferableModel, spec: ModelSpec, held_out: Sequence[TrainingSample]
) -> dict[str, Any]:
    """Return measures on held-out tables of the model's domain and of others."""
    own = [one for one in held_out if _belongs(one, spec)] or [
        one for one in held_out if one.domain == spec.domain
    ]
    others = [one for one in held_out if one.domain != spec.domain][:: max(1, len(held_out) // 60)]
    measured = {
        "own": [_measure(model, one) for one in own],
        "other": [_measure(model, one) for one in others],
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


def _measure(model: TransferableModel, one: TrainingSample) -> tuple[float, float, float]:
    return metrics.measure(one.label, model.margin_of(one.inputs), _weights(one))


def _weights(one: TrainingSample) -> Floats:
    """Return (rows,) number of rows of its table that each sampled row represents."""
    frauds, legitimate = max(int(one.label.sum()), 1), max(int((~one.label).sum()), 1)
    return np.where(one.label, one.share * one.rows / frauds, (1 - one.share) * one.rows / legitimate)


def _calibrate(
    fitted: dict[str, TransferableModel],
    specs: Sequence[ModelSpec],
    held_out: Sequence[TrainingSample],
) -> calibrator.Calibrator:
    """Fit the calibrator of the ensemble on held-out tables.

    A user's table is never quite like a simulated one, so every other table is scored by models of other domains only. Some of
    these are used once more with the share of frauds of a whole portfolio.
    """
    samples: list[calibrator.CalibrationSample] = []
    rarer: list[calibrator.CalibrationSample] = []
    rng = np.random.default_rng(0)
    for number, one in enumerate(held_out):
        in_domain = number % 2 == 0
        choice = [spec for spec in specs if (spec.domain == one.domain) == in_domain]
        picked = [choice[i] for i in rng.choice(len(choice), size=min(3, len(choice)), replace=False)]
        margins = {spec.name: fitted[spec.name].margin_of(one.inputs) for spec in picked}
        samples.append(_sample(one, margins, _weights(one), out_of_domain=not in_domain))
        share = float(np.exp(rng.uniform(*np.log(PORTFOLIO_FRAUD_SHARE))))
        if not in_domain and number % 3 == 1 and share < one.share:
            rarer.append(_sample(one, margins, _weights(replace(one, share=share)), out_of_domain=True))
    return calibrator.fit(samples, rarer)


def _sample(
    one: TrainingSample, margins: Mapping[str, Floats], weights: Floats, *, out_of_domain: bool
) -> calibrator.CalibrationSample:
    members = [
        combination.MemberVote(name, 0.7, 0.85, margin, weighted_ranks(margin, weights))
        for name, margin in margins.items()
    ]
    anomaly = weighted_ranks(one.anomaly, weights)
    combined = combination.combine(anomaly, members, rows=one.rows, weights=weights)
    return calibrator.CalibrationSample(
        combined.score, combined.mean_probability, one.label, weights, out_of_domain
    )


def weighted_ranks(x: Floats, weights: Floats) -> Floats:
    """Return (rows,) mid-ranks in (0, 1) where each row represents `weights` rows."""
    order = np.argsort(x, kind="stable")
    total = np.cumsum(weights[order])
    out = np.empty(len(x))
    out[order] = (total - weights[order] / 2) / total[-1]
    return out


def _profile(spec: ModelSpec, training: Sequence[TrainingSample]) -> dict[str, Any]:
    """Return the profile for matching: columns, role shares, typologies and feature quantiles of the training tables."""
    own = [one for one in training if _belongs(one, spec)]
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
        "domain": spec.domain,
        "view": spec.view,
        "typologies": sorted({name for one in own for name in one.typologies}),
        "columns": list(columns.values())[:400],
        "roles": {role: round(share, 4) for role, share in sorted(shares.items())},
        "quantiles": _quantiles(own),
        "rows": sum(one.rows for one in own),
        "prevalence": round(float(np.mean([one.share for one in own])), 5),
    }


def _quantiles(own: Sequence[TrainingSample]) -> dict[str, list[float]]:
    stack: npt.NDArray[np.float32] = np.stack([one.quantiles for one in own])
    out = {}
    for j, name in enumerate(NAMES):
        seen = stack[np.isfinite(stack[:, j, 0]), j]
        if len(seen) >= 3:
            out[name] = [float(f"{v:.5g}") for v in np.median(seen, axis=0)]
    return out
