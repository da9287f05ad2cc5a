"""Cases: the alerts of one customer, counterparty, device or card over all files of a team.

    tables    the SQLAlchemy tables
    records   cases, alerts and events as they are read
    grouping  which alert belongs to which entity
    syncing   the cases of the alerts of a run, made and updated
    totals    what cases say of their alerts; what is removed with an upload
    queries   one case; the queue of a team
    changes   status, assignee, due date, notes; merging and splitting

No text of an upload is stored: an entity is a keyed digest (`vigie.cases.entities`), its name is read from the result. Amount,
time, score and probability of an alert are stored as numbers, so that the database can order the queue.
"""

from vigie.app.cases.records import Candidate, Case, CaseAlert, CaseEvent, RankedAlert

__all__ = ["Candidate", "Case", "CaseAlert", "CaseEvent", "RankedAlert"]
