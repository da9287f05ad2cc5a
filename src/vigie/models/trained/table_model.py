"""The head of a trained model that knows its own table's columns.

Its trees see those columns, in their own units, and the features without units. It votes where the columns are
found again, and says how much of what it needs was.
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
from vigie.models.model_inputs import DETECTORS, INPUTS, ModelInputs
from vigie.models.trained import column_matching
from vigie.models.trained import encoders as encoding
from vigie.models.trained.column_matching import ColumnMatch
from vigie.models.trained.column_sketch import Sketch, sketch
from vigie.models.trained.encoders import Encoder, Matrix
from vigie.roles.inference import Roles

if TYPE_CHECKING:
    import xgboost

FORMAT = 1
OTHERS = (*(f"detector_{name}" for name in DETECTORS), *RELATED_SIGNALS)
"""Ranks the head sees beside the features: the detectors, and what is said of related rows."""

NEAR, FAR = 0.2, 0.5
"""Gaps between two spreads of a feature up to which it is the same, and from which it is another."""

FITTING = 0.6
"""Closeness of a column's spread from which nothing is taken off."""


@dataclass(frozen=True)
class Own:
    """What is remembered of the training table.

    Attributes:
        sketches: of its columns, the ones left out as well, so that they are not taken for others.
        encoders: of the columns that are used.
        features: feature without units -> its quantiles in training; empty where the trees do not look at them.
        salt: mixed into every hash.
        main_time: the column that says when.
    """

    sketches: tuple[Sketch, ...]
    encoders: tuple[Encoder, ...]
    features: Mapping[str, tuple[float, ...]]
    salt: str
    main_time: str | None

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs of the trees."""
        own = [name for encoder in self.encoders for name in encoder.outputs]
        return (*own, *(f"feature {name}" for name in self.features), *(OTHERS if self.features else ()))

    @cached_property
    def width(self) -> int:
        """How many of the inputs come from the columns themselves; they are the first ones."""
        return sum(len(encoder.outputs) for encoder in self.encoders)

    def find(self, frame: pl.DataFrame, roles: Roles) -> dict[str, ColumnMatch]:
        """Where its columns are in a table."""
        return column_matching.find(self.sketches, column_matching.upload(frame, roles), self.salt)

    def roles(self, found: Mapping[str, ColumnMatch]) -> dict[str, str]:
        """Column of the upload -> the role it had in training: the same columns mean the same."""
        return {found[s.name].column: s.role for s in self.sketches if s.name in found}

    def matrix(self, frame: pl.DataFrame, found: Mapping[str, str], evidence: ModelInputs) -> Matrix:
        """(rows, inputs) in the order of the evidence.

        Args:
            frame: typed, in its own order.
            found: training column -> column of the frame.
            evidence: of the frame.
        """
        time = None if self.main_time is None else found.get(self.main_time)
        own = encoding.encode(frame[evidence.order], self.encoders, found, self.salt, time, evidence.state)
        if not self.features:
            return own
        columns = [NAMES.index(name) for name in self.features]
        others = [INPUTS.index(name) for name in OTHERS]
        return np.concatenate([own, evidence.features.values[:, columns], evidence.inputs[:, others]], axis=1)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
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
    def from_json(cls, data: Mapping[str, Any]) -> Own:
        """Reads what `to_json` wrote."""
        return cls(
            tuple(map(Sketch.from_json, data["columns"])),
            tuple(map(Encoder.from_json, data["encoders"])),
            {str(name): tuple(spread) for name, *spread in data["features"]},
            data["salt"],
            data["time"],
        )


@dataclass(frozen=True)
class Coverage:
    """What of a table the own head can use.

    Attributes:
        there: share of what the trees need that is there at all, 0 to 1.
        alike: how far that looks as in training, 0 to 1.
        columns: share of the columns that were found and look as in training, 0 to 1.
    """

    there: float
    alike: float
    columns: float


@dataclass(frozen=True)
class SubModel:
    """Some of the trees.

    Attributes:
        booster: the trees.
        inputs: how many of the inputs they look at, the first ones.
        weight: of their margin; all together sum to 1.
    """

    booster: xgboost.Booster
    inputs: int
    weight: float


@dataclass(frozen=True)
class TableModel:
    """The trees on a table's own columns.

    Attributes:
        voices: the trees.
        own: what they need of a table.
        gain: (inputs,) what each input is worth to the trees, summing to 1.
    """

    voices: tuple[SubModel, ...]
    own: Own
    gain: tuple[float, ...]

    def coverage(self, matrix: Matrix, found: Mapping[str, ColumnMatch], evidence: ModelInputs) -> Coverage:
        """How much of what the trees need is there, and whether it looks as in training."""
        there = np.isfinite(matrix[:: max(1, len(matrix) // 5000)]).any(axis=0) * np.array(self.gain)
        fit = np.ones(len(there))
        at = 0
        for encoder in self.own.encoders:
            size = len(encoder.outputs)
            if encoder.column in found:
                fit[at : at + size] = min(1.0, found[encoder.column].closeness / FITTING)
            at += size
        fit[at : at + len(self.own.features)] = self._alike(evidence)
        share = float(there.sum())
        used = {encoder.column for encoder in self.own.encoders}
        near = [min(1.0, found[name].closeness / FITTING) if name in found else 0.0 for name in used]
        alike = float(there @ fit) / share if share > 0 else 0.0
        return Coverage(min(share, 1.0), alike, float(np.mean(near)) if near else 0.0)

    def margin(self, matrix: Matrix) -> Floats:
        """(rows,) log-odds of fraud."""
        out = np.zeros(len(matrix))
        for voice in self.voices:
            columns = None if voice.inputs == matrix.shape[1] else range(voice.inputs)
            out += voice.weight * margins(voice.booster, matrix, columns)
        return out

    def _alike(self, evidence: ModelInputs) -> Floats:
        """(features,) how alike each feature is spread here and in training, 0 to 1."""
        trained = Quantiles.from_json(self.own.features)
        here = quantiles_of(evidence.features)
        found = dict(zip(here.names, distances(here, [trained])[0].tolist(), strict=True))
        near = (found.get(name, 1.0) for name in self.own.features)
        return np.array([np.clip((FAR - gap) / (FAR - NEAR), 0, 1) for gap in near])


def learn(
    frame: pl.DataFrame,
    roles: Roles,
    evidence: ModelInputs,
    label: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
    *,
    leave: frozenset[str],
    salt: str,
) -> Own:
    """Remembers a labelled table: its columns, its encoders, the features it can tell.

    Args:
        frame: typed, without its label.
        roles: of its columns.
        evidence: of the same frame.
        label: (rows,) true is fraud.
        known: (rows,) whether the label is.
        leave: columns to leave out.
        salt: of the hashes.
    """
    sketches = [sketch(frame[item.column], item.role, salt) for item in roles.columns]
    time = roles.first("time")
    used = [item for item in sketches if item.name not in leave]
    encoders = encoding.learn(frame, used, label, known, salt, time)
    known_here = {name for name, there in zip(NAMES, evidence.known, strict=True) if there}
    spread = {
        name: tuple(q) for name, q in quantiles_of(evidence.features).to_json().items() if name in known_here
    }
    return Own(tuple(sketches), tuple(encoders), spread, salt, time)


def gains(voices: Sequence[SubModel], inputs: Sequence[str]) -> tuple[float, ...]:
    """(inputs,) share of the total gain of each."""
    out = np.zeros(len(inputs))
    for voice in voices:
        scores = voice.booster.get_score(importance_type="total_gain")
        raw = np.array([float(scores.get(f"f{i}", 0.0)) for i in range(len(inputs))])  # type: ignore[arg-type]
        out += voice.weight * raw / max(raw.sum(), 1e-12)
    return tuple(float(f"{value:.5g}") for value in out / max(out.sum(), 1e-12))


def same_names(own: Own) -> dict[str, str]:
    """Where its columns are in its own table."""
    return {item.name: item.name for item in own.sketches}


def columns_of(found: Mapping[str, ColumnMatch]) -> dict[str, str]:
    """Training column -> column of the upload."""
    return {name: there.column for name, there in found.items()}
