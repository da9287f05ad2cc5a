"""The few shapes our reports are drawn with; rich is imported here, and only when something is drawn."""

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

_LEAST, _PIPED, _WIDEST = 40, 100, 120


def console(*, err: bool = False) -> Console:
    """Where to draw."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(file=stream, width=width(), highlight=False, soft_wrap=False, markup=False, emoji=False)


def columns(*heads: str, right: Sequence[int] = (), last: bool = True) -> Table:
    """A table without lines; the last column takes what is left of the width.

    Args:
        heads: of the columns.
        right: positions of the columns of numbers.
        last: whether the last column may wrap; the others fold only where they must.
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
    """Draws the parts with an empty line between them, without the blanks that tables leave at the end of lines."""
    page = console(err=err)
    with page.capture() as drawn:
        for number, part in enumerate(parts):
            page.print(*([""] if number else []), part, sep="\n")
    lines = drawn.get().splitlines()
    click.echo("\n".join(line.rstrip() for line in lines), err=err)


def width() -> int:
    """Characters of a line: those of the terminal up to 120, or 100 where there is none."""
    return min(_WIDEST, max(_LEAST, shutil.get_terminal_size((_PIPED, 24)).columns))


def dump(document: Any) -> None:
    """JSON on stdout, readable and with accents as they are."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def say(text: str) -> None:
    """One line for the person, on stderr."""
    click.echo(text, err=True)


def size(count: int) -> str:
    """Bytes in the unit a person would choose."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 100 or unit == "B" else f"{value:.1f} {unit}"


@contextmanager
def progress(t: Translator) -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr while it is a terminal, else nothing; what comes out is told a stage and the share done."""
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
