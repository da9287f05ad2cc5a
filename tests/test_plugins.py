"""Entry points of other distributions are found by group, once each."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from importlib.metadata import EntryPoint

import pytest

from vigie import plugins


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget what was found before and after each test."""
    plugins.find.cache_clear()
    yield
    plugins.find.cache_clear()


def _declare(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    points = [EntryPoint(name, "math:sqrt", "vigie.detectors") for name in names]
    monkeypatch.setattr(metadata, "entry_points", lambda group: points if group == "vigie.detectors" else [])


def test_entry_points_are_found_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of their names; other groups stay empty."""
    _declare(monkeypatch, "knn", "ecod")
    assert list(plugins.find("detectors")) == ["ecod", "knn"]
    assert plugins.find("detectors")["ecod"].load()(4) == 2
    assert plugins.find("stores") == {}


def test_two_plugins_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them would be used could depend on the order of installation."""
    _declare(monkeypatch, "ecod", "ecod")
    with pytest.raises(ValueError, match="ecod"):
        plugins.find("detectors")


def test_an_unknown_group_is_refused() -> None:
    """With the groups that exist."""
    with pytest.raises(ValueError, match="detectors, stores"):
        plugins.find("features")
