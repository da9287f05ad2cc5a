"""The files for contributors: what they name exists, and they agree with the code and with each other."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from vigie import __version__
from vigie.bundles import bundle
from vigie.db import database
from vigie.engine import scorer_io
from vigie.models.trained import model

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
HEADINGS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def parsed(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text("utf-8"))


def commands(workflow: Path) -> list[str]:
    """What the steps of a workflow run."""
    return [
        step["run"].removeprefix("sudo ")
        for job in parsed(workflow)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]


def exists(command: str) -> bool:
    """Whether it is a make target or a script of the repository."""
    program, what, *_ = command.split()
    return what in TARGETS if program == "make" else program == "bash" and (ROOT / what).is_file()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", ".github/PULL_REQUEST_TEMPLATE.md"])
def test_every_path_and_target_a_page_names_exists(name: str) -> None:
    """Paths in backquotes and links, from the root of the repository; targets of make."""
    text = (ROOT / name).read_text("utf-8")
    quoted = re.findall(r"`([^`\s]+)`", text)
    paths = [one for one in quoted if "/" in one or one.endswith((".md", ".py", ".toml", ".yml"))]
    paths += [one for one in re.findall(r"\]\(([^)]+)\)", text) if "://" not in one]
    paths += re.findall(r"\b(?:tests|src|docs)/[\w./-]*\w", text)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    targets = re.findall(r"(?:`|^ {4})make ([a-z0-9-]+)", text, re.MULTILINE)
    assert [target for target in targets if target not in TARGETS] == []


@pytest.mark.parametrize(
    "name",
    [
        "docs/architecture.md",
        "docs/where.md",
        "docs/glossary.md",
        "docs/matching.md",
        "docs/jobs.md",
        "docs/web.md",
        "docs/spark.md",
        "docs/training.md",
        "docs/dependencies.md",
        "docs/performance.md",
    ],
)
def test_every_module_that_a_page_names_exists(name: str) -> None:
    """Paths in backquotes, below src/vigie or from the root of the repository."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    paths = re.findall(r"`((?:[a-z_]+/)+(?:[\w.]+\.py)?|(?:[a-z_]+/)*[a-z_]+\.py)`", text)
    assert [
        path for path in paths if not (ROOT / path).exists() and not (ROOT / "src/vigie" / path).exists()
    ] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src" / "vigie").rglob("__init__.py")), ids=lambda path: path.parent.name
)
def test_every_module_that_a_package_lists_exists(path: Path) -> None:
    """In its docstring, one module a line with what it does."""
    listed = re.findall(
        r"^    (\w+)  +\S", ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "", re.MULTILINE
    )
    modules = {other.stem for other in path.parent.iterdir()}
    # Other lists are of something else, such as the parts of a similarity.
    lists_modules = sum(name in modules for name in listed) > 0.7 * len(listed)
    assert not lists_modules or [name for name in listed if name not in modules] == []


ANSWERS = re.findall(
    r"^\| (Where [^|]+\?) \| `([^`]+)` \| `(\w+)` \|$",
    (ROOT / "docs" / "where.md").read_text("utf-8"),
    re.MULTILINE,
)


def test_the_page_of_questions_has_enough_of_them() -> None:
    """Each question once, about most packages that compute or keep something."""
    assert len({question for question, _, _ in ANSWERS}) == len(ANSWERS) >= 20
    assert len({file.split("/")[0] for _, file, _ in ANSWERS}) >= 15


@pytest.mark.parametrize(("question", "file", "name"), ANSWERS, ids=[answer[0] for answer in ANSWERS])
def test_the_answer_to_a_question_is_in_the_code(question: str, file: str, name: str) -> None:
    """The file of src/vigie that is named defines the name."""
    tree = ast.parse((ROOT / "src" / "vigie" / file).read_text("utf-8"))
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)} | {
        target.id
        for node in tree.body
        for target in ([node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", []))
        if isinstance(target, ast.Name)
    }
    assert name in defined, question


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_only_what_exists(workflow: Path) -> None:
    """Targets of make and scripts of the repository; it may read the repository, and names no address."""
    assert [command for command in commands(workflow) if not exists(command)] == []
    assert parsed(workflow)["permissions"] == {"contents": "read"}
    assert "://" not in workflow.read_text("utf-8")


def test_the_workflows_run_what_continuous_integration_runs() -> None:
    """Every command of `.ci/run`, the fast checks and the documentation."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    wanted = re.findall(r"^\s*(?:if )?(make [a-z0-9-]+|bash \S+(?: \w+)?)", script, re.MULTILINE)
    assert len(wanted) > 4
    run = {command for workflow in WORKFLOWS for command in commands(workflow)}
    assert {*wanted, "make check", "make docs"} <= run


def test_the_supported_pythons_are_those_that_are_tested() -> None:
    """The matrix of the workflow, the classifiers and the lowest version of the package are the same."""
    tested = parsed(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert tested == named
    assert PROJECT["requires-python"] == f">={tested[0]}"


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_issue_forms_are_valid(form: Path) -> None:
    """Their fields have ids of their own. `make check-deploy` compares them with GitHub's schema."""
    fields = [field["id"] for field in parsed(form).get("body", []) if field["type"] != "markdown"]
    assert len(fields) == len(set(fields))
    assert fields or form.name == "config.yml"


def test_hooks_for_commits_download_nothing() -> None:
    """All are local, and run a tool that the lock installs."""
    locked = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    for repository in parsed(ROOT / ".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
            assert re.search(rf"^{tool}==", locked, re.MULTILINE), hook["id"]


def test_the_citation_file_describes_this_version() -> None:
    """`make check-deploy` compares it with its schema."""
    citation = parsed(ROOT / "CITATION.cff")
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert [one["name"].lower() for one in citation["authors"]] == [
        one["name"].lower() for one in PROJECT["authors"]
    ]


def test_the_change_log_is_by_version() -> None:
    """Unreleased first, then versions in falling order, each under the usual headings; nothing outside of one."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first, *others = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert first == "Unreleased"
    numbers = [tuple(map(int, re.match(r"\[?(\d+)\.(\d+)\.(\d+)", one).groups())) for one in others]  # type: ignore[union-attr]
    assert numbers == sorted(numbers, reverse=True)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= HEADINGS
    for version in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert "\n- " not in version.partition("\n### ")[0]


def test_ignored_revisions_are_commits() -> None:
    """Whole hashes: git refuses the file otherwise."""
    lines = (ROOT / ".git-blame-ignore-revs").read_text("utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[0-9a-f]{40}|", line)] == []


@pytest.mark.parametrize(
    ("language", "name"), [("en", "docs/en/versioning.md"), ("fr", "docs/VERSIONS.md")], ids=["en", "fr"]
)
def test_the_page_of_versions_names_the_formats_of_the_code(language: str, name: str) -> None:
    """The numbers in its table are those that are written and read now."""
    text = (ROOT / name).read_text("utf-8")
    section = text.split("## Stored formats" if language == "en" else "## Formats enregistrés")[1]
    numbers = re.findall(r"^\| [^|]+ \| (\d+) \|", section, re.MULTILINE)
    assert numbers == [
        str(bundle.FORMAT_VERSION), str(model.FORMAT), database.HEAD, str(scorer_io.FORMAT),
    ]  # fmt: skip


@pytest.mark.parametrize(("site", "pages"), [("mkdocs.yml", "docs/en"), ("mkdocs.fr.yml", "docs")])
def test_every_page_has_a_place_in_its_site(site: str, pages: str) -> None:
    """English guides are in the navigation of the English site, French ones in that of the French."""
    nav = str(parsed(ROOT / site)["nav"])
    names = [path.name for path in sorted((ROOT / pages).glob("*.md"))]
    wanted = (
        [f"en/{name}" for name in names] if pages.endswith("en") else [n for n in names if n[0].isupper()]
    )
    assert len(wanted) > 5
    assert [name for name in wanted if f"'{name}'" not in nav] == []
