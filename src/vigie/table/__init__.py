"""Reading, parsing and writing tables.

Knows files, encodings, delimiters and types; must not know what a column means (that is `vigie.roles`). `Table.frame` keeps
every cell as uploaded, `Table.typed` beside it has the parsed cells.

    reading        a file of any format, from a path or stdin
    isolated       Parquet and workbooks read in a child process with limits
    declared_size  what a file declares, checked before a library allocates it
    options        what a user says of a file
    encoding       bytes to UTF-8
    code_pages     which code page, by the letters of its languages
    delimiter      the delimiter of a CSV file
    header         where the column names are, and checks of them
    other_layouts  JSON and fixed widths, which are no CSV
    row_count      an independent count of records and cells
    csv_reader     the cells of a CSV file, compared with that count
    csv_lines      the same for a file with lines that do not fit
    summary_rows   totals, units and texts, which are no rows
    summary_reasons  why the first and last rows are no records
    parquet        Parquet
    workbook       workbooks: .xlsx, .xls, .ods
    workbook_kind  which of these a file is, and how large
    json_lines     JSON lines
    chunks         a table in chunks, for out-of-core scoring
    parsing        text to numbers, dates and booleans
    report         how the table was read, and what was not understood
    table          the table itself
    interchange    tables of pandas, pyarrow, DuckDB and other libraries
    writing        the upload and the result columns, written atomically
    atomic         files that appear complete or not at all
"""

from vigie.table.isolated import read
from vigie.table.options import ReadOptions
from vigie.table.parsing.columns import from_frame, parse
from vigie.table.report import ReadReport
from vigie.table.table import CsvFormat, Table
from vigie.table.writing import append_columns, write, write_chunks, write_set_aside

__all__ = [
    "CsvFormat",
    "ReadOptions",
    "ReadReport",
    "Table",
    "append_columns",
    "from_frame",
    "parse",
    "read",
    "write",
    "write_chunks",
    "write_set_aside",
]
