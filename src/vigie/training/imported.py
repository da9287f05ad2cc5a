"""Measures and calibrates an imported model on a labelled table of its owner, without training it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np

from vigie.bundles.bundle import Bundle
from vigie.errors import InputRefused
from vigie.extras import require
from vigie.i18n.messages import msg
from vigie.models.imported import ImportedModel
from vigie.models.load import load_model
from vigie.roles import inference
from vigie.table import Table
from vigie.training.evaluation import evaluate_margins
from vigie.training.labels import read_label


@dataclass(frozen=True)
class MeasuredModel:
    """A calibrated model.

    Attributes:
        bundle: the model with its calibrator and its measured performance, under a version of its own.
        bound: column of the model -> column of the labelled table.
    """

    bundle: Bundle
    bound: dict[str, str]


def calibrate_imported(
    bundle: Bundle,
    table: Table,
    *,
    label: str,
    positive: str = "",
    unlabelled: Iterable[str] = (),
    seed: int = 0,
) -> MeasuredModel:
    """Measure an imported model on labelled rows, and fit its calibrator to them.

    Args:
        bundle: of the model.
        table: labelled rows, which the model was not trained on.
        label: the label column.
        positive: its value that means fraud; recognised by its word where empty.
        unlabelled: values that mean unknown.
        seed: of the halves that the calibration error is measured with.

    Raises:
        InputRefused: the model is of another kind, the table lacks its columns, or the label cannot be read.
        UnknownColumn: there is no such column.
        MissingExtra: scikit-learn is not installed.
    """
    require("train", "calibrating a model")
    model = load_model(bundle.booster, bundle.features)
    if not isinstance(model, ImportedModel):
        raise InputRefused(
            msg("model {name}: found one that Vigie trained, expected an imported one", name=bundle.name),
            hint="Vigie's own models are calibrated when they are trained",
        )
    found = read_label(table.typed, label, positive, unlabelled)
    frame = table.typed.drop(label)
    roles = inference.infer(frame)
    columns = {column["name"]: column["role"] for column in bundle.profile["columns"]}
    bound = model.find_columns(frame, roles, columns)
    if not model.has_enough(bound):
        raise InputRefused(
            msg(
                "{source}: found {found} of the {wanted} columns of model {name}, expected most of them",
                source=table.source,
                found=len(bound),
                wanted=len(bundle.features["columns"]),
                name=bundle.name,
            ),
            hint="use labelled rows of the table that the model was made for",
        )
    margin = model.margin_of(frame, bound)
    order = np.flatnonzero(found.known)
    time = roles.first("time")
    if time is not None:
        order = order[
            np.argsort(frame[time].cast(int, strict=False).fill_null(0).to_numpy()[order], kind="stable")
        ]
    evaluation = evaluate_margins(found.fraud[order], margin[order], seed, timed=time is not None)
    return MeasuredModel(_measured(bundle, evaluation.performance, evaluation.calibrator.to_json()), bound)


def _measured(bundle: Bundle, performance: dict[str, Any], calibrator: dict[str, Any]) -> Bundle:
    declared = bundle.performance.get("declared", bundle.performance)
    own = {**bundle.features.get("own", {}), "roc_auc": performance["roc_auc"]}
    digest = sha256(repr((sorted(calibrator.items()), sorted(performance.items(), key=str))).encode())
    base = bundle.version.partition("+")[0]
    return replace(
        bundle,
        version=f"{base}+{digest.hexdigest()[:8]}",
        features={**bundle.features, "own": own},
        calibration={"format": 1, "kind": "imported", "own": calibrator},
        performance={
            "format": 1,
            "source": "measured",
            "measured_on": "a labelled table of its owner",
            "own": performance,
            "declared": declared,
        },
    )
