"""Tables of cases: one independent row per application, claim or order.

    domain         CaseDomain: draws the table of a domain
    latent_table   the latent scores and shared entities that all cells come from
    cells          writers of numbers, categories and dates
    contacts       writers of names, e-mails, addresses, devices

A module of a domain imports what it needs from here.
"""

from vigie.simulator.cases import cells
from vigie.simulator.cases.contacts import CONTACTS, code, household, office, returning
from vigie.simulator.cases.domain import CaseDomain
from vigie.simulator.cases.latent_table import ColumnSpec, LatentTable, Rows
from vigie.simulator.sampling import DAY

__all__ = [
    "CONTACTS",
    "DAY",
    "CaseDomain",
    "ColumnSpec",
    "LatentTable",
    "Rows",
    "cells",
    "code",
    "household",
    "office",
    "returning",
]
