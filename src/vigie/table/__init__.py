"""Tables: an upload in, the same upload with our columns out.

Knows files, encodings, separators and types; must not know what a column means (that is
`vigie.roles.inference`). What is uploaded is never altered: `Table.frame` keeps every cell, and
everything Vigie concludes about the cells is in `Table.typed` beside it.

    source      where the bytes come from: a path, a .csv.gz, stdin       (read)
    encoding    bytes -> UTF-8                                            (CSV)
    separator   which character separates the cells                       (CSV)
    records     an independent count of records and cells                 (CSV)
    csv_cells   the cells, checked against that count                     (CSV)
    columnar    Parquet and Excel
    isolated    Parquet and Excel read in a child process with limits
    declared_size  what a file declares, checked before a library allocates it
    header      names of columns that will not do
    stream      a table piece by piece, for those that no memory holds
    readings    how its columns are read, settled on some rows
    parsing     text -> numbers, dates, yes/no; numbers, dates and words do the work
    writing     the upload and our columns, written atomically
"""

from vigie.table.isolated import read
from vigie.table.parsing.columns import from_frame, parse
from vigie.table.table import CsvFormat, Table
from vigie.table.writing import append_columns, write, write_chunks

__all__ = ["CsvFormat", "Table", "append_columns", "from_frame", "parse", "read", "write", "write_chunks"]
