"""A table piece by piece, for those that no memory holds: the same cells, refusals and order as `read` has.

    with open_chunked(path, folder, …) as table:
        for cells in table.chunks():    # frames of CHUNK_ROWS rows, as uploaded

What is compressed, in another encoding than UTF-8 or quoted in a way that readers disagree on is first written once
more into `folder`, plainly.
"""

from __future__ import annotations

import csv
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from vigie.errors import UnreadableTable
from vigie.table import csv_reader, parquet
from vigie.table.csv_lines import LineReader
from vigie.table.declared_size import unpacked
from vigie.table.delimiter import CsvLayout
from vigie.table.encoding import DecodedText, encoding_of, refuse_binary, transcoded
from vigie.table.options import DEFAULTS, ReadLimits, ReadOptions
from vigie.table.report import NOTHING_TO_REPORT, ReadReport, SetAsideLine
from vigie.table.summary_rows import in_order, lines_of, summary_rows, survey_chunks, survey_ends
from vigie.table.table import CsvFormat

CHUNK_ROWS = 200_000
"""Rows of a chunk."""

_READ = 65_536


@dataclass(frozen=True)
class ChunkedTable:
    """A table that can be walked through as often as wanted.

    Attributes:
        source: what the user calls it.
        columns: their names.
        rows: how many.
        dialect: None unless it is a CSV; its decimal mark is not known yet.
        chunks: begins anew; frames of CHUNK_ROWS rows each but the last, all text for a CSV.
        report: how the file was read; what its cells are is not known yet.
        decimal: its decimal mark, where the user names it.
    """

    source: str
    columns: tuple[str, ...]
    rows: int
    dialect: CsvFormat | None
    chunks: Callable[[], Iterator[pl.DataFrame]]
    report: ReadReport = NOTHING_TO_REPORT
    decimal: str | None = None


@contextmanager
def open_chunked(
    path: Path,
    folder: Path,
    *,
    source: str,
    limits: ReadLimits,
    options: ReadOptions = DEFAULTS,
) -> Iterator[ChunkedTable]:
    """Open a .csv, .tsv or .txt file, also with .gz, or a .parquet file, or refuse it.

    Args:
        path: of the file.
        folder: for what has to be written plainly; the caller removes it.
        source: what the user calls the file.
        limits: of its size.
        options: what the user says of the file.

    Raises:
        InputRefused: the file is unreadable, malformed or too large.
    """
    if not path.stat().st_size:
        raise UnreadableTable(source, found="an empty file", hint="export the table again, with its header")
    if path.suffix.lower() in {".parquet", ".pq"}:
        yield _parquet(path, source, limits)
        return
    if path.suffix.lower() == ".gz":
        packed, path = path, folder / "unpacked.csv"
        with path.open("wb") as out:
            out.writelines(unpacked(packed, source, limits.max_bytes))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        mark, encoding = encoding_of(data, source, options.encoding)
        if encoding == "utf-8":
            text = DecodedText(data, mark, encoding, bool(mark), transcoded=False)
            yield _csv(text, path, folder, source, limits, options)
            return
        plain = folder / "utf8.csv"
        with plain.open("wb") as out:
            out.writelines(transcoded(data, mark, encoding, source, is_chosen=bool(options.encoding)))
    with plain.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        text = DecodedText(data, 0, encoding, bool(mark), transcoded=True)
        yield _csv(text, plain, folder, source, limits, options)


def _parquet(path: Path, source: str, limits: ReadLimits) -> ChunkedTable:
    lazy, rows = parquet.scan_parquet(
        path, source=source, max_rows=limits.max_rows, max_columns=limits.max_columns
    )
    columns = tuple(lazy.collect_schema())
    return ChunkedTable(source, columns, rows, None, lambda: _even(parquet.read_batches(lazy, source, _READ)))


def _csv(
    text: DecodedText, path: Path, folder: Path, source: str, limits: ReadLimits, options: ReadOptions
) -> ChunkedTable:
    refuse_binary(text, source)
    layout, counted = csv_reader.locate_records(text, source, limits.max_columns, options)
    separator = layout.separator if len(layout.header) > 1 else ","
    dialect = CsvFormat(text.encoding, separator, options.decimal or ".", text.bom, _other_names(layout))
    report = csv_reader.layout_report(text, layout)
    # Polars renames columns of one name in its own way, which may meet another name.
    regular = counted.regular and not any("_duplicated_" in name for name in layout.named)
    if regular:
        blanks = csv_reader.blank_records(counted, len(layout.header))
        rows = counted.records - 1 - len(blanks)
        pieces = _plain_pieces(path, layout, blanks, layout.separator, layout.lines_before, source)
        survey = survey_ends(text, layout) or survey_chunks(pieces, layout.named)
    if not regular or survey.repeats_header:
        path = folder / "regular.csv"
        rows, set_aside = _rewritten(text, layout, source, path, options)
        report = replace(report, set_aside=set_aside)
        pieces = _plain_pieces(path, layout, np.zeros(0, dtype=np.int64), ",", 0, source)
        survey = survey_chunks(pieces, layout.named)
    if not options.strict:
        lines = lines_of(text, layout, report.set_aside)
        summary = summary_rows(survey.head, survey.tail, rows, pieces, lines)
        report = replace(report, set_aside=in_order((*report.set_aside, *summary.set_aside)))
        rows, pieces = rows - len(summary.positions), summary.without_in_chunks(pieces)
    csv_reader.check_row_count(rows, source, limits.max_rows)
    return ChunkedTable(
        source, layout.header, rows, dialect, lambda: _even(pieces()), report, options.decimal
    )


def _other_names(layout: CsvLayout) -> tuple[str, ...]:
    return () if layout.named == layout.header else layout.named


def _plain_pieces(
    path: Path, layout: CsvLayout, blanks: np.ndarray, separator: str, skipped: int, source: str
) -> Callable[[], Iterator[pl.DataFrame]]:
    """Return what reads the rows of a regular file, a few at a time."""

    def pieces() -> Iterator[pl.DataFrame]:
        lazy = pl.scan_csv(
            path, with_column_names=lambda _: list(layout.header), separator=separator, skip_lines=skipped,
            empty_string_is_null=False, infer_schema=False, glob=False,
        )  # fmt: skip
        yield from _kept(parquet.read_batches(lazy, source, _READ), blanks)

    return pieces


def _rewritten(
    text: DecodedText, layout: CsvLayout, source: str, path: Path, options: ReadOptions
) -> tuple[int, tuple[SetAsideLine, ...]]:
    """Write the records as all readers read them; return how many rows there are, and the lines set aside."""
    rows = 0
    reader = LineReader(text, layout, source, strict=options.strict)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(layout.header)
        for cells in csv_reader.filled_records(reader, len(layout.header)):
            if cells == [""]:
                out.write('""\n')
            else:
                writer.writerow(cells)
            rows += 1
    reader.finish()
    return rows, tuple(reader.set_aside)


def _kept(batches: Iterator[pl.DataFrame], blanks: np.ndarray) -> Iterator[pl.DataFrame]:
    """Without the blank lines, which are no rows; the header is record 0."""
    at = 1
    for batch in batches:
        here = blanks[(blanks >= at) & (blanks < at + batch.height)] - at
        at += batch.height
        if len(here):
            keep = np.ones(batch.height, dtype=np.bool_)
            keep[here] = False
            batch = batch.filter(pl.Series(keep))
        yield batch


def _even(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames of CHUNK_ROWS rows from frames of any size."""
    held: list[pl.DataFrame] = []
    height = 0
    for batch in batches:
        held.append(batch)
        height += batch.height
        while height >= CHUNK_ROWS:
            whole = pl.concat(held)
            yield whole.head(CHUNK_ROWS).rechunk()
            held, height = [whole.slice(CHUNK_ROWS)], height - CHUNK_ROWS
    if height:
        yield pl.concat(held).rechunk()
