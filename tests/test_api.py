"""The Python API: the same numbers as the command line, in the caller's own kind of table, and nothing loaded before it is used."""

from __future__ import annotations

import doctest
import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pandas as pd
import polars as pl
import pytest

import vigie
from vigie import api
from vigie.catalog import Catalog
from vigie.engine.options import Options
from vigie.errors import InputRefused, NotFound, UnknownColumn, UsageRefused

EXAMPLE = Path(__file__).parents[1] / "examples" / "mobile_money_fr.csv"


@pytest.fixture(scope="module", autouse=True)
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home for the fixtures of this module, which are made before that of a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some rows of the example."""
    file = tmp_path_factory.mktemp("api") / "some.csv"
    file.write_text("".join(EXAMPLE.read_text().splitlines(keepends=True)[:601]))
    return file


@pytest.fixture(scope="module")
def frame(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, separator=";", infer_schema=False)


@pytest.fixture(scope="module")
def catalog() -> Iterator[Catalog]:
    with vigie.open_catalog() as catalog:
        yield catalog


@pytest.fixture(scope="module")
def result(frame: pl.DataFrame, catalog: Catalog) -> api.Predictions:
    return vigie.predict(frame, catalog=catalog, alert_budget=5, language="fr")


@pytest.fixture(scope="module")
def scorer(frame: pl.DataFrame, catalog: Catalog) -> vigie.Scorer:
    return vigie.fit(frame, catalog=catalog, alert_budget=5)


def test_the_docstring_is_true() -> None:
    """Every line of it, run as it stands."""
    outcome = doctest.testmod(api)
    assert outcome.attempted > 8
    assert outcome.failed == 0


def test_importing_loads_nothing() -> None:
    """Neither polars nor numpy; asking for the function does."""
    code = (
        "import sys, vigie; heavy = {'polars', 'numpy', 'xgboost', 'sqlalchemy', 'vigie.engine.pipeline'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); assert callable(vigie.predict); "
        "import vigie.engine.pipeline; assert callable(vigie.predict) and vigie.engine.pipeline.fit"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
    assert dir(vigie) == [
        "ModelStorageService", "Options", "ReadOptions", "Scorer", "__version__", "fit", "match", "open_catalog", "predict", "refine", "suggest", "train",
    ]  # fmt: skip
    assert all(getattr(vigie, name) for name in dir(vigie))
    with pytest.raises(AttributeError, match="nothing"):
        vigie.nothing  # noqa: B018


def test_every_option_is_a_typed_keyword() -> None:
    """The keywords of the functions are the fields of `Options`, with their types."""
    declared = {name: field.type for name, field in Options.__dataclass_fields__.items()}
    assert {
        name: str(kind.__forward_arg__) for name, kind in api.OptionFields.__annotations__.items()
    } == declared
    for function in (vigie.predict, vigie.match, vigie.fit, vigie.refine, vigie.Scorer.__init__):
        assert inspect.signature(function).parameters["chosen"].annotation == "Unpack[OptionFields]"


def test_a_file_and_its_table_give_the_same_numbers(
    file: Path, frame: pl.DataFrame, result: api.Predictions
) -> None:
    """As the command line does; the table itself comes back first, and the alerts are its rows."""
    read = vigie.predict(str(file), alert_budget=5, language="fr")
    assert read.results.equals(result.results)
    assert result.frame.select(frame.columns).equals(frame)
    assert result.frame.columns[frame.width :] == result.additions.columns
    alerts = result.alerts()
    assert alerts.height == 5
    assert alerts["fraud_score"].is_sorted(descending=True)
    assert repr(result) == "<Predictions of table: 600 rows, 5 alerts>"


def test_options_and_keywords_are_one(frame: pl.DataFrame, catalog: Catalog, result: api.Predictions) -> None:
    """Keywords override the record; a catalog that is open is used, and stays open."""
    options = vigie.Options(alert_budget=0.5, language="fr")
    again = vigie.predict(frame, catalog=catalog, options=options, alert_budget=5)
    assert again.results.equals(result.results)
    assert len(catalog.list()) > 30


def test_a_catalog_of_another_database_is_used(frame: pl.DataFrame, tmp_path: Path) -> None:
    """With none of its models active nothing matches."""
    with vigie.open_catalog(f"sqlite:///{tmp_path / 'other.sqlite'}") as empty:
        for entry in empty.list():
            empty.deactivate(entry.name)
        assert vigie.match(frame, catalog=empty).matches == ()
    assert len(vigie.match(frame).matches) > 0


@pytest.mark.parametrize("library", ["pandas", "pyarrow", "duckdb"])
def test_the_own_kind_of_table_comes_back(
    library: str, frame: pl.DataFrame, catalog: Catalog, result: api.Predictions
) -> None:
    """With the numbers of the same table in polars."""
    arrow = frame.to_arrow()
    table: Any = {
        "pandas": lambda: arrow.to_pandas().set_index(arrow.to_pandas().index[::-1]),
        "pyarrow": lambda: arrow,
        "duckdb": lambda: duckdb.from_arrow(arrow),
    }[library]()
    found = vigie.predict(table, catalog=catalog, alert_budget=5, language="fr")
    assert found.results.equals(result.results)
    for part, height in ((found.frame, 600), (found.additions, 600), (found.alerts(), 5)):
        assert type(part) is type(table)
        assert pl.DataFrame(part).height == height
    if library == "pandas":
        assert found.frame.index.equals(table.index)
        best = int(result.results["fraud_score"].arg_max())
        assert found.alerts().index[0] == table.index[best]


def test_a_scorer_scores_its_own_table_and_later_rows(
    scorer: vigie.Scorer, frame: pl.DataFrame, tmp_path: Path
) -> None:
    """To the last bit, also after it was stored; some rows with the others as history."""
    expected = scorer.fitted.results
    assert scorer.score(frame).equals(expected)
    scorer.save(tmp_path / "payments.scorer")
    loaded = vigie.Scorer.load(tmp_path / "payments.scorer")
    assert loaded.to_bytes() == scorer.to_bytes()
    assert loaded.options == scorer.options
    assert loaded.score(frame).equals(expected)
    assert vigie.Scorer.from_bytes(scorer.to_bytes()).score(frame, only=[3, 599]).equals(expected[[3, 599]])
    assert pickle.loads(pickle.dumps(scorer)).score(frame).equals(expected)


def test_rows_of_pandas_keep_their_index(scorer: vigie.Scorer, frame: pl.DataFrame) -> None:
    """In the scores of a scorer too."""
    rows = pd.DataFrame(frame.to_dict(as_series=False), index=range(1000, 1600))
    assert list(scorer.score(rows).index) == list(rows.index)
    some = scorer.score(rows, only=[5, 2])
    assert list(some.index) == [1005, 1002]
    assert some["fraud_score"].tolist() == scorer.fitted.results["fraud_score"].to_numpy()[[5, 2]].tolist()


def test_a_scorer_must_be_fitted_and_stored_whole(tmp_path: Path, frame: pl.DataFrame) -> None:
    """What is missing is named."""
    with pytest.raises(UsageRefused, match="not fitted"):
        vigie.Scorer().score(frame)
    with pytest.raises(UsageRefused, match="not fitted"):
        vigie.Scorer().to_bytes()
    with pytest.raises(NotFound, match="scorer"):
        vigie.Scorer.load(tmp_path / "none.scorer")
    with pytest.raises(InputRefused):
        vigie.Scorer.from_bytes(b"no scorer")


def test_an_unknown_column_is_refused(scorer: vigie.Scorer, frame: pl.DataFrame) -> None:
    with pytest.raises(UnknownColumn, match="other"):
        scorer.score(frame.rename({frame.columns[0]: "other"}))


def test_labels_change_the_scores_of_the_table(result: api.Predictions, catalog: Catalog) -> None:
    """Rows to label are suggested, those that are labelled never again; a prediction knows its table."""
    rows = vigie.suggest(result, count=8)
    assert len(set(rows)) == 8
    labels = {row: number % 2 == 0 for number, row in enumerate(rows)}
    assert not set(vigie.suggest(result, labels, count=8)) & set(rows)
    refined = vigie.refine(result, labels, catalog=catalog)
    assert refined.summary["refined"]["marks"] == 8
    assert not refined.results.equals(result.results)
    with pytest.raises(InputRefused):
        vigie.refine(result, {10_000: True}, catalog=catalog)


def test_a_prediction_shows_itself_in_a_notebook(result: api.Predictions, catalog: Catalog) -> None:
    """What to look at, one chart, the reasons; well-formed, without a script, a link or a cell of the table."""
    html = result._repr_html_()
    root = ElementTree.fromstring(html)
    assert root.get("lang") == "fr"
    assert len(root.findall(".//svg")) == 1
    assert root.find(".//svg").get("role") == "img"  # type: ignore[union-attr]
    bars = list(root.iter("rect"))
    assert 1 < len(bars) <= 40
    assert "5 lignes" in html
    for row in result.summary["top"][:5]:
        assert row["reasons"] in "".join(root.itertext())
    assert not re.search(r"<script|href|src=|onclick", html)
    cells = set(result.user_table.table.frame.to_series(1).to_list())
    assert not {cell for cell in cells if len(cell) > 5 and cell in html}


def test_a_prediction_without_probabilities_explains_why() -> None:
    """And still shows the rows, without a column of probabilities."""
    noise = pl.DataFrame(
        {"a": [f"{i * 37 % 101}.5" for i in range(200)], "b": [f"x{i * 7 % 13}" for i in range(200)]}
    )
    result = vigie.predict(noise)
    assert not result.summary["calibrated"]
    html = result._repr_html_()
    assert "No probabilities" in html
    assert "probability</th>" not in html


@pytest.mark.parametrize(
    ("chosen", "what"),
    [
        ({"alert_budget": 0}, "alert_budget"),
        ({"alert_budget": 2.5}, "alert_budget"),
        ({"expected_fraud_rate": 1.5}, "expected_fraud_rate"),
        ({"language": "xx"}, "language"),
        ({"top": 0}, "top"),
        ({"minimum": 2}, "minimum"),
        ({"seed": -1}, "seed"),
    ],
)
def test_an_invalid_option_is_refused(chosen: dict[str, Any], what: str, frame: pl.DataFrame) -> None:
    """Before any work, by its name."""
    with pytest.raises(UsageRefused, match=f"{what}: found"):
        vigie.predict(frame, **chosen)


def test_an_unknown_option_is_a_type_error(frame: pl.DataFrame) -> None:
    with pytest.raises(TypeError, match="budget"):
        vigie.predict(frame, budget=5)  # type: ignore[call-arg]


PAGES = ("docs/en/python.md", "docs/PYTHON.md")


@pytest.mark.slow
def test_the_blocks_of_the_page_run(tmp_path: Path) -> None:
    """In their order, in a process of their own; those of both languages are the same but for their comments."""
    english, french = (
        re.findall(
            r"^```python( no-run)?\n(.*?)^```$",
            (EXAMPLE.parents[1] / page).read_text("utf-8"),
            re.MULTILINE | re.DOTALL,
        )
        for page in PAGES
    )

    def code(blocks: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(flag, re.sub(r" *#.*", "", block)) for flag, block in blocks]

    assert code(english) == code(french)
    blocks = [block for flag, block in english if not flag]
    assert len(blocks) > 8
    (tmp_path / "payments.csv").write_bytes(EXAMPLE.read_bytes())
    subprocess.run([sys.executable, "-W", "error", "-c", "\n".join(blocks)], cwd=tmp_path, check=True)


def test_the_page_has_every_option() -> None:
    """With its default."""
    for page in PAGES:
        rows = re.findall(
            r"^\| `(\w+)` \| .* \| (.+) \|$", (EXAMPLE.parents[1] / page).read_text("utf-8"), re.MULTILINE
        )
        assert {name for name, _ in rows} == set(Options.__dataclass_fields__)
        for name, default in rows:
            value = getattr(Options(), name)
            assert value is None or default.strip("`") == str(value), name


def test_what_is_no_table_is_refused() -> None:
    """By the name of its type, with nothing of what it holds."""
    with pytest.raises(InputRefused, match="found object"):
        api.predict(object())


def test_every_call_that_reads_a_file_takes_its_options(tmp_path: Path) -> None:
    """Where the header is has to be said for the rows to be read; without it, other columns are found."""
    path = tmp_path / "t.csv"
    rows = "".join(f"2026-01-{1 + i % 28:02d};C{i % 7};{i * 3 % 90 + 1},50\n" for i in range(60))
    path.write_text(f"a;b;c\nday;client;amount\n{rows}")
    reading = vigie.ReadOptions(header_row=2)
    assert vigie.predict(path, reading=reading).frame.columns[:3] == ["day", "client", "amount"]
    assert [role["column"] for role in vigie.match(path).summary["roles"]] == ["a", "b", "c"]
    fitted = vigie.fit(path, reading=reading)
    assert fitted.score(path, reading=reading).height == 60
    assert vigie.refine(path, {0: True, 1: False}, reading=reading).frame.height == 60
