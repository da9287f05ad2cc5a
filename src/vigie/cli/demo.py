"""`vigie demo`, `vigie help` and `vigie completion`: the first steps after an installation."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from click.core import ParameterSource

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.errors import UsageRefused
from vigie.i18n.translator import Translator

EXAMPLE = Path(__file__).parent / "example" / "mobile_money_fr.csv"
_COMPLETION = "_VIGIE_COMPLETE"
_SHELLS = {
    "bash": 'add to ~/.bashrc: eval "$(vigie completion bash)"',
    "zsh": 'add to ~/.zshrc: eval "$(vigie completion zsh)"',
    "fish": "vigie completion fish > ~/.config/fish/completions/vigie.fish",
}


@click.command(epilog=EXAMPLES.format("vigie demo", "vigie demo -o scored.csv", "vigie demo --lang fr"))
@click.option("-o", "--output", default="vigie-demo.csv", show_default=True, metavar="FILE",
              help="Output file: the example with seven more columns; in VIGIE_HOME where the current folder cannot be written.")  # fmt: skip
@options.lang
@click.pass_context
def demo(ctx: click.Context, output: str, lang: str) -> None:
    """Score the example that comes with Vigie: 6,082 simulated mobile-money transfers with French headers."""
    from vigie.cli.predict import predict

    by_default = ctx.get_parameter_source("output") is ParameterSource.DEFAULT
    if by_default and not _is_writable(Path()):
        home = settings.load().home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        output = str(home / output)
        click.echo(Translator(lang)("cli.demo_elsewhere", path=output), err=True)
    ctx.invoke(predict, source=str(EXAMPLE), output=output, lang=lang)


def _is_writable(folder: Path) -> bool:
    """Return whether files can be created in a folder; also root cannot where it is mounted read-only."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@click.command("help", epilog=EXAMPLES.format("vigie help", "vigie help predict", "vigie help models add"))
@click.argument("topic", nargs=-1)
@click.pass_context
def help_(ctx: click.Context, topic: tuple[str, ...]) -> None:
    """Show the help of a command."""
    root = ctx.find_root()
    command, context = root.command, root
    for word in topic:
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            raise UsageRefused(f"no command {' '.join(topic)!r}", hint="vigie help lists the commands")
        context = click.Context(found, info_name=word, parent=context)
        command = found
    click.echo(command.get_help(context))


@click.command(
    epilog=EXAMPLES.format("vigie completion bash", "vigie completion zsh", "vigie completion fish")
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in a shell; stderr says where to put it."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageRefused(f"no completion for {shell}", hint="bash, zsh or fish")
    click.echo(kind(ctx.find_root().command, {}, "vigie", _COMPLETION).source())
    click.echo(_SHELLS[shell], err=True)
