"""What the cells say."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import polars as pl
import pytest

from vigie.table import from_frame, parse
from vigie.table.parsing.columns import parse_table

MOMENT = pl.Datetime("us")


def typed(cells: list[str | None], name: str = "x", **others: list[str]) -> pl.Series:
    return parse(pl.DataFrame({name: cells, **others})).get_column(name)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-2", "+3", ""], [1, -2, 3, None]),
        (["0", "1", "1"], [0, 1, 1]),
        (["1546300877", "1546300978"], [1546300877, 1546300978]),
        (["1546300877123", "1546300978456"], [1546300877123, 1546300978456]),
        (["4111111111111111", "5500000000000004"], [4111111111111111, 5500000000000004]),
        (["1.5", "2", ".5", "1e3"], [1.5, 2.0, 0.5, 1000.0]),
        (["1,5", "2", "-3,25"], [1.5, 2.0, -3.25]),
        (["1,234", "12,345"], [1234, 12345]),
        (["1,234.5", "12", "-1,000,000"], [1234.5, 12.0, -1000000.0]),
        (["1.234,5", "12", "1.000.000"], [1234.5, 12.0, 1000000.0]),
        (["1.234.567", "1.000"], [1234567, 1000]),
        (["1 234,5", "2"], [1234.5, 2.0]),
        (["1\u00a0234", "2\u202f500\u202f000", "7"], [1234, 2500000, 7]),
        (["1'234.50", "2’000"], [1234.5, 2000.0]),
        (["12,34,567.5", "1,000"], [1234567.5, 1000.0]),
        (["$1,234.50", "-$3", "$ 2"], [1234.5, -3.0, 2.0]),
        (["1 234,50 €", "-3,00 €", "0 €"], [1234.5, -3.0, 0.0]),
        (["EUR 5.5", "EUR 1,000.0"], [5.5, 1000.0]),
        (["25 000 FCFA", "500 FCFA"], [25000, 500]),
        (["R$ 1.234,56", "R$ 10,00"], [1234.56, 10.0]),
        (["(1,234.00)", "5.00", "7.5-", "\u22128"], [-1234.0, 5.0, -7.5, -8.0]),
        (["(-5)", "3.5"], [5.0 * -1, 3.5]),
        (["12.5%", "3%"], [12.5, 3.0]),
        (["1,5E+05", "2,0E-01"], [150000.0, 0.2]),
        ([" 12", "7 ", "  "], [12, 7, None]),
        (["0.5", "0", "0.125"], [0.5, 0.0, 0.125]),
        (["1", "NA", "N/A", "NULL", "nan", "\\N", "inf"], [1, None, None, None, None, None, None]),
        (["1.5", *["2"] * 38, "none"], [1.5, *[2.0] * 38, None]),
        (["-", *["2"] * 38, "?"], [None, *[2] * 38, None]),
        (["9223372036854775807", "1"], [9223372036854775807, 1]),
    ],
)
def test_numbers(cells, values):
    """Decimal marks, thousands, currencies and signs as people and programs write them."""
    series = typed(cells)
    assert series.to_list() == values
    assert series.dtype == (
        pl.Int64 if all(isinstance(value, int | None) for value in values) else pl.Float64
    )


@pytest.mark.parametrize(
    "cells",
    [
        ["00123", "45678"],
        ["007", "1.5"],
        ["+33612345678", "+33712345678"],
        ["06 12 34 56 78", "07 12 34 56 78"],
        ["4111 1111 1111 1111", "5500 0000 0000 0004"],
        ["12345678901234567890", "1"],
        ["more than 30", "8 to 15"],
        ["3 years", "6 years"],
        ["26 to 30", "31 to 35"],
        ["20000 to 29000", "more than 69000"],
        ["none", "1", "2 to 4"],
        ["none", "1", "2", "3"],
        ["1", *["2"] * 90, "x1"],
        ["5 €", "7 $"],
        ["5", "7%"],
        ["1,2,3", "4,5,6"],
        ["1.2.3", "4.5.6"],
        ["192.168.0.1", "10.0.0.1"],
        ["12e", "5f"],
        ["NA", "null"],
        ["-", "?"],
        ["C123", "M456"],
        ["(555)355 - 1785", "(555)392 - 8061"],
        ["02/30/2024", "31/04/2024"],
        ["13/13/2024", "01/01/2024"],
        ["12/25/2024", "25/12/2024"],
        ["20-05-77", "99-99-99"],
        ["F", "F"],
        ["M", "F"],
        ["Y", "N", "maybe"],
        ["N", "S", "E", "O"],
        ["25:00", "13:45"],
    ],
)
def test_text_stays_text(cells):
    """One cell that says something else keeps the column as it was uploaded."""
    series = typed(cells)
    assert series.dtype == pl.String
    assert series.to_list() == cells


def test_empty_cells_are_null_and_other_text_is_untouched():
    """Only cells without anything but space are empty."""
    assert typed(["", " ", "\u00a0", " a ", None, "NA"]).to_list() == [None, None, None, " a ", None, "NA"]
    assert typed(["", ""]).to_list() == [None, None]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["2024-05-01", "2024-5-2"], [datetime(2024, 5, 1), datetime(2024, 5, 2)]),
        (["2024-05-01 13:45:10", ""], [datetime(2024, 5, 1, 13, 45, 10), None]),
        (["2024-05-01T13:45:10.123456789", "NaT"], [datetime(2024, 5, 1, 13, 45, 10, 123456), None]),
        (
            ["2024-05-01T13:45:10Z", "2024-05-01T13:45:10+02:00", "2024-05-01T13:45:10.5-0330"],
            [
                datetime(2024, 5, 1, 13, 45, 10),
                datetime(2024, 5, 1, 11, 45, 10),
                datetime(2024, 5, 1, 17, 15, 10, 500000),
            ],
        ),
        (
            ["2024-05-01 13:45:10 UTC", "2024-05-01 13:45"],
            [datetime(2024, 5, 1, 13, 45, 10), datetime(2024, 5, 1, 13, 45)],
        ),
        (["2024-05-01 13:45:10,250"], [datetime(2024, 5, 1, 13, 45, 10, 250000)]),
        (["2024/05/01", "0000-00-00"], [datetime(2024, 5, 1), None]),
        (["03/04/2024", "04/03/2024"], [datetime(2024, 4, 3), datetime(2024, 3, 4)]),
        (["03/04/2024", "12/25/2024"], [datetime(2024, 3, 4), datetime(2024, 12, 25)]),
        (
            ["03/04/2024 08:15", "25/12/2024 23:59:59"],
            [datetime(2024, 4, 3, 8, 15), datetime(2024, 12, 25, 23, 59, 59)],
        ),
        (["5/1/2024 1:05 PM", "5/31/2024 12:00 AM"], [datetime(2024, 5, 1, 13, 5), datetime(2024, 5, 31)]),
        (["03-04-2024", "25-12-2024"], [datetime(2024, 4, 3), datetime(2024, 12, 25)]),
        (["03.04.2024", "25.12.2024"], [datetime(2024, 4, 3), datetime(2024, 12, 25)]),
        (["03/04/24", "25/12/99"], [datetime(2024, 4, 3), datetime(1999, 12, 25)]),
        (["03-JAN-24", "4-Feb-24"], [datetime(2024, 1, 3), datetime(2024, 2, 4)]),
        (["Jan 3, 2024", "Feb 14, 2024"], [datetime(2024, 1, 3), datetime(2024, 2, 14)]),
        ([" 2024-05-01 ", "2024-05-02"], [datetime(2024, 5, 1), datetime(2024, 5, 2)]),
    ],
)
def test_dates(cells, values):
    """Moments are naive and in UTC; the whole column decides which comes first, day or month."""
    series = typed(cells)
    assert series.dtype == MOMENT
    assert series.to_list() == values


def test_a_rare_format_outside_the_sample():
    """All cells count, not only those looked at first."""
    cells = ["2024-05-01"] * 9000 + ["2024-05-02 10:00"] + ["2024-05-03"] * 9
    assert typed(cells).to_list()[9000] == datetime(2024, 5, 2, 10)
    assert typed([*["1"] * 9000, "1,5", *["2"] * 9]).to_list()[9000] == 1.5
    assert typed([*["N"] * 9000, "Y", *["N"] * 9]).to_list()[9000] is True
    assert typed([*[""] * 9000, "7", *[""] * 9]).to_list()[9000] == 7


def test_eight_digits_are_a_day_only_by_name():
    """The name decides what the digits cannot."""
    cells = ["20240501", "19801231"]
    assert typed(cells, "transaction_date").to_list() == [datetime(2024, 5, 1), datetime(1980, 12, 31)]
    assert typed(cells, "amount").to_list() == [20240501, 19801231]
    assert typed(["20240501134510"], "tx_time").to_list() == [datetime(2024, 5, 1, 13, 45, 10)]
    assert typed(["20249901", "20240501"], "date").dtype == pl.Int64


def test_columns_help_each_other_with_dates():
    """A column that leaves the order open follows one that does not."""
    frame = parse(pl.DataFrame({"a": ["03/04/2024", "01/02/2024"], "b": ["12/25/2024", "01/02/2024"]}))
    assert frame["a"].to_list() == [datetime(2024, 3, 4), datetime(2024, 1, 2)]


@pytest.mark.parametrize(
    ("other", "cells", "values", "mark"),
    [
        (["1,5", "2,25"], ["1.234", "2.500"], [1234, 2500], ","),
        (["1.5", "2.25"], ["1.234", "2.500"], [1.234, 2.5], "."),
        (["1,5", "2,25"], ["1,234", "2,500"], [1.234, 2.5], ","),
        (["1.5", "2.25"], ["1,234", "2,500"], [1234, 2500], "."),
        (["a", "b"], ["1,234", "2,500"], [1234, 2500], "."),
        (["a", "b"], ["1.234", "2.500"], [1.234, 2.5], "."),
        (["1,5", "2,25"], ["1.234", "1e3"], [1.234, 1000.0], "."),
    ],
)
def test_columns_help_each_other_with_decimal_marks(other, cells, values, mark):
    """A mark before three digits means what it means in the rest of the table."""
    parsed = parse_table(pl.DataFrame({"x": cells, "y": other}), comma_by_default=False)
    assert parsed.typed["x"].to_list() == values
    assert parsed.mark == mark


def test_the_semicolon_speaks_for_the_comma():
    """Nothing else to go by: a table separated by semicolons comes from where the comma is decimal."""
    parsed = parse_table(pl.DataFrame({"x": ["1,234", "2,500"]}), comma_by_default=True)
    assert (parsed.typed["x"].to_list(), parsed.mark) == ([1.234, 2.5], ",")


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("yes", "no"), ("YES", "NO"), ("Y", "N"), ("true", "false"), ("TRUE", "FALSE"), ("oui", "non"), ("O", "N"),
        ("Sí", "No"), ("si", "no"), ("S", "N"), ("Sim", "Não"), ("sim", "na\u0303o"), ("s", "n"), ("t", "f"),
    ],
)  # fmt: skip
def test_yes_and_no(yes, no):
    """Four languages, words and letters; missing words are null."""
    series = typed([yes, no, "", f" {no} ", "NA"])
    assert series.to_list() == [True, False, None, False, None]
    assert series.dtype == pl.Boolean


def test_next_to_yes_and_no_a_question_mark_is_missing():
    """However often; next to one of them alone it may be the other, and so may none."""
    assert typed(["YES", "?", "NO", "?"]).to_list() == [True, None, False, None]
    assert typed(["Y", "unknown", "N"]).to_list() == [True, None, False]
    assert typed(["YES", "?"]).dtype == pl.String
    assert typed(["yes", "no", "none"]).dtype == pl.String


def test_one_word_is_enough_one_letter_is_not():
    """A constant flag is still a flag when it is a word."""
    assert typed(["No", "No"]).to_list() == [False, False]
    assert typed(["N", "N"]).to_list() == ["N", "N"]


@pytest.mark.parametrize(
    "cells",
    [
        ["12 août 2023", "3 févr. 2024", ""],
        ["12 de agosto de 2023", "3 de febrero de 2024", None],
        ["12 Agosto 2023", "3 fevereiro 2024", "NA"],
        ["12AUG2023", "03FEB2024", ""],
        ["12AUG2023:00:00:00", "03FEB2024:00:00:00", ""],
        ["August 12 2023", "February 3 2024", ""],
    ],
)
def test_months_by_their_names(cells: list[str | None]):
    """In four languages, and as the programs that write them together do."""
    assert typed(cells).to_list() == [datetime(2023, 8, 12), datetime(2024, 2, 3), None]


def test_a_text_that_names_months_is_a_text():
    assert typed(["12 mai 2023", "12 caisses 2023"]).dtype == pl.String
    assert typed(["mars", "avril"]).dtype == pl.String


def test_times_of_day():
    """A clock becomes seconds since midnight."""
    assert typed(["13:45", "00:00:10", "", "23:59:59.5"]).to_list() == [49500, 10, None, 86399]
    assert typed(["13h45", "9h05", "NA"]).to_list() == [49500, 32700, None]
    assert typed(["1:45 PM", "12:00 AM", "9:05 AM"]).to_list() == [49500, 0, 32700]
    assert typed(["01:45:10 PM", "12:00:01 AM"]).to_list() == [49510, 1]


def test_digits_are_a_time_of_day_only_where_the_column_is_called_one():
    """With leading zeros: without any they are numbers, and their role tells what they mean."""
    assert typed(["134510", "000010", ""], "txn_time").to_list() == [49510, 10, None]
    assert typed(["1345", "0010"], "heure").to_list() == [49500, 600]
    assert typed(["1345", "0010"], "zip").to_list() == ["1345", "0010"]
    assert typed(["1345", "0075"], "time").to_list() == ["1345", "0075"]
    assert typed(["1345", "1310"], "time").to_list() == [1345, 1310]


def test_native_types():
    """Columns that came with a type keep what they say."""
    when = datetime(2024, 5, 1, 12, 0)
    frame = pl.DataFrame(
        {
            "i": pl.Series([1, None], dtype=pl.UInt8),
            "big": pl.Series([2**63, 1], dtype=pl.UInt64),
            "f": pl.Series([float("nan"), 1.5], dtype=pl.Float32),
            "inf": [float("inf"), 2.5],
            "money": pl.Series(["1.50", "2.25"]).cast(pl.Decimal(10, 2)),
            "day": [date(2024, 5, 1), None],
            "ms": pl.Series([when, None], dtype=pl.Datetime("ms")),
            "zoned": pl.Series(
                [when.replace(tzinfo=timezone(timedelta(hours=2))), None]
            ).dt.convert_time_zone("Europe/Paris"),
            "clock": [time(1, 0), None],
            "span": [timedelta(seconds=90), None],
            "flag": [True, None],
            "kind": pl.Series(["a", None], dtype=pl.Categorical),
            "text": ["1,5", None],
            "nothing": [None, None],
        }
    )
    table = from_frame(frame, "mine")
    assert table.frame is frame
    assert table.source == "mine"
    assert table.typed.columns == frame.columns
    assert table.typed.row(0) == (
        1, 2.0**63, None, None, 1.5, datetime(2024, 5, 1), when, datetime(2024, 5, 1, 10), 3600, 90.0, True, "a", 1.5, None
    )  # fmt: skip
    assert [str(dtype) for dtype in table.typed.dtypes] == [
        "Int64", "Float64", "Float64", "Float64", "Float64", *["Datetime(time_unit='us', time_zone=None)"] * 3,
        "Int64", "Float64", "Boolean", "String", "Float64", "String",
    ]  # fmt: skip


def test_parse_does_not_depend_on_the_order_of_rows_or_columns():
    """Shuffling the columns changes nothing; shuffling the rows only reorders."""
    frame = pl.DataFrame(
        {
            "n": ["1,5", "2", "NA"],
            "d": ["03/04/2024", "25/12/2024", ""],
            "m": ["1.234", "2.500", ""],
            "t": ["a", "", "00"],
        }
    )
    straight = parse(frame)
    assert parse(frame.select("t", "m", "d", "n")).select(frame.columns).equals(straight)
    assert parse(frame.reverse()).equals(straight.reverse())


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["KSh536.35", "-KSh1,573.58"], [536.35, -1573.58]),
        (["Rs. 536.35", "-Rs. 1,573.58"], [536.35, -1573.58]),
        (["536.35 Cr", "1,573.58 Dr"], [536.35, -1573.58]),
        (["12.50 D", "13.00 C"], [-12.5, 13.0]),
        (["1.234,50 S", "12,00 H"], [-1234.5, 12.0]),
        (["CR 12.50", "DR 3.00"], [12.5, -3.0]),
        (["1,200.00", *["3.00"] * 9, "5.00 CR"], [1200.0, *[3.0] * 9, 5.0]),
        (["$536.35", "$(1,573.58)"], [536.35, -1573.58]),
        (["(KSh 12.00)", "KSh 5.00"], [-12.0, 5.0]),
        (["٥٣٦٫٣٥", "-١٬٥٧٣٫٥٨"], [536.35, -1573.58]),
        (["१२.५०", "-३.००"], [12.5, -3.0]),
        (["GH₵ 12.50", "GH₵1,200.00"], [12.5, 1200.0]),
        (["₦5,000.00", "-₦300.00"], [5000.0, -300.0]),
        (['="12.50"', '="-3.00"'], [12.5, -3.0]),
        (["'12.50", "'7"], [12.5, 7.0]),
        (["R1,234.50", "-R5.00"], [1234.5, -5.0]),
        (["12€50", "3€20"], [12.5, 3.2]),
        (["12 345 F CFA", "-300 F CFA"], [12345, -300]),
        (["12,000/-", "500/="], [12000, 500]),
        (["12F", "-3F"], [12, -3]),
        (["kr 1.200,50", "kr 7,00"], [1200.5, 7.0]),
        (["1\u00a0200 Fr.", "7 Fr."], [1200, 7]),
        (["EUR -12.50", "EUR 13.00"], [-12.5, 13.0]),
        (["\u2013 13.00", "\u22125.50"], [-13.0, -5.5]),
        (["\u200e12.50", "13.00"], [12.5, 13.0]),
        (["00100", "00250"], [100, 250]),
        (["12.50 د.م.", "-3.00 د.م."], [12.5, -3.0]),
        (["1 200,50 ariary", "7 ariary"], [1200.5, 7.0]),
        (["Lempiras 12.50", "Lempiras -3.00"], [12.5, -3.0]),
        (["“12.50”", "“-3.00”"], [12.5, -3.0]),
    ],
)
def test_money(cells, values):
    """Currencies before, after and inside, sides, other digits and wrappings; the sign is kept."""
    assert typed(cells, "Amount").to_list() == values


def test_a_factor_is_no_currency():
    """A letter after a number may be a factor: the numbers are not what they seem."""
    for cells in (["12.5k", "3k"], ["12.5M", "3M"], ["12.5K", "3K"], ["12.5 millones", "3 millones"]):
        assert typed(cells, "Amount").dtype == pl.String


def test_two_texts_with_a_number_are_a_category():
    """A unit that no list has is looked for among sums, which differ."""
    assert typed(["at least 1", "none"] * 20, "Fees").dtype == pl.String


@pytest.mark.parametrize(
    "cells",
    [
        *(
            ["R123", "R456"],
            ["12C", "13D"],
            ["MT12", "MT13"],
            ["SR1001", "SR1002"],
            ["F1", "F01"],
            ["12F", "3F"],
        ),
        *(["kr12", "kr7"], ["Fr3", "Fr40"], ["CFA12", "CFA7"], ["EUR123", "EUR124"], ["12USD", "7USD"]),
    ],
)
def test_codes_are_no_money(cells):
    """Letters before digits are a code where the name does not say money."""
    assert typed(cells, "x").dtype == pl.String


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["03-janv.-24", "14-févr.-24"], datetime(2024, 1, 3)),
        (["20240103 13:58", "20240104 01:02"], datetime(2024, 1, 3, 13, 58)),
        (["20240103T135800Z", "20240104T010200Z"], datetime(2024, 1, 3, 13, 58)),
        (["202401031358", "202401040102"], datetime(2024, 1, 3, 13, 58)),
        (["Wed, 03 Jan 2024 13:58:00 GMT", "Thu, 04 Jan 2024 01:58:00 GMT"], datetime(2024, 1, 3, 13, 58)),
        (["Wed Jan  3 13:58:00 2024", "Thu Jan 14 13:58:00 2024"], datetime(2024, 1, 3, 13, 58)),
        (["03/01/2024 13.58", "14/01/2024 01.02"], datetime(2024, 1, 3, 13, 58)),
        (["03/01/2024 à 13h58", "14/01/2024 à 01h02"], datetime(2024, 1, 3, 13, 58)),
        (["03/01/2024 - 13:58", "14/01/2024 - 01:02"], datetime(2024, 1, 3, 13, 58)),
        (["03/01/2024 às 13:58", "14/01/2024 às 01:02"], datetime(2024, 1, 3, 13, 58)),
        (["mercredi 3 janvier 2024", "jeudi 4 janvier 2024"], datetime(2024, 1, 3)),
        (["mar. 2 janv. 2024", "mer. 3 janv. 2024"], datetime(2024, 1, 2)),
        (["1er janvier 2024", "2 janvier 2024"], datetime(2024, 1, 1)),
        (["miércoles, 3 de enero de 2024", "jueves, 4 de enero de 2024"], datetime(2024, 1, 3)),
        (["quarta-feira, 3 de janeiro de 2024", "sexta-feira, 5 de maio de 2024"], datetime(2024, 1, 3)),
        (["Mittwoch, 3. Januar 2024", "Freitag, 5. März 2024"], datetime(2024, 1, 3)),
        (["3-ene-24", "4-dic-24"], datetime(2024, 1, 3)),
        (["Jan 3rd, 2024", "Feb 14th, 2024"], datetime(2024, 1, 3)),
        (["2024.01.03.", "2024.12.31."], datetime(2024, 1, 3)),
        (["2024年1月3日", "2024年12月31日"], datetime(2024, 1, 3)),
        (["03-JAN-24 01.58.00.000000 PM", "04-JAN-24 11.58.00.000000 AM"], datetime(2024, 1, 3, 13, 58)),
        (["03JAN2024:13:58:00", "04FEB2024:01:58:00"], datetime(2024, 1, 3, 13, 58)),
        (["03/01/24 1:58 p. m.", "14/01/24 11:58 a. m."], datetime(2024, 1, 3, 13, 58)),
        (["03.01.2024 13:58 Uhr", "14.01.2024 01:58 Uhr"], datetime(2024, 1, 3, 13, 58)),
        (["2024-01-03T13:58:00+01:00[Europe/Paris]"], datetime(2024, 1, 3, 12, 58)),
        (
            ["Wed Jan 03 2024 13:58:00 GMT+0100 (Central European Standard Time)"],
            datetime(2024, 1, 3, 12, 58),
        ),
        (["45294", "45295"], datetime(2024, 1, 3)),
        (["45294,5", "45295,25"], datetime(2024, 1, 3, 12)),
        (["240103", "240229"], datetime(2024, 1, 3)),
        (["03012024", "29022024"], datetime(2024, 1, 3)),
        (["01032024", "02292024"], datetime(2024, 1, 3)),
        (["2024-W01-3", "2024-W52-7"], datetime(2024, 1, 3)),
        (["02/01/2024 24:00", "03/01/2024 12:00"], datetime(2024, 1, 3)),
        (["2024-01-02T24:00:00", "2024-01-03T12:00:00"], datetime(2024, 1, 3)),
        (["03/01/2024 1:58 da tarde", "14/01/2024 7:30 da manhã"], datetime(2024, 1, 3, 13, 58)),
        (["03/01/2024 9:58 de la noche", "14/01/2024 7:30 de la mañana"], datetime(2024, 1, 3, 21, 58)),
        (["03 Jan 2024 13:58 GMT+3", "14 Jan 2024 01:58 GMT+3"], datetime(2024, 1, 3, 10, 58)),
        (["2024-01-03-13.58.00.000000", "2024-01-14-01.58.00.000000"], datetime(2024, 1, 3, 13, 58)),
        (["mer. 03/01/2024", "jeu. 14/03/2024"], datetime(2024, 1, 3)),
        (["03/01/2024 13:58 (GMT+1)", "14/01/2024 01:58 (GMT+1)"], datetime(2024, 1, 3, 12, 58)),
        (["[03/Jan/2024:13:58:00 +0000]", "[14/Feb/2024:01:58:00 +0000]"], datetime(2024, 1, 3, 13, 58)),
        (["“03/01/2024 13:58”", "“14/01/2024 01:58”"], datetime(2024, 1, 3, 13, 58)),
        (["030124", "290224"], datetime(2024, 1, 3)),
    ],
)
def test_dates_as_people_write_them(cells, first):
    """Names of days and months, joiners, dotted times, compact digits and days of spreadsheets."""
    series = typed(cells, "Date")
    assert series.dtype == MOMENT
    assert series[0] == first
    assert series.null_count() == 0


def test_whole_numbers_that_are_dates():
    """A whole number in a column that is called a date is a moment, also where it came with a type."""
    frame = pl.DataFrame(
        {"date": [20240103, None], "tx_time": [202401031358, 202401031359], "n": [20240103, 20240104]}
    )
    assert parse(frame).to_dict(as_series=False) == {
        "date": [datetime(2024, 1, 3), None],
        "tx_time": [datetime(2024, 1, 3, 13, 58), datetime(2024, 1, 3, 13, 59)],
        "n": [20240103, 20240104],
    }
