"""The error boundary of the command line: exit codes, messages, help, and what goes to which stream."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.waiting import LIMIT

from vigie import __version__, errors
from vigie.cli import errors as cli_errors
from vigie.cli.commands import cli
from vigie.cli.errors import EXIT_CODES, exit_code, language
from vigie.cli.populate import populate

VIGIE = (sys.executable, "-m", "vigie")


def commands(group: click.Group, path: str = "vigie") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with its full name."""
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """A command that raises what the test puts into the list."""
    planned: list[BaseException] = []

    @click.command()
    def fail() -> None:
        """Fail."""
        raise planned[0]

    monkeypatch.setitem(cli.commands, "fail", fail)
    return planned


def test_every_error_has_an_exit_code() -> None:
    """No class of the tree falls through to 1 but the root, and the docstring's codes are the real ones."""
    found = [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.VigieError)
    ]
    for kind in found:
        bare = kind.__new__(kind)
        assert exit_code(bare) == (1 if kind is errors.VigieError else exit_code(bare))
        assert kind is errors.VigieError or exit_code(bare) in {2, 3, 4, 5}, kind
    reported = errors.__doc__ or ""
    for kind, code in EXIT_CODES.items():
        if f"── {kind.__name__} " in reported:
            assert f"exit {code} " in reported.split(f"── {kind.__name__} ")[1].split("\n")[0]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageRefused("no"), 2),
        (errors.AlreadyThere("here", "it"), 2),
        (errors.MalformedTable("t.csv", line=3, found="x", expected="y"), 3),
        (errors.UnknownColumn("a", ["b"]), 3),
        (errors.NotFound("model", "x"), 4),
        (errors.StoreUnavailable("down", hint="wait"), 5),
        (errors.UnsignedBundle("x"), 5),
        (MemoryError(), 5),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_end_with_their_code_and_no_traceback(
    failing: list[BaseException], error: BaseException, code: int
) -> None:
    """A message, a hint, an exit code; nothing on stdout."""
    failing.append(error)
    result = CliRunner().invoke(cli, ["fail"])
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    if isinstance(error, errors.VigieError):
        assert error.message in result.stderr
        assert error.hint in result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["predict", "a.csv", "--lang", "fr"], "fr"),
        (["predict", "a.csv", "--lang=fr"], "fr"),
        (["predict", "--lang", "fr", "a.csv", "--lang", "en"], "en"),
        (["predict", "a.csv", "--lang", "de"], "en"),
        (["predict", "a.csv", "--lang"], "en"),
        (["predict", "--", "--lang", "fr"], "en"),
        (["models", "list"], "en"),
    ],
)
def test_the_language_is_read_from_the_command(arguments: list[str], expected: str) -> None:
    """The last `--lang` counts, as click has it; a language without words is English."""
    assert language(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (["predict", "no.csv", "-o", "o.csv"], 4, "fichier introuvable\u00a0: «\u202fno.csv\u202f»", "vérifiez le nom"),
        (["predict", "no.csv", "-o", "o.doc"], 2, "attendu\u00a0: .csv, .csv.gz, .tsv, .txt ou .parquet", "changez"),
        (["match", "no.csv", "--role", "amount=a", "--role", "time=a"], 2, "deux sens à la colonne", "un sens"),
        (["fit", "no.csv", "-o", "no/way.scorer"], 4, "dossier introuvable", "créez-le d'abord"),
        (["refine", "no.csv", "--labels", "l.csv", "-o", "o.csv"], 4, "fichier introuvable", "vérifiez le nom"),
    ],
)  # fmt: skip
def test_errors_are_reported_in_french(
    arguments: list[str], code: int, message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `--lang fr` asks for it, with the exit code of the English ones and no word of English."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, [*arguments, "--lang", "fr"])
    assert result.exit_code == code
    first, second = result.stderr.splitlines()
    assert first.startswith("erreur\u00a0: ")
    assert second.startswith("conseil\u00a0: ")
    assert message in first
    assert hint in second
    assert CliRunner().invoke(cli, arguments).stderr.startswith("error: ")


def test_an_unexpected_error_is_reported_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be helped too: no memory, a setting that cannot be, and a fault of ours."""
    for error, stated in (
        (MemoryError(), "pas assez de mémoire"),
        (ValueError("x"), "il s'est passé quelque chose d'imprévu"),
        (OSError(28, "No space left on device"), "le système a refusé"),
    ):
        monkeypatch.setattr("vigie.settings.load", lambda error=error: (_ for _ in ()).throw(error))
        result = CliRunner().invoke(cli, ["match", "t.csv", "--lang", "fr"])
        assert f"erreur\u00a0: {stated}" in result.stderr
        assert "conseil\u00a0: " in result.stderr


def test_an_unexpected_error_is_reported_without_data(failing: list[BaseException]) -> None:
    """The traceback stays, the message of the library, which may quote a cell, does not; --debug shows it."""
    failing.append(ValueError("jeanne.martin@example.org is no number"))
    result = CliRunner().invoke(cli, ["fail"])
    assert result.exit_code == 1
    assert "jeanne" not in result.output
    assert "ValueError" in result.stderr
    assert "in fail" in result.stderr
    assert "report" in result.stderr
    assert "jeanne" in CliRunner().invoke(cli, ["--debug", "fail"]).stderr


@pytest.mark.parametrize(
    ("name", "command"),
    [*commands(cli), ("populate", populate)],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_help_has_an_example_everywhere(name: str, command: click.Command) -> None:
    """Each command says what it does in one line, and shows how."""
    result = CliRunner().invoke(command, ["--help"], prog_name=name)
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert command.get_short_help_str(200).endswith((".", ":"))
    for option in command.params:
        assert isinstance(option, click.Argument) or option.help, f"{name} {option.name}"  # type: ignore[attr-defined]
    assert name.split()[-1] in result.output


def test_help_starts_fast() -> None:
    """Nothing heavy is loaded to show help; the time is printed, and bounded only loosely."""
    start = time.perf_counter()
    done = subprocess.run([*VIGIE, "--help"], capture_output=True, text=True, check=True, timeout=LIMIT)
    print(f"vigie --help: {time.perf_counter() - start:.2f} s")
    assert "predict" in done.stdout
    probe = "import sys, vigie.cli; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = ast.literal_eval(
        subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    )
    assert not {
        "polars",
        "numpy",
        "xgboost",
        "sklearn",
        "sqlalchemy",
        "rich",
        "obstore",
        "alembic",
        "email",
    } & set(loaded)


def test_version() -> None:
    """The version is the package's."""
    printed = CliRunner().invoke(cli, ["--version"]).output
    assert re.fullmatch(
        rf"vigie {re.escape(__version__)}\nstarter models \S+, sha256 [0-9a-f]{{64}}\n", printed
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["modles"], "Did you mean 'models'"),
        (["predict"], "Missing"),
        (["predict", "x.csv"], "--output"),
        (["models", "list", "--colour"], "--colour"),
        (["predict", "x.csv", "-o", "y.csv", "--top", "0"], "--top"),
        (["predict", "x.csv", "-o", "y.csv", "--min-similarity", "2"], "--min-similarity"),
        (["predict", "x.csv", "-o", "y.csv", "--lang", "de"], "--lang"),
        (["predict", "x.csv", "-o", "y.csv", "--alert-budget", "0"], "1% or a number of rows"),
        (["predict", "x.csv", "-o", "y.csv", "--alert-budget", "150%"], "1% or a number of rows"),
        (["predict", "x.csv", "-o", "y.csv", "--expected-fraud-rate", "5"], "0.5% or 0.005"),
        (["predict", "x.csv", "-o", "y.csv", "--role", "montant"], "role=column"),
        (["predict", "x.csv", "-o", "y.csv", "--role", "montant=amount"], "--role amount=montant"),
        (["predict", "x.csv", "-o", "y.csv", "--role", "amount=a", "--role", "time=a"], "two roles"),
        (["predict", "x.csv", "-o", "-", "--json"], "both write to stdout"),
        (["predict", "x.csv", "-o", "y.docx"], ".parquet"),
    ],
)
def test_usage_is_refused_before_any_work(arguments: list[str], words: str) -> None:
    """Exit code 2, and the word that was wrong."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert "hint" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("VIGIE_MAX_ROWS", "many", 2),
        ("VIGIE_REQUIRE_SIGNATURE", "maybe", 2),
        ("DATABASE_URL", "mysql://somewhere", 2),
        ("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/none", 5),
    ],
)
def test_settings_that_cannot_be(monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: int) -> None:
    """A wrong setting is named, and a password never is."""
    monkeypatch.setenv(name, value)
    result = CliRunner().invoke(cli, ["models", "list"])
    assert result.exit_code == code
    assert "hint" in result.stderr
    assert "secret" not in result.output
    assert code == 5 or name in result.stderr


def test_a_reader_that_goes_away_is_no_bug() -> None:
    """`vigie models list | head -1` ends quietly."""
    process = subprocess.Popen(
        [*VIGIE, "db", "upgrade", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    reported = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(LIMIT) in {0, 141}
    assert "Traceback" not in reported
    assert "Exception ignored" not in reported


def test_the_edge_is_one_table() -> None:
    """Exit codes are written down once."""
    for path in Path(cli_errors.__file__).parent.glob("cli_*.py"):
        source = path.read_text()
        assert path.name == "cli_errors.py" or "sys.exit" not in source, path.name


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_no_bug() -> None:
    """What cannot be written ends with 5 and a hint, whatever was being drawn."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*VIGIE, "db", "upgrade", "--json"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=LIMIT
        )
    assert done.returncode == 5, done.stderr
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_no_command_shows_help() -> None:
    """On stderr, with exit code 2."""
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    assert "error" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "old", "new"),
    [
        (["plan", "no.csv", "-o", "x.scorer"], "plan", "fit"),
        (["train", "no.csv", "--keep", "a", "--label", "b"], "--keep", "--keep-column"),
        (["train", "no.csv", "--keep=a", "--label", "b"], "--keep", "--keep-column"),
        (["train", "--all", "no"], "--all", "--batch"),
    ],
)
def test_an_old_spelling_works_and_is_reported(
    arguments: list[str], old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does what the new one does, with one more line on stderr, and is not in the help."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, arguments)
    line, rest = result.stderr.split("\n", 1)
    assert line == f"deprecated: {old} is now {new}; the old spelling works until the next version"
    current = CliRunner().invoke(
        cli, [new + word[len(old) :] if word.split("=")[0] == old else word for word in arguments]
    )
    assert (result.exit_code, rest) == (current.exit_code, current.stderr) == (4, rest)
    pages = [CliRunner().invoke(cli, [*command, "--help"]).stdout for command in ([], ["train"], ["worker"])]
    assert not re.search(r"^  (plan|--keep|--all|--while-stdin)\b(?!-)", "\n".join(pages), re.MULTILINE)


def test_an_argument_that_looks_like_an_old_option_stays(tmp_path: Path) -> None:
    """After `--` nothing is an option."""
    result = CliRunner().invoke(cli, ["train", "--label", "b", "--", "--keep"])
    assert result.stderr.startswith("error: no file '--keep'")


def test_the_demo_scores_the_example_that_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any folder, without a file of the user's."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["demo", "--lang", "fr"])
    assert done.exit_code == 0, done.output
    assert "6\u202f082 lignes" in done.output
    rows = (tmp_path / "vigie-demo.csv").read_text().splitlines()
    assert len(rows) == 1 + 6082


@pytest.mark.usefixtures("home_with_catalog")
def test_the_demo_writes_into_the_home_where_the_current_folder_cannot_be_written(
    tmp_path: Path, vigie_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the image, whose folder is read-only: it says where; a named output is never moved."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    monkeypatch.chdir("/proc" if os.getuid() == 0 else closed)  # also root creates no file in /proc
    small = tmp_path / "small.csv"
    small.write_text("customer,amount\n" + "".join(f"C{i % 9},{10 + i * 37 % 400}.50\n" for i in range(60)))
    monkeypatch.setattr("vigie.cli.demo.EXAMPLE", small)
    done = CliRunner().invoke(cli, ["demo"])
    assert done.exit_code == 0, done.output
    written = vigie_home / "vigie-demo.csv"
    assert str(written) in done.stderr
    assert written.read_text().startswith("customer,amount,")
    written.unlink()
    assert CliRunner().invoke(cli, ["demo", "-o", "vigie-demo.csv"]).exit_code != 0
    assert not written.exists()


@pytest.mark.parametrize("words", [[], ["predict"], ["models", "add"]])
def test_help_of_a_command(words: list[str]) -> None:
    """The same as `--help`."""
    requested = CliRunner().invoke(cli, [*words, "--help"], prog_name="vigie")
    assert CliRunner().invoke(cli, ["help", *words], prog_name="vigie").output == requested.output
    assert CliRunner().invoke(cli, ["help", "nothing"]).exit_code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """The script asks the program, which knows its commands and options."""
    done = CliRunner().invoke(cli, ["completion", shell])
    assert done.exit_code == 0
    assert "_VIGIE_COMPLETE" in done.stdout
    assert "vigie completion" in done.stderr
