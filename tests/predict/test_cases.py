"""Small tables as people have them: each is read as its clean twin is, and what was not understood is named.

In `00_clean.csv` and its variants, rows 13 and 31 have an amount about a hundred times the others.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from tests.predict.conftest import opener

from vigie import table as tables
from vigie.catalog import Catalog
from vigie.cli.report import report
from vigie.engine import pipeline, table_matching
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.errors import InputRefused, NotFound, UnreadableTable
from vigie.i18n.translator import Translator
from vigie.table.options import ReadOptions

CASES = Path(__file__).resolve().parents[1] / "table" / "cases"
LARGE = {13, 31}
CLEAN = "00_clean.csv"

Predict = Callable[..., Prediction]
Match = Callable[..., table_matching.MatchResult]


@pytest.fixture(scope="session")
def predict(catalog: Catalog) -> Predict:
    """`predict(name, **options)` scores one of the cases."""

    def run(name: str, **options: Any) -> Prediction:
        return pipeline.predict(
            tables.read(CASES / name), ScoringContext(catalog, opener, Options(**options))
        )

    return run


@pytest.fixture(scope="session")
def match(catalog: Catalog) -> Match:
    """`match(name, **options)` finds the roles of one of the cases."""

    def run(name: str, **options: Any) -> table_matching.MatchResult:
        return table_matching.match(
            tables.read(CASES / name), ScoringContext(catalog, opener, Options(**options))
        )

    return run


@pytest.fixture(scope="session")
def clean_ranks(predict: Predict) -> dict[int, int]:
    """The ranks of the two large amounts in the clean table."""
    return ranks(predict(CLEAN))


def ranks(found: Prediction) -> dict[int, int]:
    """Row -> its rank, 1 the most suspicious, of the two large amounts."""
    score = found.additions["fraud_score"]
    return {row: int((score > score[row - 1]).sum()) + 1 for row in LARGE}


def unreadable(read: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Column -> its unreadable cells."""
    return {column["column"]: column["unreadable"] for column in read["columns"]}


def roles(found: table_matching.MatchResult) -> dict[str, str]:
    """Column -> its role."""
    return {column.column: column.role for column in found.roles.columns}


@pytest.mark.parametrize(
    ("name", "column", "role", "count", "first"),
    [
        ("01_date_one_bad_cell.csv", "Date", "time", 1, 6),
        ("02_amount_one_bad_cell.csv", "Amount", "amount", 1, 6),
        ("40_date_impossible_day.csv", "Date", "time", 1, 6),
        ("27_amount_em_dash.csv", "Amount", "amount", 8, 5),
    ],
)
def test_unreadable_cells_are_counted(
    match: Match, name: str, column: str, role: str, count: int, first: int
) -> None:
    """A column keeps its type and role; the cells are empty, counted, and named by a warning."""
    found = match(name)
    assert roles(found)[column] == role
    cells = unreadable(found.read)[column]
    assert (cells["count"], cells["first_rows"][0]) == (count, first)
    (warning,) = found.read["warnings"]
    assert (warning["severity"], warning["column"]) == ("warning", column)
    assert f"{count} of 60 cells" in warning["text"]
    table = tables.read(CASES / name)
    assert table.typed[column][first - 1] is None
    assert table.frame[column][first - 1] != ""


@pytest.mark.parametrize(
    "name", ["01_date_one_bad_cell.csv", "02_amount_one_bad_cell.csv", "27_amount_em_dash.csv"]
)
def test_the_ranking_is_that_of_the_clean_table(
    predict: Predict, clean_ranks: dict[int, int], name: str
) -> None:
    """The large amounts stay among the first rows."""
    found = ranks(predict(name))
    assert all(abs(found[row] - clean_ranks[row]) <= 2 for row in LARGE), (found, clean_ranks)


@pytest.mark.parametrize(
    "name",
    [
        "20_amount_ksh.csv",
        "21_amount_rs_dot.csv",
        "23_amount_dr_cr.csv",
        "24_amount_dollar_paren.csv",
        "25_amount_arabic_digits.csv",
    ],
)
def test_money_is_read(predict: Predict, clean_ranks: dict[int, int], name: str) -> None:
    """However an amount is written, its values and the ranking are those of the clean table."""
    clean, table = tables.read(CASES / CLEAN), tables.read(CASES / name)
    assert table.typed["Amount"].to_list() == clean.typed["Amount"].to_list()
    assert ranks(predict(name)) == clean_ranks


@pytest.mark.parametrize(
    "name",
    [
        "30_date_03-janv.-24.csv",
        "32_date_20240103_1358.csv",
        "33_date_202401031358.csv",
        "35_date_rfc2822.csv",
        "37_date_dotted_time.csv",
        "38_date_mercredi.csv",
        "39_date_yymmdd.csv",
    ],
)
def test_dates_are_read(match: Match, name: str) -> None:
    """However a date is written, its day is that of the clean table."""
    clean, table = tables.read(CASES / CLEAN), tables.read(CASES / name)
    assert table.typed["Date"].dt.date().to_list() == clean.typed["Date"].dt.date().to_list()
    assert roles(match(name))["Date"] == "time"
    assert table.report.columns == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("05_paid_in_withdrawn.csv", {"Paid In": "amount", "Withdrawn": "amount"}),
        ("07_debit_credit_balance.csv", {"Debit": "amount", "Credit": "amount"}),
        ("68_orange_money_bare_table.csv", {"Débit": "amount", "Crédit": "amount"}),
        ("08_gross_fee_net.csv", {"Gross": "amount", "Fee": "number", "Net": "number"}),
        (
            "10_psp_settlement.csv",
            {
                "Gross Debit (GC)": "amount",
                "Gross Credit (GC)": "amount",
                "Net Debit (NC)": "number",
                "Scheme Fees (NC)": "number",
                "Merchant Reference": "row_id",
            },
        ),
        ("11_damage_consistency.csv", {"claim_amount": "amount", "damage_consistency": "number"}),
        ("12_upi_handle_email.csv", {"sender_upi": "customer", "receiver_upi": "counterparty"}),
        ("14_warning_on_stderr.csv", {"Commission (NC)": "number", "Scheme Fees (NC)": "number"}),
    ],
)
def test_roles(match: Match, name: str, expected: dict[str, str]) -> None:
    """Debit and credit are one amount, gross comes before fee and net, and values say what names do not."""
    found = roles(match(name))
    assert {column: found[column] for column in expected} == expected


@pytest.mark.parametrize("name", ["07_debit_credit_balance.csv", "68_orange_money_bare_table.csv"])
def test_debit_and_credit_are_one_amount(predict: Predict, name: str) -> None:
    """A large amount is found on either side."""
    found = ranks(predict(name))
    assert max(found.values()) <= 5, found


def test_no_warning_on_stderr(predict: Predict, recwarn: pytest.WarningsRecorder) -> None:
    """Columns of fees with many empty cells raise no warning of a library."""
    predict("14_warning_on_stderr.csv")
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize(
    ("name", "header", "rows", "aside"),
    [
        ("03_footer_total.csv", 1, 60, [(62, "total")]),
        ("62_preamble_two_cells.csv", 5, 60, []),
        ("64_trailing_sep_header_two.csv", 1, 60, []),
        ("66_orange_money_full.csv", 4, 60, [(65, "total"), (66, "total")]),
        ("67_duplicate_header_names.csv", 1, 60, []),
    ],
)
def test_the_table_is_found(
    match: Match, name: str, header: int, rows: int, aside: list[tuple[int, str]]
) -> None:
    """Lines above the header are skipped, totals are set aside, and missing and repeated names get others."""
    table = tables.read(CASES / name)
    assert table.frame.height == rows
    assert table.report.header_line == header
    assert [(one.line, one.reason) for one in table.report.set_aside] == aside
    assert roles(match(name))["Date"] == "time"


@pytest.mark.parametrize(
    ("name", "words"),
    [("60_fixed_width.txt", "looks like several"), ("61_json_lines.csv", "JSON")],
)
def test_other_layouts_are_refused(name: str, words: str) -> None:
    """What is no CSV is refused by what it is."""
    with pytest.raises(UnreadableTable, match=words) as caught:
        tables.read(CASES / name)
    assert caught.value.hint


def test_names_come_back(tmp_path: Path) -> None:
    """Missing and repeated names are written as they were, and read again."""
    for name in ("64_trailing_sep_header_two.csv", "67_duplicate_header_names.csv"):
        table = tables.read(CASES / name)
        header = (CASES / name).read_text("utf-8").splitlines()[0]
        added = pl.DataFrame({"fraud_score": [0.5] * table.frame.height})
        tables.write(table, added, tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()[0] == f"{header};fraud_score"
        again = tables.read(tmp_path / "out.csv")
        assert again.frame.drop("fraud_score").equals(table.frame)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("50_cp1250.csv", ["Datum", "Zákazník", "Příjemce", "Typ", "Částka"]),
        ("51_cp1251.csv", ["Дата", "Клиент", "Получатель", "Тип", "Сумма"]),
    ],
)
def test_code_pages(name: str, columns: list[str]) -> None:
    """Names of columns are never in the wrong letters."""
    assert tables.read(CASES / name).frame.columns == columns


def test_workbooks(predict: Predict, match: Match) -> None:
    """The sheet with the table is read, below its title; formulas without a value and merged cells are named."""
    second = match("70_second_sheet.xlsx").read
    assert (second["sheet"], second["other_sheets"]) == ("Transactions", ["Summary"])
    assert any("Summary" in warning["text"] for warning in second["warnings"])
    chosen = tables.read(CASES / "70_second_sheet.xlsx", options=ReadOptions(sheet="1"))
    assert chosen.report.sheet == "Summary"
    with pytest.raises(NotFound, match="sheet"):
        tables.read(CASES / "70_second_sheet.xlsx", options=ReadOptions(sheet="Other"))
    title = tables.read(CASES / "71_merged_title.xlsx")
    assert (title.report.header_line, title.frame.height) == (4, 60)
    formula = match("73_formula_without_value.xlsx").read["warnings"]
    assert formula[0]["severity"] == "error"
    assert any("formulas have no stored value" in warning["text"] for warning in formula)
    merged = tables.read(CASES / "74_merged_customer_cells.xlsx")
    assert merged.frame["Customer"].null_count() > 0
    assert merged.typed["Customer"].null_count() == 0
    assert any("merged" in note for note in merged.report.notes)


def test_a_report_without_probabilities_still_names_alerts(predict: Predict) -> None:
    """Where Vigie abstains, it does not say that no row is an alert: the first of the ranking is one."""
    found = predict("80_abstains_no_alert.csv")
    alerts = found.additions.filter(found.additions["alert"] == 1)
    assert not found.summary["calibrated"]
    assert found.summary["alerts"] == alerts.height >= 1
    assert alerts["fraud_score"].max() == found.additions["fraud_score"].max()
    console = Console(file=io.StringIO(), width=200)
    for language in ("en", "fr"):
        t = Translator(language)
        with console.capture() as printed:
            console.print(*report(found.summary, t, source="t", width=200), sep="\n")
        assert t("cli.no_alerts") not in printed.get()
        assert t("cli.still_ranks") in printed.get()


def with_texts(every: int) -> pl.DataFrame:
    frame = tables.read(CASES / CLEAN).frame
    texts = [f"note {i}" if i % every == 0 else cell for i, cell in enumerate(frame["Amount"])]
    return frame.with_columns(Amount=pl.Series(texts))


def test_a_silent_amount_is_an_error_of_the_report(catalog: Catalog) -> None:
    """A column named as the amount that gives no number comes first, with the option that mends it."""
    context = ScoringContext(catalog, opener)
    found = table_matching.match(tables.from_frame(with_texts(3)), context)
    first, second = found.read["warnings"]
    assert (first["severity"], first["column"]) == ("error", "Amount")
    assert "--role amount=" in first["hint"]["template"]
    assert "Amount is read as text: 20 of 60 cells" in second["text"]


def test_a_chosen_role_without_a_value_is_refused(catalog: Catalog) -> None:
    """A role that reads no cell of its column is an error, not an option without effect."""
    context = ScoringContext(catalog, opener, Options(roles={"Amount": "amount"}))
    with pytest.raises(InputRefused, match=r"'Amount'.*no cell.*expected numbers"):
        table_matching.match(tables.from_frame(with_texts(3)), context)
    context = ScoringContext(catalog, opener, Options(roles={"Customer": "time"}))
    with pytest.raises(InputRefused, match=r"'Customer'.*no cell.*expected dates"):
        table_matching.match(tables.read(CASES / CLEAN), context)
