"""The database: engine, types, health, schema versions."""
