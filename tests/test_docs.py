"""The guides: their commands do what they show, both languages say the same, and the site loads nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from PIL import Image
from tests.waiting import LIMIT

from vigie import errors
from vigie.bundles.bundle import FILES, MANIFEST
from vigie.bundles.signing import SIGNATURE
from vigie.cli.commands import cli
from vigie.engine.output import RESULT_COLUMNS as COLUMNS
from vigie.i18n.catalogue import catalogue
from vigie.table.reading import EXTENSIONS

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ("docs/GUIDE_DEPLOIEMENT_PRODUCTION.md", "docs/en/deployment.md")
WORKFLOWS = ("docs/WORKFLOW_UNLABELED_ENSEMBLE.md", "docs/en/unlabeled-workflow.md")
FORMATS = ("docs/FORMATS.md", "docs/en/file-formats.md")
ANALYSTS = ("docs/TUTORIEL_ANALYSTE.md", "docs/en/analyst.md")
VERSIONS = ("docs/VERSIONS.md", "docs/en/versioning.md")
PYTHON = ("docs/PYTHON.md", "docs/en/python.md")
IMPORTED = ("docs/MODELES_IMPORTES.md", "docs/en/imported-models.md")
OLD_NAMES = ("docs/ANCIENS_NOMS.md", "docs/en/old-names.md")
OWNERS = ("docs/TUTORIEL_PROPRIETAIRE_MODELES.md", "docs/en/model-owner.md")


def load(path: Path) -> Any:
    """A script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(f"vigie_docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


docs = load(ROOT / "docs" / "blocks.py")
reference = load(ROOT / "docs" / "reference.py")


def page(name: str) -> str:
    """Its text."""
    return (ROOT / name).read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [(GUIDES[0], WORKFLOWS[0]), (OWNERS[0],), (ANALYSTS[0],), (ANALYSTS[1],), ("docs/migration.md",)]
)
def test_the_guides_commands_print_what_they_show(names: tuple[str, ...]) -> None:
    """From an empty catalog and an empty bucket to a prediction and back, as a newcomer would type them."""
    text = "\n".join(page(name) for name in names)
    printed = docs.run(text)
    assert len(printed) > 5
    for block in docs.blocks(text):
        for step in () if block.cloud else block.steps:
            assert block.fits(step, printed[step.command]), (
                f"{step.command}\nshown:\n{chr(10).join(step.shown)}\nprinted:\n{chr(10).join(printed[step.command])}"
            )


def in_english(command: str) -> str:
    """The same command as the English pages give it."""
    return (
        command.replace(" --lang fr", "")
        .replace("resultat.csv", "predictions.csv")
        .replace("'Que faire'", "'What to do'")
        .replace("-A 3 'pas été compris'", "-A 2 'not understood'")
        .replace("vous@exemple", "you@example")
    )


def pictures(name: str, language: str) -> list[str]:
    """The names of the pictures of a page, without its language."""
    return re.findall(rf"\]\(\S*img/([\w-]+)\.{language}\.png\)", page(name))


def test_the_pages_of_imported_models_list_what_the_importer_has() -> None:
    """Every class that is converted, in both languages; the front has the methods of the page of old names."""
    from vigie import ModelStorageService
    from vigie.importer.booster import CLASSES
    from vigie.importer.pipeline_conversion import CONVERTED

    for name in IMPORTED:
        for path in (*CLASSES, *CONVERTED):
            assert f"`{path.rsplit('.', 1)[-1]}`" in page(name), f"{name}: {path}"
    for name in OLD_NAMES:
        for method in ("load_model_pipeline", "upload_model_to_s3", "clear_cache"):
            assert callable(getattr(ModelStorageService, method))
            assert method in page(name)


QUESTIONS = ("docs/FAQ.md", "docs/en/faq.md")
CASES = ("docs/DOSSIERS.md", "docs/en/cases.md")
PROMISES = ("docs/FIABILITE.md", "docs/en/reliability.md")


@pytest.mark.parametrize(
    ("french", "english"),
    [
        GUIDES,
        WORKFLOWS,
        QUESTIONS,
        PROMISES,
        OWNERS,
        ANALYSTS,
        FORMATS,
        VERSIONS,
        PYTHON,
        ("docs/SURVEILLANCES.md", "docs/en/watches.md"),
        ("docs/EXPLOITATION.md", "docs/en/operations.md"),
        IMPORTED,
        OLD_NAMES,
        CASES,
    ],
)
def test_both_languages_have_the_same_content(french: str, english: str) -> None:
    """The same headings by level, the same pictures, the same commands, and the same output wherever it is not in a language.

    Figures that depend on a training are those of each page's own run: their first lines are the same.
    """

    def levels(name: str) -> list[int]:
        return [
            len(match[1])
            for match in re.finditer(
                r"^(#+) ", re.sub(r"```.*?```", "", page(name), flags=re.DOTALL), re.MULTILINE
            )
        ]

    assert levels(french) == levels(english)
    assert pictures(french, "fr") == pictures(english, "en")
    ours, theirs = docs.blocks(page(french)), docs.blocks(page(english))
    assert [[in_english(step.command) for step in block.steps] for block in ours] == [
        [step.command for step in block.steps] for block in theirs
    ]
    for one, other in zip(ours, theirs, strict=True):
        for step, same in zip(one.steps, other.steps, strict=True):
            if "--lang" not in step.command:
                shown = slice(1) if one.figures else slice(None)
                assert step.shown[shown] == same.shown[shown]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_message_in_the_troubleshooting_is_a_real_one(guide: str) -> None:
    """Piece by piece in the source, where it is worded."""
    source = "".join(path.read_text() for path in (ROOT / "src" / "vigie").rglob("*.py"))
    messages = re.findall(r"^### `(.+)`$", page(guide), re.MULTILINE)
    assert len(messages) > 12
    for message in messages:
        for piece in re.split(r"…|'[^']*'", message):
            assert piece.strip() in source, f"{message}: {piece!r}"


@pytest.mark.parametrize("tutorial", ANALYSTS)
def test_the_messages_in_the_tutorial_are_real_ones(tutorial: str) -> None:
    """Piece by piece as the errors word them, in the language of the page."""
    translated = catalogue("fr").messages
    known = "\n".join(translated if tutorial == ANALYSTS[1] else translated.values())
    known = known.replace("\u202f", " ").replace("\u00a0", " ")
    section = page(tutorial).split("## 11. ")[1].split("## 12. ")[0]
    cells = re.findall(r"^\| ([^|]*`[^|]*) \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE)
    messages = [message for cell in cells for message in re.findall(r"`(.+?)`", cell)]
    assert len(messages) == 6
    for message in messages:
        for piece in re.split(r"…|, expected|; attendu :|,", message):
            assert piece.removeprefix("found").strip() in known, message


def test_the_detection_page_begins_with_its_introduction() -> None:
    """The page is written by a benchmark that few run, its introduction by hand."""
    assert page("docs/detection.md").startswith(page("docs/detection.head.md"))


def test_every_picture_is_taken_by_the_build_shown_somewhere_and_light() -> None:
    """Each one that a page shows is there, each one that is there is shown, and none is heavier than the script allows."""
    shown = {
        found
        for path in (ROOT / "docs").rglob("*.md")
        for found in re.findall(r"img/([\w.-]+\.png)\)", path.read_text("utf-8"))
    }
    there = {path.name for path in (ROOT / "docs" / "img").glob("*.png")}
    assert there == shown
    taken = set(re.findall(r'take\(\s*"([\w-]+)"', page("docs/screenshots.py")))
    assert {name.rsplit(".", 2)[0] for name in there} == taken
    assert len(there) == 2 * len(taken)
    assert max(path.stat().st_size for path in (ROOT / "docs" / "img").glob("*.png")) <= 150_000


def synopses() -> list[tuple[str, str]]:
    """Every command of ours in an indented block of a page: they are shown without what they print, and are not run."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        (path.name, re.split(r"\s{2,}|\s#|\s[>|]\s", line)[0])
        for path in pages
        for line in re.findall(
            r"^    (?:\$ )?((?:\.venv/bin/)?vigie .*)$", path.read_text("utf-8"), re.MULTILINE
        )
    ]


@pytest.mark.parametrize(("name", "line"), synopses())
def test_every_command_that_is_only_shown_exists(name: str, line: str) -> None:
    """With the options it is shown with, and what it takes."""
    words = [word for word in shlex.split(line)[1:] if not word.startswith("[")]
    command, parent = cli, None
    while isinstance(command, click.Group) and words:
        context = click.Context(command, parent, resilient_parsing=True)
        found, parent = command.get_command(context, words[0]), context
        assert found is not None, f"{name}: {line}"
        command, words = found, words[1:]
    context = click.Context(command, parent)
    command.make_parser(context).parse_args([word.replace("$PORT", "80") for word in words])


def picture(*, shade: int, size: tuple[int, int] = (20, 20)) -> bytes:
    """A grey picture with one square of another shade."""
    image = Image.new("RGB", size, (200, 200, 200))
    image.paste((shade, shade, shade), (5, 5, 8, 8))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_replaced_only_for_a_visible_difference() -> None:
    """A shade more or less at an edge is none; a mark of ink, or another size, is. Fewer colours are always the same bytes."""
    shots = load(ROOT / "docs" / "screenshots.py")
    assert shots.looks_like(picture(shade=90), picture(shade=95))
    assert not shots.looks_like(picture(shade=90), picture(shade=20))
    assert not shots.looks_like(picture(shade=90), picture(shade=90, size=(20, 21)))
    assert shots.reduced(picture(shade=90)) == shots.reduced(picture(shade=90))


def test_without_chromium_the_pictures_stay_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loudly, and without failing: the rest of the documentation can be built."""
    shots = load(ROOT / "docs" / "screenshots.py")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["screenshots.py", str(tmp_path)])
    shots.main()
    assert "NO CHROMIUM" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_what_is_alike() -> None:
    """`…` for lines or a piece of one, times aside; nothing else."""
    assert docs.alike(["a … c", "…", "3 in 4.5 s"], ["a b c", "x", "y", "3 in 71 s", ""])
    assert docs.alike(["…", "z"], ["z"])
    assert not docs.alike(["3 models"], ["4 models"])
    assert not docs.alike(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="line 3"):
        docs.blocks("a\n\n```bash\nrm -r /\n```\n")


def test_every_setting_is_on_its_page() -> None:
    """Every variable that the source of the settings names, each in one row, with a default and a meaning.

    Variables that a child process inherits, and those that Vigie sets for a library, are none of Vigie's settings.
    """
    source = re.sub(
        r"^_CHILD_VARIABLES = \(.*?^\)|^    os\.environ\.setdefault\(.*?\)$",
        "",
        page("src/vigie/settings.py"),
        flags=re.DOTALL | re.MULTILINE,
    )
    read = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"', source))
    text = "\n".join(reference.settings_page("en"))
    assert len(read) > 30
    assert {name for name in read if f"`{name}`" not in text} == set()
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| `")]
    assert all(cell.strip() for row in rows for cell in row)
    row = next(line for line in text.splitlines() if "AWS_ENDPOINT_URL_S3" in line)
    assert row.startswith("| `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT` | none |")
    assert str(Path.home()) not in text


def test_every_error_is_on_its_page() -> None:
    """With the code and the status that the edges give it."""
    text = "\n".join(reference.errors_page("en"))
    sources = [path.read_text("utf-8") for path in sorted((ROOT / "src/vigie/errors").glob("*.py"))]
    kinds = re.findall(r"^class (\w+)\(", "\n".join(sources), re.MULTILINE)
    assert len(kinds) > 20
    assert [kind for kind in kinds if text.count(f"`{kind}` |") != 1] == []
    assert "`TableTooLarge` | 3 | 413 " in text
    assert "`CatalogChanged` | 5 | 409 " in text


@pytest.mark.parametrize("made", ["settings_page", "errors_page", "commands_page"])
def test_the_pages_of_reference_are_the_same_in_french(made: str) -> None:
    """Each row of the English page has its French one, with the same names and codes; nothing in the table is left over."""
    english, french = ("\n".join(getattr(reference, made)(language)) for language in ("en", "fr"))
    named = re.compile(r"`[A-Z]\w+`|^#+ `vigie[^`]*`", re.MULTILINE)
    assert named.findall(french.replace("`VIGIE_HOME`", "")) == named.findall(
        english.replace("`VIGIE_HOME`", "")
    )
    rows = [
        [row.split("|")[1:-1] for row in text.splitlines() if re.match(r"\| [`&]", row)]
        for text in (english, french)
    ]
    assert all(one[-1] != other[-1] for one, other in zip(*rows, strict=True) if " `" not in one[-1])


def test_the_drawing_speaks_french() -> None:
    """All its words, and nothing else of it."""
    english, french = reference.drawing("en"), reference.drawing("fr")
    assert english == page("docs/img/architecture.svg")
    assert "votre table" in french
    assert "your" not in french
    assert re.sub(r">[^<]+<", "><", french) == re.sub(r">[^<]+<", "><", english)


def test_no_french_of_the_reference_is_left_over() -> None:
    """What the code no longer says is taken out."""
    made = (reference.settings_page, reference.errors_page, reference.commands_page)
    english = "\n".join("\n".join(lines("en")) for lines in made) + reference.drawing("en")
    left = [sentence for sentence in reference.french() if sentence.partition("{")[0] not in english]
    assert left == []


@pytest.mark.parametrize("name", FORMATS)
def test_the_page_of_file_formats_leaves_nothing_out(name: str) -> None:
    """Every extension that is read, every column that is written, every file of a bundle; its errors are real ones."""
    text = page(name)
    named = {*FILES, MANIFEST, SIGNATURE, *COLUMNS, *(one for one in EXTENSIONS if not one.endswith(".gz"))}
    assert {name for name in named if f"`{name}`" not in text} == set()
    assert set(re.findall(r"^\|.*\| `([A-Z]\w+)` \|$", text, re.MULTILINE)) <= set(vars(errors))


def test_every_promise_is_broken_by_a_test_that_exists() -> None:
    """Both languages name the same tests, in the same order, and each is defined once or more under tests/."""
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    named, same = (re.findall(r"`(test_\w+)` \|$", page(one), re.MULTILINE) for one in PROMISES)
    assert len(named) > 10
    assert named == same
    assert set(named) <= defined


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "word"), [("mkdocs.yml", "rollback"), ("mkdocs.fr.yml", "incompréhensible")]
)
def test_the_site_is_whole_and_loads_nothing_from_elsewhere(config: str, word: str, tmp_path: Path) -> None:
    """Built strictly: no broken link, no page left out; it can be searched."""
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "-f", ROOT / config, "-d", tmp_path],
        env=env, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    loading = r"<(?:script|img|iframe|source|link[^>]*rel=\"?(?:stylesheet|icon|preload|preconnect))[^>]*?(?:src|href)=\"?(?:https?:)?//"
    for file in tmp_path.rglob("*.html"):
        assert not re.search(loading, file.read_text("utf-8")), file.name
    for file in tmp_path.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", file.read_text("utf-8")), file.name
    index = json.loads((tmp_path / "search" / "search_index.json").read_text("utf-8"))
    assert any(word in entry["text"] for entry in index["docs"])
    assert (tmp_path / "index.html").exists()
