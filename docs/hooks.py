"""What the build of the site adds: the French home page at its place, pages of every command's help,
every setting and every error, and pages that the navigation does not name yet, at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reference import errors_page, settings_page

_HOME = "index.fr.md"
_COMMANDS = "en/commands.md"
_SETTINGS = "en/settings.md"
_ERRORS = "en/errors.md"


def on_config(config: Any) -> Any:
    """Puts pages of reference that nobody has given a place at the end, so that none is lost."""
    named = str(config["nav"])
    left = [
        page.name for page in sorted(Path(config["docs_dir"]).glob("[a-z]*.md")) if page.name not in named
    ]
    reference = next(iter(config["nav"][-1].values()))
    reference.extend(page for page in left if not page.endswith(("index.md", ".fr.md", ".head.md")))
    return config


def on_files(files: Any, config: Any) -> Any:
    """In the French site `index.fr.md` is the page one arrives at; the English one has the pages made from the code."""
    from mkdocs.structure.files import File

    if config.theme["language"] == "fr":
        home = files.get_file_from_path(_HOME)
        files.remove(home)
        files.remove(files.get_file_from_path("index.md"))
        files.append(File.generated(config, "index.md", abs_src_path=home.abs_src_path))
    else:
        for name, lines in (
            (_COMMANDS, _commands()), (_SETTINGS, settings_page()), (_ERRORS, errors_page()),
        ):  # fmt: skip
            files.append(File.generated(config, name, content="\n".join(lines)))
    return files


def _commands() -> Iterator[str]:
    """The help of every command, as the command line gives it."""
    from vigie.cli import cli

    yield "# Commands\n\nWhat `--help` says of each, made by the build of this site.\n"
    yield from _help("vigie", cli, None, 2)


def _help(name: str, command: Any, parent: Any, level: int) -> Iterator[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True, terminal_width=100)
    yield f"{'#' * min(level, 4)} `{context.command_path}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    for child, one in getattr(command, "commands", {}).items():
        yield from _help(child, one, context, level + 1)
