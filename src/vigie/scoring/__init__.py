"""Pure arithmetic on tables: no disk, no network, no database, no clock, no person."""
