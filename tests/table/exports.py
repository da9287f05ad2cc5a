"""Exports as banks, mobile money, card processors and insurers write them: layouts of our own making, invented values.

Each has metadata above its header, totals below, units, two columns of debit and credit, code pages, dates and amounts as they are
usual in its country. The generator is seeded: the same bytes each time.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import xlsxwriter

ROWS = 48
_MONTHS = {
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "fr": ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
    "es": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
    "pt": ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"],
}


@dataclass(frozen=True)
class Export:
    """A file, and how it is to be read.

    Attributes:
        name: of the file.
        data: its bytes.
        roles: column -> role, for the columns that matter.
        rows: number of rows.
        set_aside: reason of each line set aside, in the order of the file.
        total: sum of the amounts, without their signs.
    """

    name: str
    data: bytes
    roles: dict[str, str]
    rows: int = ROWS
    set_aside: tuple[str, ...] = ()
    total: float = 0.0


@dataclass(frozen=True)
class Move:
    """One movement of money."""

    at: datetime
    name: str
    amount: float
    balance: float
    number: int


def moves(seed: int, *, whole: bool = False) -> list[Move]:
    """Movements of eight weeks, about a third of them incoming."""
    draw, at, balance, found = random.Random(seed), datetime(2024, 1, 3, 8, 12), 5000.0, []
    names = [
        "DUPONT",
        "Mamadou Ba",
        "ACME Lda",
        "Lucía Gil",
        "Shop 24",
        "J. Smith",
        "Ferme Bio",
        "Otieno",
        "Awa Sow",
        "R. Costa",
        "Café Sol",
        "Uber",
    ]
    for number in range(ROWS):
        at += timedelta(hours=draw.randint(3, 46), minutes=draw.randint(0, 59), seconds=draw.randint(0, 59))
        size = round(draw.lognormvariate(4.6, 1.1), 2)
        amount = float(round(size)) if whole else size
        amount = max(1.0, amount) * (1 if draw.random() < 0.35 else -1)
        balance = round(balance + amount, 2)
        found.append(Move(at, draw.choice(names), amount, balance, 7_000_000 + number * 13))
    return found


def european(value: float, thousands: str = " ") -> str:
    """1 234,50"""
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", thousands)


def text(lines: Sequence[str], encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    """Lines as the bytes of a file."""
    return (end.join(lines) + end).encode(encoding)


def commas(
    rows: Sequence[Sequence[object]], *, quoting: int = csv.QUOTE_MINIMAL, separator: str = ","
) -> list[str]:
    """Rows as lines of a CSV."""
    out = io.StringIO()
    csv.writer(out, quoting=quoting, delimiter=separator, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return out.getvalue().splitlines()


def workbook(
    rows: Sequence[Sequence[object]],
    *,
    merged: Sequence[tuple[int, int, int]] = (),
    top: int = 0,
    left: int = 0,
) -> bytes:
    """Rows as a sheet that begins at a cell; `merged` has row, first and last column."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, day = book.add_worksheet("Hoja1"), book.add_format({"num_format": "dd/mm/yyyy"})
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(top + y, left + x, cell, day)
            elif cell is not None:
                sheet.write(top + y, left + x, cell)
    for row, first, last in merged:
        sheet.merge_range(top + row, left + first, top + row, left + last, rows[row][first])
    book.close()
    return out.getvalue()


# French


def societe_generale() -> Export:
    """Metadata in one line of six cells, one of them a formula; Latin-1."""
    found = moves(1)
    return Export(
        "00012345678.csv",
        text(
            [
                '="0000 00012345678";01/01/2024;29/02/2024;48;29/02/2024;5 012,77 EUR',
                "",
                "Date de l'opération;Libellé;Détail de l'écriture;Montant de l'opération;Devise",
                *(
                    f"{m.at:%d/%m/%Y};{'VIR RECU' if m.amount > 0 else 'CARTE X1234'};{m.name} {m.at:%d/%m} COMMERCE ELECTRONIQUE;{european(m.amount)};EUR"
                    for m in found
                ),
            ],
            "cp1252",
        ),
        {"Date de l'opération": "time", "Montant de l'opération": "amount"},
        total=sum(abs(m.amount) for m in found),
    )


def credit_agricole() -> Export:
    """Eight lines of letterhead, cells of several lines, separators at the end of each line; Latin-1."""
    found = moves(2)
    return Export(
        "CA20240305_093012.csv",
        text(
            [
                "Téléchargement du 05/03/2024;",
                "",
                "M. MARTIN PAUL ;",
                "Compte de Dépôt n° 12345678901 ;",
                "Solde au 05/03/2024 5 012,77 €;",
                "",
                "Liste des opérations du compte entre le 01/01/2024 et le 05/03/2024;",
                "",
                "Date;Libellé;Débit euros;Crédit euros;",
                *(
                    f'{m.at:%d/%m/%Y};"{"VIREMENT EN VOTRE FAVEUR" if m.amount > 0 else "PAIEMENT PAR CARTE"}\n{m.name}\n";'
                    f"{european(-m.amount) if m.amount < 0 else ''};{european(m.amount) if m.amount > 0 else ''};"
                    for m in found
                ),
            ],
            "cp1252",
        ),
        {"Date": "time", "Débit euros": "amount", "Crédit euros": "amount"},
        total=sum(abs(m.amount) for m in found),
    )


def banque_postale() -> Export:
    """Pairs of a name and a value above the header; the amount in two currencies of a fixed rate."""
    found = moves(3)
    return Export(
        "1234567A020.tsv",
        text(
            [
                "Numéro Compte   \t1234567A020", "Type         \tCCP", "Compte tenu en  \teuros", "Date            \t05/03/2024",
                "Solde (EUROS)   \t5012,77", "Solde (FRANCS)   \t32881,62", "",
                "Date\tLibellé\tMontant(EUROS)\tMontant(FRANCS)",
                *(f"{m.at:%d/%m/%Y}\tACHAT CB {m.name} {m.at:%d.%m.%y}\t{m.amount:.2f}\t{m.amount * 6.55957:.2f}" for m in found),
            ],
            "cp1252",
        ),
        {"Date": "time", "Montant(EUROS)": "amount"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def online_bank_fr() -> Export:
    """Camel case names, a byte order mark, and a balance in each row."""
    found = moves(4)
    return Export(
        "export-operations-05-03-2024.csv",
        text(
            [
                "dateOp;dateVal;label;category;categoryParent;supplierFound;amount;comment;accountNum;accountLabel;accountbalance",
                *(
                    f'{m.at:%Y-%m-%d};{m.at:%Y-%m-%d};"CARTE {m.at:%d/%m/%y} {m.name}";"Alimentation";"Vie quotidienne";"{m.name.lower()}";{european(m.amount)};;00040123456;"BoursoBank";{european(m.balance)}'
                    for m in found
                ),
            ],
            "utf-8-sig",
        ),
        {"dateOp": "time", "amount": "amount"},
        total=sum(abs(m.amount) for m in found),
    )


def broker_bank_fr() -> Export:
    """Debits that are negative already, in a column of their own; a trailing separator."""
    found = moves(5)
    return Export(
        "HistoriqueOperations.csv",
        text(
            [
                "Date opération;Date valeur;libellé;Débit;Crédit;",
                *(
                    f"{m.at:%d/%m/%Y};{m.at + timedelta(days=1):%d/%m/%Y};CARTE {m.name};{european(m.amount, '') if m.amount < 0 else ''};{european(m.amount, '') if m.amount > 0 else ''};"
                    for m in found
                ),
            ],
            "cp1252",
        ),
        {"Date opération": "time", "Débit": "amount", "Crédit": "amount"},
        total=sum(abs(m.amount) for m in found),
    )


def paris_bank() -> Export:
    """A line about the account above the header, of as many cells as the header has."""
    found = moves(6)
    return Export(
        "E0012345678.csv",
        text(
            [
                "Compte de chèques;Compte de chèques;****1234;05/03/2024;5012,77",
                "Date operation;Libelle court;Type operation;Libelle operation;Montant operation en euro",
                *(
                    f"{m.at:%d-%m-%Y};PAIEMENT CB;FACTURE CARTE;DU {m.at:%d%m%y} {m.name} CARTE 4974XXXXXXXX;{european(m.amount)}"
                    for m in found
                ),
            ],
            "cp1252",
        ),
        {"Date operation": "time", "Montant operation en euro": "amount"},
        total=sum(abs(m.amount) for m in found),
    )


def orange_money() -> Export:
    """A title, a period, the balances before and after, a total; amounts in francs CFA."""
    found = moves(7, whole=True)
    debit = sum(-m.amount for m in found if m.amount < 0)
    return Export(
        "releve_om.csv",
        text(
            [
                "Orange Money Sénégal;;;;;;;",
                "Relevé de compte du 01/01/2024 au 29/02/2024;;;;;;;",
                "Numéro : 77 123 45 67;;;;;Solde initial : 5 000 FCFA;;",
                ";;;;;;;",
                "N°;Date;Heure;Référence;Service;Correspondant;Débit (FCFA);Crédit (FCFA)",
                *(
                    f"{i};{m.at:%d/%m/%Y};{m.at:%H:%M:%S};PP240103.{m.number}.A{i:05};{'Transfert reçu' if m.amount > 0 else 'Paiement'};77{m.number % 90 + 1000000};"
                    f"{f'{-m.amount:,.0f}'.replace(',', ' ') if m.amount < 0 else ''};{f'{m.amount:,.0f}'.replace(',', ' ') if m.amount > 0 else ''}"
                    for i, m in enumerate(found, 1)
                ),
                f"TOTAL;;;;;;{debit:,.0f};{sum(m.amount for m in found if m.amount > 0):,.0f}".replace(
                    ",", " "
                ),
            ],
            "utf-8-sig",
        ),
        {
            "Date": "time",
            "Débit (FCFA)": "amount",
            "Crédit (FCFA)": "amount",
            "Correspondant": "counterparty",
        },
        set_aside=("total",),
        total=sum(abs(m.amount) for m in found),
    )


def wave() -> Export:
    """Dates with the month's name and a comma; amounts with points for thousands and F."""
    found = moves(8, whole=True)
    return Export(
        "wave-transactions.csv",
        text(
            commas(
                [
                    [
                        "Date et heure",
                        "ID de la transaction",
                        "Montant",
                        "Frais",
                        "Solde",
                        "Nom du correspondant",
                        "Numéro du correspondant",
                    ],
                    *(
                        [
                            f"{m.at.day} {_MONTHS['fr'][m.at.month - 1]} {m.at.year}, {m.at:%H:%M}",
                            f"T_{m.number:X}",
                            f"{m.amount:,.0f}F".replace(",", "."),
                            f"{abs(m.amount) * 0.01:.0f}F",
                            f"{m.balance:,.0f}F".replace(",", "."),
                            m.name,
                            f"+22177{m.number % 9000 + 1000000}",
                        ]
                        for m in found
                    ),
                ]
            ),
            end="\n",
        ),
        {
            "Date et heure": "time",
            "Montant": "amount",
            "Solde": "balance_after",
            "Numéro du correspondant": "counterparty",
        },
        total=sum(abs(m.amount) for m in found),
    )


def claims_fr() -> Export:
    """A list of claims: several dates and amounts, a line of units, a total; CP850, as an old mainframe writes."""
    found = moves(9)
    return Export(
        "sinistres.txt",
        text(
            [
                "N° sinistre;N° police;Assuré;Date de survenance;Date de déclaration;Nature du sinistre;Montant réclamé;Montant réglé;Provision;Garage agréé",
                ";;;jj/mm/aaaa;jj/mm/aaaa;;EUR;EUR;EUR;",
                *(
                    f"S{m.number};P{m.number % 17:06};{m.name};{m.at:%d/%m/%Y};{m.at + timedelta(days=3):%d/%m/%Y};{'Bris de glace' if m.number % 2 else 'Dégât des eaux'};{european(abs(m.amount) * 9)};{european(abs(m.amount) * 7)};{european(abs(m.amount))};GARAGE {m.number % 19}"
                    for m in found
                ),
                f"Total général;;;;;;{european(sum(abs(m.amount) * 9 for m in found))};{european(sum(abs(m.amount) * 7 for m in found))};{european(sum(abs(m.amount) for m in found))};",
            ],
            "cp850",
        ),
        {
            "N° sinistre": "row_id",
            "Date de survenance": "time",
            "Montant réclamé": "amount",
            "Garage agréé": "counterparty",
        },
        set_aside=("units", "total"),
        total=sum(abs(m.amount) * 9 for m in found),
    )


# English


def mpesa() -> Export:
    """Lines of the organisation above the header, amounts in quotes, withdrawn ones negative."""
    found = moves(11)
    return Export(
        "ORG_600123_Utility_Account.csv",
        text(
            [
                "Short Code:,600123,,,,,,,", "Account:,Utility Account,,,,,,,", "Time Period:,From 03-01-2024 00:00:00 To 29-02-2024 23:59:59,,,,,,,",
                "Operator:,web,,,,,,,", "Opening Balance:,\"5,000.00\",,,,,,,", "",
                *commas([
                    ["Receipt No.", "Completion Time", "Initiation Time", "Details", "Transaction Status", "Paid In", "Withdrawn", "Balance", "Other Party Info"],
                    *([f"SA3{m.number:X}Q", f"{m.at:%d-%m-%Y %H:%M:%S}", f"{m.at:%d-%m-%Y %H:%M:%S}", "Pay Bill from 2547*****", "Completed", f"{m.amount:,.2f}" if m.amount > 0 else "", f"{m.amount:,.2f}" if m.amount < 0 else "", f"{m.balance:,.2f}", f"2547{m.number % 9000 + 10000000} - {m.name}"] for m in found),
                ]),
            ],
        ),
        {"Completion Time": "time", "Paid In": "amount", "Withdrawn": "amount", "Balance": "balance_after", "Other Party Info": "counterparty", "Receipt No.": "row_id"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def revolut() -> Export:
    """Plain, with a fee beside the amount and a pending row without a completed date."""
    found = moves(12)
    return Export(
        "account-statement_2024-01-01.csv",
        text(
            commas([
                ["Type", "Product", "Started Date", "Completed Date", "Description", "Amount", "Fee", "Currency", "State", "Balance"],
                *(["TOPUP" if m.amount > 0 else "CARD_PAYMENT", "Current", f"{m.at:%Y-%m-%d %H:%M:%S}", "" if i == 7 else f"{m.at:%Y-%m-%d %H:%M:%S}", f"To {m.name}", f"{m.amount:.2f}", "0.00", "EUR", "PENDING" if i == 7 else "COMPLETED", f"{m.balance:.2f}"] for i, m in enumerate(found)),
            ]),
            end="\n",
        ),
        {"Started Date": "time", "Amount": "amount", "Balance": "balance_after"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def stripe() -> Export:
    """Names with units in brackets, refunds and converted amounts beside the amount."""
    found = moves(13)
    return Export(
        "unified_payments.csv",
        text(
            commas([
                ["id", "Created date (UTC)", "Amount", "Amount Refunded", "Currency", "Captured", "Converted Amount", "Decline Reason", "Description", "Fee", "Status", "Customer ID", "Customer Email", "Card Last4", "Card Brand"],
                *([f"ch_3{m.number:X}LkdIw", f"{m.at:%Y-%m-%d %H:%M:%S}", f"{abs(m.amount):.2f}", "0.00", "usd", "true", f"{abs(m.amount):.2f}", "", f"Order {m.number}", f"{abs(m.amount) * 0.029 + 0.3:.2f}", "Paid", f"cus_{m.number % 7:06}X", f"{m.name.lower().replace(' ', '.')}@example.com", f"{m.number % 10000:04}", "Visa"] for m in found),
            ]),
        ),
        {"Created date (UTC)": "time", "Amount": "amount", "Fee": "number", "Customer ID": "customer", "id": "row_id"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def sumup() -> Export:
    """Total, subtotal, tax, tip, fee and payout: the total is the amount."""
    found = moves(14)
    return Export(
        "transactions-report.csv",
        text(
            commas([
                ["Email", "Date", "Transaction ID", "Transaction Type", "Status", "Card Type", "Last 4 digits", "Payment Method", "Entry Mode", "Description", "Total", "Net", "Tax Amount", "Tip Amount", "Fee", "Payout"],
                *(["till@example.com", f"{m.at:%Y-%m-%d %H:%M}", f"T{m.number:X}", "Sale", "Successful", "MASTERCARD", f"{m.number % 10000:04}", "Card", "contactless", "Custom amount", f"{abs(m.amount):.2f}", f"{abs(m.amount) * 0.83:.2f}", f"{abs(m.amount) * 0.17:.2f}", "0.00", f"{abs(m.amount) * 0.0169:.2f}", f"{abs(m.amount) * 0.9831:.2f}"] for m in found),
            ]),
        ),
        {"Date": "time", "Total": "amount", "Fee": "number", "Tax Amount": "number"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def square() -> Export:
    """Date, time and zone in three columns; money with a dollar sign, refunds in brackets."""
    found = moves(15)
    return Export(
        "items-2024-01-01-2024-03-01.csv",
        text(
            commas([
                ["Date", "Time", "Time Zone", "Gross Sales", "Discounts", "Net Sales", "Tax", "Tip", "Total Collected", "Source", "Card Entry Methods", "Fees", "Net Total", "Transaction ID", "Card Brand", "PAN Suffix", "Staff Name", "Customer Name"],
                *([f"{m.at:%m/%d/%y}", f"{m.at:%I:%M:%S %p}", "Eastern Time (US & Canada)", f"${abs(m.amount):,.2f}" if i % 9 else f"(${abs(m.amount):,.2f})", "$0.00", f"${abs(m.amount):,.2f}", "$0.00", "$0.00", f"${abs(m.amount):,.2f}", "Register", "Tapped", f"-${abs(m.amount) * 0.026:,.2f}", f"${abs(m.amount) * 0.974:,.2f}", f"{m.number:X}TVPZN", "Visa", f"{m.number % 10000:04}", f"Staff {m.number % 3}", m.name] for i, m in enumerate(found)),
            ], quoting=csv.QUOTE_ALL),
        ),
        {"Date": "time", "Gross Sales": "amount", "Fees": "number", "Net Total": "number"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def indian_bank() -> Export:
    """A row of stars under the header, dates of two digits, a summary below the table."""
    found = moves(16)
    return Export(
        "Acct_Statement_XX1234.txt",
        text(
            [
                "HDFC BANK Ltd.                                      Page No .: 1,,,,,,",
                "MR OTIENO,,,,Account Branch :MG ROAD,,",
                "Statement From  : 01/01/2024 To : 29/02/2024,,,,,,",
                "********,**********************,**********,********,**********,**********,**********",
                "Date,Narration,Chq./Ref.No.,Value Dt,Withdrawal Amt.,Deposit Amt.,Closing Balance",
                "********,**********************,**********,********,**********,**********,**********",
                *(
                    f"{m.at:%d/%m/%y},UPI-{m.name}-{m.number}@OKBANK,{m.number:016},{m.at:%d/%m/%y},{f'{-m.amount:.2f}' if m.amount < 0 else ''},{f'{m.amount:.2f}' if m.amount > 0 else ''},{m.balance:.2f}"
                    for m in found
                ),
                "********,**********************,**********,********,**********,**********,**********",
                "STATEMENT SUMMARY  :-,,,,,,",
                "Opening Balance,Dr Count,Cr Count,Debits,Credits,Closing Bal,",
                f"5000.00,31,17,{sum(-m.amount for m in found if m.amount < 0):.2f},{sum(m.amount for m in found if m.amount > 0):.2f},{found[-1].balance:.2f},",
            ],
        ),
        {
            "Date": "time",
            "Withdrawal Amt.": "amount",
            "Deposit Amt.": "amount",
            "Closing Balance": "balance_after",
        },
        set_aside=("ruler", "ruler", "footer", "footer", "footer"),
        total=sum(abs(m.amount) for m in found),
    )


def chase() -> Export:
    """A trailing separator on the rows only, so that each row has a cell more than the header."""
    found = moves(17)
    return Export(
        "Chase1234_Activity_20240305.CSV",
        text(
            [
                "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #",
                *(
                    f'{"CREDIT" if m.amount > 0 else "DEBIT"},{m.at:%m/%d/%Y},"{m.name}  ID: {m.number}",{m.amount:.2f},ACH_DEBIT,{m.balance:.2f},,'
                    for m in found
                ),
            ],
            end="\n",
        ),
        {"Posting Date": "time", "Amount": "amount", "Balance": "balance_after"},
        total=sum(abs(m.amount) for m in found),
    )


def nigerian_bank() -> Export:
    """A workbook with a merged title, a block of the account, and a header in row 8."""
    found = moves(18)
    rows: list[list[object]] = [
        ["CUSTOMER STATEMENT", None, None, None, None, None, None],
        ["Print. Date", "05-Mar-2024", None, "Branch Name", "Lagos Island", None, None],
        ["Account No", "'0123456789", None, "Opening Balance", 5000, None, None],
        [],
        ["Trans. Date", "Value. Date", "Reference", "Debits", "Credits", "Balance", "Remarks"],
        *(
            [
                f"{m.at:%d-%b-%Y}",
                f"{m.at:%d-%b-%Y}",
                f"'{m.number}",
                -m.amount if m.amount < 0 else None,
                m.amount if m.amount > 0 else None,
                m.balance,
                f"TRANSFER BETWEEN CUSTOMERS {m.name}",
            ]
            for m in found
        ),
        [
            "Total",
            None,
            None,
            sum(-m.amount for m in found if m.amount < 0),
            sum(m.amount for m in found if m.amount > 0),
            None,
            None,
        ],
    ]
    return Export(
        "statement.xlsx",
        workbook(rows, merged=[(0, 0, 6)]),
        {"Trans. Date": "time", "Debits": "amount", "Credits": "amount", "Balance": "balance_after"},
        set_aside=("total",),
        total=sum(abs(m.amount) for m in found),
    )


def claims_en() -> Export:
    """Losses, reserves and the total incurred; dates with the month's name."""
    found = moves(19)
    return Export(
        "claims_listing.csv",
        text(
            [
                "Bordereau: Motor Q1 2024",
                "Prepared: 5 March 2024",
                "",
                *commas([
                    ["Claim Number", "Policy Number", "Insured Name", "Date of Loss", "Date Reported", "Cause of Loss", "Claim Amount ($)", "Paid Expense ($)", "Outstanding Reserve ($)", "Adjuster", "Repair Shop"],
                    *([f"CLM-{m.number}", f"POL{m.number % 17:05}", m.name, f"{m.at:%b %d, %Y}", f"{m.at + timedelta(days=4):%b %d, %Y}", "Collision" if m.number % 2 else "Theft", f"{abs(m.amount) * 9:,.2f}", f"{abs(m.amount):,.2f}", f"{abs(m.amount) * 2:,.2f}", f"Adjuster {m.number % 4}", f"Shop {m.number % 19}"] for m in found),
                    ["Grand Total", "", "", "", "", "", f"{sum(abs(m.amount) * 9 for m in found):,.2f}", f"{sum(abs(m.amount) for m in found):,.2f}", f"{sum(abs(m.amount) * 2 for m in found):,.2f}", "", ""],
                ]),
            ],
        ),
        {"Claim Number": "row_id", "Date of Loss": "time", "Claim Amount ($)": "amount", "Repair Shop": "counterparty"},
        set_aside=("total",),
        total=sum(abs(m.amount) * 9 for m in found),
    )  # fmt: skip


def momo() -> Export:
    """Sender and receiver, fees, balances, and a direction; the amount's currency in a column."""
    found = moves(20, whole=True)
    return Export(
        "MoMo_Transactions.csv",
        text(
            commas([
                ["Id", "External Transaction Id", "Date", "Status", "Type", "From", "From Name", "To", "To Name", "Amount", "Fee", "Balance", "Currency"],
                *([m.number, f"E{m.number}", f"{m.at:%Y-%m-%d %H:%M:%S}", "Successful", "Transfer" if m.amount < 0 else "Cash in", f"FRI:2567{m.number % 41:08}/MSISDN", m.name, f"FRI:2567{m.number % 23:08}/MSISDN", "Shop", f"{abs(m.amount):.0f}", "0", f"{m.balance:.0f}", "UGX"] for m in found),
            ]),
        ),
        {"Date": "time", "Amount": "amount", "From": "customer", "To": "counterparty"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def n26() -> Export:
    """Two amounts, one of them before the exchange; IBAN of the other side."""
    found = moves(21)
    return Export(
        "MainAccount_2024.csv",
        text(
            commas([
                ["Booking Date", "Value Date", "Partner Name", "Partner Iban", "Type", "Payment Reference", "Account Name", "Amount (EUR)", "Original Amount", "Original Currency", "Exchange Rate"],
                *([f"{m.at:%Y-%m-%d}", f"{m.at:%Y-%m-%d}", m.name, f"DE{m.number % 89:020}", "Presentment", "Ref", "Main Account", f"{m.amount:.2f}", f"{m.amount:.2f}", "EUR", "1.0"] for m in found),
            ], quoting=csv.QUOTE_NONNUMERIC),
        ),
        {"Booking Date": "time", "Amount (EUR)": "amount", "Partner Iban": "counterparty"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def pages() -> Export:
    """A report of several pages: each has a number above it and the header again."""
    found = moves(22)
    lines = []
    for i, m in enumerate(found):
        if i % 16 == 0:
            lines += [f"Page {i // 16 + 1} of 3", "", "Date,Narrative,Debit,Credit,Balance"]
        lines.append(
            f"{m.at:%d %b %Y},{m.name},{-m.amount if m.amount < 0 else ''},{m.amount if m.amount > 0 else ''},{m.balance}"
        )
    return Export(
        "report.csv",
        text(lines, end="\n"),
        {"Date": "time", "Debit": "amount", "Credit": "amount", "Balance": "balance_after"},
        set_aside=("cells", "header", "cells", "header"),
        total=sum(abs(m.amount) for m in found),
    )


def transfers() -> Export:
    """Amounts that are named by the fees they are without: these are no fees."""
    found = moves(23)
    return Export(
        "transaction-history.csv",
        text(
            commas([
                ["ID", "Status", "Direction", "Created on", "Source fee amount", "Source name", "Source amount (after fees)", "Source currency", "Target name", "Exchange rate"],
                *([f"TRANSFER-{m.number}", "COMPLETED", "IN" if m.amount > 0 else "OUT", f"{m.at:%Y-%m-%d %H:%M:%S}", f"{abs(m.amount) * 0.01:.2f}", m.name, f"{abs(m.amount):.2f}", "EUR", f"Shop {m.number % 23}", "1.0"] for m in found),
            ]),
        ),
        {"Created on": "time", "Source amount (after fees)": "amount", "Source fee amount": "number", "Target name": "counterparty"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def wallet_fr() -> Export:
    """Before the commission, the commission, and net; date, hour and zone apart."""
    found = moves(10)
    return Export(
        "Download.CSV",
        text(
            commas([
                ["Date", "Heure", "Fuseau horaire", "Nom", "Type", "Devise", "Avant commission", "Commission", "Net", "Numéro de transaction", "Solde"],
                *([f"{m.at:%d/%m/%Y}", f"{m.at:%H:%M:%S}", "CET", m.name, "Paiement", "EUR", european(m.amount), european(-abs(m.amount) * 0.03), european(m.amount - abs(m.amount) * 0.03), f"{m.number:X}XX", european(m.balance)] for m in found),
            ], quoting=csv.QUOTE_ALL),
            "utf-8-sig",
        ),
        {"Date": "time", "Avant commission": "amount", "Commission": "number", "Net": "number", "Solde": "balance_after"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


# Spanish


def bbva() -> Export:
    """A workbook whose table begins at C5, with two columns of the same name."""
    found = moves(31)
    rows: list[list[object]] = [
        ["Últimos movimientos", None, None, None, None, None, None, None, None],
        ["Fecha de la consulta: 05/03/2024", None, None, None, None, None, None, None, None],
        [],
        [
            "F.Valor",
            "Fecha",
            "Concepto",
            "Movimiento",
            "Importe",
            "Divisa",
            "Disponible",
            "Divisa",
            "Observaciones",
        ],
        *(
            [
                m.at.replace(hour=0, minute=0, second=0),
                m.at.replace(hour=0, minute=0, second=0),
                f"Pago con tarjeta en {m.name}",
                "4940197165 TARJETA",
                m.amount,
                "EUR",
                m.balance,
                "EUR",
                f"{m.number}",
            ]
            for m in found
        ),
    ]
    return Export(
        "Movimientos.xlsx",
        workbook(rows, top=1, left=2, merged=[(0, 0, 4)]),
        {"Fecha": "time", "Importe": "amount"},
        total=sum(abs(m.amount) for m in found),
    )


def caixabank() -> Export:
    """The currency glued to each amount."""
    found = moves(32)
    return Export(
        "Movimientos_cuenta_0123456.csv",
        text(
            [
                "Concepto;Fecha;Importe;Saldo",
                *(
                    f"{'TRANSFERENCIA' if m.amount > 0 else 'COMPRA'} {m.name};{m.at:%d/%m/%Y};{european(m.amount, '.')}EUR;{european(m.balance, '.')}EUR"
                    for m in found
                ),
            ],
            "cp1252",
        ),
        {"Fecha": "time", "Importe": "amount", "Saldo": "balance_after"},
        total=sum(abs(m.amount) for m in found),
    )


def santander() -> Export:
    """Lines of the account padded with separators; negative amounts with the typographic minus."""
    found = moves(33)
    return Export(
        "export2024035.csv",
        text(
            [
                "CUENTA;ES12 0049 0001 5012 3456 7890;;;",
                "TITULAR;LUCIA GIL;;;",
                "SALDO;5.012,77 EUR;;;",
                ";;;;",
                "FECHA OPERACIÓN;FECHA VALOR;CONCEPTO;IMPORTE EUR;SALDO",
                *(
                    f"{m.at:%d/%m/%Y};{m.at:%d/%m/%Y};{m.name};{european(m.amount, '.').replace('-', '−')};{european(m.balance, '.').replace('-', '−')}"
                    for m in found
                ),
            ],
        ),
        {"FECHA OPERACIÓN": "time", "IMPORTE EUR": "amount", "SALDO": "balance_after"},
        total=sum(abs(m.amount) for m in found),
    )


def mexican_bank() -> Export:
    """Charges and credits with dollar signs, dates such as 03-ene-24, a title in two lines, a total and a disclaimer."""
    found = moves(34)
    return Export(
        "estado_de_cuenta.csv",
        text(
            [
                '"ESTADO DE CUENTA"',
                '"Periodo: DEL 01/01/2024 AL 29/02/2024"',
                *commas([
                    ["Fecha", "Descripción", "Referencia", "Cargos", "Abonos", "Saldo"],
                    *([f"{m.at.day:02}-{_MONTHS['es'][m.at.month - 1]}-{m.at:%y}", f"SPEI {m.name}", f"{m.number}", f"${-m.amount:,.2f}" if m.amount < 0 else "", f"${m.amount:,.2f}" if m.amount > 0 else "", f"${m.balance:,.2f}"] for m in found),
                    ["Totales", "", "", f"${sum(-m.amount for m in found if m.amount < 0):,.2f}", f"${sum(m.amount for m in found if m.amount > 0):,.2f}", ""],
                ], quoting=csv.QUOTE_ALL),
                "Este documento es informativo y no tiene validez fiscal.",
            ],
            "cp1252",
        ),
        {"Fecha": "time", "Cargos": "amount", "Abonos": "amount", "Saldo": "balance_after"},
        set_aside=("total", "footer"),
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def mercado_pago() -> Export:
    """A small table of balances above the table of movements."""
    found = moves(35)
    return Export(
        "account_statement.csv",
        text(
            [
                "INITIAL_BALANCE;CREDITS;DEBITS;FINAL_BALANCE",
                f"5.000,00;{european(sum(m.amount for m in found if m.amount > 0), '.')};{european(sum(m.amount for m in found if m.amount < 0), '.')};{european(found[-1].balance, '.')}",
                "",
                "RELEASE_DATE;TRANSACTION_TYPE;REFERENCE_ID;TRANSACTION_NET_AMOUNT;PARTIAL_BALANCE",
                *(
                    f"{m.at:%d-%m-%Y};{'Dinero recibido' if m.amount > 0 else 'Pago'} {m.name};{m.number};{european(m.amount, '.')};{european(m.balance, '.')}"
                    for m in found
                ),
            ],
            end="\n",
        ),
        {"RELEASE_DATE": "time", "TRANSACTION_NET_AMOUNT": "amount", "PARTIAL_BALANCE": "balance_after"},
        total=sum(abs(m.amount) for m in found),
    )


def yape() -> Export:
    """A workbook of a wallet: origin and destination, a date with seconds, a kind that says the direction."""
    found = moves(36)
    rows: list[list[object]] = [
        ["Historial de movimientos"],
        [],
        ["Tipo de Transacción", "Origen", "Destino", "Monto", "Mensaje", "Fecha de operación"],
        *(
            [
                "TE PAGÓ" if m.amount > 0 else "PAGASTE",
                m.name if m.amount > 0 else "Lucía Gil",
                "Lucía Gil" if m.amount > 0 else m.name,
                f"S/ {abs(m.amount):,.2f}",
                "",
                f"{m.at:%d/%m/%Y %H:%M:%S}",
            ]
            for m in found
        ),
    ]
    return Export(
        "ReporteYape.xlsx",
        workbook(rows),
        {
            "Fecha de operación": "time",
            "Monto": "amount",
            "Destino": "counterparty",
            "Tipo de Transacción": "category",
        },
        total=sum(abs(m.amount) for m in found),
    )


def claims_es() -> Export:
    """A list of claims with day, month and year written out."""
    found, long = moves(37), ["enero", "febrero", "marzo"]
    return Export(
        "siniestros.csv",
        text(
            [
                "Nº Siniestro;Nº Póliza;Asegurado;Fecha de ocurrencia;Fecha de comunicación;Causa;Importe reclamado (€);Importe pagado (€);Taller",
                *(
                    f"SIN{m.number};PZ{m.number % 17};{m.name};{m.at.day} de {long[m.at.month - 1]} de {m.at.year};{m.at + timedelta(days=2):%d/%m/%Y};Colisión;{european(abs(m.amount) * 9, '.')} €;{european(abs(m.amount), '.')} €;Taller {m.number % 19}"
                    for m in found
                ),
            ],
        ),
        {
            "Nº Siniestro": "row_id",
            "Fecha de ocurrencia": "time",
            "Importe reclamado (€)": "amount",
            "Taller": "counterparty",
        },
        total=sum(abs(m.amount) for m in found),
    )


# Portuguese


def nubank() -> Export:
    """Four columns, an identifier in each row."""
    found = moves(41)
    return Export(
        "NU_12345678_01JAN2024_29FEV2024.csv",
        text(
            commas([
                ["Data", "Valor", "Identificador", "Descrição"],
                *([f"{m.at:%d/%m/%Y}", f"{m.amount:.2f}", f"65{m.number:x}-1c2b-4f", f"Transferência enviada pelo Pix - {m.name} - •••.123.456-••"] for m in found),
            ]),
            end="\n",
        ),
        {"Data": "time", "Valor": "amount", "Identificador": "row_id"},
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def itau() -> Export:
    """Letterhead of several cells; rows of the day's balance among the movements, without an amount."""
    found = moves(42)
    lines = []
    for i, m in enumerate(found):
        lines.append(f"{m.at:%d/%m/%Y};PIX TRANSF {m.name};;{european(m.amount, '.')};")
        if i % 12 == 11:
            lines.append(f"{m.at:%d/%m/%Y};SALDO TOTAL DISPONÍVEL DIA;;;{european(m.balance, '.')}")
    return Export(
        "Extrato Conta Corrente-050320241012.csv",
        text(
            [
                "Logotipo Itaú;;;;", "Atualização:;05/03/2024 às 10:12:55;;;", "Nome:;MARIA DA SILVA;;;", "Agência:;1234;;;", "Conta:;12345-6;;;", ";;;;",
                "Lançamentos;;;;", "data;lançamento;ag./origem;valor (R$);saldos (R$)", *lines,
            ],
            "utf-8-sig",
        ),
        {"data": "time", "valor (R$)": "amount"},
        rows=ROWS + 3,
        set_aside=("total",),
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def banco_do_brasil() -> Export:
    """Every cell in quotes, a trailing separator, the balance as first and last line."""
    found = moves(43)
    return Export(
        "extrato.csv",
        text(
            [
                '"Data","Dependencia Origem","Histórico","Data do Balancete","Número do documento","Valor",',
                f'"{found[0].at:%m/%d/%Y}","","Saldo Anterior","","0","5000.00",',
                *(
                    f'"{m.at:%m/%d/%Y}","0000-0","Pix - {"Recebido" if m.amount > 0 else "Enviado"} {m.name}","","{m.number}","{m.amount:.2f}",'
                    for m in found
                ),
                f'"{found[-1].at:%m/%d/%Y}","","S A L D O","","0","{found[-1].balance:.2f}",',
            ],
            "cp1252",
        ),
        {"Data": "time", "Valor": "amount"},
        set_aside=("total", "total"),
        total=sum(abs(m.amount) for m in found),
    )


def caixa_geral() -> Export:
    """Blanks after each name and cell, letterhead, a balance below the table."""
    found = moves(44)
    return Export(
        "comprovativo.csv",
        text(
            [
                "Consultar saldos e movimentos à ordem - 05-03-2024", "", "Conta ;0123004567800 - EUR - Conta Extracto ", "Data de início ;03-01-2024", "Data de fim ;29-02-2024", "",
                "Data mov. ;Data valor ;Descrição ;Débito ;Crédito ;Saldo contabilístico ;Saldo disponível ;Categoria ;",
                *(f"{m.at:%d-%m-%Y};{m.at:%d-%m-%Y};{m.name} ;{european(-m.amount, '.') if m.amount < 0 else ''};{european(m.amount, '.') if m.amount > 0 else ''};{european(m.balance, '.')};{european(m.balance, '.')};DIVERSOS ;" for m in found),
                f" ; ; ; ; ;Saldo contabilístico ;{european(found[-1].balance, '.')} EUR; ;",
            ],
            "cp1252",
        ),
        {"Data mov. ": "time", "Débito ": "amount", "Crédito ": "amount"},
        set_aside=("total",),
        total=sum(abs(m.amount) for m in found),
    )  # fmt: skip


def card_acquirer_br() -> Export:
    """Gross, rate and net with R$, date and hour apart, a card with stars."""
    found = moves(45)
    return Export(
        "vendas.csv",
        text(
            [
                "Relatório de vendas;;;;;;;;;",
                "Data da venda;Hora da venda;Estabelecimento;Bandeira;Forma de pagamento;Valor bruto;Taxa (%);Valor líquido;NSU;Número do cartão",
                *(
                    f"{m.at:%d/%m/%Y};{m.at:%H:%M};10{m.number % 19:08};Visa;Crédito à vista;R$ {european(abs(m.amount), '.')};2,39;R$ {european(abs(m.amount) * 0.9761, '.')};{m.number};4220**** ****{m.number % 10000:04}"
                    for m in found
                ),
            ],
            "utf-8-sig",
        ),
        {
            "Data da venda": "time",
            "Valor bruto": "amount",
            "Valor líquido": "number",
            "Estabelecimento": "counterparty",
        },
        total=sum(abs(m.amount) for m in found),
    )


def mpesa_mz() -> Export:
    """Money in and out in two columns of meticais; dates with the month's name."""
    found = moves(46, whole=True)
    return Export(
        "extracto.csv",
        text(
            [
                "Data;ID da transacção;Detalhes;Entrada (MT);Saída (MT);Saldo (MT)",
                *(
                    f"{m.at.day:02} {_MONTHS['pt'][m.at.month - 1]} {m.at.year} {m.at:%H:%M};{m.number:X}AB;Transferência para {m.name};{f'{m.amount:.2f}' if m.amount > 0 else '-'};{f'{-m.amount:.2f}' if m.amount < 0 else '-'};{m.balance:.2f}"
                    for m in found
                ),
            ],
        ),
        {"Data": "time", "Entrada (MT)": "amount", "Saída (MT)": "amount", "Saldo (MT)": "balance_after"},
        total=sum(abs(m.amount) for m in found),
    )


def claims_pt() -> Export:
    """A workbook of claims with a header of two rows, the upper one merged."""
    found = moves(47)
    rows: list[list[object]] = [
        ["Sinistro", None, None, "Valores (R$)", None, "Oficina"],
        ["Nº do sinistro", "Apólice", "Data do sinistro", "Valor reclamado", "Valor indenizado", "Oficina"],
        *(
            [
                f"S{m.number}",
                f"AP{m.number % 17}",
                m.at.replace(hour=0, minute=0, second=0),
                round(abs(m.amount) * 9, 2),
                abs(m.amount),
                f"Oficina {m.number % 19}",
            ]
            for m in found
        ),
        [
            "Total geral",
            None,
            None,
            sum(abs(m.amount) * 9 for m in found),
            sum(abs(m.amount) for m in found),
            None,
        ],
    ]
    return Export(
        "sinistros.xlsx",
        workbook(rows, merged=[(0, 0, 2), (0, 3, 4)]),
        {"Data do sinistro": "time", "Valor reclamado": "amount", "Oficina": "counterparty"},
        set_aside=("total",),
        total=sum(abs(m.amount) for m in found),
    )


EXPORTS: tuple[Callable[[], Export], ...] = (
    societe_generale, credit_agricole, banque_postale, online_bank_fr, broker_bank_fr, paris_bank, orange_money, wave, claims_fr,
    mpesa, revolut, stripe, sumup, square, indian_bank, chase, nigerian_bank, claims_en, momo, n26, pages, transfers, wallet_fr,
    bbva, caixabank, santander, mexican_bank, mercado_pago, yape, claims_es,
    nubank, itau, banco_do_brasil, caixa_geral, card_acquirer_br, mpesa_mz, claims_pt,
)  # fmt: skip
