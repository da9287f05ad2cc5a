"""What runs in the background: looking at uploads, scoring, refining, training, tidying up.

    worker     claims runs, keeps them alive, ends them in one of the ways a run can end
    bench      what a job works with: settings, database, store, catalog
    local      an upload as one file on this machine, verified
    inspect    roles and matches of a sample
    score      scores of a whole table; refine is the same with marks
    train      a model from a table with labels
    outcome    what a run leaves in the store
    charts     counts to draw
    workbook   the alerts as .xlsx
    tidy       retention

A job may run twice without harm: what it writes lies in a folder of its attempt, and becomes the result in one statement
(`vigie.app.job_queue`). Why there is no library for this: `docs/jobs.md`.
"""
