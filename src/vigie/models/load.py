"""Reference models from the parts of a bundle, by the kind that its recipe names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.models.base import ReferenceModel
from vigie.models.imported import ImportedModel
from vigie.models.trained.model import TrainedModel
from vigie.models.transferable import TransferableModel

LOADERS: Mapping[str, Callable[[bytes, Mapping[str, Any]], ReferenceModel]] = {
    "evidence": TransferableModel.from_parts,
    "native": ImportedModel.from_parts,
    "trained": TrainedModel.from_parts,
}
"""Kind, as recipes store it -> how such a model is loaded."""


def load_model(booster: bytes, recipe: Mapping[str, Any]) -> ReferenceModel:
    """Return a model from verified bytes and its recipe.

    Raises:
        InputRefused: the recipe is of a kind or a format that this Vigie does not have.
    """
    kind = recipe.get("kind", "evidence")
    if kind not in LOADERS:
        raise InputRefused(
            msg("recipe: found kind {kind!r}, expected one of {kinds}", kind=kind, kinds=", ".join(LOADERS)),
            hint="upgrade Vigie",
        )
    return LOADERS[kind](booster, recipe)
