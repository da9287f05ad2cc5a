"""The part of a trained model that reads the columns of its training table.

Its trees see those columns, in their own units, and the unit-free features. It votes where the columns are found again, and
measures how much of what it needs a table has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.boosting.xgboost_predict import margins
from vigie.features import NAMES
from vigie.features.related import RELATED_SIGNALS
from vigie.matching.distributions import Quantiles, distances, quantiles_of
from vigie.models.column_assignment import ColumnMatch
from vigie.models.model_inputs import DETECTORS, INPUTS, ModelInputs
from vigie.models.trained import column_matching
from vigie.models.trained import encoders as encoding
from vigie.models.trained.column_sketch import Sketch, sketch_column
from vigie.models.trained.encoders import Encoder, Matrix
from vigie.roles.inference import Roles

if TYPE_CHECKING:
    import xgboost

FORMAT = 1
RANK_INPUTS = (*(f"detector_{name}" for name in DETECTORS), *RELATED_SIGNALS)
"""Ranks that the trees see beside the features: the detectors, and the related-entity signals."""

SAME_GAP, OTHER_GAP = 0.2, 0.5
"""Largest gap between two distributions of a feature up to which they are the same, and from which they are different."""

FULL_SIMILARITY = 0.6
"""Similarity of a column's distribution from which it counts fully."""


@dataclass(frozen=True)
class TableEncoder:
    """The columns of a table as inputs of the trees.

    Attributes:
        sketches: of all columns of the training table, those left out as well, so that they are not taken for others.
        encoders: of the columns that are used.
        features: unit-free feature -> its quantiles in training; empty where the trees do not look at features.
        salt: mixed into every hash.
        main_time: the column of the time of each row; None without one.
    """

    sketches: tuple[Sketch, ...]
    encoders: tuple[Encoder, ...]
    features: Mapping[str, tuple[float, ...]]
    salt: str
    main_time: str | None

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Return the names of the inputs of the trees."""
        own = [name for encoder in self.encoders for name in encoder.outputs]
        return (*own, *(f"feature {name}" for name in self.features), *(RANK_INPUTS if self.features else ()))

    @cached_property
    def width(self) -> int:
        """Return how many of the inputs come from the columns themselves; they are the first ones."""
        return sum(len(encoder.outputs) for encoder in self.encoders)

    def match(self, frame: pl.DataFrame, roles: Roles) -> dict[str, ColumnMatch]:
        """Return training column -> its match in a table; without those that are not found."""
        return column_matching.match_columns(
            self.sketches, column_matching.sketch_columns(frame, roles), self.salt
        )

    def matrix(self, frame: pl.DataFrame, bound: Mapping[str, str], inputs: ModelInputs) -> Matrix:
        """Return the (rows, inputs) of the trees, rows in the order of the model inputs.

        Args:
            frame: (rows, columns) typed, in its own order.
            bound: training column -> column of the frame.
            inputs: model inputs of the frame.
        """
        time = None if self.main_time is None else bound.get(self.main_time)
        own = encoding.encode_table(frame[inputs.order], self.encoders, bound, self.salt, time, inputs.state)
        if not self.features:
            return own
        columns = [NAMES.index(name) for name in self.features]
        ranks = [INPUTS.index(name) for name in RANK_INPUTS]
        return np.concatenate([own, inputs.features.values[:, columns], inputs.inputs[:, ranks]], axis=1)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "format": FORMAT,
            "columns": [item.to_json() for item in self.sketches],
            "encoders": [item.to_json() for item in self.encoders],
            # A list: JSON objects come back in another order, and the trees count their inputs.
            "features": [[name, *spread] for name, spread in self.features.items()],
            "salt": self.salt,
            "time": self.main_time,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TableEncoder:
        """Read what `to_json` wrote."""
        return cls(
            tuple(map(Sketch.from_json, data["columns"])),
            tuple(map(Encoder.from_json, data["encoders"])),
            {str(name): tuple(spread) for name, *spread in data["features"]},
            data["salt"],
            data["time"],
        )


@dataclass(frozen=True)
class Coverage:
    """How much of what the table model needs a table has; each from 0 to 1.

    Attributes:
        present: share of the gain of the trees whose inputs have values.
        similarity: of the distributions of these inputs to those in training, weighted by gain.
        columns: share of the columns that were found, each weighted by its similarity.
        known: share of the table's columns that the model knows; see `column_matching.share_known`.
    """

    present: float
    similarity: float
    columns: float
    known: float


@dataclass(frozen=True)
class SubModel:
    """One of several boosters whose margins are averaged.

    Attributes:
        booster: the trees.
        inputs: how many of the inputs they look at, the first ones.
        weight: of the margin; the weights of all sum to 1.
    """

    booster: xgboost.Booster
    inputs: int
    weight: float


@dataclass(frozen=True)
class TableModel:
    """Trees on the columns of a table.

    Attributes:
        models: the boosters.
        encoder: makes their inputs.
        gain: (inputs,) share of the total gain of each input, summing to 1.
    """

    models: tuple[SubModel, ...]
    encoder: TableEncoder
    gain: tuple[float, ...]

    def coverage(
        self, matrix: Matrix, found: Mapping[str, ColumnMatch], inputs: ModelInputs, width: int
    ) -> Coverage:
        """Return how much of what the trees need a table has, and how similar it is to the training table.

        Args:
            matrix: (rows, inputs) as the encoder makes it.
            found: training column -> its match.
            inputs: model inputs of the table.
            width: number of its columns.
        """
        gain = np.isfinite(matrix[:: max(1, len(matrix) // 5000)]).any(axis=0) * np.array(self.gain)
        similarity, at = np.ones(len(gain)), 0
        columns: dict[str, float] = {}
        for encoder in self.encoder.encoders:
            size, match = len(encoder.outputs), found.get(encoder.column)
            near = 0.0 if match is None else min(1.0, match.similarity / FULL_SIMILARITY)
            columns[encoder.column] = near
            if match is not None:
                similarity[at : at + size] = near
            at += size
        similarity[at : at + len(self.encoder.features)] = self._feature_similarity(inputs)
        present = float(gain.sum())
        return Coverage(
            min(present, 1.0),
            float(gain @ similarity) / present if present > 0 else 0.0,
            float(np.mean(list(columns.values()))) if columns else 0.0,
            column_matching.share_known(found, width),
        )

    def margin(self, matrix: Matrix) -> Floats:
        """Return (rows,) log-odds of fraud from the (rows, inputs) of the trees."""
        out = np.zeros(len(matrix))
        for model in self.models:
            columns = None if model.inputs == matrix.shape[1] else range(model.inputs)
            out += model.weight * margins(model.booster, matrix, columns)
        return out

    def _feature_similarity(self, inputs: ModelInputs) -> Floats:
        """Return (features,) how similar the distribution of each feature is to that in training, from 0 to 1."""
        trained, here = Quantiles.from_json(self.encoder.features), quantiles_of(inputs.features)
        found = dict(zip(here.names, distances(here, [trained])[0].tolist(), strict=True))
        gap = np.array([found.get(name, 1.0) for name in self.encoder.features])
        return np.clip((OTHER_GAP - gap) / (OTHER_GAP - SAME_GAP), 0, 1)


def fit_encoder(
    frame: pl.DataFrame,
    roles: Roles,
    inputs: ModelInputs,
    label: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
    *,
    leave: frozenset[str],
    salt: str,
) -> TableEncoder:
    """Fit the encoder of a labelled table.

    Args:
        frame: (rows, columns) typed, without its label.
        roles: of its columns.
        inputs: model inputs of the same frame.
        label: (rows,) true is fraud.
        known: (rows,) whether the label is known.
        leave: columns to leave out.
        salt: of the hashes.
    """
    sketches = [sketch_column(frame[item.column], item.role, salt) for item in roles.columns]
    time = roles.first("time")
    used = [item for item in sketches if item.name not in leave]
    encoders = encoding.fit_encoders(frame, used, label, known, salt, time)
    varying = {name for name, varies in zip(NAMES, inputs.varying, strict=True) if varies}
    quantiles = {
        name: tuple(q) for name, q in quantiles_of(inputs.features).to_json().items() if name in varying
    }
    return TableEncoder(tuple(sketches), tuple(encoders), quantiles, salt, time)


def gain_shares(models: Sequence[SubModel], inputs: Sequence[str]) -> tuple[float, ...]:
    """Return (inputs,) the share of each input in the total gain of the boosters."""
    out = np.zeros(len(inputs))
    for model in models:
        scores = model.booster.get_score(importance_type="total_gain")
        raw = np.array([float(scores.get(f"f{i}", 0.0)) for i in range(len(inputs))])  # type: ignore[arg-type]
        out += model.weight * raw / max(raw.sum(), 1e-12)
    return tuple(float(f"{value:.5g}") for value in out / max(out.sum(), 1e-12))


def training_names(encoder: TableEncoder) -> dict[str, str]:
    """Return training column -> itself, for the training table."""
    return {item.name: item.name for item in encoder.sketches}


def matched_names(found: Mapping[str, ColumnMatch]) -> dict[str, str]:
    """Return training column -> column of the table."""
    return {name: match.column for name, match in found.items()}
