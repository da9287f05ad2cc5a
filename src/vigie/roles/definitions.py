"""All roles a column can have. A role is added by one record here, its words in `name_lexicon` and a label in `i18n`.

A new role goes to the end: matching adds up in this order, and the last bits of a sum depend on it.
"""

from __future__ import annotations

from collections.abc import Callable

from vigie.roles.role import FALLBACK_ACTOR_RANK, Role

# Concepts that forbid many rules: the column measures something of a thing, and does not name it.
_MEASURES = (
    "age tenure birth amount price balance count avg ratio email ip country region city zip lat long currency trait "
    "score limit income hour opened since distance type method weekday month useragent velocity freq prose past_event domain span place"
)
_SIGNS = "trust risk neg is static many"
_OTHER_TIMES = "age tenure birth opened since count avg ratio fraud label chargeback amount price past_event duration velocity"

# fmt: off
_ROLES = (
    Role("row_id", "unique", private=True, ignored=True, weight=0.0, core=True, flat_core=False, names="""
        .97 | transaction|claim|row id|num|row | customer card account device ip merchant receiver type count product amount before after
        .9 | row | transaction before after
        .85 | id | customer card account device ip merchant receiver product entity policy before after
        .8 | transaction|claim | place customer card account merchant amount
        .95 | policy id|num | count avg | strictly_unique"""),
    Role("time", "time", weight=2.5, substitutes={"day": 1.0, "hour": 0.4}, core=True, flat_core=False, names=f"""
        .97 | time|date transaction|claim | {_OTHER_TIMES}
        .95 | time | {_OTHER_TIMES}
        .93 | date | {_OTHER_TIMES}
        .97 | step | {_OTHER_TIMES} type | counter
        .75 | time span|duration | opened since account address customer age birth avg count fraud label past_event recent policy job
        .7 | day | {_OTHER_TIMES} week month claim count many | counter
        .85 | created | account customer card policy | date
        .6 | transaction | {_OTHER_TIMES} unknown | date
        .9 | time|date login | opened since recent past birth count duration novel | date
        .3 | past_event | | date
        .3 | recent|past time|date | | date"""),
    Role("hour", "hour", substitutes={"time": 1.0}, core=True, names=f"""
        .97 | hour | recent window many count past avg age since span
        .94 | time | {_OTHER_TIMES} recent window step address account job bank span day"""),
    Role("weekday", "weekday", weight=0.25, substitutes={"time": 1.0}, any_type=True, names="""
        .97 | weekday|day |
        .8 | weekend | | binary
        .9 | week day |"""),
    Role("month", "month", weight=0.25, substitutes={"time": 1.0}, any_type=True, names="""
        .95 | month | count avg week risk many"""),
    Role("day", "day", weight=0.25, substitutes={"time": 1.0}, any_type=True, names=f"""
        .72 | day | {_OTHER_TIMES} week weekday recent"""),
    Role("year", weight=0.25, substitutes={"time": 1.0}, any_type=True),
    Role("opened", "date", multiple=True, date=True, substitutes={"account_age": 0.9}, flat_core=False, names="""
        .98 | opened|hired | | date
        .98 | created|start job|account|customer|card|policy | | date
        .97 | account|policy|card|customer|address|bank date | transaction opened fraud dest past_event since | date
        .9 | since | | date"""),
    Role("account_age", "duration", multiple=True, direction=-1, near_duplicate=True,
         substitutes={"opened": 0.9}, names="""
        .97 | time|duration account|address|bank|job|policy|customer | transaction many avg id
        .96 | tenure|time|duration span standing |
        .95 | span account|policy|card|customer|address|bank|method|email|phone|job|standing | transaction many avg chargeback time date id risk trust
        .96 | age|tenure account|policy|card|method|address|transaction|email|phone|device|bank|dest|standing | login id
        .95 | tenure | vehicle thing
        .93 | span|since|day|month|duration account|policy|card|customer|address|bank|opened|method | transaction many avg chargeback id
        .9 | opened|created | count many amount total claim id
        .96 | since dest|trust|secret | transaction many avg recent past
        .96 | since risk|chargeback|dispute | transaction avg count
        .97 | change | count | time_span_or_number
        .85 | age customer | | not_negative"""),
    Role("birth", "birth", date=True, private=True, substitutes={"age": 1.0}, flat_core=False, names="""
        .97 | birth | count risk"""),
    Role("age", "age", near_duplicate=True, substitutes={"birth": 1.0}, names="""
        .96 | age | login transaction vehicle thing standing card account address method device email phone
        .97 | age customer | account card address device email phone tenure"""),
    Role("amount", "money", multiple=True, near_duplicate=True, weight=3.0, core=True, names="""
        .96 | amount|price transaction|claim | fee count avg usual ratio limit income balance currency recent window chargeback dispute to_usual deductible
        .95 | amount|price | fee count avg usual ratio limit income balance currency recent window chargeback dispute to_usual deductible
        .85 | worth | count avg usual ratio limit income balance currency recent score date time past_event deductible | money_of_many_values
        .8 | claim | count avg ratio num many span month hour before past id type risk
        .6 | total | count avg ratio many item
        .8 | installment | count avg ratio
        .93 | claim injury|vehicle|damage | count num many id date time past ratio | money_of_many_values
        .85 | damage | count num id level ratio date type | money_of_many_values
        .85 | claim|vehicle amount|damage | count avg ratio id date time
        .65 | transaction | count avg ratio many num id step span duration is unknown recent window | cents"""),
    Role("amount_usual", "money", multiple=True, weight=1.5, substitutes={"amount_ratio": 0.7}, names="""
        .96 | avg|usual amount|price|worth|transaction|balance | ratio chargeback fraud dispute time duration
        .8 | avg|usual customer|card|account|merchant | id count time | money_of_many_values
        .8 | premium | ratio count
        .9 | avg|usual total|claim | ratio"""),
    Role("amount_ratio", "number", multiple=True, direction=1, weight=1.5, substitutes={"amount_usual": 0.7}, names="""
        .97 | to_usual amount|price|worth | count
        .97 | ratio claim|premium|debt|transaction | count risk
        .97 | to_usual | count time since distance
        .97 | ratio amount|price|avg|usual|worth|income|balance |"""),
    Role("limit", "money_or_number", multiple=True, direction_from_name=True, near_duplicate=True, names="""
        .95 | limit | count"""),
    Role("income", "income", multiple=True, direction_from_name=True, near_duplicate=True, names="""
        .95 | income | channel type trust"""),
    Role("balance_before", "money", weight=2.0, substitutes={"balance_after": 0.6}, names="""
        .97 | balance before | dest avg
        .85 | balance | after dest avg"""),
    Role("balance_after", "money", weight=2.0, substitutes={"balance_before": 0.6}, names="""
        .97 | balance after | dest avg
        .86 | balance | after dest avg before account id known customer card orig bank available num"""),
    Role("counter_balance_before", "money", weight=1.5, names="""
        .98 | balance before dest | avg
        .85 | balance dest | after avg"""),
    Role("counter_balance_after", "money", weight=1.5, names=".98 | balance after dest | avg"),
    Role("customer", "entity", entity=True, identifier=True, actor_rank=1, private=True, weight=3.0,
         substitutes={"card": 0.8, "account": 0.8, "email": 0.6}, any_type=True, core=True, flat_core=False, names=f"""
        .96 | customer id|num|row|account | dest {_MEASURES} phone address card device
        .96 | customer|sender name | dest {_MEASURES} phone address card device bank | codes
        .93 | customer | name dest {_MEASURES} {_SIGNS} phone address card device bank
        .95 | sender id|num | dest {_MEASURES} address card device phone bank
        .93 | sender | name dest {_MEASURES} address card device bank
        .92 | orig name | dest {_MEASURES} address bank | codes
        .9 | orig id|num|node|account|customer|policy | dest {_MEASURES} address card device bank
        .8 | orig | unknown window step transaction login id name dest {_MEASURES} address card device bank channel
        .85 | entity | type {_MEASURES}
        .6 | node | dest
        .92 | orig address | delivery dest count many | codes"""),
    Role("counterparty", "entity", multiple=True, entity=True, identifier=True, counterpart=True, weight=3.0,
         any_type=True, core=True, flat_core=False, names=f"""
        .96 | merchant|receiver|terminal|provider id|num|name|account | {_MEASURES} address device
        .93 | merchant|receiver|terminal|provider | {_MEASURES} {_SIGNS} address device
        .92 | dest id|num|name|node|account|customer|phone|card|policy | {_MEASURES} many address device
        .8 | dest | bank {_MEASURES} {_SIGNS} address device channel
        .65 | agent | {_MEASURES}
        .93 | dest address | delivery count many | codes
        .94 | prov id |"""),
    Role("card", "entity", entity=True, identifier=True, actor_rank=2, private=True, weight=2.0,
         substitutes={"customer": 0.6, "account": 0.7}, any_type=True, core=True, flat_core=False, names=f"""
        .95 | card id|num | dest {_MEASURES} name
        .9 | card | dest {_MEASURES} {_SIGNS} name"""),
    Role("account", "entity", entity=True, identifier=True, actor_rank=3, private=True, weight=1.5,
         substitutes={"customer": 0.7, "card": 0.7}, any_type=True, core=True, flat_core=False, names=f"""
        .95 | account id|num | dest {_MEASURES} name phone email
        .9 | account | dest {_MEASURES} {_SIGNS} name
        .9 | policy id|num | {_MEASURES} deductible premium
        .8 | policy | {_MEASURES} deductible premium span day claim many"""),
    Role("device", "entity", multiple=True, entity=True, identifier=True, actor_rank=6, shared=True,
         private=True, weight=2.0, substitutes={"user_agent": 0.5}, any_type=True, flat_core=False, names=f"""
        .95 | device | dest {_MEASURES} {_SIGNS} product"""),
    Role("ip", "ip", multiple=True, entity=True, identifier=True, actor_rank=FALLBACK_ACTOR_RANK + 2,
         shared=True, private=True, weight=2.0, any_type=True, flat_core=False, names="""
        .97 | ip | country region city zip lat long count risk score type distance"""),
    Role("email", "email", multiple=True, entity=True, identifier=True, actor_rank=4, shared=True,
         contact=True, private=True, encoded=False, weight=1.5, any_type=True, flat_core=False, names="""
        .96 | email | domain count age risk"""),
    Role("phone", "phone", multiple=True, entity=True, identifier=True, actor_rank=5, shared=True,
         contact=True, private=True, encoded=False, any_type=True, flat_core=False, names="""
        .96 | phone | count dest device age risk
        .7 | phone | count device age"""),
    Role("user_agent", "user_agent", entity=True, identifier=True, private=True, encoded=False,
         substitutes={"device": 0.5}, flat_core=False, names=".97 | useragent |"),
    Role("address", "proper_name", multiple=True, entity=True, identifier=True, actor_rank=FALLBACK_ACTOR_RANK,
         shared=True, contact=True, private=True, encoded=False, flat_core=False, names="""
        .95 | address | count age zip city country ip email risk span since"""),
    Role("person_name", "proper_name", multiple=True, actor_rank=FALLBACK_ACTOR_RANK + 1, private=True,
         ignored=True, flat_core=False, names="""
        .95 | person |
        .94 | name customer|sender | dest
        .9 | name | dest product device bank city country merchant type"""),
    Role("country", "country", multiple=True, category_rank=4, charted=True, substitutes={"region": 0.4}, names="""
        .95 | country | dest transaction ip risk
        .96 | place | dest | country_names
        .95 | country customer|orig | dest risk"""),
    Role("region", "place", multiple=True, category_rank=6, charted=True, weight=0.5,
         substitutes={"city": 0.5}, flat_core=False, names="""
        .9 | prov | id
        .95 | region | dest
        .6 | address | | whole_numbers"""),
    Role("city", "place", multiple=True, entity=True, category_rank=7, charted=True, substitutes={"zip": 0.6},
         flat_core=False, names="""
        .95 | city | dest transaction population
        .95 | city customer | dest population
        .8 | place | dest transaction claim"""),
    Role("zip", "entity", multiple=True, entity=True, private=True, weight=0.5, substitutes={"city": 0.6},
         any_type=True, flat_core=False, names=".95 | zip | dest count"),
    Role("counter_country", "country", multiple=True, category_rank=5, charted=True,
         substitutes={"counter_city": 0.5}, names="""
        .95 | country dest|transaction|ip | customer risk
        .96 | place dest | | country_names
        .95 | country dest customer |"""),
    Role("counter_city", "place", multiple=True, category_rank=8, names="""
        .7 | region|zip dest |
        .95 | city dest|transaction | customer
        .85 | place dest|transaction|claim |"""),
    Role("latitude", "latitude", flat_core=False, names=".96 | lat | dest"),
    Role("longitude", "longitude", flat_core=False, names=".96 | long | dest"),
    Role("counter_latitude", "latitude", names=".97 | lat dest |"),
    Role("counter_longitude", "longitude", names=".97 | long dest |"),
    Role("distance", "distance", multiple=True, direction=1, weight=1.5, substitutes={"counter_latitude": 0.7}, names="""
        .96 | distance | ratio count"""),
    Role("channel", "channel", multiple=True, category_rank=2, charted=True, names_domain=True,
         near_duplicate=True, substitutes={"category": 0.5}, any_type=True, names=f"""
        .93 | channel | count
        .75 | orig|device | id risk {_MEASURES} | few_values"""),
    Role("category", "category", multiple=True, direction_from_name=True, category_rank=1, charted=True,
         names_domain=True, generic=True, near_duplicate=True, weight=1.5, substitutes={"channel": 0.5},
         any_type=True, same_role_score=0.4, core=True, names=f"""
        .86 | bank orig|dest | {_MEASURES} id account name | category_or_code
        .8 | domain|email domain |
        .92 | type|method|trait |
        .88 | product | price amount count many
        .85 | channel | count | category
        .85 | bank|agent|vehicle|weekday|week|policy|metadata | count age span | few_values
        .85 | klass | | at_most_12_values
        .7 | terminal|merchant|card|account|place|domain|name|id | | few_values
        .87 | prose | | repeated_text"""),
    Role("currency", "currency", multiple=True, category_rank=3, names_domain=True, weight=0.5, names="""
        .96 | currency |"""),
    Role("velocity", "count", multiple=True, direction=1, direction_from_name=True, near_duplicate=True,
         weight=1.5, same_role_score=0.4, names="""
        .92 | velocity |
        .9 | count|num|freq transaction|item|login|merchant|bank | static trust risk
        .8 | window | id avg ratio risk
        .88 | recent|window count|transaction|num|amount|total|login|item | since duration date
        .86 | count | static trust risk
        .8 | item|login | id
        .7 | many | id amount static duration"""),
    Role("risk_signal", "risk", multiple=True, direction=1, generic=True, near_duplicate=True, weight=1.5,
         same_role_score=0.4, names="""
        .93 | klass past|count
        .95 | fraud|chargeback|dispute past|count|avg|freq|score|ratio|num|recent |
        .9 | chargeback|dispute |
        .8 | fraud|flagged |
        .91 | count email|card|device|ip|phone | window recent transaction amount id avg time date
        .91 | claim|injury|supplement count|many|past | amount time date id type
        .91 | injury|supplement | amount type id
        .85 | neg card|account|device|email|phone|ip | trust risk | binary
        .86 | neg city|country|address|region | | binary
        .85 | cash | amount id | binary
        .92 | login trust many | neg
        .85 | change|altered address|phone|email|device|card|account|secret|bank|place|city|country | count | binary
        .72 | neg | trust risk known past many count | binary
        .8 | neg score | trust risk
        .9 | many customer|account device|ip|phone|email|address | window recent amount id avg time date
        .9 | risk | neg
        .96 | opened|standing|since|tenure|hired | transaction recent birth vehicle thing | start_year
        .95 | year account|customer|policy|created|start | transaction recent birth avg count vehicle | start_year
        .89 | trust neg |
        .85 | novel device|ip|country|dest|receiver|card|address|phone|transaction|customer | time date | binary
        .93 | past|recent claim | amount time date id type"""),
    Role("trust_signal", "trust", multiple=True, direction=-1, generic=True, near_duplicate=True,
         same_role_score=0.4, names="""
        .89 | trust | neg
        .88 | risk neg |
        .88 | known job|transaction|merchant|dest|device|card|customer|address|country|ip | risk count fraud | binary
        .93 | credit score | risk neg
        .92 | police|policy report | claim | binary"""),
    Role("number", "number", multiple=True, direction_from_name=True, anonymous=True, generic=True,
         near_duplicate=True, weight=0.5, same_role_score=0.4, names="""
        .9 | age|tenure vehicle|thing | | number_or_ordered_text
        .87 | count static | risk trust recent past injury supplement | number_or_ordered_text
        .72 | many transaction|dest|address | count num freq recent window past risk trust id amount duration | number_or_ordered_text
        .98 | tenure|span|duration loan | | number_or_ordered_text
        .97 | vehicle price|count|worth | claim | number_or_ordered_text
        .95 | level | risk | ordered_text
        .9 | level | risk | number_or_ordered_text
        .9 | debt|interest | ratio | number_or_ordered_text
        .8 | since recent|past|transaction | fraud risk account customer opened birth | number_or_ordered_text
        .87 | count span | recent window account address | number_or_ordered_text
        .7 | span|duration | | number_or_ordered_text
        .6 | deductible|population|week|year|vehicle|duration|score|ratio |"""),
    Role("flag", "binary", multiple=True, direction_from_name=True, category_rank=9, anonymous=True,
         generic=True, weight=0.25, same_role_score=0.4, names="""
        .7 | is |
        .75 | weekend |"""),
    Role("text", "text", multiple=True, private=True, ignored=True, generic=True, weight=0.0,
         same_role_score=0.4, names="""
        .93 | secret | | codes
        .85 | prose |"""),
    Role("leak", "outcome", multiple=True, ignored=True, excluded=True, weight=0.0, names="""
        .98 | fraud | past count avg ratio score freq recent window risk
        .95 | label |
        .9 | klass | | label
        .9 | fraud|chargeback|dispute time|date | avg past | date
        .93 | chargeback | past count avg freq ratio num score recent amount risk | binary
        .75 | chargeback amount | past count avg freq ratio num score recent
        .93 | dispute | past count avg freq ratio num score recent | binary
        .9 | investigation | id
        .85 | flagged | count past | binary"""),
    Role("none", multiple=True, ignored=True, excluded=True, generic=True, weight=0.0, same_role_score=0.4),
)
# fmt: on
ROLES: dict[str, Role] = {role.name: role for role in _ROLES}
"""Every role by name."""


def role_of(name: str) -> Role:
    """Return the record of a role; a role of a later version has no flags."""
    return ROLES.get(name) or Role(name=name)


def category_roles() -> tuple[str, ...]:
    """Return the roles of categories by their `category_rank`."""
    found = role_names(lambda role: role.category_rank)
    return tuple(sorted(found, key=lambda name: ROLES[name].category_rank))


def role_names(condition: Callable[[Role], object]) -> tuple[str, ...]:
    """Return the roles for which a condition holds, in the order of `ROLES`."""
    return tuple(name for name, role in ROLES.items() if condition(role))
