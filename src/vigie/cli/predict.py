"""`vigie predict` and `vigie match`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import settings
from vigie.cli import options
from vigie.cli.errors import EXAMPLES
from vigie.errors import NotFound, UsageRefused
from vigie.i18n.messages import as_message, msg
from vigie.i18n.translator import Translator

if TYPE_CHECKING:
    from vigie.engine.output import Prediction
    from vigie.engine.table_matching import MatchResult
    from vigie.table import ReadOptions, Table

_WRITABLE = re.compile(r".+\.(?:(?:csv|tsv|txt)(?:\.gz)?|parquet)$", re.IGNORECASE)
_EXTENSIONS = ".csv, .csv.gz, .tsv, .txt or .parquet"


@click.command(
    epilog=options.ROLE_NAMES
    + EXAMPLES.format(
        "vigie predict payments.csv -o predictions.csv",
        "vigie predict export.csv -o out.parquet --role amount=montant --role none=agence",
        "vigie predict payments.csv -o - --alert-budget 1% > predictions.csv",
        "vigie predict november.csv -o november-predictions.csv --rules vigie-rules.json",
    )
)
@options.input_table
@click.option("-o", "--output", required=True, metavar="FILE",
              help=f"Output file: {_EXTENSIONS}; - is CSV on stdout, with the report on stderr.")  # fmt: skip
@click.option("--rules", metavar="FILE", type=click.Path(exists=True, dir_okay=False),
              help="Alert rules that hide rows from the alerts or add them, as the web app exports them.")  # fmt: skip
@options.scoring
def predict(source: str, output: str, rules: str | None, as_json: bool, lang: str, **chosen: Any) -> None:
    """Score every row of INPUT and report which rows to review first.

    INPUT is a .csv, .csv.gz, .tsv, .txt, .jsonl, .parquet, .xlsx, .xls or .ods file, or - for CSV on stdin. The output has every column and
    row of the input, unchanged and in the same order, and seven more columns.
    """
    reading = options.read_options(chosen)
    scoring = options.scoring_options(lang=lang, **chosen)
    check_output(source, output, as_json=as_json)
    from vigie.cli import console
    from vigie.engine import files

    t, config = Translator(lang), settings.load()
    limits = files.Limits(
        config.max_rows, config.max_columns, config.cache_dir / "jobs", config.max_table_bytes
    )
    change = None if rules is None else _RuleChange(Path(rules), lang)
    with options.scoring_context(scoring, config, t) as context:
        result = files.predict_file(source, output, context, limits, reading, change)
    if as_json:
        console.dump(result.summary)
        return
    from vigie.cli.report import Written, report

    name = "stdin" if source == "-" else Path(source).name
    written = Written("stdout" if output == "-" else output, added_columns(result.columns), result.set_aside)
    parts = report(result.summary, t, source=name, width=console.width(), written=written)
    console.show(*parts, *([] if change is None else [change.text(t)]), err=output == "-")


class _RuleChange:
    """Applies the rules of a file to a prediction, and remembers what they did.

    Args:
        path: the file of rules.
        language: of the reasons.

    Raises:
        UsageRefused: it is no file of rules.
    """

    def __init__(self, path: Path, language: str) -> None:
        from vigie.rules.rule import read_rules

        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            text = ""
        self._rules, self._language = read_rules(text), language
        self._hidden = self._added = 0
        self._skipped: tuple[int, ...] = ()

    def __call__(self, prediction: Prediction) -> Prediction:
        from vigie.engine.alert_rules import apply_rules

        done = apply_rules(prediction, self._rules, self._language, datetime.now(UTC).date())
        self._hidden, self._added, self._skipped = done.hidden, done.added, done.skipped
        return done.prediction

    def text(self, t: Translator) -> str:
        """Return what the rules did, as a line of the report."""
        line = t("cli.rules", hidden=self._hidden, added=self._added)
        if not self._skipped:
            return line
        return f"{line} {t('cli.rules_skipped', numbers=', '.join(map(str, self._skipped)))}"


@click.command(
    epilog=options.ROLE_NAMES
    + EXAMPLES.format(
        "vigie match payments.csv",
        "vigie match payments.parquet --top 10 --min-similarity 0.3",
        "vigie match export.csv --lang fr",
    )
)
@options.input_table
@options.matching
def match(source: str, lang: str, min_similarity: float, as_json: bool, **chosen: Any) -> None:
    """Show the roles of the columns and the models that fit.

    Nothing is scored. Every point of a model's similarity is explained.
    """
    reading = options.read_options(chosen)
    matching = options.scoring_options(lang=lang, min_similarity=min_similarity, **chosen)
    from vigie.cli import console
    from vigie.engine import table_matching

    t, config = Translator(lang), settings.load()
    with options.scoring_context(matching, config, t) as context:
        table = read_table(source, config, reading)
        found = table_matching.match(table, context)
    summary = _summary(table, found)
    if as_json:
        console.dump(summary)
        return
    from vigie.cli.report import matched

    console.show(*matched(summary, t, source=table.source, width=console.width(), minimum=min_similarity))


def read_table(source: str, config: settings.Settings, reading: ReadOptions | None = None) -> Table:
    """Read a table within the limits of the settings."""
    from vigie.table import ReadOptions, read

    return read(
        source,
        max_rows=config.max_rows,
        max_columns=config.max_columns,
        max_bytes=config.max_table_bytes,
        options=reading or ReadOptions(),
    )


def check_output(source: str, output: str, *, as_json: bool) -> None:
    """Check before the work that the output can be written.

    Raises:
        UsageRefused: stdout is asked for twice, or the file's format is unknown.
        NotFound: there is no such folder.
    """
    if output == "-":
        if as_json:
            raise UsageRefused(
                "--json and -o - both write to stdout",
                hint="write the predictions to a file, or leave out --json",
            )
        return
    path = Path(output)
    if not path.is_dir() and not _WRITABLE.fullmatch(path.name):
        hint = "use - for stdout" if path.parts[:2] == ("/", "dev") else "change the extension"
        found = msg(
            "cannot write {output!r}: expected {expected}, or -",
            output=path.name,
            expected=as_message(_EXTENSIONS),
        )
        raise UsageRefused(found, hint=hint)
    check_path(source, path)


def check_path(source: str, path: Path) -> None:
    """Check that an output file is in a folder, is not a folder, and is not the input.

    Raises:
        UsageRefused: it is a folder or the input.
        NotFound: there is no such folder.
    """
    output = str(path)
    if path.is_dir():
        raise UsageRefused(
            msg("cannot write {output!r}: it is a folder", output=output), hint="name a file in it"
        )
    if not path.resolve().parent.is_dir():
        raise NotFound("folder", str(path.parent), hint="create it first, or write elsewhere")
    if source != "-" and path.exists() and Path(source).exists() and path.samefile(source):
        raise UsageRefused(
            msg("the output {output!r} is the input itself", output=output),
            hint="write to another file: the upload is never changed",
        )


def added_columns(columns: Sequence[str]) -> list[str]:
    """Return the names of the added columns in the output; a name that the table already has gets a number."""
    from vigie.engine.output import RESULT_COLUMNS
    from vigie.table.writing import unused_names

    return list(unused_names(RESULT_COLUMNS, columns).values())


def _summary(table: Table, result: MatchResult) -> dict[str, Any]:
    return {
        "rows": table.typed.height,
        "columns": table.typed.width,
        "roles": result.roles.to_json(),
        "read": result.read,
        "matches": [
            {
                "name": match.entry.name,
                "version": match.entry.version,
                "domain": match.entry.domain,
                "similarity": match.similarity,
                "evidence": [reason.to_json() for reason in match.reasons],
            }
            for match in result.matches
        ],
        "seconds": result.seconds,
    }
