"""XGBoost: loading it and fast prediction with its trees."""
