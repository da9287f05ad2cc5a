"""The command line: one command per verb, each group in a module of its own.

    commands        the root command `vigie`
    demo            demo, help, completion
    predict         predict, match
    spark           spark-predict: the same for tables larger than one machine
    scorer          fit, score: fit a scorer to a table, score later rows with it
    refine          suggest, refine: rows to review, and scores that learn from their labels
    train           train: a reference model from a labelled table, or from each of a folder
    models          models list, show, add, import, activate, deactivate, remove, calibrate, sign, verify
    calibrate       models calibrate: an imported model, with labelled rows
    sign            models sign, models verify
    migrate         migrate
    cache           cache list, verify, clear
    serve           serve, worker: the web app
    watch           watch add, list, run, remove: files that are scored by themselves
    backup          backup, restore
    users           users add, link, token, list
    admin           db upgrade, library build
    doctor          doctor
    costs           costs
    populate        populate: registers every model under a folder; populate_reference_models.py is the same command

    errors          error boundary: errors to messages and exit codes
    options         options that several commands have
    params          types of options: text to values
    console         drawing with rich
    report          what is printed after predict and match
    migrate_report  what is printed by migrate
    supervisor      child processes that are kept running
    publish         publishes and registers a bundle or an imported model

Data goes to stdout, everything else to stderr. Nothing heavy is imported before a command runs, so that `--help`
answers at once.
"""

import gc

NEW_OBJECTS = 200_000
"""New objects after which Python looks for cycles, 700 by default: a start makes half a million objects, nearly all of which stay."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(NEW_OBJECTS)
    from vigie.cli import commands

    commands.run()
