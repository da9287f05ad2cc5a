"""Tables of events: customers with habits and a history who pay merchants or each other.

    domain           EventDomain: draws the table of a domain
    event_types      what a domain says of its events and columns
    population       customers, merchants and places
    calendar         days and hours
    environment      all of these in one table, and the making of events
    event_rows       the events as arrays
    incidents        sizes, times and amounts of fraud incidents
    typologies/      frauds shared by domains, by what is attacked
    hard_negatives   legitimate behaviour that looks like fraud
    balances         account balances before and after each event
    table_view       the finished events, with quantities derived from them
    columns, risk_signals    writers of columns
    table_writing    which columns an owner keeps, and their names

A module of a domain imports what it needs from here.
"""

from vigie.simulator.events.domain import EventDomain
from vigie.simulator.events.environment import Environment
from vigie.simulator.events.event_rows import Events, concatenate
from vigie.simulator.events.event_types import EventType
from vigie.simulator.events.incidents import (
    at_usual_hours,
    draw_amounts,
    draw_incidents,
    incident_times,
    no_new_events,
    round_to_one_digit,
    start_times,
    times_within,
    use_new_devices,
)
from vigie.simulator.sampling import DAY, loguniform

__all__ = [
    "DAY",
    "Environment",
    "EventDomain",
    "EventType",
    "Events",
    "at_usual_hours",
    "concatenate",
    "draw_amounts",
    "draw_incidents",
    "incident_times",
    "loguniform",
    "no_new_events",
    "round_to_one_digit",
    "start_times",
    "times_within",
    "use_new_devices",
]
