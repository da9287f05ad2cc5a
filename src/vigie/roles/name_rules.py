"""Which concepts of a name speak for which role: one line a rule.

    role | weight | concepts it needs (a space is "and", a bar is "or") | concepts that forbid it | how values must fit

The last part names a check of `fits` where the role's own is not meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

_HEADS = (
    "age tenure birth amount price balance count avg ratio email ip country region city zip lat long currency trait "
    "score limit income hour opened since distance type method weekday month useragent velocity freq income prose past_event domain span place"
)
_SIGNS = "trust risk neg is static many"
_TIMES = "age tenure birth opened since count avg ratio fraud label chargeback amount price past_event duration velocity"
_RULES = f"""
leak | .98 | fraud | past count avg ratio score freq recent window risk
leak | .95 | label |
leak | .9 | klass | | label
leak | .9 | fraud|chargeback|dispute time|date | avg past | date
leak | .93 | chargeback | past count avg freq ratio num score recent amount risk | binary
leak | .75 | chargeback amount | past count avg freq ratio num score recent
leak | .93 | dispute | past count avg freq ratio num score recent | binary
leak | .9 | investigation | id
leak | .85 | flagged | count past | binary
risk_signal | .93 | klass past|count
risk_signal | .95 | fraud|chargeback|dispute past|count|avg|freq|score|ratio|num|recent |
risk_signal | .9 | chargeback|dispute |
risk_signal | .8 | fraud|flagged |
risk_signal | .91 | count email|card|device|ip|phone | window recent transaction amount id avg time date
risk_signal | .91 | claim|injury|supplement count|many|past | amount time date id type
risk_signal | .91 | injury|supplement | amount type id
risk_signal | .85 | neg card|account|device|email|phone|ip | trust risk | binary
risk_signal | .86 | neg city|country|address|region | | binary
risk_signal | .85 | cash | amount id | binary
risk_signal | .9 | risk | neg
risk_signal | .89 | trust neg |
trust_signal | .89 | trust | neg
trust_signal | .88 | risk neg |
trust_signal | .88 | known job|transaction|merchant|dest|device|card|customer|address|country|ip | risk count fraud | binary
trust_signal | .93 | credit score | risk neg
trust_signal | .92 | police|policy report | claim | binary
risk_signal | .85 | novel device|ip|country|dest|receiver|card|address|phone | | binary
row_id | .97 | transaction|claim|row id|num|row | customer card account device ip merchant receiver type count product amount
row_id | .9 | row | transaction
row_id | .85 | id | customer card account device ip merchant receiver product entity policy
row_id | .8 | transaction|claim | place customer card account merchant amount
row_id | .95 | policy id|num | count avg | single
time | .97 | time|date transaction|claim | {_TIMES}
time | .95 | time | {_TIMES}
time | .93 | date | {_TIMES}
time | .97 | step | {_TIMES} type | stepped
time | .75 | time span|duration | opened since account address customer age birth avg count fraud label past_event recent policy job
day | .72 | day | {_TIMES} week weekday recent
time | .7 | day | {_TIMES} week month claim count many | stepped
time | .85 | created | account customer card policy | date
time | .6 | transaction | {_TIMES} unknown | date
time | .9 | time|date login | opened since recent past birth count duration novel | date
time | .3 | past_event | | date
time | .3 | recent|past time|date | | date
hour | .97 | hour | recent window many count past avg age since span
hour | .94 | time | {_TIMES} recent window step address account job bank span day
weekday | .97 | weekday|day |
weekday | .8 | weekend | | binary
weekday | .9 | week day |
month | .95 | month | count avg week
birth | .97 | birth | count risk
opened | .98 | opened|hired | | date
opened | .98 | created|start job|account|customer|card|policy | | date
opened | .97 | account|policy|card|customer|address|bank date | transaction opened fraud dest past_event since | date
opened | .9 | since | | date
account_age | .97 | time|duration account|address|bank|job|policy|customer | transaction many avg | duration
account_age | .95 | span account|policy|card|customer|address|bank|method|email|phone|job | transaction many avg chargeback time date
account_age | .96 | age|tenure account|policy|card|method|address|transaction|email|phone|device|bank|dest | login
account_age | .95 | tenure |
account_age | .93 | span|since|day|month|duration account|policy|card|customer|address|bank|opened|method | transaction many avg chargeback
account_age | .9 | opened|created | count many amount total claim | duration
account_age | .97 | change | count | changed
number | .9 | age vehicle | | sized
age | .96 | age | login transaction vehicle card account address method device email phone
age | .97 | age customer | account card address device email phone tenure
account_age | .85 | age customer | | duration
amount_usual | .96 | avg|usual amount|price|worth|transaction|balance | ratio chargeback fraud dispute time duration
amount_usual | .8 | avg|usual customer|card|account|merchant | id count time | sums
amount_usual | .8 | premium | ratio count
amount_usual | .9 | avg|usual total|claim | ratio
amount_ratio | .97 | to_usual amount|price|worth | count
amount_ratio | .97 | ratio claim|premium|debt|transaction | count
amount_ratio | .97 | to_usual | count time since distance
amount_ratio | .97 | ratio amount|price|avg|usual|worth|income|balance |
limit | .95 | limit |
income | .95 | income | channel type trust
balance_before | .97 | balance before | dest avg
balance_after | .97 | balance after | dest avg
counter_balance_before | .98 | balance before dest | avg
counter_balance_after | .98 | balance after dest | avg
balance_after | .86 | balance | after dest avg before account id known customer card orig bank available num
balance_before | .85 | balance | after dest avg
counter_balance_before | .85 | balance dest | after avg
velocity | .92 | velocity |
risk_signal | .93 | past|recent claim | amount time date id type
velocity | .9 | count|num|freq transaction|item|login|merchant|bank | static trust risk
velocity | .8 | window | id avg ratio risk
velocity | .88 | recent|window count|transaction|num|amount|total|login|item | since duration date
velocity | .86 | count | static trust risk
number | .87 | count static | risk trust recent past injury supplement | sized
velocity | .8 | item|login | id
velocity | .7 | many | id amount static duration
number | .72 | many transaction|dest|address | count num freq recent window past risk trust id amount duration | sized
amount | .96 | amount|price transaction|claim | fee count avg usual ratio limit income balance currency recent window chargeback dispute to_usual
amount | .95 | amount|price | fee count avg usual ratio limit income balance currency recent window chargeback dispute to_usual
amount | .85 | worth | count avg usual ratio limit income balance currency recent score date time past_event
amount | .8 | claim | count avg ratio num many span month hour before past id type risk
amount | .6 | total | count avg ratio many item
amount | .8 | installment | count avg ratio
amount | .8 | fee amount|price | count avg ratio
amount | .6 | fee | count ratio
amount | .93 | claim injury|vehicle|damage | count num many id date time past ratio | sums
amount | .85 | damage | count num id level ratio date type | sums
amount | .85 | claim|vehicle amount|damage | count avg ratio id date time
amount | .65 | transaction | count avg ratio many num id step span duration is unknown recent window | moneyed
number | .98 | tenure|span|duration loan | | sized
number | .97 | vehicle price|count|worth | claim | sized
number | .95 | level | risk | ordered
number | .9 | level | risk | sized
number | .9 | debt|interest | ratio | sized
number | .8 | since recent|past|transaction | fraud risk account customer opened birth | sized
number | .87 | count span | recent window account address | sized
number | .8 | since recent|past|transaction | fraud risk account customer opened birth | sized
number | .7 | span|duration | | sized
number | .6 | deductible|population|week|year|vehicle|duration|score|ratio |
customer | .96 | customer id|num|row|account | dest {_HEADS} phone address card device | entity
customer | .96 | customer|sender name | dest {_HEADS} phone address card device bank | coded
customer | .93 | customer | name dest {_HEADS} {_SIGNS} phone address card device bank | entity
customer | .95 | sender id|num | dest {_HEADS} address card device phone bank | entity
customer | .93 | sender | name dest {_HEADS} address card device bank | entity
customer | .92 | orig name | dest {_HEADS} address bank | coded
customer | .9 | orig id|num|node|account|customer|policy | dest {_HEADS} address card device bank | entity
customer | .8 | orig | unknown window step transaction login id name dest {_HEADS} address card device bank channel | entity
customer | .85 | entity | type {_HEADS} | entity
customer | .6 | node | dest | entity
counterparty | .96 | merchant|receiver|terminal|provider id|num|name|account | {_HEADS} address device | entity
counterparty | .93 | merchant|receiver|terminal|provider | {_HEADS} {_SIGNS} address device | entity
counterparty | .92 | dest id|num|name|node|account|customer|phone|card|policy | {_HEADS} many address device | entity
counterparty | .8 | dest | bank {_HEADS} {_SIGNS} address device channel | entity
counterparty | .65 | agent | {_HEADS} | entity
counterparty | .93 | dest address | delivery count many | coded
customer | .92 | orig address | delivery dest count many | coded
card | .95 | card id|num | dest {_HEADS} name | entity
card | .9 | card | dest {_HEADS} {_SIGNS} name | entity
account | .95 | account id|num | dest {_HEADS} name phone email | entity
account | .9 | account | dest {_HEADS} {_SIGNS} name | entity
account | .9 | policy id|num | {_HEADS} deductible premium | entity
account | .8 | policy | {_HEADS} deductible premium span day claim many | entity
device | .95 | device | dest {_HEADS} {_SIGNS} product | entity
ip | .97 | ip | country region city zip lat long count risk score type distance
email | .96 | email | domain count age risk
category | .86 | bank orig|dest | {_HEADS} id account name | coded_or_few
category | .8 | domain|email domain |
phone | .96 | phone | count dest device age risk
phone | .7 | phone | count device age
user_agent | .97 | useragent |
person_name | .95 | person |
person_name | .94 | name customer|sender | dest | name
person_name | .9 | name | dest product device bank city country merchant type | name
address | .95 | address | count age zip city country ip email risk span since
country | .95 | country | dest transaction ip
country | .95 | country customer|orig | dest
counter_country | .95 | country dest|transaction|ip | customer
counter_country | .95 | country dest customer |
counterparty | .94 | prov id | | entity
region | .9 | prov | id
region | .95 | region | dest
counter_city | .7 | region|zip dest |
city | .95 | city | dest transaction population
city | .95 | city customer | dest population
counter_city | .95 | city dest|transaction | customer
city | .8 | place | dest transaction claim | place
counter_city | .85 | place dest|transaction|claim | | place
zip | .95 | zip | dest count
region | .6 | address | | code
latitude | .96 | lat | dest
longitude | .96 | long | dest
counter_latitude | .97 | lat dest |
counter_longitude | .97 | long dest |
distance | .96 | distance | ratio count
channel | .93 | channel | count
channel | .75 | orig|device | id risk {_HEADS} | few
category | .92 | type|method|trait |
category | .88 | product | price amount count
category | .85 | bank|agent|vehicle|weekday|week|policy|metadata | count age span | few
category | .85 | klass | | dozen
category | .7 | terminal|merchant|card|account|place|domain|name|id | | few
currency | .96 | currency |
flag | .7 | is |
flag | .75 | weekend |
text | .93 | secret | | coded
category | .87 | prose | | repeated
text | .85 | prose |
"""


@dataclass(frozen=True)
class Rule:
    """One line of the table above."""

    role: str
    weight: float
    needs: tuple[frozenset[str], ...]
    unless: frozenset[str]
    fit: str


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, read once."""
    return tuple(_rule(line) for line in _RULES.strip().splitlines())


def _rule(line: str) -> Rule:
    # A bar between concepts has no space around it, a bar between parts has.
    parts = [part.strip() for part in line.replace(" |", " ¦").split("¦")]
    parts += [""] * (5 - len(parts))
    role, weight, needs, unless, fit = parts
    groups = tuple(frozenset(group.split("|")) for group in needs.split())
    return Rule(role, float(weight), groups, frozenset(unless.split()), fit or role)


@cache
def _by_concept() -> dict[str, tuple[tuple[int, Rule], ...]]:
    found: dict[str, list[tuple[int, Rule]]] = {}
    for position, rule in enumerate(rules()):
        for concept in rule.needs[0]:
            found.setdefault(concept, []).append((position, rule))
    return {concept: tuple(entries) for concept, entries in found.items()}


@lru_cache(maxsize=8192)
def speak(concepts: frozenset[str]) -> tuple[tuple[Rule, str], ...]:
    """The rules whose concepts a name has, each with the concepts that made it speak."""
    index = _by_concept()
    tried = dict(entry for concept in concepts for entry in index.get(concept, ()))
    found = []
    for _, rule in sorted(tried.items()):
        if not rule.unless & concepts and all(group & concepts for group in rule.needs):
            found.append((rule, " ".join(sorted({min(group & concepts) for group in rule.needs}))))
    return tuple(found)
