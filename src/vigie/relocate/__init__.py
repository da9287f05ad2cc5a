"""Moves bundles from the stores they lie in to another one, and back.

    estimate   what it will cost, from a dated table of prices; touches no store
    monthly    what a whole installation costs a month, from the same table
    plan       what a run would do, model by model; writes nothing anywhere
    run        copies, reads back, compares, and only then says in the catalog that a model has moved
    verify     reads every byte where the catalog says it lies
    rollback   says in the catalog that models lie where they lay before
    prune      deletes what a finished migration left behind; the only thing here that deletes

A model's row changes in one transaction, after each of its files has been read back from the target and its
sha256 compared with the catalog's. A source is never changed. So readers see a model at its old place or at
its new one, and both are whole.
"""

from vigie.costs.estimate import Cost, Host, Load, Prices, estimate, load_of, load_prices
from vigie.costs.monthly import Bill, Use, bills, compute
from vigie.relocate.journal import Record, Timing, records
from vigie.relocate.planning import ModelPlan, Plan, plan
from vigie.relocate.pruning import PruneReport, prune
from vigie.relocate.rollback import RollbackReport, rollback
from vigie.relocate.running import Outcome, RunReport, run
from vigie.relocate.targets import Target
from vigie.relocate.verification import ModelCheck, VerifyReport, verify
from vigie.relocate.worker_pool import Progress

__all__ = [
    "Bill",
    "Cost",
    "Host",
    "Load",
    "ModelCheck",
    "ModelPlan",
    "Outcome",
    "Plan",
    "Prices",
    "Progress",
    "PruneReport",
    "Record",
    "RollbackReport",
    "RunReport",
    "Target",
    "Timing",
    "Use",
    "VerifyReport",
    "bills",
    "compute",
    "estimate",
    "load_of",
    "load_prices",
    "plan",
    "prune",
    "records",
    "rollback",
    "run",
    "verify",
]
