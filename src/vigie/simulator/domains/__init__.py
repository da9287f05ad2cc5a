"""One file per domain; each defines `DOMAIN`. See `vigie.simulator.domain` for what a domain states."""
