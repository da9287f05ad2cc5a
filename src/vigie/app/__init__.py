"""State of the web app in the database.

    tables             the SQLAlchemy tables
    users              accounts
    sessions           sign-in sessions and one-time links
    login_attempts     rate limits
    tokens             API tokens
    idempotency        responses to repeated requests
    audit              audit log
    audit_names        names of what its lines are about
    uploads            files, their parts, inspection and column roles
    remembered_options how earlier tables with the same columns were read
    runs               inspections, scorings, refinements and trainings of an upload
    run_times          how long runs take and wait
    job_queue          runs as jobs: claimed, renewed and finished by exactly one worker
    worker_heartbeats  heartbeats of the workers
    watch_tables       the SQLAlchemy tables of watches
    watches            locations whose new files are scored
    watched_files      files that watches found, and the steps to their results
    watch_template     what a watch takes from an earlier file
    notice_tables      the SQLAlchemy tables of notices
    notices            outbox of e-mails and webhook calls, and who gets what
    webhooks           addresses of other programs, and the log of the calls
    rules              alert rules
    feedback           labels that users give to rows
    cases              alerts of one entity over all files: status, assignee, notes, history
    result_layout      names of the files and columns of a stored result
    digests            digests of secrets

Each function takes an engine or a connection and performs one operation. The web services check permissions. No text of
an upload is stored in the database: cases hold amounts and times of alerts as numbers, and digests of entities.
"""

from vigie.app.audit import AuditLine
from vigie.app.cases import Case
from vigie.app.feedback import Label
from vigie.app.runs import Run
from vigie.app.tokens import Token
from vigie.app.uploads import Part, Upload
from vigie.app.users import User

__all__ = ["AuditLine", "Case", "Label", "Part", "Run", "Token", "Upload", "User"]
