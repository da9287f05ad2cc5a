"""The import levels of docs/architecture.md, and the home of each vendor."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "vigie"

LEVELS = (
    {"plugins"},
    {"arrays", "i18n", "logs", "parallel", "settings", "simulator"},
    {"boosting", "errors", "notebook"},
    {"extras", "fitted_state", "isolation"},
    {"db", "ensemble", "rules", "stores", "table", "tempdirs"},
    {"app", "bundles", "roles", "sources"},
    {"alerts", "cases", "delivery", "features", "importer", "matching"},
    {"calibration", "catalog", "detectors"},
    {"costs", "models"},
    {"engine", "relocate", "starter_models", "training"},
    {"resources"},
    {"results"},
    {"api", "backup", "doctor", "jobs", "model_storage", "spark", "web"},
    {"cli", "sklearn"},
    {"__main__"},
)
HOMES = {
    "obstore": {"stores"},
    "joblib": {"importer"},
    "pickle": {"importer"},
    "xgboost": {"boosting", "importer", "ensemble", "fitted_state", "models", "training", "detectors"},
    "sklearn": {"boosting", "calibration", "training", "importer", "sklearn"},
    "sqlalchemy": {"backup", "db", "catalog", "app", "relocate"},
    "alembic": {"db"},
    "flask": {"web"},
    "apiflask": {"web"},
    "flask_wtf": {"web"},
    "argon2": {"web"},
    "authlib": {"web/oidc"},
    "prometheus_client": {"web"},
    "waitress": {"web/server"},
    "xlsxwriter": {"web"},
    "pyspark": {"spark"},
    "duckdb": {"table/interchange"},
    "pyarrow": {"spark", "table/interchange"},
    "chardet": {"table/code_pages"},
    "click": {"cli"},
    "asyncssh": {"sources"},
    "cronsim": {"sources"},
    "google": {"stores"},
    "model_signing": {"bundles/signing"},
    "optuna": {"training"},
}
PURE = (
    "arrays",
    "fitted_state",
    "boosting",
    "roles",
    "features",
    "detectors",
    "models",
    "matching",
    "ensemble",
    "calibration",
)
"""Arithmetic only: no disk, network, database or clock."""


def part(path: Path) -> str:
    """Return the top-level part of a file: `roles` for src/vigie/roles/assignment.py."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def level(name: str) -> int | None:
    """The level of a part; None for the package's own __init__."""
    return next((i for i, names in enumerate(LEVELS) if name in names), None)


def imports(path: Path) -> list[tuple[int, str]]:
    """Line and dotted name of every import of a file, those inside functions included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            found += [
                (node.lineno, f"{module}.{alias.name}" if module == "vigie" else module)
                for alias in node.names
            ]
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{path}:{node.lineno}: relative import; write it from vigie on")
    return found


def files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_level_imports_only_lower_ones(path: Path) -> None:
    """An import of a higher level, or of a sibling, is named with its line."""
    here = part(path)
    mine = level(here)
    assert mine is not None, f"{path.name} belongs to no level: add it to LEVELS and to docs/architecture.md"
    for line, name in imports(path):
        if not name.startswith("vigie.") or name == "vigie.__version__":
            continue
        other = name.split(".")[1]
        theirs = level(other)
        assert other == here or (theirs is not None and theirs < mine), (
            f"{path.relative_to(SOURCE)}:{line} ({here}, level {mine}) imports {name} (level {theirs})"
        )


def test_the_page_of_the_architecture_has_these_levels() -> None:
    """Every part with its level; `__main__` needs no line."""
    page = (
        (SOURCE.parents[1] / "docs" / "architecture.md").read_text("utf-8").split("## Packages and levels")[1]
    )
    found: dict[int, set[str]] = {}
    number = -1
    for written, name in re.findall(r"^\| (\d*) *\| `(\w+)(?:/|\.py)` \|", page, re.MULTILINE):
        number = int(written) if written else number
        found.setdefault(number, set()).add(name)
    assert found == dict(enumerate(LEVELS[:-1]))


def import_graph() -> dict[str, set[str]]:
    """Module -> the modules of vigie that it imports, inside functions and for types only included."""
    modules = {
        ".".join(("vigie", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in SOURCE.rglob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {name if name in modules else str(node.module) for name in inner}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        # Every module reads the version from the package itself, which imports nothing before it is asked for a name.
        graph[module] = {name for name in found if name in modules and name not in {module, "vigie"}}
    return graph


def test_no_module_imports_itself_through_others() -> None:
    """Nor inside a package, where the levels say nothing; the circle is named."""
    graph = import_graph()
    assert sum(map(len, graph.values())) > 500
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_no_module_shares_its_name_with_what_its_package_imports() -> None:
    """`from package import name` would mean the module or the function, depending on what was imported before."""
    for path in SOURCE.rglob("__init__.py"):
        package = ".".join(("vigie", *path.parent.relative_to(SOURCE).parts))
        modules = {other.stem for other in path.parent.iterdir()}
        body = ast.parse(path.read_text()).body
        imported = [node for node in body if isinstance(node, ast.ImportFrom) and node.module != package]
        names = {alias.asname or alias.name for node in imported for alias in node.names}
        names |= {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert names & modules == set(), package


@pytest.mark.parametrize(
    "path", [p for p in files() if part(p) in PURE], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_arithmetic_is_pure(path: Path) -> None:
    """No module of `PURE` imports what reads a disk, a network, a database or the clock."""
    impure = {"os", "pathlib", "socket", "subprocess", "shutil", "tempfile", "time", "urllib", "sqlalchemy"}
    assert not impure & {name.split(".")[0] for _, name in imports(path)}


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_vendor_has_one_home(path: Path) -> None:
    """A library that has a home is imported nowhere else."""
    where = path.relative_to(SOURCE).with_suffix("").as_posix()
    for line, name in imports(path):
        homes = HOMES.get(name.split(".")[0])
        if homes is not None:
            assert any(where.startswith(home) for home in homes), (
                f"{where}:{line} imports {name}, whose home is {homes}"
            )


def test_only_settings_reads_the_environment() -> None:
    """os.environ has one reader; the vendors that read credentials themselves are not ours."""
    for path in files():
        if part(path) == "settings":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            reads = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
            assert not reads, f"{path.relative_to(SOURCE)}:{node.lineno} reads the environment"
