"""Background jobs: inspecting, scoring, refining and training on uploads, and retention.

    worker           claims jobs, renews their leases and finishes them
    context          resources of a job: settings, database, store, catalog
    upload_files     local, verified copy of an upload
    upload_sample    the rows that an upload is inspected by, and how it is read
    inspect_upload   roles and matching models, from a sample
    score            scores of a whole table, with labels when refining
    train            a model from a table with labels
    result_files     files that a scoring leaves in the store
    ranked_rows      the ranked rows of finished runs, and the rules that apply to them
    make_cases       the cases of finished runs
    reason_facts     the reasons of rows as facts: features and numbers
    chart_data       data of the charts
    exact_types      columns of a CSV as numbers and dates, for exports
    watching/        watches: new files of a location are scored by themselves
    retention        deletion of expired uploads and audit lines

A job may run twice: each attempt writes into its own folder, and one statement makes a folder the result
(`vigie.app.job_queue`). `docs/jobs.md` says why this is not a library.
"""
