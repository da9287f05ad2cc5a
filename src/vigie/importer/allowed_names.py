"""The names that a pickle file may use: its objects are read as records, and no name is imported."""

from __future__ import annotations

# fmt: off
_ALLOWED: dict[str, tuple[str, ...]] = {
    "xgboost.core": ("Booster",),
    "xgboost.sklearn": ("XGBClassifier", "XGBRFClassifier", "XGBRegressor"),
    "xgboost.compat": ("XGBoostLabelEncoder",),
    "sklearn.pipeline": ("Pipeline", "FeatureUnion"),
    "sklearn.compose._column_transformer": ("ColumnTransformer", "_RemainderColsList", "make_column_selector"),
    "sklearn.impute._base": ("SimpleImputer", "MissingIndicator"),
    "sklearn.preprocessing._data": (
        "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer",
        "Binarizer"),
    "sklearn.preprocessing._discretization": ("KBinsDiscretizer",),
    "sklearn.preprocessing._target_encoder": ("TargetEncoder",),
    "sklearn.preprocessing._encoders": ("OneHotEncoder", "OrdinalEncoder"),
    "sklearn.preprocessing._label": ("LabelEncoder", "LabelBinarizer"),
    "sklearn.preprocessing._function_transformer": ("FunctionTransformer",),
    "sklearn.feature_selection._univariate_selection": (
        "SelectKBest", "SelectPercentile", "SelectFpr", "SelectFwe", "f_classif", "f_regression", "chi2"),
    "sklearn.feature_selection._mutual_info": ("mutual_info_classif", "mutual_info_regression"),
    "sklearn.feature_selection._variance_threshold": ("VarianceThreshold",),
    "sklearn.feature_selection._rfe": ("RFE", "RFECV"),
    "sklearn.feature_selection._from_model": ("SelectFromModel",),
    "sklearn.feature_selection._sequential": ("SequentialFeatureSelector",),
    "sklearn.linear_model._logistic": ("LogisticRegression", "LogisticRegressionCV"),
    "sklearn.linear_model._stochastic_gradient": ("SGDClassifier",),
    "sklearn.linear_model._coordinate_descent": ("Lasso", "LassoCV"),
    "sklearn.svm._classes": ("LinearSVC",),
    "sklearn.ensemble._forest": ("RandomForestClassifier", "ExtraTreesClassifier"),
    "sklearn.ensemble._gb": ("GradientBoostingClassifier",),
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": ("HistGradientBoostingClassifier",),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "lightgbm.sklearn": ("LGBMClassifier",),
    "lightgbm.basic": ("Booster",),
    "sklearn.ensemble._gb_losses": ("BinomialDeviance", "ExponentialLoss"),
    "sklearn._loss.loss": ("HalfBinomialLoss", "ExponentialLoss"),
    "sklearn._loss._loss": ("CyHalfBinomialLoss", "CyExponentialLoss"),
    "sklearn._loss.link": ("LogitLink", "HalfLogitLink", "Interval"),
    "sklearn.dummy": ("DummyClassifier",),
    "sklearn.tree._classes": ("DecisionTreeClassifier", "ExtraTreeClassifier", "DecisionTreeRegressor"),
    "sklearn.tree._tree": ("Tree",),
    "sklearn.utils._bunch": ("Bunch",),
    "numpy.random._pickle": ("__randomstate_ctor", "__generator_ctor", "__bit_generator_ctor"),
    "numpy.random._mt19937": ("MT19937",),
    "numpy.random.bit_generator": ("SeedSequence", "__pyx_unpickle_SeedSequence"),
    "numpy.random._pcg64": ("PCG64",),
    "numpy": ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16",
              "uint8", "bool_", "bool", "object_", "str_", "nan", "log1p", "log", "expm1", "exp", "sqrt",
              "absolute", "ndarray"),
    "joblib.numpy_pickle": ("NumpyArrayWrapper",),
    "pandas": ("Index", "StringDtype"),
    "pandas.arrays": ("StringArray",),
    "pandas.core.indexes.base": ("Index",),
    "pandas.core.arrays.string_": ("StringArray", "StringDtype"),
    "pandas._libs.arrays": ("__pyx_unpickle_NDArrayBacked",),
    "builtins": ("object", "int", "float", "bool", "str", "list", "dict", "tuple"),
}
# fmt: on
_UFUNCS = "numpy._core._multiarray_umath"
"""Module of numpy's functions such as log1p in files that numpy 1 wrote."""
_ALIASES = {"__builtin__": "builtins", "copy_reg": "copyreg", "numpy.core": "numpy._core"}


def canonical(module: str) -> str:
    """Return the present name of a module that had another one in earlier versions of Python or numpy."""
    known = _ALIASES.get(module, module)
    known = "numpy._core." + known.removeprefix("numpy.core.") if known.startswith("numpy.core.") else known
    return "numpy" if known == _UFUNCS else known


def is_allowed(path: str) -> bool:
    """Return whether a file may have objects of `module.name`."""
    module, _, name = path.rpartition(".")
    return name in _ALLOWED.get(module, ())
