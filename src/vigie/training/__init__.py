"""Training: a labelled table in, a reference model with measured performance out.

    inspection            label, roles, leaks and split of a table: the plan
    labels                which rows are fraud; which column is the label
    leaks                 columns that are known only afterwards; single_column_auc measures each alone
    splitting             rows to train on, rows held out, folds for tuning
    subsets               rows of the table with their model inputs, and as a training set
    boosters              gradient boosting: one fit, cross-validation
    tuning                search of parameters within a time budget; blending weighs the kinds of boosters
    feature_dependencies  which inputs need which columns
    calibration           margins to probabilities
    fitting               fits the table-specific and the transferable model
    evaluation            performance on the rows held out
    packaging             bundle and summary; card writes the model card
    publishing            to the store and the catalog
    imported              measures and calibrates an imported model

`inspect` makes the plan, `fit` trains and evaluates, `train` does both. Nothing here reads a file or a setting.
"""

from vigie.training.fitting import TrainingResult, fit, train
from vigie.training.imported import MeasuredModel, calibrate_imported
from vigie.training.inspection import TrainingPlan, inspect
from vigie.training.publishing import publish

__all__ = [
    "MeasuredModel",
    "TrainingPlan",
    "TrainingResult",
    "calibrate_imported",
    "fit",
    "inspect",
    "publish",
    "train",
]
