"""Models in the tasks of a cluster: loaded from the verified cache of each machine, never shipped.

A task gets the scorer without its models, and for each the entry of the catalog: where the bundle is and what its bytes
must be. A Python process loads each model once; the locks of the cache make a machine fetch it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from vigie import resources, settings
from vigie.catalog import ModelVersion
from vigie.engine.row_functions import ScoreRows
from vigie.engine.scorer import Scorer
from vigie.models.base import ReferenceModel
from vigie.models.load import load_model


@dataclass(frozen=True)
class ShippedScoring:
    """`ScoreRows` on its way to the tasks.

    Attributes:
        function: scores rows by a scorer whose members have no models.
        require_signature: whether bundles need a signature.
    """

    function: ScoreRows
    require_signature: bool

    @classmethod
    def of(cls, function: ScoreRows, require_signature: bool) -> ShippedScoring:
        """Return a function as it is shipped."""
        scorer = function.scorer
        members = tuple(
            replace(member, model=None, booster=b"")  # type: ignore[arg-type]  # `load` brings it back
            for member in scorer.members
        )
        return cls(ScoreRows(replace(scorer, members=members)), require_signature)

    def __call__(self, rows: pl.DataFrame, joined: Sequence[pl.DataFrame]) -> pl.DataFrame:
        """Return the result columns of some rows."""
        return ScoreRows(self.load())(rows, joined)

    def load(self) -> Scorer:
        """Return the scorer with its models, in the process that scores."""
        scorer = self.function.scorer
        members = []
        for member in scorer.members:
            if member.entry is None:
                raise RuntimeError(f"{member.name}: the catalog does not know this model")
            model = _load(_Verified(member.entry), self.require_signature)
            members.append(replace(member, model=model))
        return replace(scorer, members=tuple(members))


@dataclass(frozen=True)
class _Verified:
    """An entry; equal to another where the bytes of its manifest are, which holds all other digests."""

    entry: ModelVersion

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Verified) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, str]:
        return self.entry.manifest_sha256, str(self.entry.storage)


@cache
def _load(verified: _Verified, require_signature: bool) -> ReferenceModel:
    chosen = settings.load()
    chosen = replace(chosen, require_signature=chosen.require_signature or require_signature)
    bundle = resources.bundle_loader(chosen)(verified.entry)
    return load_model(bundle.booster, bundle.features)
