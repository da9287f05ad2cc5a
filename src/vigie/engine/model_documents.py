"""Documents of a bundle that its digests vouch for and that no model of Vigie has: they end no prediction but their own vote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np

from vigie.boosting import xgboost_import
from vigie.bundles.bundle import Bundle
from vigie.calibration.calibrator import Calibrator
from vigie.catalog import ModelVersion
from vigie.engine.members import skill, stated_threshold
from vigie.errors import DamagedBundle
from vigie.i18n.messages import msg
from vigie.models.base import ReferenceModel
from vigie.models.load import load_model
from vigie.models.model_inputs import INPUTS
from vigie.models.transferable import TransferableModel

_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


@contextmanager
def reading_documents(name: str) -> Iterator[None]:
    """Raise DamagedBundle where the documents of the model `name` cannot be used."""
    try:
        yield
    except _MALFORMED as error:
        raise DamagedBundle(
            name,
            "features.json",
            found=msg("documents that do not fit the model ({kind})", kind=type(error).__name__),
            expected="those that Vigie writes",
            hint=msg(
                "train, import or publish it again, or stop using it: vigie models deactivate {name}",
                name=name,
            ),
        ) from error


def open_model(entry: ModelVersion, bundle: Bundle) -> ReferenceModel:
    """Load the model of a bundle, and try its documents.

    Raises:
        DamagedBundle: they cannot be used.
        InputRefused: the model is of a kind or a format that this Vigie does not have.
    """
    with reading_documents(entry.name):
        # XGBoost follows any index; the digests of what comes with Vigie are in the package.
        with xgboost_import.checking_trees() if entry.own else nullcontext():
            model = load_model(bundle.booster, bundle.features)
        Calibrator.from_json(bundle.calibration)
        Calibrator.from_json(bundle.calibration.get("own", {}))
        if not 0 <= skill(entry) <= 1 or not 0 < stated_threshold(bundle.features) < 1:
            raise ValueError("a measure outside its range")
        if isinstance(model, TransferableModel):
            model.margin_of(np.zeros((1, len(INPUTS)), dtype=np.float32))
    return model
