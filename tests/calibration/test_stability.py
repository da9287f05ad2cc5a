"""The population stability index and its words."""

from __future__ import annotations

import numpy as np
import pytest

from vigie.calibration import stability


def test_the_index_is_that_of_the_formula() -> None:
    """0.5 and 0.5 against 0.25 and 0.75."""
    found = stability.of_counts(np.array([500, 500]), np.array([250, 750]))
    assert found is not None
    expected = (0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5)
    assert found.index == pytest.approx(expected, rel=0.01)
    assert found.verdict == "changed"


@pytest.mark.parametrize("rows", [60, 5000])
def test_two_samples_of_one_distribution_are_stable(rows: int) -> None:
    """Also small ones, whose index chance alone makes large; few are above what chance explains."""
    rng = np.random.default_rng(5)
    found = [stability.of_values(rng.lognormal(size=rows), rng.lognormal(size=rows)) for _ in range(40)]
    verdicts = [one.verdict for one in found if one is not None]
    assert verdicts.count("stable") >= 36
    above = sum(one.index > one.noise for one in found if one is not None)
    assert above <= 6


def test_a_shift_has_moved_and_a_new_value_changed() -> None:
    """By how far; NaN and nothing are no numbers."""
    rng = np.random.default_rng(6)
    before, nothing = rng.normal(size=4000), np.array([np.nan])
    shifts = [stability.of_values(before, rng.normal(shift, size=4000)) for shift in (0.0, 0.4, 1.5)]
    assert [one and one.verdict for one in shifts] == ["stable", "moved", "changed"]
    assert stability.of_values(before, nothing) is None
    appeared = stability.of_counts(np.array([900, 100, 0]), np.array([500, 100, 400]))
    assert appeared is not None
    assert appeared.verdict == "changed"
