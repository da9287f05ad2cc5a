"""Settings, frozen and read once; the only reader of os.environ.

Names the owner of a deployment already knows keep working: `DATABASE_URL`, `STORAGE_TYPE`,
`S3_MODEL_BUCKET`, `MODEL_CACHE_DIR`. Secrets are never read here: the store and the database driver take
them from the usual environment themselves, so that they cannot be printed with the settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path


@dataclass(frozen=True)
class Settings:
    """Where things are and how much is allowed.

    Attributes:
        home: folder of the embedded default: catalog, models, cache.
        database_url: SQLAlchemy URL of the catalog; SQLite in `home` where none is given.
        storage_type: `local`, `s3`, `gcs` or `azure`: where new bundles are published.
        bucket: bucket or container of the cloud store; empty for `local`.
        cache_dir: folder of verified copies, shared by all processes of the machine.
        cache_bytes: size the cache may reach before the least recently used is removed, in bytes.
        require_signature: refuse a bundle without a valid signature.
        max_rows: rows a table may have.
        max_columns: columns a table may have.
    """

    home: Path
    database_url: str
    storage_type: str
    bucket: str
    cache_dir: Path
    cache_bytes: int
    require_signature: bool
    max_rows: int
    max_columns: int


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings from `environ`, by default the process's own."""
    env = os.environ if environ is None else environ
    home = Path(env.get("VIGIE_HOME") or user_data_path("vigie", appauthor=False)).expanduser()
    return Settings(
        home=home,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{home / 'catalog.sqlite'}",
        storage_type=(env.get("STORAGE_TYPE") or "local").lower(),
        bucket=env.get("S3_MODEL_BUCKET", ""),
        cache_dir=Path(env.get("MODEL_CACHE_DIR") or home / "cache").expanduser(),
        cache_bytes=int(env.get("VIGIE_CACHE_BYTES") or 2 * 1024**3),
        require_signature=env.get("VIGIE_REQUIRE_SIGNATURE", "") in {"1", "true", "yes"},
        max_rows=int(env.get("VIGIE_MAX_ROWS") or 50_000_000),
        max_columns=int(env.get("VIGIE_MAX_COLUMNS") or 2_000),
    )
