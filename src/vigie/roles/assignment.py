"""The role of every column of a table: the best candidate of each, corrected by what the other columns are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from vigie.roles.amount_sides import gross_amounts, gross_or_net, net_amounts
from vigie.roles.candidates import Candidate, candidates_of
from vigie.roles.column_stats import ColumnStats
from vigie.roles.definitions import role_names, role_of
from vigie.roles.fallbacks import (
    BASIC_SCORE,
    UNIQUE_REASON,
    looks_like_entity,
    looks_like_flows,
    looks_like_money,
    looks_like_step,
)
from vigie.roles.name_parser import ParsedName
from vigie.roles.value_checks import entity, is_month, is_within_day, is_year

_DATE_CONCEPTS = frozenset(
    {"year", "month", "day", "date", "time", "transaction", "claim", "span", "unknown"}
)
"""Concepts that the name of a part of the date of an event may have."""
_COUNTER_WORDS = frozenset({"a", "b", "duplicated"})
_UNNAMED_MAX_SCORE = 0.6
_SURE_AMOUNT = 0.9
"""Score of an amount that its name leaves no doubt about."""
_REFERENCES = frozenset({"reference", "ref", "referencia", "refs", "references", "referenz"})
_UNIQUE_SHARE = 0.97
_SPAN_WORDS = frozenset(
    {"ms", "msec", "millis", "milliseconds", "latency", "elapsed", "processing", "duration"}
)
_YEAR = 365.25 * 86_400


def assign(
    stats: Mapping[str, ColumnStats],
    names: Mapping[str, ParsedName],
    chosen: Mapping[str, str],
    sides: tuple[str, str] | None = None,
) -> dict[str, Candidate]:
    """Choose the role of every column.

    Args:
        stats: column -> statistics of its values.
        names: column -> its parsed name.
        chosen: column -> role chosen by the user; never changed.
        sides: the columns of debits and credits, as `amount_sides` found them.
    """
    table = _Assignment(stats, names, chosen)
    table.settle_amounts(sides)
    table.settle_references()
    table.settle_actor_and_counterparty()
    table.pair_coordinates()
    table.settle_duplicate_names()
    table.rank_times()
    table.find_times_of_day()
    table.join_date_parts()
    table.settle_unnamed_times()
    table.find_unnamed_entities()
    table.find_unnamed_amount()
    return {name: _with_uniqueness(chosen, stats[name]) for name, chosen in table.chosen.items()}


def _with_uniqueness(chosen: Candidate, stats: ColumnStats) -> Candidate:
    is_unique = stats.distinct_share > 0.97 and stats.n_rows > 1
    if role_of(chosen.role).is_party and is_unique and UNIQUE_REASON not in chosen.reasons:
        return replace(chosen, reasons=(*chosen.reasons, UNIQUE_REASON))
    return chosen


class _Assignment:
    """The roles of one table while they are chosen.

    Attributes:
        chosen: column -> its role so far.
        unnamed: columns whose name says nothing and whose values suggest no role strongly.
    """

    def __init__(
        self, stats: Mapping[str, ColumnStats], names: Mapping[str, ParsedName], chosen: Mapping[str, str]
    ) -> None:
        self.stats = stats
        self.names = names
        self.candidates = {n: candidates_of(stats[n], names[n]) for n in stats if n not in chosen}
        self.chosen = {name: Candidate(role, 1.0, ("chosen by the user",)) for name, role in chosen.items()}
        for name, candidates in self.candidates.items():
            self.chosen[name] = max(candidates.values(), key=lambda c: (c.score, c.role))
        self.unnamed = sorted(
            name
            for name in self.candidates
            if not names[name].concepts and self.chosen[name].score <= _UNNAMED_MAX_SCORE
        )

    def columns_of(self, *roles: str) -> list[str]:
        """Return the columns of these roles, best first."""
        found = [name for name, candidate in self.chosen.items() if candidate.role in roles]
        return sorted(found, key=lambda name: (-self.chosen[name].score, name))

    def reassign(
        self, name: str, role: str, score: float, reason: str, *, replace_reasons: bool = False
    ) -> None:
        """Give a column another role, unless the user chose its role."""
        if name in self.candidates:
            kept = () if replace_reasons else self.chosen[name].reasons
            self.chosen[name] = Candidate(role, score, (*kept, reason))

    def settle_amounts(self, sides: tuple[str, str] | None) -> None:
        """Take debit and credit for one amount in two columns, and the gross amount before what is left of it."""
        named = [
            n
            for n in self.columns_of("amount")
            if self.chosen[n].score >= _SURE_AMOUNT and n not in (sides or ())
        ]
        if sides is not None and not named:
            for name in self.columns_of("amount"):
                self.reassign(
                    name, "number", BASIC_SCORE, "another column is the amount", replace_reasons=True
                )
            for name in sides:
                self.reassign(name, "amount", 0.95, "debit and credit are one amount", replace_reasons=True)
        elif not named:
            for name in gross_amounts(name for name in self.candidates if self.stats[name].kind == "number"):
                self.reassign(name, "amount", 0.95, "name says gross amount", replace_reasons=True)
        for name in net_amounts(self.columns_of("amount")):
            self.reassign(name, "number", BASIC_SCORE, "another column is the amount", replace_reasons=True)

    def settle_references(self) -> None:
        """Take references that no two rows share for row identifiers, such as `Merchant Reference`."""
        for name in self.columns_of(*role_names(lambda role: role.is_party)):
            unique = self.stats[name].distinct_share > _UNIQUE_SHARE and self.stats[name].n_rows > 20
            if unique and _REFERENCES & set(self.names[name].words):
                self.reassign(name, "row_id", 0.85, UNIQUE_REASON)

    def settle_actor_and_counterparty(self) -> None:
        """Keep one customer; the others become e-mails, accounts or phones where they can."""
        customers, others = self.columns_of("customer"), self.columns_of("counterparty")
        if not customers and len(others) > 1:
            # Health care: the beneficiary is the patient, the provider is the counterparty.
            patients = [name for name in others if "benef" in self.names[name].concepts]
            if patients and len(patients) < len(others):
                self.reassign(patients[0], "customer", 0.8, "another column is the provider")
        for name in customers[1:]:
            candidates = self.candidates.get(name, {})
            account = candidates.get("account") or candidates.get("phone")
            if "email" in candidates:
                self.chosen[name] = candidates["email"]
            elif account and "customer" not in self.names[name].concepts:
                self.chosen[name] = account

    def pair_coordinates(self) -> None:
        """Move a coordinate to the side of its pair; a latitude without a longitude is a number."""
        here = [self.columns_of(axis) for axis in ("latitude", "longitude")]
        there = [self.columns_of(f"counter_{axis}") for axis in ("latitude", "longitude")]
        if [len(names) for names in (*here, *there)] in ([1, 0, 0, 1], [0, 1, 1, 0]):
            for axis, names in zip(("latitude", "longitude"), zip(here, there, strict=True), strict=True):
                self.reassign(
                    (names[0] + names[1])[0],
                    f"counter_{axis}",
                    0.8,
                    "the other coordinate is of the other side",
                )
        for side in ("", "counter_"):
            latitudes, longitudes = self.columns_of(f"{side}latitude"), self.columns_of(f"{side}longitude")
            if bool(latitudes) != bool(longitudes):
                for name in (*latitudes, *longitudes):
                    self.reassign(name, "number", BASIC_SCORE, "the other coordinate is missing")

    def settle_duplicate_names(self) -> None:
        """Make the second of two columns with one name and the same values, `account_1`, the counterparty."""
        if self.columns_of("counterparty"):
            return
        for role in ("account", "customer"):
            by_stem: dict[tuple[str, ...], list[str]] = {}
            for name in self.columns_of(role):
                words = (w for w in self.names[name].words if not w.isdigit() and w not in _COUNTER_WORDS)
                by_stem.setdefault(tuple(words), []).append(name)
            for names in by_stem.values():
                look = {(self.stats[name].kind, self.stats[name].pattern) for name in names}
                if len(names) == 2 and len(look) == 1:
                    second = max(names, key=lambda name: (len(name), name))
                    self.reassign(second, "counterparty", 0.7, "second of two alike")

    def rank_times(self) -> None:
        """Prefer, of several times, the one with the most distinct values and the fewest empty cells."""
        for name in self.columns_of("time"):
            if name in self.candidates:
                stats, chosen = self.stats[name], self.chosen[name]
                penalty = 0.03 * (1.0 - stats.distinct_share)
                score = chosen.score - penalty - 0.3 * stats.null_share
                self.chosen[name] = Candidate("time", score, chosen.reasons)
        has_moments = any(self.stats[name].kind == "time" for name in self.columns_of("time"))
        for name in self.columns_of("time"):
            is_span = bool(_SPAN_WORDS & set(self.names[name].words))
            if has_moments and is_span and self.stats[name].kind == "number":
                self.reassign(
                    name, "number", BASIC_SCORE, "a length of time beside a date", replace_reasons=True
                )

    def find_times_of_day(self) -> None:
        """Read seconds within a day, beside a date, as the hour; they need not cover the night."""
        times = self.columns_of("time")
        if self.columns_of("day") or any(self.stats[name].kind == "time" for name in times):
            for name in times:
                if is_within_day(self.stats[name]):
                    self.reassign(name, "hour", 0.9, "the date in parts")

    def join_date_parts(self) -> None:
        """Give year, month and day their roles where no column is the time."""
        days = self.columns_of("day")
        if not days or self.columns_of("time"):
            return
        is_day_of_year = self.stats[days[0]].max > 31
        months = [] if is_day_of_year else self._date_parts("month", is_month)
        years = self._date_parts("year", is_year) if is_day_of_year or months else []
        for role, names in (("day", days), ("month", months), ("year", years)):
            for name in names[:1]:
                self.reassign(name, role, 0.9, "the date in parts")

    def _date_parts(self, part: str, check: Callable[[ColumnStats], bool]) -> list[str]:
        """Return the columns named after this part of the event's date and nothing else, the plainest first."""
        concepts = {n: self.names[n].concepts.keys() for n in self.candidates if check(self.stats[n])}
        found = [name for name, known in concepts.items() if part in known and known <= _DATE_CONCEPTS]
        return sorted(found, key=lambda name: (len(concepts[name]), name))

    def settle_unnamed_times(self) -> None:
        """Read unnamed dates before the events as opening or birth; without a time, find a step counter."""
        times = [name for name in self.columns_of("time") if self.stats[name].kind == "time"]
        if times:
            main = max(
                times,
                key=lambda n: (n not in self.unnamed, self.stats[n].median, self.stats[n].n_distinct, n),
            )
            for name in times:
                seconds_before = self.stats[main].min - self.stats[name].median
                if name in self.unnamed and seconds_before > 0:
                    role = "birth" if seconds_before > 14 * _YEAR else "opened"
                    self.reassign(name, role, 0.45, "dates before the events")
        elif not self.columns_of("time"):
            steps = self._unnamed_numbers(looks_like_step)
            if steps:
                name = max(steps, key=lambda n: (self.stats[n].n_distinct, n))
                self.reassign(name, "time", 0.5, "values grow from row to row", replace_reasons=True)

    def find_unnamed_entities(self) -> None:
        """Take the codes with the most distinct values for the actor, the next for the counterparty."""
        codes = [name for name in self.unnamed if looks_like_entity(self.stats[name])]
        named = [name for name in self.candidates if self._is_unspecific_identifier(name)]
        reason = "codes that come back on several rows"
        for name in sorted({*codes, *named}, key=lambda n: (n not in named, -self.stats[n].n_distinct, n)):
            if not self.columns_of("customer", "card", "account"):
                self.reassign(name, "customer", 0.45, reason, replace_reasons=True)
            elif not self.columns_of("counterparty") and name in codes:
                self.reassign(name, "counterparty", 0.4, reason, replace_reasons=True)

    def _is_unspecific_identifier(self, name: str) -> bool:
        """Return whether the name says that values identify, though not what: `subj_id`."""
        stats, chosen = self.stats[name], self.chosen[name]
        is_identifier = bool({"id", "num"} & self.names[name].concepts.keys())
        is_undecided = chosen.score <= 0.75 and chosen.role in {"category", "text", "number"}
        return is_identifier and is_undecided and entity(stats) == 1.0 and stats.distinct_share < 0.97

    def find_unnamed_amount(self) -> None:
        """Take a column that looks like money for the amount of a table with a party: a salary, or a number beside a time."""
        parties = role_names(lambda role: role.is_party)
        if self.columns_of("amount") or not self.columns_of(*parties):
            return
        for name in gross_or_net(self.columns_of("income"))[:1]:
            self.reassign(name, "amount", 0.7, "what is paid, in a table without another amount")
            return
        money = self._unnamed_numbers(looks_like_money) or self._only_signed_number()
        if money and self.columns_of("time"):
            name = max(
                money, key=lambda n: (self.stats[n].percentile_99 / max(self.stats[n].median, 1e-9), n)
            )
            self.reassign(name, "amount", 0.55, "values look like money", replace_reasons=True)

    def _only_signed_number(self) -> list[str]:
        """Return the column of amounts in and out, where the table has no other number: `Change` of a wallet."""
        numbers = [name for name, one in self.stats.items() if one.kind == "number"]
        return self._unnamed_numbers(looks_like_flows) if len(numbers) == 1 else []

    def _unnamed_numbers(self, check: Callable[[ColumnStats], bool]) -> list[str]:
        return [n for n in self.unnamed if check(self.stats[n]) and self.chosen[n].role == "number"]
