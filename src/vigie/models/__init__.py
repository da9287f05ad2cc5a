"""Reference models: starter, trained and imported."""
