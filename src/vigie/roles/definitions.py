"""The roles a column can have. Their names for a reader are in the catalogues of `i18n`, section `role`.

A vocabulary and nothing else: how a role is recognised is in `roles`: `rules` for names, `fits` for values.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """One meaning a column can have.

    Attributes:
        name: the key used everywhere.
        multiple: several columns of a table may have it without contradiction.
    """

    name: str
    multiple: bool


_TABLE = """
row_id                  n
time                    n
hour                    n
weekday                 n
month                   n
day                     n
year                    n
opened                  y
account_age             y
birth                   n
age                     n
amount                  y
amount_usual            y
amount_ratio            y
limit                   y
income                  y
balance_before          n
balance_after           n
counter_balance_before  n
counter_balance_after   n
customer                n
counterparty            y
card                    n
account                 n
device                  y
ip                      y
email                   y
phone                   y
user_agent              n
address                 y
person_name             y
country                 y
region                  y
city                    y
zip                     y
counter_country         y
counter_city            y
latitude                n
longitude               n
counter_latitude        n
counter_longitude       n
distance                y
channel                 y
category                y
currency                y
velocity                y
risk_signal             y
trust_signal            y
number                  y
flag                    y
text                    y
leak                    y
none                    y
"""


def _read(line: str) -> Role:
    name, multiple = line.split()
    return Role(name, multiple == "y")


ROLES: dict[str, Role] = {role.name: role for role in map(_read, _TABLE.strip().splitlines())}
