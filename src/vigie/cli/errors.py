"""Error boundary of the command line: turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, NoReturn

import click

from vigie.errors import InputRefused, NotFound, Unavailable, UsageRefused, VigieError
from vigie.i18n.catalogue import DEFAULT, languages
from vigie.i18n.messages import as_message, msg, translate
from vigie.i18n.translator import Translator
from vigie.settings import BadSetting


class OutputClosed(Exception):
    """The reader of our output has gone. Click would end a BrokenPipeError with 1."""


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
    OutputClosed: 141,
}
"""Exit code by class of error; the first class of the error's MRO that is here counts. Any other error is a bug: 1."""

_SYSTEM = {
    getattr(errno, name, 0)
    for name in ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "EPERM", "EMFILE", "ENFILE")
}

EXAMPLES = "\b\nExamples:\n  {}\n  {}\n  {}"


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


class Command(click.Command):
    """A command with our exit codes, which shows a traceback only for a bug.

    Args:
        renamed: old spelling of an option -> new one. Old ones still work and print a line on stderr.
    """

    def __init__(self, *args: Any, renamed: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._renamed = renamed or {}

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command; in stand-alone mode end the process."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        arguments = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except click.exceptions.Exit as error:
            sys.exit(error.exit_code)
        except click.Abort:
            _print_stopped()
            sys.exit(130)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.ClickException as error:
            _print_error(error.format_message(), _help_hint(error))
            sys.exit(2)
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001  the boundary: every error becomes an exit code
            _end(_environmental(error), language(arguments), debug="--debug" in arguments)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command's function."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, after putting new spellings of options in place of old ones."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(ctx, [*map(self._current, args[:end]), *args[end:]])

    def _current(self, argument: str) -> str:
        option, equals, value = argument.partition("=")
        if option not in self._renamed:
            return argument
        return warn_renamed(option, self._renamed[option]) + equals + value


class Group(Command, click.Group):
    """A group of such commands, listed in the order in which they were added.

    Attributes:
        renamed_commands: old name of a command -> new one; not listed.
    """

    command_class = Command

    def __init__(self, *args: Any, renamed_commands: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.renamed_commands = renamed_commands or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name or its old name."""
        if cmd_name in self.renamed_commands:
            cmd_name = warn_renamed(cmd_name, self.renamed_commands[cmd_name])
        return super().get_command(ctx, cmd_name)


def warn_renamed(old: str, new: str) -> str:
    """Print on stderr that an old spelling is deprecated, and return the new one."""
    click.echo(f"deprecated: {old} is now {new}; the old spelling works until the next version", err=True)
    return new


def language(arguments: Sequence[str]) -> str:
    """Return the value of `--lang` in the arguments as typed, for a command that did not start."""
    words = [*arguments, "--"]
    chosen = [
        (after if word == "--lang" else word.removeprefix("--lang="))
        for word, after in pairwise(words[: words.index("--") + 1])
        if word == "--lang" or word.startswith("--lang=")
    ]
    return chosen[-1] if chosen and chosen[-1] in languages() else DEFAULT


def _end(error: BaseException, language: str, *, debug: bool) -> NoReturn:
    code = exit_code(error)
    match error:
        case VigieError():
            _print_error(*error.translated(language), language)
        case BadSetting():
            hint = as_message("settings are read from the environment; README.md lists them")
            _print_error(str(error), translate(hint, language), language)
        case MemoryError():
            message = as_message("not enough memory")
            hint = as_message("score a smaller table, or on a machine with more memory")
            _print_error(translate(message, language), translate(hint, language), language)
        case BrokenPipeError() | OutputClosed():
            _discard_stdout()
        case KeyboardInterrupt():
            _print_stopped()
        case _:
            _print_bug(error, language, debug=debug)
    sys.exit(code)


def _environmental(error: BaseException) -> BaseException:
    """Return the error itself, or an Unavailable where the operating system refused to read or write."""
    if not isinstance(error, OSError) or error.errno not in _SYSTEM:
        return error
    _discard_stdout()
    return Unavailable(
        msg("the system refused to read or write: {reason}", reason=error.strerror),
        hint="check the free space and the permissions of where the output goes, and of VIGIE_HOME",
    )


def _discard_stdout() -> None:
    """Drop what could not be written; otherwise Python reports the error again when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _help_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return "" if context is None else f"see {context.command_path} --help"


def _print_error(message: str, hint: str, language: str = DEFAULT) -> None:
    t = Translator(language)
    click.echo(click.style(f"{t('cli.error')}{t.colon} ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style(f"{t('cli.hint')}{t.colon} ", fg="cyan") + hint, err=True)


def _print_stopped() -> None:
    click.echo(click.style("stopped", fg="red", bold=True), err=True)


def _print_bug(error: BaseException, language: str, *, debug: bool) -> None:
    """Print the traceback without the error's message: a library may quote a cell in it."""
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
    hint = as_message(
        "this is a bug of Vigie, not a fault of your table. Please report the lines above, which hold none of your "
        "data, with `vigie --version`; `vigie --debug …` shows the message too, for your own eyes first"
    )
    _print_error(
        translate(as_message("something unexpected happened"), language), translate(hint, language), language
    )
