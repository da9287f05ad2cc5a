"""The upload, untouched, with our columns after its own.

Only cells that Vigie itself adds are made safe for spreadsheets; the upload's are the user's. The same
table and additions give the same bytes.
"""

from __future__ import annotations

import codecs
import gzip
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import polars as pl

from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.parallel import ROWS_PER_THREAD, in_threads
from vigie.table.atomic import atomic_write
from vigie.table.report import SetAsideLine
from vigie.table.table import CsvFormat, Table

DECIMALS = 6
_BATCH = 100_000
_WRITABLE = msg(".csv, .csv.gz, .tsv, .txt or .parquet")
_CSV = (".csv", ".tsv", ".txt")
FORMULA_MARKS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""Characters that begin what a spreadsheet takes for a formula, also in the full-width forms of East Asia."""
_FORMULA = f"^[{FORMULA_MARKS.replace('-', chr(92) + '-')}]"
_PLAIN = CsvFormat("utf-8", ",", ".", bom=False)


def write(table: Table, additions: pl.DataFrame, path: str | Path) -> None:
    """Write the columns of the upload and then the additions, to a file or, for "-", to stdout as CSV.

    An addition whose name is taken gets a suffix: `fraud_score_2`. A CSV upload comes back with its own
    separator and, for our numbers, its decimal mark. The encoding is always UTF-8, the only one that holds
    every cell; a byte order mark is written when the upload had one and when the separator is ";": such
    files come from and go to an Excel that takes UTF-8 without a mark for the local code page.

    Args:
        table: the upload.
        additions: as many rows, in the order of the upload.
        path: .csv, .tsv or .txt, also with .gz, or .parquet; replaced at once when all is written.
    """
    additions = _fitting(table, additions)
    batches = (
        (table.frame.slice(start, _BATCH), additions.slice(start, _BATCH))
        for start in range(0, max(table.frame.height, 1), _BATCH)
    )
    _write(batches, table.dialect, path, lambda file: _write_parquet(table.frame, additions, file))


def write_chunks(
    pieces: Iterable[tuple[pl.DataFrame, pl.DataFrame]],
    columns: Iterable[str],
    dialect: CsvFormat | None,
    path: str | Path,
    folder: Path,
) -> None:
    """Write a table that does not fit into memory, as `write` does.

    Args:
        pieces: rows of the upload and what to add to them, in order.
        columns: of the upload.
        dialect: of the upload, where it is a CSV.
        path: as `write` has it.
        folder: for what has to be written twice; the caller removes it.
    """
    taken = tuple(columns)
    fitting = ((theirs, ours.rename(unused_names(ours.columns, taken))) for theirs, ours in pieces)

    def parquet(file: BinaryIO) -> None:
        parts = []
        for number, (theirs, ours) in enumerate(fitting):
            parts.append(folder / f"{number:05}.parquet")
            with parts[-1].open("wb") as part:
                _write_parquet(theirs, ours, part)
        pl.scan_parquet(parts).sink_parquet(file)

    _write(fitting, dialect, path, parquet)


def _write(
    batches: Iterable[tuple[pl.DataFrame, pl.DataFrame]],
    dialect: CsvFormat | None,
    path: str | Path,
    parquet: Callable[[BinaryIO], None],
) -> None:
    if str(path) == "-":
        _write_csv(batches, dialect, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    path = Path(path)
    match [suffix.lower() for suffix in path.suffixes[-2:]]:
        case [*_, suffix] if suffix in _CSV:
            with atomic_write(path) as file:
                _write_csv(batches, dialect, file)
        case [suffix, ".gz"] if suffix in _CSV:
            with atomic_write(path) as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                _write_csv(batches, dialect, packed)
        case [*_, ".parquet"]:
            with atomic_write(path) as file:
                parquet(file)
        case _:
            raise UsageRefused(
                msg("cannot write {name!r}: expected {writable}", name=path.name, writable=_WRITABLE),
                hint="change the extension",
            )


def _write_parquet(frame: pl.DataFrame, additions: pl.DataFrame, file: BinaryIO) -> None:
    frame.hstack(additions.with_columns(pl.selectors.float().round(DECIMALS))).write_parquet(file)


def set_aside_path(path: str | Path) -> Path | None:
    """Return where the lines that were set aside are written beside the predictions; None for stdout."""
    if str(path) == "-":
        return None
    path = Path(path)
    name = path.name.removesuffix(".gz")
    return path.with_name(f"{name.rpartition('.')[0] or name}.set-aside.csv")


def write_set_aside(lines: Iterable[SetAsideLine], path: str | Path) -> Path | None:
    """Write the lines that were set aside, with their numbers, to `OUT.set-aside.csv` beside the predictions `OUT.csv`.

    Args:
        lines: of the report of the table.
        path: of the predictions.

    Returns:
        The path of the file; None where no line was set aside, or the predictions go to stdout.
    """
    kept, target = list(lines), set_aside_path(path)
    if target is None or not kept:
        return None
    with atomic_write(target) as file:
        file.write(set_aside_csv(kept))
    return target


def set_aside_csv(lines: Iterable[SetAsideLine]) -> bytes:
    """Return lines that were set aside as a CSV: line number, reason, text; a spreadsheet executes none of these."""
    kept = list(lines)
    columns = {name: [getattr(one, name) for one in kept] for name in ("line", "reason", "text")}
    found = pl.DataFrame([_as_text(series, ".") for series in pl.DataFrame(columns)])
    return found.write_csv().encode("utf-8")


def append_columns(table: Table, additions: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of the upload and then the additions, under the names that `write` gives them."""
    return table.frame.hstack(_fitting(table, additions))


def _fitting(table: Table, additions: pl.DataFrame) -> pl.DataFrame:
    if additions.height != table.frame.height:
        raise ValueError(f"{additions.height} rows to add to a table of {table.frame.height}")
    return additions.rename(unused_names(additions.columns, table.frame.columns))


def unused_names(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return names that are not taken, numbered where they are; case is ignored, as in SQL and Spark."""
    used = {name.lower() for name in taken}
    free: dict[str, str] = {}
    for name in names:
        candidate, number = name, 1
        while candidate.lower() in used:
            number += 1
            candidate = f"{name}_{number}"
        used.add(candidate.lower())
        free[name] = candidate
    return free


def _write_csv(
    batches: Iterable[tuple[pl.DataFrame, pl.DataFrame]],
    dialect: CsvFormat | None,
    file: BinaryIO | gzip.GzipFile,
) -> None:
    for chunk in csv_chunks(batches, dialect):
        file.write(chunk)


def csv_chunks(
    batches: Iterable[tuple[pl.DataFrame, pl.DataFrame]], dialect: CsvFormat | None
) -> Iterator[bytes]:
    """Yield a CSV as `write` writes it, one chunk a batch.

    Args:
        batches: rows of the upload and the additions to them, in order.
        dialect: of the upload, where it is a CSV.
    """
    dialect = dialect or _PLAIN
    marked = dialect.bom or dialect.separator == ";"
    if marked:
        yield codecs.BOM_UTF8
    for number, (theirs, ours) in enumerate(batches):
        columns = _as_cells(theirs, ours, dialect.decimal)
        if number == 0:
            header = _header(theirs.columns, ours.columns, dialect)
            # A name that begins with that character, read as the mark of the file, would lose it.
            yield codecs.BOM_UTF8 + header if header.startswith(codecs.BOM_UTF8) and not marked else header
        text = pl.DataFrame(columns).write_csv(separator=dialect.separator, include_header=False)
        yield text.encode("utf-8")


def _as_cells(theirs: pl.DataFrame, ours: pl.DataFrame, mark: str) -> list[pl.Series]:
    """Return the columns of the upload and ours as they are written, two at a time."""
    found: dict[int, pl.Series] = {}
    columns = [*theirs, *ours]

    def convert(place: int) -> None:
        is_ours = place >= theirs.width
        found[place] = _as_text(columns[place], mark) if is_ours else _as_uploaded(columns[place])

    # Ours take longest.
    in_threads(convert, range(len(columns))[::-1], enough=theirs.height >= ROWS_PER_THREAD)
    return [found[place] for place in range(len(columns))]


def _header(theirs: list[str], ours: list[str], dialect: CsvFormat) -> bytes:
    """Return the names of the upload as they are in it, also where they are missing or the same, and ours."""
    names = [*(dialect.names or theirs), *ours]
    row = pl.DataFrame([pl.Series(f"{place}", [name or None]) for place, name in enumerate(names)])
    return row.write_csv(separator=dialect.separator, include_header=False).encode("utf-8")


def _as_uploaded(series: pl.Series) -> pl.Series:
    """Cells of a CSV as they are, without the quotes around nothing; typed cells in ISO 8601."""
    dtype = series.dtype
    if dtype == pl.String:
        return series.set(series == "", None)
    if isinstance(dtype, pl.Datetime):
        return series.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + ("%:z" if dtype.time_zone else ""))
    if isinstance(dtype, pl.Duration):
        return series.dt.to_string("iso")
    return series


def _as_text(series: pl.Series, mark: str) -> pl.Series:
    """One of our columns: decimals cut after the sixth, text that no spreadsheet executes."""
    if series.dtype.is_float():
        fixed = (
            series.cast(pl.Float64)
            .round(DECIMALS)
            .cast(pl.Decimal(38, DECIMALS), strict=False)
            .cast(pl.String)
        )
        return fixed.str.strip_chars_end("0").str.strip_chars_end(".").str.replace(".", mark, literal=True)
    if series.dtype == pl.String:
        return series.str.replace(f"({_FORMULA})", "'${1}")
    return _as_uploaded(series)
