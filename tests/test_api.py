"""The Python API: the same numbers as the command line, and nothing loaded before it is asked for."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import vigie
from vigie import api
from vigie.errors import InputRefused

EXAMPLE = Path(__file__).parents[1] / "examples" / "mobile_money_fr.csv"


def test_the_docstring_is_true() -> None:
    """Every line of it, run as it stands."""
    outcome = doctest.testmod(api)
    assert outcome.attempted > 5
    assert outcome.failed == 0


def test_importing_loads_nothing() -> None:
    """Neither polars nor numpy; asking for the function does."""
    code = (
        "import sys, vigie; heavy = {'polars', 'numpy', 'xgboost', 'sqlalchemy', 'vigie.engine.pipeline'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); assert callable(vigie.predict); "
        "import vigie.engine.pipeline; assert callable(vigie.predict) and vigie.engine.pipeline.fit"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
    assert dir(vigie) == ["__version__", "match", "predict"]
    with pytest.raises(AttributeError, match="nothing"):
        vigie.nothing  # noqa: B018


def test_a_file_and_its_table_give_the_same_numbers(tmp_path: Path) -> None:
    """As the command line does; the table itself comes back first, and the alerts are its rows."""
    file = tmp_path / "some.csv"
    file.write_text("".join(EXAMPLE.read_text().splitlines(keepends=True)[:600]))
    result = vigie.predict(str(file), alert_budget=5, language="fr")
    held = pl.read_csv(file, separator=";", infer_schema=False)
    again = api.predict(held, alert_budget=5, language="fr")
    assert again.additions.equals(result.additions)
    assert again.frame.select(held.columns).equals(held)
    alerts = again.alerts()
    assert alerts.height == 5
    assert alerts["fraud_score"].is_sorted(descending=True)


def test_what_is_no_table_is_refused() -> None:
    """By the name of its type, with nothing of what it holds."""
    with pytest.raises(InputRefused, match="found object"):
        api.predict(object())
