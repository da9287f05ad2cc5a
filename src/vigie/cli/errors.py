"""Where errors become messages and exit codes; the only place that catches everything."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, NoReturn

import click

from vigie.errors import InputRefused, NotFound, Unavailable, UsageRefused, VigieError
from vigie.i18n.catalogue import DEFAULT, languages
from vigie.i18n.messages import msg, phrase, translate
from vigie.i18n.translator import Translator
from vigie.settings import BadSetting


class ReaderGone(Exception):
    """Whoever read our output stopped reading; under a name of ours, because click ends such errors with 1."""


EXIT_CODES: dict[type[BaseException], int] = {
    VigieError: 1,
    UsageRefused: 2,
    BadSetting: 2,
    InputRefused: 3,
    NotFound: 4,
    Unavailable: 5,
    MemoryError: 5,
    KeyboardInterrupt: 130,
    BrokenPipeError: 141,
    ReaderGone: 141,
}
"""What a command ends with; the first class of an error's MRO that is here decides. Anything else is a bug: 1."""

_SYSTEM = {
    getattr(errno, name, 0)
    for name in ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EPERM", "EMFILE", "ENFILE")
}

EXAMPLES = "\b\nExamples:\n  {}\n  {}\n  {}"


def exit_code(error: BaseException) -> int:
    """The exit code an error asks for."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


class _Edge(click.Command):
    """A command that ends with our exit codes and never with a traceback, unless the fault is ours."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command; in stand-alone mode ends the process."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        arguments = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except click.exceptions.Exit as error:
            sys.exit(error.exit_code)
        except click.Abort:
            _stopped()
            sys.exit(130)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.ClickException as error:
            _say(error.format_message(), _where_to_look(error))
            sys.exit(2)
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  the edge: the user is told in words
            _end(_environmental(error), language(arguments), debug="--debug" in arguments)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs what was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error


class Group(_Edge, click.Group):
    """A group with that edge; its commands are listed in the order they were added: the user's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return list(self.commands)


class Command(_Edge):
    """A lone command with that edge."""


def language(arguments: Sequence[str]) -> str:
    """What `--lang` asks for: read from the command as it was typed, for a command that never began."""
    words = [*arguments, "--"]
    asked = [
        (after if word == "--lang" else word.removeprefix("--lang="))
        for word, after in pairwise(words[: words.index("--") + 1])
        if word == "--lang" or word.startswith("--lang=")
    ]
    return asked[-1] if asked and asked[-1] in languages() else DEFAULT


def _end(error: BaseException, language: str, *, debug: bool) -> NoReturn:
    code = exit_code(error)
    match error:
        case VigieError():
            _say(*error.told(language), language)
        case BadSetting():
            hint = phrase("settings are read from the environment; README.md lists them")
            _say(str(error), translate(hint, language), language)
        case MemoryError():
            said = (
                phrase("not enough memory"),
                phrase("score a smaller table, or on a machine with more memory"),
            )
            _say(translate(said[0], language), translate(said[1], language), language)
        case BrokenPipeError() | ReaderGone():
            _forget_stdout()
        case KeyboardInterrupt():
            _stopped()
        case _:
            _bug(error, language, debug=debug)
    sys.exit(code)


def _environmental(error: BaseException) -> BaseException:
    """The error itself, or what it means where the system refused something no program can help."""
    if not isinstance(error, OSError) or error.errno not in _SYSTEM:
        return error
    _forget_stdout()
    return Unavailable(
        msg("the system refused to read or write: {reason}", reason=error.strerror),
        hint="check the free space and the permissions of where the output goes, and of VIGIE_HOME",
    )


def _forget_stdout() -> None:
    """Drops what could not be written; without this Python complains once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _where_to_look(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return "" if context is None else f"see {context.command_path} --help"


def _say(message: str, hint: str, language: str = "en") -> None:
    t = Translator(language)
    click.echo(click.style(f"{t('cli.error')}{t.colon} ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style(f"{t('cli.hint')}{t.colon} ", fg="cyan") + hint, err=True)


def _stopped() -> None:
    click.echo(click.style("stopped", fg="red", bold=True), err=True)


def _bug(error: BaseException, language: str, *, debug: bool) -> None:
    """The traceback without the error's own words: a library may quote a cell in them."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if f"{os.sep}click{os.sep}" not in frame.filename
    ]
    click.echo("".join(traceback.format_list(frames)), err=True, nl=False)
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    click.echo(
        f"{kind}: {error}" if debug else f"{kind} (its message may quote your data, so it is not shown)",
        err=True,
    )
    hint = phrase(
        "this is a bug of Vigie, not a fault of your table. Please report the lines above, which hold none of your "
        "data, with `vigie --version`; `vigie --debug …` shows the message too, for your own eyes first"
    )
    _say(translate(phrase("something unexpected happened"), language), translate(hint, language), language)
