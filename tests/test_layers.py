"""The import levels of docs/architecture.md, and the home of each vendor."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "vigie"

LEVELS = (
    {"errors", "phrases", "settings", "logs", "threads"},
    {"database", "revisions", "table"},
    {"scoring", "artifacts", "worlds"},
    {"catalog", "records"},
    {"predict", "train", "refine", "migrate", "library"},
    {"opening", "standing", "long"},
    {"jobs", "spark", "web", "doctor", "api"},
    {"cli", "__main__"},
)
SIBLINGS_THAT_MAY_MEET = {
    ("errors", "phrases"),
    ("__main__", "cli"),
    ("refine", "predict"),
}
HOMES = {
    "obstore": {"artifacts/store"},
    "joblib": {"artifacts/legacy"},
    "pickle": {"artifacts/legacy"},
    "xgboost": {"scoring", "artifacts/legacy"},
    "sklearn": {"scoring", "artifacts/legacy"},
    "sqlalchemy": {"database", "catalog", "records", "revisions", "migrate"},
    "alembic": {"database", "revisions"},
    "flask": {"web"},
    "apiflask": {"web"},
    "flask_wtf": {"web"},
    "argon2": {"web"},
    "authlib": {"web/oidc"},
    "prometheus_client": {"web"},
    "granian": {"cli"},
    "xlsxwriter": {"jobs"},
    "pyspark": {"spark"},
    "click": {"cli"},
    "google": {"artifacts/store"},
    "model_signing": {"artifacts/signing"},
    "optuna": {"train"},
}


def part(path: Path) -> str:
    """`scoring` for src/vigie/scoring/roles.py, `cli` for src/vigie/cli.py and src/vigie/cli_models.py."""
    top = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return top if top in set().union(*LEVELS) else top.split("_")[0]


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
        theirs = level(other) if level(other) is not None else level(other.split("_")[0])
        if other == here or theirs is None or (here, other) in SIBLINGS_THAT_MAY_MEET:
            continue
        if level(other) is None and other.split("_")[0] == here:
            continue
        assert theirs < mine, (
            f"{path.relative_to(SOURCE)}:{line} ({here}, level {mine}) imports {name} (level {theirs})"
        )


def test_every_exception_among_siblings_is_needed() -> None:
    """One that no import needs any more is taken out of the list."""
    used = {(part(path), name.split(".")[1]) for path in files() for _, name in imports(path) if "." in name}
    assert used >= SIBLINGS_THAT_MAY_MEET


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
