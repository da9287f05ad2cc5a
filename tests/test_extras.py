"""What `pip install vigie` brings is enough to score; what needs more says which extra, by command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.waiting import LIMIT

from vigie.extras import MODULES, require
from vigie.starter_models.registry import MODELS as BUNDLES

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
EXAMPLE = ROOT / "examples" / "mobile_money_fr.csv"
RUN = """
import json, sys
hidden, arguments = json.loads(sys.argv[1])
sys.modules |= dict.fromkeys(hidden)
from vigie.cli import main
sys.argv = ["vigie", *arguments]
main()
"""
BUNDLE = min(path for path in BUNDLES.iterdir() if path.is_dir())
COMMANDS = {
    "web": [["serve"], ["worker"], ["users", "add", "ada@example.org"]],
    "train": [["train", "{example}", "--label", "Statut", "--dry-run"]],
    "cloud": [["models", "add", "s3://bucket/bundle"], ["migrate", "--to", "s3://bucket/models"]],
    "postgres": [["models", "list"], ["predict", "{example}", "-o", "out.csv"], ["doctor"]],
    "excel": [["predict", "{excel}", "-o", "out.csv"], ["match", "{excel}"]],
    "spark": [["spark-predict", "{example}", "out"]],
    "sign": [["models", "sign", "{bundle}", "--key", "{key}"]],
    "joblib": [["models", "import", "{folder}", "--trust", "0" * 64, "--yes"]],
    "sftp": [["watch", "add", "sftp://ada@files.example.org/exports"]],
    "oidc": [],
}
"""Commands that need each extra; the web app loads `oidc` when a provider is set."""


def hidden(extra: str) -> list[str]:
    """The modules of an extra, as another installation lacks them."""
    return [module for module in MODULES[extra] if extra != "joblib" or module != "sklearn"]


def vigie(
    tmp_path: Path, missing: list[str], *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process that lacks some modules."""
    return subprocess.run(
        [sys.executable, "-c", RUN, json.dumps([missing, arguments])],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "VIGIE_HOME": str(tmp_path / "home"),
            **environment,
        },
    )


def test_the_extras_of_the_project_are_those_of_the_code() -> None:
    """`gcs` is missing from the code because obstore stands in for it; `all` is all of them but spark."""
    assert set(MODULES) == set(EXTRAS) - {"gcs", "all"}
    (everything,) = EXTRAS["all"]
    assert set(Requirement(everything).extras) == set(EXTRAS) - {"all", "spark"}


def test_every_module_of_an_extra_is_imported_somewhere() -> None:
    """A module that is not imported any more does not stay in the table."""
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "src" / "vigie").rglob("*.py"))
    unused = {
        module
        for modules in MODULES.values()
        for module in modules
        if not re.search(rf"^\s*(?:import|from) {module}\b", sources, re.MULTILINE)
    }
    assert unused == {"OpenSSL", "psycopg"}  # model-signing and SQLAlchemy import them


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [(extra, arguments) for extra, many in COMMANDS.items() for arguments in many],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    extra: str, arguments: list[str], tmp_path: Path
) -> None:
    """Exit code 5, one sentence and one hint, before anything else is done."""
    excel, key, folder = tmp_path / "t.xlsx", tmp_path / "key.pem", tmp_path / "model"
    excel.write_bytes(b"PK\x03\x04")
    key.touch()
    folder.mkdir()
    places = {"example": EXAMPLE, "excel": excel, "key": key, "folder": folder, "bundle": BUNDLE}
    database = {"DATABASE_URL": "postgresql://localhost/vigie"} if extra == "postgres" else {}
    result = vigie(tmp_path, hidden(extra), *(one.format(**places) for one in arguments), **database)
    assert result.returncode == 5, result.stderr
    assert "Traceback" not in result.stderr
    if arguments != ["doctor"]:
        assert f"not installed: the extra '{extra}'\nhint: pip install 'vigie[{extra}]'\n" in result.stderr
    else:
        assert f"pip install 'vigie[{extra}]'" in result.stdout


def test_an_installed_extra_is_no_error() -> None:
    """The development environment has all but spark."""
    for extra in set(MODULES) - {"spark"}:
        require(extra, "a test")


def _core() -> Iterator[metadata.Distribution]:
    """The distributions that `pip install vigie` installs here, without extras."""
    wanted, seen = [Requirement(line) for line in PROJECT["dependencies"]], set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        found = metadata.distribution(requirement.name)
        yield found
        wanted += [Requirement(line) for line in found.requires or ()]


@pytest.fixture(scope="session")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with Vigie's wheel and its core dependencies; needs no network."""
    folder = tmp_path_factory.mktemp("core")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=LIMIT)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True, timeout=LIMIT)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    for distribution in _core():
        for top in {Path(str(file)).parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(distribution.locate_file(top))
    return python


@pytest.mark.slow
def test_the_core_installation_scores_a_table(core: Path, tmp_path: Path) -> None:
    """The wheel and its core dependencies match and score the example, and name the extra for the rest."""
    command = [str(core.with_name("vigie"))]
    environment = {"PATH": "/usr/bin:/bin", "VIGIE_HOME": str(tmp_path / "home")}
    options = {"capture_output": True, "text": True, "timeout": LIMIT, "cwd": tmp_path, "env": environment}
    scored = subprocess.run([*command, "predict", str(EXAMPLE), "-o", "out.csv"], **options)  # type: ignore[call-overload]
    assert scored.returncode == 0, scored.stderr
    lines = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert len(lines) == len(EXAMPLE.read_text("utf-8").splitlines())
    assert lines[0].endswith("fraud_score;fraud_probability;anomaly_score;agreement;risk_level;alert;reasons")
    for extra, arguments in (("web", ["serve"]), ("train", ["train", str(EXAMPLE), "--label", "Statut"])):
        refused = subprocess.run([*command, *arguments], **options)  # type: ignore[call-overload]
        assert (refused.returncode, f"vigie[{extra}]" in refused.stderr) == (5, True), refused.stderr
    modules = subprocess.run([str(core), "-c", "import flask"], **options)  # type: ignore[call-overload]
    assert "ModuleNotFoundError" in modules.stderr
