"""`vigie doctor`: checks of the installation, with what to do about each problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES, exit_code

if TYPE_CHECKING:
    from vigie.doctor import Finding

_MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@click.command(
    epilog=EXAMPLES.format(
        "vigie doctor",
        "vigie doctor --json",
        "DATABASE_URL=postgresql://… STORAGE_TYPE=s3 S3_MODEL_BUCKET=… vigie doctor",
    )
)
@options.as_json
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check database, models, store, credentials, cache, clock and worker.

    Writes and deletes one temporary object in the store. Exit code 0 if there is no problem (warnings are none), else
    that of the first problem.
    """
    from vigie.cli import console
    from vigie.doctor import PROBLEM, WARNING, examine

    findings = []
    for finding in examine(settings.load()):
        findings.append(finding)
        if not as_json:
            _show(finding)
    problems = [finding for finding in findings if finding.state == PROBLEM]
    if as_json:
        shape = ("name", "state", "found", "hint")
        console.dump([{name: getattr(finding, name) for name in shape} for finding in findings])
    else:
        warned = sum(finding.state == WARNING for finding in findings)
        console.print_line(f"{len(findings)} checks: {len(problems)} problems, {warned} warnings")
    if problems:
        ctx.exit(exit_code(problems[0].error) if problems[0].error else 5)


def _show(finding: Finding) -> None:
    """Print one finding, and below it what to do."""
    mark, colour = _MARKS[finding.state]
    click.echo(f"{click.style(mark, fg=colour, bold=True)} {finding.name:<12} {finding.found}")
    if finding.hint:
        click.echo(f"  {'':<12} → {finding.hint}")
