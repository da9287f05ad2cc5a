"""The bundle of a trained model: recipe, calibration, performance, and the profile that matching uses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from vigie.bundles.bundle import Bundle
from vigie.i18n.messages import msg
from vigie.matching import distributions
from vigie.models.trained.model import TrainedModel
from vigie.models.trained.table_recognition import fingerprint
from vigie.roles.definitions import role_of
from vigie.training.evaluation import Evaluations
from vigie.training.inspection import TrainingPlan
from vigie.training.subsets import Subset
from vigie.training.tuning import TuningResult

SUSPICIOUS_AUC = 0.995
"""ROC AUC from which the summary warns of a leak."""

_HELD_OUT = {
    "time": "the last fifth of the time",
    "customer": "a fifth of the customers",
    "chance": "a fifth of the rows",
}


def make_bundle(
    name: str,
    plan: TrainingPlan,
    model: TrainedModel,
    tuned: TuningResult,
    evaluations: Evaluations,
    whole: Subset,
) -> Bundle:
    """Return the bundle of a model.

    Args:
        name: of the model.
        plan: that it was trained by.
        model: fitted on all rows.
        tuned: its parameters.
        evaluations: on the rows held out, of the model fitted on the others.
        whole: all rows of the plan.
    """
    recipe = model.recipe()
    digest = sha256(model.to_bytes() + json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    calibration = {
        "format": 1,
        "kind": "trained",
        "own": evaluations.own.calibrator.to_json(),
        "transferable": evaluations.transferable.calibrator.to_json(),
    }
    performance = _performance(plan, evaluations, tuned)
    profile = _profile(plan, model, whole)
    return Bundle(name, f"1-{digest[:8]}", model.to_bytes(), recipe, calibration, performance, profile)


def summarise(plan: TrainingPlan, bundle: Bundle) -> dict[str, Any]:
    """Return the plan, the performance and the warnings as plain JSON."""
    warnings = list(plan.warnings)
    area = bundle.performance["own"]["roc_auc"]
    if area >= SUSPICIOUS_AUC:
        suspicious = "a ROC AUC of {auc:.3f} is nearly perfect: ask for every column whether it is known at the moment of scoring"
        warnings.append(msg(suspicious, auc=area))
    named = {"name": bundle.name, "version": bundle.version, "performance": bundle.performance}
    return {**plan.to_json(), **named, "warnings": warnings}


def _performance(plan: TrainingPlan, evaluations: Evaluations, tuned: TuningResult) -> dict[str, Any]:
    coverage, by = evaluations.coverage, plan.split.by
    return {
        "format": 1,
        "measured_on": f"{_HELD_OUT[by]}, held out and looked at once; the stored trees then learned from all rows",
        "own": evaluations.own.performance,
        "transferable": evaluations.transferable.performance,
        "held_out": {"by": by, "there": round(coverage.present, 4), "alike": round(coverage.similarity, 4),
                     "columns": round(coverage.columns, 4)},
        "tuning": {"trials": tuned.trials, "seconds": tuned.seconds, "average_precision": round(tuned.average_precision, 4),
                   "boosters": [asdict(booster) for booster in tuned.boosters]},
    }  # fmt: skip


def _profile(plan: TrainingPlan, model: TrainedModel, whole: Subset) -> dict[str, Any]:
    """Return what matching and table recognition use; it holds no value of the table."""
    encoder, columns = model.table_model.encoder, plan.roles.columns
    types = {item.column: str(plan.frame.schema[item.column].base_type()) for item in columns}
    return {
        "format": 1,
        "domain": plan.domain,
        "view": "own",
        "typologies": [],
        "columns": [{"name": c.column, "role": c.role, "type": types[c.column]} for c in columns],
        "roles": dict.fromkeys(sorted(Counter(item.role for item in columns)), 1.0),
        "quantiles": distributions.quantiles_of(whole.evidence.features).to_json(),
        "rows": plan.rows,
        "prevalence": round(plan.label.share, 6),
        "trained_on": {
            "rows": plan.frame.height,
            "labelled": int(plan.label.known.sum()),
            "frauds": plan.label.frauds,
        },
        "own": fingerprint(encoder.sketches, encoder.salt, _column_weights(model)),
    }


def _column_weights(model: TrainedModel) -> Mapping[str, float]:
    """Return column -> weight, summing to 1: half by gain, half equal for all, since features need columns too."""
    table_encoder = model.table_model.encoder
    gain: dict[str, float] = {}
    at = 0
    for encoder in table_encoder.encoders:
        size = len(encoder.outputs)
        gain[encoder.column] = gain.get(encoder.column, 0.0) + sum(model.table_model.gain[at : at + size])
        at += size
    used = [item.name for item in table_encoder.sketches if not role_of(item.role).excluded]
    total = max(sum(gain.values()), 1e-9)
    share = {name: 0.5 / len(used) + 0.5 * gain.get(name, 0.0) / total for name in used}
    return {name: float(f"{value / sum(share.values()):.4g}") for name, value in share.items()}
