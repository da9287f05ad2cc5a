"""Moves model bundles from the stores they are in to another one, and back.

    plan       what a run would do, model by model; writes nothing
    run        copies every model, reads it back, compares it and then changes its location in the catalog
    verify     reads every byte at the location in the catalog
    rollback   restores the old locations in the catalog
    prune      deletes the source of a finished migration; nothing else here deletes

A model's location changes in one transaction, after each of its files was read back from the target and its digest compared
with the catalog's. A source is never changed. Readers therefore find a model at its old or its new location, whole in both.
"""

from vigie.relocate.journal import Migration, list_migrations
from vigie.relocate.lock import LockTiming
from vigie.relocate.planning import ModelPlan, RelocationPlan, plan
from vigie.relocate.pruning import PruneReport, prune
from vigie.relocate.rolling_back import RollbackReport, rollback
from vigie.relocate.running import Outcome, RunReport, run
from vigie.relocate.targets import Target
from vigie.relocate.verification import ModelCheck, VerifyReport, verify
from vigie.relocate.worker_pool import Progress

__all__ = [
    "LockTiming",
    "Migration",
    "ModelCheck",
    "ModelPlan",
    "Outcome",
    "Progress",
    "PruneReport",
    "RelocationPlan",
    "RollbackReport",
    "RunReport",
    "Target",
    "VerifyReport",
    "list_migrations",
    "plan",
    "prune",
    "rollback",
    "run",
    "verify",
]
