"""Drawing with rich, which is imported only when something is drawn."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from vigie.i18n.translator import Translator

_MIN_WIDTH, _PIPED_WIDTH, _MAX_WIDTH = 40, 100, 120


def console(*, err: bool = False) -> Console:
    """Return the console of stdout or stderr."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(file=stream, width=width(), highlight=False, soft_wrap=False, markup=False, emoji=False)


def columns(*heads: str, right: Sequence[int] = (), last: bool = True) -> Table:
    """Make a table without lines; the last column takes the rest of the width.

    Args:
        heads: titles of the columns.
        right: positions of right-aligned columns.
        last: whether the last column may wrap; others fold only if they must.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for position, head in enumerate(heads):
        stretches = last and position == len(heads) - 1
        table.add_column(
            head,
            justify="right" if position in right else "left",
            ratio=1 if stretches else None,
            overflow="fold",
            no_wrap=position in right,
        )
    return table


def show(*parts: RenderableType, err: bool = False) -> None:
    """Draw the parts, separated by an empty line, without trailing blanks."""
    page = console(err=err)
    with page.capture() as drawn:
        for number, part in enumerate(parts):
            page.print(*([""] if number else []), part, sep="\n")
    lines = drawn.get().splitlines()
    click.echo("\n".join(line.rstrip() for line in lines), err=err)


def width() -> int:
    """Return the width in characters: that of the terminal up to 120, or 100 without a terminal."""
    return min(_MAX_WIDTH, max(_MIN_WIDTH, shutil.get_terminal_size((_PIPED_WIDTH, 24)).columns))


def dump(document: Any) -> None:
    """Print JSON on stdout, indented, with non-ASCII characters as they are."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def print_line(text: str) -> None:
    """Print one line on stderr."""
    click.echo(text, err=True)


def size(count: int) -> str:
    """Format a number of bytes, in powers of 1000."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 100 or unit == "B" else f"{value:.1f} {unit}"


@contextmanager
def progress(t: Translator) -> Iterator[Callable[[str, float], None]]:
    """Show a bar on stderr if it is a terminal; yield the callback that takes a stage and the share done."""
    if not sys.stderr.isatty():
        yield lambda stage, share: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(30),
        TimeElapsedColumn(),
        console=console(err=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=1.0)
        yield lambda stage, share: bar.update(task, description=t.stage(stage), completed=share)
