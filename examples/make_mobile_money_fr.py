"""Writes examples/mobile_money_fr.csv: a month of an invented mobile-money operator in Senegal.

The table looks like an export of a French-speaking back office: headers in French, `;` between cells, decimal
commas, dates as dd/mm/yyyy HH:MM. Every person in it is invented. It is none of the simulated tables that the reference
models were trained on: it shares no code with them. The truth is not in the file; `--truth FILE` writes it beside.

    python examples/make_mobile_money_fr.py [--truth truth.csv]
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

SEED = 20260901
START = datetime(2026, 9, 1)
DAYS = 30
CUSTOMERS = 420
MINUTE, HOUR, DAY = 1.0, 60.0, 1440.0
"""Times are minutes since the first of the month."""

CITIES = ("Dakar", "Pikine", "Thiès", "Touba", "Kaolack", "Mbour", "Saint-Louis", "Ziguinchor")
SHARES = (0.30, 0.16, 0.13, 0.12, 0.09, 0.08, 0.07, 0.05)
HEADER = (
    "Réf. opération", "Date opération", "Type opération", "N° client", "Bénéficiaire", "Montant (FCFA)",
    "Frais", "Solde avant", "Solde après", "Canal", "Appareil", "Ville", "Ancienneté compte (jours)",
)  # fmt: skip
FEES = {
    "Dépôt": 0.0,
    "Retrait": 0.01,
    "Transfert": 0.008,
    "Paiement marchand": 0.0,
    "Achat crédit": 0.0,
    "Facture": 0.0,
}


@dataclass
class Operation:
    """One line of the export before the balances are known; `share` of the balance goes where there is no amount."""

    minute: float
    kind: str
    who: int
    other: str
    amount: float
    channel: str
    device: str
    share: float = 0.0
    fraud: str = ""


class People:
    """The customers and their habits, all drawn once."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        n = CUSTOMERS
        self.city = rng.choice(len(CITIES), n, p=SHARES)
        self.level = rng.normal(0, 0.55, n)
        self.pace = rng.gamma(1.6, 1.0, n) + 0.15
        self.hour = rng.normal(14, 3, n) % 24
        self.app = rng.random(n) < 0.45
        self.age = np.maximum(12, rng.gamma(2.0, 380, n)).astype(int)
        self.device = [f"{value:08x}" for value in rng.integers(1 << 31, 1 << 32, n).tolist()]
        self.agents = [rng.choice(6, 2, replace=False) + 6 * city for city in self.city]
        self.shops = [rng.choice(9, 3, replace=False) + 9 * city for city in self.city]
        self.friends = [rng.choice(n, 4, replace=False) for _ in range(n)]

    def channel(self, who: int) -> str:
        """The application for those who have it, mostly."""
        return "Appli" if self.app[who] and self.rng.random() < 0.85 else "USSD"

    def agent(self, who: int) -> str:
        """One of two agents near home, sometimes another of the town."""
        usual = self.rng.random() < 0.85
        number = self.rng.choice(self.agents[who]) if usual else 6 * self.city[who] + self.rng.integers(6)
        return f"AG{number + 101}"


def customer(number: int) -> str:
    """How the operator writes a customer."""
    return f"C{70000 + number * 7}"


def rounded(amount: float) -> float:
    """An amount as people type it: to 25, 100 or 500 francs."""
    step = 500 if amount > 20_000 else 100 if amount > 2_000 else 25
    return max(step, round(amount / step) * step)


def moment(people: People, who: int) -> float:
    """A day of the month, a little more often at its end, and an hour this person is awake."""
    day = people.rng.choice(DAYS, p=np.where(np.arange(DAYS) >= 24, 1.7, 1.0) / (24 + 6 * 1.7))
    return float(day * DAY + people.rng.normal(people.hour[who], 2.6) % 24 * HOUR)


def ordinary(people: People, who: int) -> Operation:
    """One thing this person does on an ordinary day."""
    rng = people.rng
    kind = str(rng.choice(("Paiement marchand", "Retrait", "Transfert", "Dépôt", "Achat crédit", "Facture"),
                          p=(0.30, 0.17, 0.19, 0.13, 0.16, 0.05)))  # fmt: skip
    centre = {"Paiement marchand": 3_500, "Retrait": 14_000, "Transfert": 9_000, "Dépôt": 24_000,
              "Achat crédit": 900, "Facture": 12_500}[kind]  # fmt: skip
    amount = rounded(centre * float(np.exp(people.level[who] + rng.normal(0, 0.55))))
    channel = "Agence" if kind in {"Dépôt", "Retrait"} else people.channel(who)
    other = {"Achat crédit": "CREDIT-TEL", "Facture": str(rng.choice(("SENELEC", "SEN'EAU", "CANAL+")))}.get(
        kind, ""
    )
    if kind in {"Dépôt", "Retrait"}:
        other = people.agent(who)
    elif kind == "Paiement marchand":
        other = f"M{rng.choice(people.shops[who]) + 501}"
    elif kind == "Transfert":
        known = rng.random() < 0.8
        other = customer(int(rng.choice(people.friends[who]) if known else rng.integers(CUSTOMERS)))
    return Operation(moment(people, who), kind, who, other, amount, channel, people.device[who])


def salaries(people: People) -> list[Operation]:
    """Large round deposits at the end of the month, with rent paid by transfer right after: honest."""
    found = []
    for who in people.rng.choice(CUSTOMERS, 70, replace=False).tolist():
        at = float(people.rng.choice((24, 25, 27)) * DAY + people.rng.uniform(8, 13) * HOUR)
        pay = rounded(90_000 * float(np.exp(people.level[who])))
        device = people.device[who]
        found.append(Operation(at, "Dépôt", who, "EMPLOYEUR-VIREMENT", pay, "Agence", device))
        if people.rng.random() < 0.6:
            landlord = customer(int(people.friends[who][0]))
            found.append(Operation(at + people.rng.uniform(20, 600), "Transfert", who, landlord, rounded(pay * 0.35),
                                   people.channel(who), device))  # fmt: skip
    return found


def tontine(people: People) -> list[Operation]:
    """Savings circles: the same sum from many friends to one person every Sunday: honest."""
    found = []
    for host in people.rng.choice(CUSTOMERS, 2, replace=False).tolist():
        members = people.rng.choice(CUSTOMERS, 11, replace=False).tolist()
        for sunday in (5, 12, 19, 26):
            for who in members:
                at = sunday * DAY + people.rng.uniform(9, 20) * HOUR
                found.append(
                    Operation(
                        at, "Transfert", who, customer(host), 5_000, people.channel(who), people.device[who]
                    )
                )
    return found


def new_phones(people: People, operations: list[Operation]) -> None:
    """Thirty customers buy a phone during the month: honest."""
    for who in people.rng.choice(CUSTOMERS, 30, replace=False).tolist():
        since, device = people.rng.uniform(0, DAYS) * DAY, f"{people.rng.integers(1 << 31, 1 << 32):08x}"
        for operation in operations:
            if operation.who == who and operation.minute > since:
                operation.device = device


def sim_swaps(people: People, mules: list[int]) -> list[Operation]:
    """A stolen number on a new phone empties the account in minutes; the mule withdraws within the hour."""
    found = []
    for victim in people.rng.choice(np.flatnonzero(people.pace > 1), 9, replace=False).tolist():
        mule = int(people.rng.choice(mules))
        phone = f"{people.rng.integers(1 << 31, 1 << 32):08x}"
        at = people.rng.uniform(6, DAYS - 1) // 1 * DAY + people.rng.choice((1.5, 3.2, 13.0, 21.7)) * HOUR
        for share in (0.6, 0.9, 0.97)[: int(people.rng.integers(2, 4))]:
            at += people.rng.uniform(1, 6)
            found.append(
                Operation(at, "Transfert", victim, customer(mule), 0, "USSD", phone, share, "sim_swap")
            )
        agent = f"AG{int(people.rng.integers(48)) + 101}"
        found.append(Operation(at + people.rng.uniform(8, 45), "Retrait", mule, agent, 0, "Agence", people.device[mule],
                               0.98, "mule_cash_out"))  # fmt: skip
    return found


def splitting(people: People) -> list[Operation]:
    """An agent and an accomplice split one withdrawal into many, each just under the next step of the commission."""
    found = []
    for who in people.rng.choice(CUSTOMERS, 2, replace=False).tolist():
        agent, at = people.agent(who), people.rng.uniform(8, 20) // 1 * DAY + 16 * HOUR
        found.append(
            Operation(at - 20, "Dépôt", who, agent, 220_000, "Agence", people.device[who], 0, "commission")
        )
        for _ in range(10):
            at += people.rng.uniform(1, 5)
            found.append(
                Operation(at, "Retrait", who, agent, 19_900, "Agence", people.device[who], 0, "commission")
            )
    return found


def scam(people: People, collector: int) -> list[Operation]:
    """A false lottery: strangers send round sums to one young account, which is emptied every evening."""
    found = []
    for day in (16, 17, 18):
        for who in people.rng.choice(CUSTOMERS, 7, replace=False).tolist():
            at = day * DAY + people.rng.uniform(10, 19) * HOUR
            amount = float(people.rng.choice((15_000, 25_000, 40_000)))
            found.append(Operation(at, "Transfert", who, customer(collector), amount, people.channel(who),
                                   people.device[who], 0, "scam"))  # fmt: skip
        at = day * DAY + 20 * HOUR + people.rng.uniform(0, 60)
        found.append(
            Operation(at, "Retrait", collector, "AG117", 0, "Agence", people.device[collector], 0.97, "scam")
        )
    return found


def make(rng: np.random.Generator, rows: int = 5_800) -> tuple[list[Operation], list[list[str]]]:
    """Every operation of the month, in order of time, and the line of the export of each."""
    people = People(rng)
    crooks = rng.choice(CUSTOMERS, 4, replace=False).tolist()
    people.age[crooks] = rng.integers(3, 25, 4)
    people.pace[crooks] = 0.2
    weights = people.pace / people.pace.sum()
    operations = [ordinary(people, int(who)) for who in rng.choice(CUSTOMERS, rows, p=weights)]
    operations += salaries(people) + tontine(people)
    new_phones(people, operations)
    operations += sim_swaps(people, crooks[:3]) + splitting(people) + scam(people, crooks[3])
    operations.sort(key=lambda operation: operation.minute)
    return operations, settle(people, operations)


def settle(people: People, operations: list[Operation]) -> list[list[str]]:
    """Settles the balances in order of time; who cannot pay sends less or first puts money in."""
    balance = [float(round(20_000 * np.exp(level + people.rng.normal(0, 0.7)))) for level in people.level]
    index = {customer(number): number for number in range(CUSTOMERS)}
    lines = []
    for number, operation in enumerate(operations):
        who, before = operation.who, balance[operation.who]
        if operation.share:
            operation.amount = max(500.0, float(int(before * operation.share / 1.01)))
        fee = round(operation.amount * FEES[operation.kind], 2)
        if operation.kind != "Dépôt" and operation.amount + fee > before:
            missing = operation.amount + fee - before
            balance[who] = before = before + rounded(
                missing * 1.6
            )  # money from outside the table: a bank, a branch
        gain = operation.amount if operation.kind == "Dépôt" else -operation.amount - fee
        balance[who] = round(before + gain, 2)
        if operation.other in index:
            balance[index[operation.other]] += operation.amount
        lines.append(_line(people, number, operation, before, fee, balance[who]))
    return lines


def _line(
    people: People, number: int, operation: Operation, before: float, fee: float, after: float
) -> list[str]:
    at = START + timedelta(minutes=operation.minute)
    who = operation.who
    return [
        f"OP{260900000 + number * 3}", at.strftime("%d/%m/%Y %H:%M"), operation.kind, customer(who), operation.other,
        _money(operation.amount), _money(fee), _money(before), _money(after), operation.channel, operation.device,
        CITIES[people.city[who]], str(int(people.age[who] + operation.minute // DAY)),
    ]  # fmt: skip


def _money(amount: float) -> str:
    return f"{amount:.2f}".replace(".", ",")


def main() -> None:
    """Writes the table, and the truth where asked for."""
    parser = argparse.ArgumentParser(description="Writes the example table.")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("mobile_money_fr.csv"))
    parser.add_argument(
        "--truth", type=Path, help="also write the kind of fraud of every row, empty for honest rows"
    )
    arguments = parser.parse_args()
    operations, lines = make(np.random.default_rng(SEED))
    with arguments.output.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(HEADER)
        writer.writerows(lines)
    if arguments.truth:
        truth = "".join(f"{operation.fraud}\n" for operation in operations)
        arguments.truth.write_text(f"fraud\n{truth}", encoding="utf-8")
    sys.stderr.write(f"{len(operations):,} rows written to {arguments.output}\n")


if __name__ == "__main__":
    main()
