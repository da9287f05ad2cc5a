"""What helps where a file holds a well-known class that cannot be imported."""

from __future__ import annotations

_RETRAIN = (
    "train the same data with XGBoost, a binary LGBMClassifier or scikit-learn's HistGradientBoostingClassifier, "
    "or use vigie train"
)
_PARTS = (
    "import each of its classifiers as a model of its own, with the same preprocessing: "
    "the models that recognise a table share the vote"
)
_IMPUTER = (
    "fill the columns with a SimpleImputer, or leave the imputer out, since XGBoost takes missing values"
)
_COLUMNS = (
    "train on the columns as they are, or compute these columns beforehand and score a table that has them"
)
_ENCODER = "encode the column with a OneHotEncoder, an OrdinalEncoder or a TargetEncoder, whose categories are in the file"

_NEXT_STEPS = {
    "lightgbm": (
        "train a binary LGBMClassifier without linear trees, an objective of your own and ordered categories, or use vigie train"
    ),
    "catboost": _RETRAIN,
    "torch": _RETRAIN,
    "tensorflow": _RETRAIN,
    "keras": _RETRAIN,
    "sklearn.ensemble._hist_gradient_boosting": _RETRAIN,
    "sklearn.ensemble._weight_boosting": _RETRAIN,
    "sklearn.ensemble._gb": "train a GradientBoostingClassifier of two classes without init, or use vigie train",
    "sklearn.neural_network": _RETRAIN,
    "sklearn.neighbors": _RETRAIN,
    "sklearn.naive_bayes": _RETRAIN,
    "sklearn.svm": _RETRAIN,
    "sklearn.calibration": (
        "save the fitted classifier inside, such as calibrated_classifiers_[0].estimator, import it, and calibrate it with "
        "vigie models calibrate NAME --labelled FILE"
    ),
    "sklearn.ensemble._stacking": _PARTS,
    "sklearn.ensemble._voting": _PARTS,
    "sklearn.ensemble._bagging": _PARTS,
    "sklearn.impute._knn": _IMPUTER,
    "sklearn.impute._iterative": _IMPUTER,
    "sklearn.preprocessing._polynomial": _COLUMNS,
    "sklearn.decomposition": _COLUMNS,
    "sklearn.kernel_approximation": _COLUMNS,
    "sklearn.random_projection": _COLUMNS,
    "sklearn.feature_extraction": _ENCODER,
    "category_encoders": _ENCODER,
}
"""Module, with the modules inside it -> what helps."""


def next_step(name: str) -> str | None:
    """Return what helps where a file holds `name`, a dotted path; None where nothing particular is known of its module."""
    parts = name.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    return next((_NEXT_STEPS[prefix] for prefix in prefixes if prefix in _NEXT_STEPS), None)
