"""One role for each column, chosen together: names and values first, then what the other columns make likely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vigie.roles.column_stats import UNIQUE, Values
from vigie.roles.fallbacks import (
    fallback,
    guesses,
    looks_like_entity,
    looks_like_money,
    looks_like_step,
    silent_guesses,
)
from vigie.roles.name_parser import Reading
from vigie.roles.name_rules import speak
from vigie.roles.value_checks import FITS, is_month, is_within_day, is_year

_ENTITIES = frozenset(
    {
        "customer",
        "counterparty",
        "card",
        "account",
        "device",
        "ip",
        "email",
        "phone",
        "address",
        "person_name",
    }
)
_NUMBERED = frozenset({"account", "card", "customer", "phone", "policy"})
_DATED = frozenset({"year", "month", "day", "date", "time", "transaction", "claim", "span", "unknown"})
"""What the parts of the date of an event may be called, and nothing else."""
_PLAIN = 0.3
"""Score of a role that says no more than the type of the values."""
_YEAR = 365.25 * 86_400


@dataclass(frozen=True)
class Choice:
    """A role proposed for a column."""

    role: str
    score: float
    evidence: tuple[str, ...]


Ballot = dict[str, Choice]
"""Role -> the best case made for it, for one column."""


def assign(
    facts: Mapping[str, Values], readings: Mapping[str, Reading], given: Mapping[str, str]
) -> dict[str, Choice]:
    """Chooses the role of every column.

    Args:
        facts: what the values of each column look like.
        readings: what its name says.
        given: roles the user has chosen.
    """
    table = _Table(facts, readings, given)
    table.sides()
    table.coordinates()
    table.twins()
    table.moments()
    table.times_of_day()
    table.dates_in_parts()
    table.silent_moments()
    table.silent_entities()
    table.silent_amount()
    return {name: _with_uniqueness(choice, facts[name]) for name, choice in table.chosen.items()}


def _with_uniqueness(choice: Choice, values: Values) -> Choice:
    if (
        choice.role in _ENTITIES
        and values.unique > 0.97
        and values.rows > 1
        and UNIQUE not in choice.evidence
    ):
        return Choice(choice.role, choice.score, (*choice.evidence, UNIQUE))
    return choice


def _ballot(values: Values, reading: Reading) -> Ballot:
    found: Ballot = {}
    kind, score, why = fallback(values)
    found[kind] = Choice(kind, score, (why,))
    if values.kind == "empty":
        return found
    for role, score, why in guesses(values) if reading.concepts else silent_guesses(values):
        _propose(found, Choice(role, score, (why,)))
    for rule, said in speak(_concepts(values, reading)):
        fit = FITS[rule.fit](values)
        if fit and (values.kind != "constant" or rule.role == "leak"):
            _propose(found, Choice(rule.role, rule.weight * fit, (f"name says {said}",)))
    return found


def _concepts(values: Values, reading: Reading) -> frozenset[str]:
    """The concepts of the name; `nombre` counts over numbers (French) and names over texts (Spanish)."""
    found = frozenset(reading.concepts)
    said = reading.concepts
    for other in ("name", "num"):
        if "count" in found and said["count"] == said.get(other):
            counted = values.kind == "number" and not (
                other == "num" and found & _NUMBERED and "many" not in found
            )
            found -= {other if counted else "count"}
    if "count" in found and said["count"] == said.get("amount"):
        found -= {"amount" if values.whole > 0.99 else "count"}
    return found


def _propose(ballot: Ballot, choice: Choice) -> None:
    """Keeps the stronger of two cases for one role; evidence of another kind adds to it."""
    known = ballot.get(choice.role)
    if known is None:
        ballot[choice.role] = choice
        return
    best, other = (known, choice) if known.score >= choice.score else (choice, known)
    named = best.evidence[0].startswith("name"), other.evidence[0].startswith("name")
    if named[0] == named[1] or other.score <= _PLAIN:
        ballot[choice.role] = best
    else:
        score = 1.0 - (1.0 - best.score) * (1.0 - 0.5 * other.score)
        ballot[choice.role] = Choice(choice.role, score, best.evidence + other.evidence)


class _Table:
    """The columns of one table while their roles are being chosen."""

    def __init__(
        self, facts: Mapping[str, Values], readings: Mapping[str, Reading], given: Mapping[str, str]
    ) -> None:
        self.facts = facts
        self.readings = readings
        self.ballots = {name: _ballot(facts[name], readings[name]) for name in facts if name not in given}
        self.chosen = {name: Choice(role, 1.0, ("chosen by the user",)) for name, role in given.items()}
        for name, ballot in self.ballots.items():
            self.chosen[name] = max(ballot.values(), key=lambda choice: (choice.score, choice.role))
        self.silent = sorted(
            name for name in self.ballots if not readings[name].concepts and self.chosen[name].score <= 0.6
        )

    def having(self, *roles: str) -> list[str]:
        """Columns of these roles, best first."""
        found = [name for name, choice in self.chosen.items() if choice.role in roles]
        return sorted(found, key=lambda name: (-self.chosen[name].score, name))

    def turn(self, name: str, role: str, score: float, why: str, *, anew: bool = False) -> None:
        """Gives a column another role, unless the user chose its role."""
        if name in self.ballots:
            kept = () if anew else self.chosen[name].evidence
            self.chosen[name] = Choice(role, score, (*kept, why))

    def sides(self) -> None:
        """Makes the two sides agree: who acts and who receives."""
        customers, others = self.having("customer"), self.having("counterparty")
        if not customers and len(others) > 1:
            # Health care: the beneficiary is the patient, the provider is the other side.
            patients = [name for name in others if "benef" in self.readings[name].concepts]
            if patients and len(patients) < len(others):
                self.turn(patients[0], "customer", 0.8, "another column is the provider")
        for name in customers[1:]:
            ballot = self.ballots.get(name, {})
            if "email" in ballot:
                self.chosen[name] = ballot["email"]
                continue
            account = ballot.get("account") or ballot.get("phone")
            if account and "customer" not in self.readings[name].concepts:
                self.chosen[name] = account

    def coordinates(self) -> None:
        """A latitude without a longitude is only a number; one of each side are a pair of the other side."""
        found = [
            self.having(f"{side}{axis}") for axis in ("latitude", "longitude") for side in ("", "counter_")
        ]
        if [len(names) for names in found] in ([1, 0, 0, 1], [0, 1, 1, 0]):
            for axis, names in zip(
                ("latitude", "longitude"), (found[0] + found[1], found[2] + found[3]), strict=True
            ):
                self.turn(names[0], f"counter_{axis}", 0.8, "the other coordinate is of the other side")
        for side in ("", "counter_"):
            latitudes, longitudes = self.having(f"{side}latitude"), self.having(f"{side}longitude")
            if bool(latitudes) != bool(longitudes):
                for name in (*latitudes, *longitudes):
                    self.turn(name, "number", _PLAIN, "the other coordinate is missing")

    def twins(self) -> None:
        """`account`, `account_1`, `account_duplicated_0`: the second of two alike with one name is the other side."""
        if self.having("counterparty"):
            return
        for role in ("account", "customer"):
            stems: dict[tuple[str, ...], list[str]] = {}
            for name in self.having(role):
                words = (
                    word
                    for word in self.readings[name].words
                    if not word.isdigit() and word not in {"a", "b", "duplicated"}
                )
                stems.setdefault(tuple(words), []).append(name)
            for pair in stems.values():
                if len(pair) == 2 and len({(self.facts[n].kind, self.facts[n].shape) for n in pair}) == 1:
                    self.turn(
                        max(pair, key=lambda n: (len(n), n)), "counterparty", 0.7, "second of two alike"
                    )

    def moments(self) -> None:
        """Of several moments the one with the most distinct values is best, and one that most rows have."""
        for name in self.having("time"):
            choice = self.chosen[name]
            if name in self.ballots:
                facts = self.facts[name]
                score = choice.score - 0.03 * (1.0 - facts.unique) - 0.3 * facts.nulls
                self.chosen[name] = Choice("time", score, choice.evidence)

    def times_of_day(self) -> None:
        """Beside a date, seconds that stay within a day are the time of day, also where nobody is up at night."""
        times = self.having("time")
        if self.having("day") or any(self.facts[name].kind == "time" for name in times):
            for name in times:
                if is_within_day(self.facts[name]):
                    self.turn(name, "hour", 0.9, "the date in parts")

    def dates_in_parts(self) -> None:
        """Year, month and day in columns of their own are one moment, where no other column tells it."""
        days = self.having("day")
        if not days or self.having("time"):
            return
        of_year = self.facts[days[0]].high > 31
        months = [] if of_year else self._parts("month", is_month)
        years = self._parts("year", is_year) if of_year or months else []
        for role, names in (("day", days), ("month", months), ("year", years)):
            for name in names[:1]:
                self.turn(name, role, 0.9, "the date in parts")

    def _parts(self, part: str, fits: Callable[[Values], bool]) -> list[str]:
        """Columns called after a part of the date of the event and nothing else, the plainest first."""
        called = {n: self.readings[n].concepts.keys() for n in self.ballots if fits(self.facts[n])}
        found = [name for name, concepts in called.items() if part in concepts and concepts <= _DATED]
        return sorted(found, key=lambda name: (len(called[name]), name))

    def silent_moments(self) -> None:
        """Dates without a name that end before the events begin; else a counter that grows with the rows."""
        times = [name for name in self.having("time") if self.facts[name].kind == "time"]
        if times:
            main = max(
                times, key=lambda n: (n not in self.silent, self.facts[n].middle, self.facts[n].distinct, n)
            )
            for name in times:
                before = self.facts[main].low - self.facts[name].middle
                if name in self.silent and before > 0:
                    role = "birth" if before > 14 * _YEAR else "opened"
                    self.turn(name, role, 0.45, "dates before the events")
        elif not self.having("time"):
            steps = [
                n for n in self.silent if looks_like_step(self.facts[n]) and self.chosen[n].role == "number"
            ]
            if steps:
                name = max(steps, key=lambda n: (self.facts[n].distinct, n))
                self.turn(name, "time", 0.5, "values grow from row to row", anew=True)

    def silent_entities(self) -> None:
        """The codes with the most distinct values are taken for who acts, the next for who receives."""
        codes = [name for name in self.silent if looks_like_entity(self.facts[name])]
        # A name such as `subj_id` says that somebody is meant, though not who.
        called = [
            name
            for name in self.ballots
            if {"id", "num"} & self.readings[name].concepts.keys()
            and self.chosen[name].score <= 0.75
            and self.chosen[name].role in {"category", "text", "number"}
            and FITS["entity"](self.facts[name]) == 1.0
            and self.facts[name].unique < 0.97
        ]
        for name in sorted({*codes, *called}, key=lambda n: (n not in called, -self.facts[n].distinct, n)):
            if not self.having("customer", "card", "account"):
                self.turn(name, "customer", 0.45, "codes that come back on several rows", anew=True)
            elif not self.having("counterparty") and name in codes:
                self.turn(name, "counterparty", 0.4, "codes that come back on several rows", anew=True)

    def silent_amount(self) -> None:
        """A column that looks like money is the amount where there is a time and somebody who acts."""
        if self.having("amount") or not self.having("time") or not self.having(*_ENTITIES):
            return
        money = [
            n for n in self.silent if looks_like_money(self.facts[n]) and self.chosen[n].role == "number"
        ]
        if money:
            name = max(money, key=lambda n: (self.facts[n].tail / self.facts[n].middle, n))
            self.turn(name, "amount", 0.55, "values look like money", anew=True)
