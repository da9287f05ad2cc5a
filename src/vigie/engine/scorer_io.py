"""Fields of a scorer, and their storage as one file.

The file holds nothing that can be executed: numbers and texts in numpy's format without pickles, trees in UBJSON. It
does hold cells of the table (names of categories, values of features), so it is as private as the table.

Names in the file do not follow renames in the code.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie import __version__
from vigie.boosting import xgboost_import
from vigie.calibration.calibrator import Calibrator
from vigie.detectors.registry import detectors_of
from vigie.engine.members import EnsembleMember
from vigie.engine.options import Options
from vigie.errors import InputRefused, VigieError
from vigie.fitted_state import FittedState
from vigie.fitted_state.storage import FORMAT, from_stored, to_stored
from vigie.i18n.messages import msg
from vigie.models.load import load_model
from vigie.roles.inference import Roles

Array = npt.NDArray[Any]
_MAX_UNPACKED = 2 * 1024**3
_MALFORMED = (
    *(
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
        MemoryError,
    ),
    *(OSError, EOFError, NotImplementedError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile),
    pl.exceptions.PolarsError,
)
"""What reading a malformed file raises, at whatever depth; the file is refused."""
READABLE = (4, 5, FORMAT)
_DTYPES: dict[str, type[pl.DataType]] = {
    str(dtype): dtype for dtype in (pl.Int64, pl.Float64, pl.String, pl.Boolean)
}
_MEMBER_FIELDS = ("name", "similarity", "skill", "bound", "recipe", "trust", "precision")


@dataclass(frozen=True)
class StoredScorer:
    """Fields of a scorer.

    Attributes:
        schema: column -> type of the fitted table.
        roles: roles of its columns.
        options: what the user chose.
        members: the models that vote.
        calibrator: calibrator of the scores; None where no model fits.
        state: fitted state of the table.
    """

    schema: Mapping[str, pl.DataType]
    roles: Roles
    options: Options
    members: tuple[EnsembleMember, ...]
    calibrator: Calibrator | None
    state: FittedState

    def to_bytes(self) -> bytes:
        """Return the scorer as bytes; the same scorer always gives the same bytes."""
        state, arrays = to_stored(self.state)
        members = []
        for number, member in enumerate(self.members):
            arrays[f"member {number}"] = np.frombuffer(member.booster, dtype=np.uint8)
            members.append(
                {name: getattr(member, name) for name in _MEMBER_FIELDS} | {"booster": f"member {number}"}
            )
        head = {
            "format": FORMAT,
            "vigie": __version__,
            # Hashes of cells are polars' own and may differ between its versions.
            "polars": pl.__version__,
            "schema": {name: str(dtype) for name, dtype in self.schema.items()},
            "roles": self.roles.to_json(),
            "options": {**asdict(self.options), "roles": dict(self.options.roles)},
            "members": members,
            "calibration": self.calibrator.to_json() if self.calibrator else {},
            "answers": state,
        }
        arrays["head"] = np.frombuffer(json.dumps(head, allow_nan=True).encode(), dtype=np.uint8)
        return _archive(arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            InputRefused: the bytes are no stored scorer, or one of another format or version of polars.
            Unavailable: it was fitted with a detector of a distribution that is not installed.
        """
        try:
            with xgboost_import.checking_trees():
                return cls._from_arrays(_arrays(data))
        except VigieError:
            raise
        except _MALFORMED as error:
            raise InputRefused(
                msg("scorer: found {what}, expected a scorer that Vigie stored", what=type(error).__name__),
                hint="fit the scorer again",
            ) from error

    @classmethod
    def _from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        head = json.loads(arrays["head"].tobytes())
        if head["format"] not in READABLE or head["polars"] != pl.__version__:
            raise InputRefused(
                msg(
                    "scorer: found format {format} of polars {polars}, expected format {ours} of polars {here}",
                    format=head["format"],
                    polars=head["polars"],
                    ours=FORMAT,
                    here=pl.__version__,
                ),
                hint="fit the scorer again",
            )
        state = from_stored(head["answers"], arrays, head["format"])
        # Refuses a scorer whose detectors are not installed, before any row is scored.
        detectors_of(state.scoring)
        members = []
        for stored in _with_shares(head["members"]):
            booster = arrays[stored["booster"]].tobytes()
            model = load_model(booster, stored["recipe"])
            members.append(EnsembleMember(**{**stored, "booster": booster}, model=model))
        return cls(
            {name: _DTYPES.get(dtype, lambda: pl.Datetime("us"))() for name, dtype in head["schema"].items()},
            Roles.from_json(head["roles"]),
            Options(**head["options"]),
            tuple(members),
            Calibrator.from_json(head["calibration"]) if head["calibration"] else None,
            state,
        )


def _with_shares(members: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return stored members as they vote now; before members shared the vote only the most trusted one was trusted."""
    if all("precision" in member for member in members):
        return list(members)
    most = max(range(len(members)), key=lambda i: members[i]["trust"])
    return [
        {**member, "precision": 0.0, "trust": member["trust"] if i == most else 0.0}
        for i, member in enumerate(members)
    ]


def _arrays(data: bytes) -> dict[str, Array]:
    """Return the arrays of an .npz, once what it declares fits what it holds.

    Raises:
        ValueError: an array declares more than the file holds, or holds objects.
    """
    made: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MAX_UNPACKED:
            raise ValueError("more bytes than a scorer has")
        for member in archive.infolist():
            content = archive.read(member)
            if len(content) != member.file_size:
                raise ValueError("another length than declared")
            file = io.BytesIO(content)
            major, _ = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
            if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - file.tell():
                raise ValueError("another length than declared")
            file.seek(0)
            made[member.filename.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
    return made


def _archive(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return an .npz that depends on nothing but the arrays; `numpy.savez` would write the time of day into it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(arrays[name]), allow_pickle=False)
    return out.getvalue()
