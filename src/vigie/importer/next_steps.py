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

_BINARY = "train a classifier of two classes, 1 for fraud and 0 for legitimate, such as XGBClassifier(), or use vigie train"
_INSIDE = (
    "its functions are saved inside the file as code, which cannot be converted: compute these columns beforehand, train on them "
    "and score a table that has them"
)
_CATEGORIES = "train it with XGBoost 3.1 or later, which keeps the categories, or encode the columns with an OrdinalEncoder"
_LISTED = "save the names of the columns as a list of texts: list(columns)"
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
    "sklearn.ensemble._iforest": (
        "score the table with vigie predict, which has an isolation forest among its detectors and needs no model for it"
    ),
    "sklearn.linear_model": "train a LogisticRegression, whose score is a log-odds of fraud, or use vigie train",
    "sklearn.dummy": _RETRAIN,
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
    "feature_engine": (
        "use scikit-learn's SimpleImputer, OneHotEncoder, OrdinalEncoder or TargetEncoder in its place, or compute these columns "
        "beforehand and score a table that has them"
    ),
    "xgboost.sklearn": _BINARY,
    "cloudpickle": _INSIDE,
    "dill": _INSIDE,
    "imblearn.ensemble": _PARTS,
    "pandas": _LISTED,
    "pyarrow": _LISTED,
}
"""Module, with the modules inside it -> what helps."""


_BY_WORDS = {
    " classes, where fraud has two": _BINARY,
    " with objective ": _BINARY,
    " of kind gblinear": _BINARY,
}
"""What is found of a booster or a classifier -> what helps."""


def next_step(name: str) -> str | None:
    """Return what helps where a file holds `name`; None where nothing particular is known of it.

    Args:
        name: a dotted path, or what is found instead of a classifier of two classes.
    """
    parts = name.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    known = next((_NEXT_STEPS[prefix] for prefix in prefixes if prefix in _NEXT_STEPS), None)
    return known or next((helps for words, helps in _BY_WORDS.items() if words in name), None)
