"""Search, filters and order of the table of rows, by the address of the page."""

from __future__ import annotations

import re

import pytest
from tests.web.conftest import Installation, upload

from vigie.i18n.translator import Translator
from vigie.web.pages.row_filters import number

HEADER = "Date;Client;Type;Montant"
TABLE = "\n".join(
    [
        HEADER,
        *(
            f"2026-0{1 + i % 3}-{1 + i % 28:02d} {i % 24:02d}:10:00;C{i % 17};{'retrait' if i % 4 else 'dépôt'};"
            + ("108000,00" if i == 7 else "108 001,50" if i == 9 else f"{10 + i * 37 % 400},00")
            for i in range(200)
        ),
    ]
)


@pytest.fixture(scope="module")
def page(shared: Installation) -> str:
    """The address of the rows of a scored table; its 200 rows are all to be reviewed."""
    run = shared.services.predictions.score(shared.users["ada"], upload(shared, text=TABLE), budget=199).id
    shared.work()
    return f"/runs/{run}/rows?budget=200&lang=fr"


def _rows(here: Installation, address: str) -> list[int]:
    """The numbers of the rows shown, from 1, in their order."""
    text = here.browser("ada").get(address).get_data(as_text=True)
    return [int(found) for found in re.findall(r'class="open-row"[^>]*>(\d+)<', text)]


@pytest.mark.parametrize(
    "typed", ["108 000", "108000,00", "108000", "108\u202f000,00", "108.000,00", "108,000.00", "108 000 F"]
)
def test_an_amount_is_found_however_it_is_written(shared: Installation, page: str, typed: str) -> None:
    """With spaces, commas, points, currencies."""
    assert _rows(shared, f"{page}&search={typed}") == [8]


def test_filters_narrow_the_rows_together(shared: Installation, page: str) -> None:
    """By type, date, amount and reason; all in the address."""
    assert _rows(shared, f"{page}&least=100 000") != []
    assert set(_rows(shared, f"{page}&least=100 000")) == {8, 10}
    assert _rows(shared, f"{page}&least=100 000&most=108000,99") == [8]
    assert set(_rows(shared, f"{page}&least=100 000&category=dépôt")) == set()
    days = _rows(shared, f"{page}&from=2026-03-05&to=2026-03-05")
    assert sorted(days) == [i + 1 for i in range(200) if (i % 3, i % 28) == (2, 4)]
    assert _rows(shared, f"{page}&reason=no_such_feature") == []
    text = shared.browser("ada").get(page.replace("/rows?", "?")).get_data(as_text=True)
    reasons = re.findall(r'<option value="(\w+)">', text.split('name="reason"')[1].split("</select>")[0])
    found = _rows(shared, f"{page}&reason={reasons[0]}")
    assert 0 < len(found) < 200


def test_columns_sort_both_ways(shared: Installation, page: str) -> None:
    """The largest amount first, unless the address says otherwise."""
    assert _rows(shared, f"{page}&sort=amount")[:2] == [10, 8]
    assert _rows(shared, f"{page}&sort=amount&down=0")[:2] != [10, 8]
    assert _rows(shared, f"{page}&sort=row")[:3] == [1, 2, 3]
    assert _rows(shared, f"{page}&sort=row&down=1")[:3] == [200, 199, 198]


@pytest.mark.parametrize(
    ("typed", "language", "value"),
    [
        ("1 234,5", "fr", 1234.5), ("1.234", "fr", 1234.0), ("1.5", "fr", 1.5), ("1,234", "en", 1234.0),
        ("1,234.5 €", "en", 1234.5), ("-3", "en", -3.0), ("many", "en", None), ("", "fr", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_the_language_writes_them(typed: str, language: str, value: float | None) -> None:
    """Thousands may be separated or not."""
    assert number(typed, Translator(language)) == value


def test_amounts_have_their_thousands_separated(shared: Installation, page: str) -> None:
    """In the reader's language."""
    assert "108\u202f001,50" in shared.browser("ada").get(f"{page}&search=108001,5").get_data(as_text=True)
