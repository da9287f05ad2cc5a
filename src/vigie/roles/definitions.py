"""The roles a column can have, each with its name in English and French.

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
        text_en: what a reader sees in English.
        text_fr: what a reader sees in French.
    """

    name: str
    multiple: bool
    text_en: str
    text_fr: str


_TABLE = """
row_id                  n | row identifier | identifiant de la ligne
time                    n | time of the event | date de l'opération
hour                    n | hour of the day | heure du jour
weekday                 n | day of the week | jour de la semaine
month                   n | month | mois
day                     n | day of the month or year | jour du mois ou de l'année
year                    n | year | année
opened                  y | opening date | date d'ouverture
account_age             y | age of the account | ancienneté du compte
birth                   n | date of birth | date de naissance
age                     n | age of the person | âge de la personne
amount                  y | amount | montant
amount_usual            y | usual amount | montant habituel
amount_ratio            y | amount against the usual one | montant rapporté à l'habitude
limit                   y | limit | plafond
income                  y | income | revenu
balance_before          n | balance before | solde avant
balance_after           n | balance after | solde après
counter_balance_before  n | other side's balance before | solde avant de l'autre partie
counter_balance_after   n | other side's balance after | solde après de l'autre partie
customer                n | customer | client
counterparty            y | counterparty | contrepartie
card                    n | card | carte
account                 n | account | compte
device                  y | device | appareil
ip                      y | IP address | adresse IP
email                   y | e-mail address | adresse e-mail
phone                   y | phone number | numéro de téléphone
user_agent              n | browser signature | signature du navigateur
address                 y | street address | adresse postale
person_name             y | name of a person | nom de personne
country                 y | country | pays
region                  y | region | région
city                    y | city | ville
zip                     y | postal code | code postal
counter_country         y | other side's country | pays de l'autre partie
counter_city            y | other side's city | ville de l'autre partie
latitude                n | latitude | latitude
longitude               n | longitude | longitude
counter_latitude        n | other side's latitude | latitude de l'autre partie
counter_longitude       n | other side's longitude | longitude de l'autre partie
distance                y | distance | distance
channel                 y | channel | canal
category                y | category | catégorie
currency                y | currency | devise
velocity                y | recent activity | activité récente
risk_signal             y | sign of risk | signe de risque
trust_signal            y | sign of trust | signe de confiance
number                  y | number | nombre
flag                    y | yes or no | oui ou non
text                    y | free text | texte libre
leak                    y | known only afterwards | connu seulement après coup
none                    y | ignored | ignorée
"""


def _read(line: str) -> Role:
    head, english, french = (part.strip() for part in line.split("|"))
    name, multiple = head.split()
    return Role(name, multiple == "y", english, french)


ROLES: dict[str, Role] = {role.name: role for role in map(_read, _TABLE.strip().splitlines())}
