"""The currency of rows: from the cells, the name of the column of amounts, or a column of currencies."""

from __future__ import annotations

import polars as pl
import pytest

from vigie.app.result_layout import cell_column
from vigie.cases.currencies import row_currency
from vigie.roles import inference


@pytest.mark.parametrize(
    ("names", "units", "codes", "expected"),
    [
        (("amount", "currency"), {}, ["eur", " XOF ", "?", None], ["EUR", "XOF", "", ""]),
        (("amount", "devise"), {}, ["€"] * 4, ["EUR"] * 4),
        (("amount", "currency"), {"0": "FCFA"}, ["EUR"] * 4, ["FCFA"] * 4),
        (("Montant (XOF)", "kind"), {}, ["EUR"] * 4, ["XOF"] * 4),
        (("amount_all", "kind"), {}, ["EUR"] * 4, [""] * 4),
        (("amount", "kind"), {"0": "€"}, ["a"] * 4, ["EUR"] * 4),
    ],
)
def test_the_currency_of_each_row(
    names: tuple[str, str], units: dict[str, str], codes: list[str | None], expected: list[str]
) -> None:
    """A column with one code has no role, and its name decides; a word that is also a code is none."""
    many = 50
    table = pl.DataFrame({names[0]: [10.5 + n * n for n in range(4 * many)], names[1]: codes * many})
    roles = inference.infer(table)
    cells = table.rename({name: cell_column(n) for n, name in enumerate(names)})
    found = cells.with_columns(row_currency({"columns": list(names), "units": units}, roles)).head(4)
    assert found["currency"].to_list() == expected
