"""`vigie demo`, `vigie help` and `vigie completion`: the first steps after an installation."""

from __future__ import annotations

from pathlib import Path

import click

from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.errors import UsageRefused

EXAMPLE = Path(__file__).parent / "example" / "mobile_money_fr.csv"
_COMPLETION = "_VIGIE_COMPLETE"
_SHELLS = {
    "bash": 'add to ~/.bashrc: eval "$(vigie completion bash)"',
    "zsh": 'add to ~/.zshrc: eval "$(vigie completion zsh)"',
    "fish": "vigie completion fish > ~/.config/fish/completions/vigie.fish",
}


@click.command(epilog=EXAMPLES.format("vigie demo", "vigie demo -o scored.csv", "vigie demo --lang fr"))
@click.option("-o", "--output", default="vigie-demo.csv", show_default=True, metavar="FILE",
              help="Output file: the example with seven more columns.")  # fmt: skip
@options.lang
@click.pass_context
def demo(ctx: click.Context, output: str, lang: str) -> None:
    """Score the example that comes with Vigie: 6,082 simulated mobile-money transfers with French headers."""
    from vigie.cli.predict import predict

    ctx.invoke(predict, source=str(EXAMPLE), output=output, lang=lang)


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
