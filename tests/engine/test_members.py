"""The weight of a model that the user trained on another table."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from vigie.arrays import Floats
from vigie.engine.members import EnsembleMember, weigh_unrecognised
from vigie.ensemble.combination import MemberVote

ROWS = 500


def fitted(margin: Floats, source: str, similarity: float = 0.6) -> tuple[EnsembleMember, MemberVote]:
    entry = cast("Any", SimpleNamespace(provenance={"source": source}))
    member = EnsembleMember("m", similarity, 0.9, {}, 0.0, 0.5, {}, b"", cast("Any", None), entry)
    return member, MemberVote("m", similarity, 0.9, margin)


def few_frauds(share: float) -> Floats:
    """Return log-odds of a model that takes this share of the rows for fraud."""
    return np.where(np.arange(ROWS) < share * ROWS, 3.0, -3.0)


@pytest.mark.parametrize(("share", "weight"), [(0.02, 0.2), (0.3, 0.01)])
def test_a_model_that_sees_fraud_everywhere_hardly_counts(share: float, weight: float) -> None:
    """Frauds are few: one that takes more than a tenth of the rows for fraud knows the table too little."""
    starter = fitted(few_frauds(0.3), "starter library")
    found = weigh_unrecognised([starter, fitted(few_frauds(share), "vigie train")])
    assert [(member.trust, vote.trust) for member, vote in found] == [(0.0, 0.0), (weight, weight)]


def test_models_that_are_no_others_keep_their_weights() -> None:
    """Those that recognise the table, those of little similarity, and those of a user who has no other."""
    starter, own = fitted(few_frauds(0.1), "starter library"), fitted(few_frauds(0.02), "vigie train")
    known = own[0], replace(own[1], trust=0.7)
    far = fitted(few_frauds(0.02), "vigie train", similarity=0.45)
    for members in ([starter, own, known], [starter, far], [own, own]):
        assert [vote.trust for _, vote in weigh_unrecognised(members)] == [vote.trust for _, vote in members]
