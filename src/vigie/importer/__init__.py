"""Import of third-party models saved by joblib, pickle or XGBoost; see `conversion`."""

from vigie.importer.conversion import Limits, convert, holds_model

__all__ = ["Limits", "convert", "holds_model"]
